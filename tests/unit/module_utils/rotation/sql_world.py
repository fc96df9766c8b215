# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tables of SQL tokens share: entries, claims, values and views, made in one line each."""

from __future__ import annotations

import datetime
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.claims import Claims
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import DATABASE, Name, Target
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import Defaults, read_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_entries import SqlEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import Mint, SqlMemory
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_plan import SqlPlan, plan_sql_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_view import SqlView, Value
from ansible_collections.community.turso.plugins.module_utils._rotation.state import TokenState
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import Current, Pending
from ansible_collections.community.turso.plugins.module_utils._time import utc_text

NOW = datetime.datetime(2026, 11, 24, 9, 15, 0, tzinfo=datetime.timezone.utc)
SHOP = Target(Name("acme", DATABASE, "shop"), "id-shop")
STATE_FILE = {"has_state_file": True}


def day(number: float) -> datetime.datetime:
    """Return the moment that is so many days from now, before it where that is negative."""
    return NOW + datetime.timedelta(days=number)


def entry(given: dict[str, Any] | None = None, **defaults: Any) -> SqlEntry:
    asked = {"name": "app", "kind": "sql", "organization": "acme", "database": "shop", **(given or {})}
    (read,) = read_entries([asked], Defaults(**{**STATE_FILE, "has_vault_file": True, **defaults}))
    assert isinstance(read, SqlEntry)
    return read


def claims(age: float = 1, lasts: float | None = 90, **more: Any) -> Claims:
    ends = None if lasts is None else day(lasts - age)
    known = {"authorization": "full-access", "database_id": SHOP.id, **more}
    return Claims("sql", issued_at=day(-age), expires_at=ends, **known)


def value(age: float = 1, value_id: str | None = None, *, stored: bool = False, **more: Any) -> Value:
    """Return a value that was minted so many days ago; its id is its age."""
    tried = {key: more.pop(key) for key in ("probed", "detail") if key in more}
    return Value(value_id or f"of-{age}", claims(age, **more), stored, **tried)


def pending(age: float = 1, minutes: float = 60, **more: Any) -> Pending:
    issued_at = NOW - datetime.timedelta(minutes=minutes)
    return Pending("app", f"of-{age}", utc_text(issued_at), claims=claims(age, **more))


def state(current: float | None = None, waits: Pending | None = None, **memory: Any) -> TokenState:
    """Return what the state file says: the age of the current token, the pending one, and what is remembered."""
    known = None if current is None else Current("app", f"of-{current}", utc_text(NOW), claims=claims(current))
    return TokenState(waits, known, sql=SqlMemory(**memory))


def mint(age: float) -> Mint:
    return Mint(f"of-{age}", utc_text(day(-age)), utc_text(day(90 - age)))


def view(*values: Value, knows: TokenState | None = None, given: Any = None, **known: Any) -> SqlView:
    defaults = {key: known.pop(key) for key in ("force", "spread_days", "max_versions") if key in known}
    return SqlView(entry(given, **defaults), NOW, SHOP, knows, values=values, **known)


def planned(*values: Value, **known: Any) -> SqlPlan:
    (plan,) = plan_sql_entries([view(*values, **known)])
    return plan
