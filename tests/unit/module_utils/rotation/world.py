# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tables of the rotation share: versions, entries, views and items, made in one line each."""

from __future__ import annotations

import datetime
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction, Token
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import (
    Defaults,
    Entry,
    only_api,
    read_entries,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import Plan, plan_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import THE_PLAY, Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.state import TokenState
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import (
    Current,
    FoundUnconfirmed,
    Pending,
    Previous,
    Process,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import (
    Version,
    active_versions,
    version_name,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.view import Stored, View
from ansible_collections.community.turso.plugins.module_utils._time import utc_text

NOW = datetime.datetime(2026, 11, 24, 9, 15, 0, tzinfo=datetime.timezone.utc)
ACME = Restriction("acme")
VAULT_FILE = Recipient("vault_file")


def ago(**elapsed: float) -> datetime.datetime:
    return NOW - datetime.timedelta(**elapsed)


def bare(**elapsed: float) -> Token:
    """Return a token `ci` that somebody made by hand."""
    return Token("ci", "id-bare", ACME, str(ago(**elapsed).date()))


def token(nonce: str = "7f3a", token_id: str | None = None, **elapsed: float) -> Token:
    """Return what the API lists for a version of `ci`."""
    issued = ago(**elapsed)
    return Token(version_name("ci", issued, nonce), token_id or f"id-{nonce}", ACME, str(issued.date()))


def ref(given: Token | Version) -> dict[str, str]:
    return {"name": given.name, "id": given.id or ""}


def versions_of(*tokens: Token, now: datetime.datetime = NOW) -> tuple[Version, ...]:
    return active_versions(tokens, ["ci"], now)["ci"]


def entry(given: dict[str, Any] | None = None, **defaults: Any) -> Entry:
    known = {"has_state_file": True, "has_vault_file": True, **defaults}
    (read,) = only_api(read_entries([{"name": "ci", "organization": "acme", **(given or {})}], Defaults(**known)))
    return read


def state(
    current: Token | None = None,
    *previous: tuple[Token, datetime.datetime],
    pending: Token | None = None,
    found: Token | None = None,
    process: Process = Process(),  # noqa: B008  # frozen
    destinations: dict[str, str | None] | None = None,
) -> TokenState:
    return TokenState(
        None
        if pending is None
        else Pending(pending.name, pending.id or "", utc_text(ago(days=1)), process, destinations or {}),
        None if current is None else Current(current.name, current.id or "", utc_text(ago(days=1))),
        tuple(Previous(gone.name, gone.id or "", utc_text(since)) for gone, since in previous),
        found_unconfirmed=None if found is None else FoundUnconfirmed(found.id or "", utc_text(ago(hours=30))),
    )


def view(
    *tokens: Token,
    knows: TokenState | None = None,
    stored: Token | Stored | None = None,
    vault: bool = False,
    abandoned: bool = False,
    given: dict[str, Any] | None = None,
    **defaults: Any,
) -> View:
    """Return what is known of `ci`: active tokens, the state file, and which of them the vault file holds."""
    held = Stored(stored.id) if isinstance(stored, Token) else stored
    return View(
        entry(given, **defaults),
        versions_of(*tokens),
        NOW,
        knows,
        has_vault_file=vault or stored is not None,
        stored=held,
        is_abandoned=abandoned,
    )


def planned(*tokens: Token, **known: Any) -> Plan:
    (plan,) = plan_entries([view(*tokens, **known)], "abcd")
    return plan


OLD, NEW, FRESH = token("0001", days=120), token("0002", days=2), token("0003", minutes=3)
MINE = token("abcd", minutes=2)


def item(
    version: Token | None = MINE,
    *previous: Token,
    recipients: tuple[Recipient, ...] = (THE_PLAY,),
    elsewhere: tuple[Token, ...] = (),
    current: Token | None = None,
    **known: Any,
) -> Item:
    """Return what is to be committed: `ci` was planned with these versions, and this one was issued."""
    report = {"name": "ci", "action": "issued", "reason": "aged", "issued": version and version.name}
    return Item(
        **{
            "name": "ci",
            "report": {"kind": "api", "revoked": [], "kept": [], "evidence": [], "msg": "", **report},
            "action": "issue" if version else "sweep",
            "version": version and ref(version),
            "sha256": version and "5" * 64,
            "recipients": recipients,
            "previous": [ref(gone) for gone in previous],
            "elsewhere": [ref(other) for other in elsewhere],
            "versions": [ref(other) for other in (*previous, *elsewhere)],
            "current": current and ref(current),
            **known,
        }
    )
