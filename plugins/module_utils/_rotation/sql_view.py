# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of one SQL token when it is planned: the state file, the values that were found, the target, the time. Private."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Iterable

from ansible_collections.community.turso.plugins.module_utils._api.claims import SQL, Claims
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import DEAD, NO
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Target
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_entries import SqlEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import SqlMemory, is_newer
from ansible_collections.community.turso.plugins.module_utils._rotation.state import TokenState
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import Current, Pending
from ansible_collections.community.turso.plugins.module_utils._sql_token.decide import (
    Decision,
    Have,
    decide,
    identity_of,
)
from ansible_collections.community.turso.plugins.module_utils._time import moment_of


@dataclasses.dataclass(frozen=True)
class Value:
    """A value that was found in the vault file, or at a destination.

    :ivar id: its SHA-256.
    :ivar probed: what came of trying it on the database.
    :ivar detail: why, as a sentence without its end.
    """

    id: str
    claims: Claims
    is_stored: bool = False
    probed: str = NO
    detail: str = ""


@dataclasses.dataclass(frozen=True)
class Known:
    """The token in use, as far as anybody knows.

    :ivar value: only where it is at hand.
    :ivar is_invalidated: it counts as dead since an invalidation, whatever came of trying it.
    """

    id: str
    claims: Claims
    value: Value | None = None
    is_invalidated: bool = False

    @property
    def probed(self) -> str:
        return NO if self.value is None else self.value.probed

    @property
    def detail(self) -> str:
        return "" if self.value is None else self.value.detail


NOT_KNOWN = Known("", Claims())


@dataclasses.dataclass(frozen=True)
class SqlView:
    """Everything that the plan of one SQL token is decided by.

    :ivar state: what the state file says; none without one.
    :ivar values: those that were found; the vault file's first.
    :ivar lacks: whether a destination was read that holds no SQL token at all.
    :ivar is_abandoned: the run that minted the pending token is known to have ended.
    :ivar failure: why nothing can be decided.
    """

    entry: SqlEntry
    now: datetime.datetime
    target: Target
    state: TokenState | None = None
    has_vault_file: bool = False
    values: tuple[Value, ...] = ()
    lacks: bool = False
    is_abandoned: bool = False
    failure: str | None = None

    @property
    def recorded(self) -> TokenState:
        """Return what the state file says; nothing without one."""
        return self.state or TokenState()

    @property
    def memory(self) -> SqlMemory:
        return self.recorded.sql or SqlMemory()

    @functools.cached_property
    def pending(self) -> Pending | None:
        """Return the token that a former run minted and that somebody has not confirmed, unless it ended or was ended."""
        pending = self.recorded.pending
        if pending is None or pending.claims is None:
            return None
        value = self.value_of(pending.id)
        is_over = self.memory.is_over(pending.claims, self.now, NO if value is None else value.probed)
        return None if is_over else pending

    @functools.cached_property
    def current(self) -> Known | None:
        """Return the token in use: the state file's, or a newer one of another run; without a state file the newest that was found."""
        remembered = self.recorded.current
        others = [value for value in self.values if not self.pending or value.id != self.pending.id]
        ours = [value for value in others if self._is_of_target(value)]
        if remembered is None or remembered.claims is None:
            found = _newest(ours) or next(iter(others), None)
            return None if found is None else self._known(found.id, found.claims, found)
        return self._remembered(remembered, remembered.claims, ours)

    def _remembered(self, current: Current, claims: Claims, ours: list[Value]) -> Known:
        newest = _newest(ours)
        if newest is not None and is_newer(newest.claims, claims):
            return self._known(newest.id, newest.claims, newest)
        return self._known(current.id, claims, self.value_of(current.id))

    def _known(self, value_id: str, claims: Claims, value: Value | None) -> Known:
        known = Known(value_id, claims, value)
        return dataclasses.replace(known, is_invalidated=self.memory.is_invalidated(claims, known.probed))

    @property
    def expected(self) -> tuple[str, ...]:
        """Return the SHA-256 of each value that somebody should hold: the pending one, and the one in use."""
        return tuple(token.id for token in (self.pending, self.current) if token is not None)

    def value_of(self, value_id: str) -> Value | None:
        """Return a value by its SHA-256; none where it is not at hand."""
        return next((value for value in self.values if value.id == value_id), None)

    def _is_of_target(self, value: Value) -> bool:
        return value.claims.kind == SQL and identity_of(value.claims, self.target) == self.target.id

    @property
    def is_elsewhere(self) -> bool:
        """Tell whether another run may be delivering the pending token right now, and is to be left to it."""
        pending = self.pending
        if pending is None or self.is_abandoned or self.entry.policy.force:
            return False
        issued_at = moment_of(pending.issued_at) or self.now
        return self.now - issued_at < self.entry.policy.pending

    @property
    def renew_before(self) -> datetime.timedelta:
        """Return how long before its end the token is due.

        Where runs are far apart, the next one may come too late: so it is due, too, where less than twice the longest pause is
        left. Never earlier than after a third of its time: else each run after one long pause would mint another token.
        """
        want, spread = self.entry.want, self.entry.policy.spread
        lasts = datetime.timedelta(seconds=want.expires_in or 0)
        for_pauses = min(2 * self.memory.longest_pause(self.now), lasts * 2 / 3 - spread)
        return max(datetime.timedelta(seconds=want.renew_before), for_pauses) + spread

    def decision(self, known: Known | Value | None, *, force: bool = False) -> Decision:
        """Decide whether a token has to be replaced, as the module turso_sql_token does."""
        want = dataclasses.replace(
            self.entry.want, force=force, renew_before=int(self.renew_before.total_seconds()), current=None
        )
        if known is None:
            return decide(Have(self.target), want, NO, self.now)
        probed = DEAD if self.memory.is_invalidated(known.claims, known.probed) else known.probed
        return decide(Have(self.target, known.claims), want, probed, self.now)


def _newest(values: Iterable[Value]) -> Value | None:
    """Return the value that was minted last; of those of one second the first."""
    newest = None
    for value in values:
        if newest is None or is_newer(value.claims, newest.claims):
            newest = value
    return newest
