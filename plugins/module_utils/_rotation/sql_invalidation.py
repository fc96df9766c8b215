# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Invalidate the SQL tokens of databases and groups, and remember it at once. Private.

That it was asked is written before the call: a run that is stopped between the two costs a token, and no outage, and the next run
says that nobody knows whether it was done.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.community.turso.plugins.module_utils._api.data_plane import DataPlane
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Clock, Name, SqlTokens, Target
from ansible_collections.community.turso.plugins.module_utils._errors import Refused, TursoError
from ansible_collections.community.turso.plugins.module_utils._rotation import state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import SqlMemory
from ansible_collections.community.turso.plugins.module_utils._sql_token.look_up import look_up
from ansible_collections.community.turso.plugins.module_utils._sql_token.places import Place
from ansible_collections.community.turso.plugins.module_utils._sql_token.probe import refuse_unreachable
from ansible_collections.community.turso.plugins.module_utils._time import utc_text

_Change = Callable[[SqlMemory], SqlMemory]

_NOTHING = "No SQL token of it was invalidated."
_LOST = (
    "It is not known whether the SQL tokens were invalidated, so they are renewed as if they were. Run this again until "
    "each leaked value is proven dead."
)
GO_ON = "Run the rotation again (community.turso.rotate): it goes on from what the state file remembers."


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a database, a group, or a leaked value: sentences, and whether it is a failure."""

    msg: str
    has_failed: bool = False


def found_targets(places: Sequence[Place], tokens: SqlTokens, *, is_tried: bool) -> dict[Place, tuple[Target, Clock]]:
    """Look up what is to be invalidated, and see that new tokens could be tried.

    :param is_tried: whether new tokens follow that have to be tried.
    :raises TursoError: nothing may be ended.
    """
    known = look_up(tokens, [place.name for place in places])
    plane = DataPlane(tokens.api)
    found = {}
    for place in places:
        target = known[place.name]
        if isinstance(target, TursoError):
            raise target.become(type(target), f"{target.msg} No SQL token was invalidated.")
        if target[0].id != place.target.id:
            raise Refused(
                f"The {place.name} is {target[0].id}, and the leaked value is for {place.target.id}, because it was "
                "recreated in the meantime. No SQL token was invalidated. Run community.turso.revoke again."
            )
        if is_tried:
            refuse_unreachable(plane, target[0])
        found[place] = target
    return found


def invalidate_each(
    found: Mapping[Place, tuple[Target, Clock]],
    tokens: SqlTokens,
    path: str | None,
    names: Mapping[str, Name],
    stop: Callable[[], str | None],
) -> list[Outcome]:
    """End every SQL token of what was found. One failure stops no other.

    :param path: of the state file; none where no managed token is concerned.
    :param names: what each managed token that is concerned is for.
    :param stop: returns why nothing more is to be ended, none where it is.
    """
    began = tokens.api.now()

    def end(place: Place, told: Clock) -> Outcome:
        reason = stop()
        if reason is not None:
            return Outcome(
                f"The SQL tokens of the {place.name} were not invalidated: {reason}. Run this again.", has_failed=True
            )
        record = _Record(path, *place.shares_of(names))
        return _invalidated(place.name, tokens, record, lambda: _later(told, tokens.api.now() - began))

    return [end(place, clock) for place, (_target, clock) in found.items()]


def _later(told: Clock, seconds: float) -> str:
    """Return the time by the clock that the API told so many seconds ago, rounded up: an invalidation ends its whole second."""
    return utc_text(told.moment + datetime.timedelta(seconds=math.ceil(seconds)))


def _invalidated(name: Name, tokens: SqlTokens, record: _Record, now: Callable[[], str]) -> Outcome:
    try:
        former = record.asked(now())
    except Refused as exc:
        return Outcome(f"{exc.msg} {_NOTHING}", has_failed=True)
    try:
        # Never twice: where this run was killed and its module lives on, the next run may have minted new tokens meanwhile.
        ended = tokens.invalidate(name, is_repeated=False)
    except TursoError as exc:
        if exc.ambiguous:
            says, why = _LOST, record.problem_with(lambda: record.asked(now()))
        else:
            says, why = _NOTHING, record.problem_with(lambda: record.put_back(former))
        return Outcome(f"{exc.msg} {says}{why}", has_failed=True)
    done = f"Every SQL token of the {name} that was minted up to {utc_text(ended.moment)} is invalidated."
    why = record.problem_with(lambda: record.ended(utc_text(ended.moment)))
    return Outcome(f"{done}{why} {GO_ON}" if why else done, has_failed=bool(why))


@dataclasses.dataclass(frozen=True)
class _Record:
    """The part of the state file that an invalidation changes.

    :ivar path: of the state file; none where no managed token is concerned.
    :ivar certain: the managed tokens that end by it.
    :ivar maybe: those that may end by it.
    """

    path: str | None
    certain: Sequence[str]
    maybe: Sequence[str]

    def asked(self, at: str) -> dict[str, SqlMemory]:
        """Write that the tokens may have ended, and return what was remembered before."""
        return self._write(
            {**self._perhaps(at), **{name: lambda memory: memory.asked_to_end(at) for name in self.certain}}
        )

    def ended(self, at: str) -> None:
        self._write({**self._perhaps(at), **{name: lambda memory: memory.ended(at) for name in self.certain}})

    def put_back(self, former: Mapping[str, SqlMemory]) -> None:
        """Write what was remembered before an invalidation that was refused."""
        self._write({name: memory.its_ends_in for name, memory in former.items()})

    def problem_with(self, write: Callable[[], object]) -> str:
        """Write, and return why that failed, with a space before it; nothing where it did not."""
        try:
            write()
        except Refused as exc:
            return f" {exc.msg}"
        return ""

    def _perhaps(self, at: str) -> dict[str, _Change]:
        return {name: lambda memory: memory.perhaps_ended(at) for name in self.maybe}

    def _write(self, changes: Mapping[str, _Change]) -> dict[str, SqlMemory]:
        """Change what is remembered, and return what was before.

        :raises Refused: the state file cannot be written.
        """
        if self.path is None or not changes:
            return {}
        with state_file.locked(self.path):
            state = state_file.read(self.path)
            former = {name: state.of(name).sql or SqlMemory() for name in changes}
            for name, change in changes.items():
                state = state.remembered(name, change(former[name]))
            state_file.write(self.path, state)
        return former
