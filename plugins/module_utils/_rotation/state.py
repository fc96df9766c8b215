# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state file's content: which version of each managed token is pending, current and previous. No secrets.

Private: for this collection only. Pure: no file, no clock. Times are texts in ISO 8601, UTC. Keys that this release does not
know are kept as they are, because people and git write into the file too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._rotation.json_shapes import (
    Json,
    WrongShape,
    extra_of,
    object_at,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import SqlMemory
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import (
    Current,
    FoundUnconfirmed,
    Pending,
    Previous,
    Process,
    abandoned,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.state_token import (
    TokenState,
    token_from,
    token_json,
)

__all__ = ["Current", "FoundUnconfirmed", "Pending", "Previous", "Process", "State", "TokenState", "abandoned"]

FORMAT = 1


@dataclasses.dataclass(frozen=True)
class State:
    """What is known of all managed tokens, by name. Each transition returns another State."""

    tokens: Mapping[str, TokenState] = dataclasses.field(default_factory=dict)
    extra: Json = dataclasses.field(default_factory=dict)

    def of(self, name: str) -> TokenState:
        """Return what is known of a managed token; an empty TokenState where that is nothing."""
        return self.tokens.get(name, TokenState())

    def pending_issued(self, name: str, pending: Pending, at: str) -> State:
        """Record that a version was issued, or that a run resumes it, before it is delivered.

        A pending version of a former run is forgotten here: it is not previous yet, because only a commit may revoke it. One
        that another run took for previous is that no more: somebody is about to get it.
        """
        before = self.of(name)
        previous = _others(before.previous, pending)
        return self._with(name, before.changed("issued", at, of=pending, pending=pending, previous=previous))

    def confirmed_at(self, name: str, destination: str, at: str) -> State:
        """Record that a destination confirmed the pending version.

        :raises ValueError: no version is pending.
        """
        pending = self._pending_of(name)
        pending = dataclasses.replace(pending, destinations={**pending.destinations, destination: at})
        note = {"destination": destination}
        return self._with(name, self.of(name).changed("confirmed", at, of=pending, note=note, pending=pending))

    def committed(self, name: str, current: Current | None, previous: Iterable[Previous], at: str) -> State:
        """Record what a commit decided, before it revokes.

        :param current: the version that everybody confirmed; None where the commit only revokes previous versions.
        :param previous: all that are to be revoked, with the time since when. What another run delivers meanwhile is not among
            them: when its grace period is over, it may be in use.
        """
        before = self.of(name)
        if current is None:
            return self._with(name, dataclasses.replace(before, previous=tuple(previous)))
        pending = _unless(current.id, before.pending)
        after = before.changed(
            "current",
            at,
            of=current,
            pending=pending,
            current=current,
            previous=_others(previous, pending),
            found_unconfirmed=None,
        )
        return self._with(name, after)

    def dropped(self, name: str, ids: Iterable[str], at: str) -> State:
        """Record that versions are revoked, or were found to be: none of them is previous, pending or current any more."""
        state = self.of(name)
        for version_id in ids:
            state = _without(state, "revoked", version_id, at)
        return self._with(name, state)

    def withdrawn(self, name: str, at: str) -> State:
        """Record that the run revoked its pending version again, because nobody took it.

        :raises ValueError: no version is pending.
        """
        return self._with(name, _without(self.of(name), "withdrawn", self._pending_of(name).id, at))

    def unconfirmed_found(self, name: str, version_id: str, at: str) -> State:
        """Record that a plan found a version of a former run unconfirmed; the first time stays where it is the same one."""
        state = self.of(name)
        if state.found_unconfirmed is not None and state.found_unconfirmed.id == version_id:
            return self
        found = FoundUnconfirmed(version_id, at)
        return self._with(
            name, state.changed("found unconfirmed", at, note={"id": version_id}, found_unconfirmed=found)
        )

    def remembered(self, name: str, memory: SqlMemory) -> State:
        """Record what is remembered of a SQL token; nothing happened to it, so this is no event."""
        return self._with(name, dataclasses.replace(self.of(name), sql=memory))

    def as_json(self) -> dict[str, Any]:
        """Return what the state file holds; the reverse of from_json()."""
        return {
            **self.extra,
            "format": FORMAT,
            "tokens": {name: token_json(part) for name, part in self.tokens.items()},
        }

    @staticmethod
    def from_json(data: Any) -> State:
        """Read what a state file holds.

        :raises WrongShape: says which key is not what it must be.
        """
        top = object_at(data, "its top level")
        if isinstance(top.get("format"), bool) or top.get("format") != FORMAT:
            raise WrongShape(f"format is not {FORMAT}")
        tokens = object_at(top.get("tokens"), "tokens")
        return State(
            {name: token_from(object_at(part, f"tokens.{name}"), f"tokens.{name}") for name, part in tokens.items()},
            extra_of(top, State, "format"),
        )

    def _pending_of(self, name: str) -> Pending:
        pending = self.of(name).pending
        if pending is None:
            raise ValueError(f"no version of {name} is pending")
        return pending

    def _with(self, name: str, part: TokenState) -> State:
        return dataclasses.replace(self, tokens={**self.tokens, name: part})


def _without(state: TokenState, what: str, version_id: str, at: str) -> TokenState:
    """Return the state of a token without a version, wherever it stands there."""
    parts = (state.pending, state.current, *state.previous)
    version = next((part for part in parts if part is not None and part.id == version_id), None)
    return state.changed(
        what,
        at,
        of=version,
        note={"id": version_id},
        pending=_unless(version_id, state.pending),
        current=_unless(version_id, state.current),
        previous=tuple(part for part in state.previous if part.id != version_id),
        found_unconfirmed=_unless(version_id, state.found_unconfirmed),
    )


def _others(previous: Iterable[Previous], pending: Pending | None) -> tuple[Previous, ...]:
    return tuple(part for part in previous if pending is None or part.id != pending.id)


def _unless(version_id: str, part: Any) -> Any:
    return None if part is None or part.id == version_id else part
