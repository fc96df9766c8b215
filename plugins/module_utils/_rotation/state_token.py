# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the state file knows of one managed token, and how it is written there.

Private: for this collection only. Pure. Times are texts in ISO 8601, UTC; extra holds the keys that this release does not know.
"""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._rotation.json_shapes import (
    Json,
    as_object,
    extra_of,
    object_at,
    objects_at,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import (
    SqlMemory,
    memory_from,
    memory_json,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import (
    Current,
    FoundUnconfirmed,
    Pending,
    Previous,
    current_from,
    found_unconfirmed_from,
    pending_from,
    previous_from,
    version_json,
)
from ansible_collections.community.turso.plugins.module_utils._time import moment_of

MOST_EVENTS = 20


@dataclasses.dataclass(frozen=True)
class TokenState:
    """What is known of one managed token; `sql` only of a SQL token."""

    pending: Pending | None = None
    current: Current | None = None
    previous: tuple[Previous, ...] = ()
    events: tuple[Json, ...] = ()
    found_unconfirmed: FoundUnconfirmed | None = None
    extra: Json = dataclasses.field(default_factory=dict)
    sql: SqlMemory | None = None

    def previous_since(self, now: datetime.datetime) -> dict[str, datetime.datetime]:
        """Return by id since when each version is previous; now where nobody can read it."""
        return {version.id: moment_of(version.since) or now for version in self.previous}

    def changed(self, what: str, at: str, *, of: Any = None, note: Json | None = None, **parts: Any) -> TokenState:
        """Return this with other parts and one event more, of which the last 20 are kept."""
        event = {"at": at, "what": what, **({"name": of.name, "id": of.id} if of else {}), **(note or {})}
        return dataclasses.replace(self, **parts, events=(*self.events, event)[-MOST_EVENTS:])


def token_from(part: Json, where: str) -> TokenState:
    def if_there(key: str, read: Any) -> Any:
        return None if part.get(key) is None else read(object_at(part[key], f"{where}.{key}"), f"{where}.{key}")

    previous = enumerate(objects_at(part, "previous", where))
    return TokenState(
        if_there("pending", pending_from),
        if_there("current", current_from),
        tuple(previous_from(item, f"{where}.previous[{number}]") for number, item in previous),
        tuple(objects_at(part, "events", where))[-MOST_EVENTS:],
        if_there("found_unconfirmed", found_unconfirmed_from),
        extra_of(part, TokenState),
        if_there("sql", memory_from),
    )


def token_json(state: TokenState) -> dict[str, Any]:
    pending = None if state.pending is None else version_json(state.pending)
    if pending is not None:
        pending.update(as_object(pending.pop("process")))
    found = {} if state.found_unconfirmed is None else {"found_unconfirmed": as_object(state.found_unconfirmed)}
    return {
        **state.extra,
        "pending": pending,
        "current": None if state.current is None else version_json(state.current),
        "previous": [as_object(version) for version in state.previous],
        "events": list(state.events),
        **found,
        **({} if state.sql is None else {"sql": memory_json(state.sql)}),
    }
