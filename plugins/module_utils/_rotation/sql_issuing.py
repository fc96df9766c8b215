# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mint the SQL tokens that are due, and prove each on its database, side by side. Private."""

from __future__ import annotations

import dataclasses
import datetime
import threading
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.community.turso.plugins.module_utils._api.claims import Claims
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import NO, UNKNOWN, DataPlane
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import SqlTokens, Target
from ansible_collections.community.turso.plugins.module_utils._errors import Refused, TursoError
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import digest_of
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import ISSUE
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import Mint
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_plan import SqlPlan
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_view import SqlView
from ansible_collections.community.turso.plugins.module_utils._sql_token.mint import Minted, Trials, mint
from ansible_collections.community.turso.plugins.module_utils._sql_token.minted import ending_of
from ansible_collections.community.turso.plugins.module_utils._sql_token.probe import (
    prove,
    refusal_of,
    refuse_unreachable,
)
from ansible_collections.community.turso.plugins.module_utils._time import utc_text
from ansible_collections.community.turso.plugins.module_utils._token.apply import side_by_side
from ansible_collections.community.turso.plugins.module_utils._token.outcome import failure_kept_in

MOST_MINTS = 5  # of one token, a second apart: an invalidation ends its whole second
SAME_AS_OTHERS = 60  # mints of one token: two of one second with equal claims are the same token
SECOND = 1.1


@dataclasses.dataclass
class SqlRotation:
    """What becomes of one planned SQL token.

    :ivar minted: every token that the API gave, also one that did not prove itself; none of them can be taken back.
    :ivar probed: what came of trying the one that is delivered.
    """

    plan: SqlPlan
    view: SqlView
    tokens: SqlTokens
    minted: list[Minted] = dataclasses.field(default_factory=list)
    probed: str = NO
    warnings: list[str] = dataclasses.field(default_factory=list)
    error: TursoError | None = None

    @property
    def target(self) -> Target:
        return self.view.target

    @property
    def is_pending(self) -> bool:
        """Tell whether there is a value to deliver."""
        return self.plan.is_due and self.plan.refusal is None and self.error is None

    @property
    def secret(self) -> str | None:
        """Return the new value; none where one is delivered once more, which the caller has."""
        return self.minted[-1].secret if self.is_pending and self.minted else None

    @property
    def claims(self) -> Claims | None:
        """Return what the token that is delivered claims."""
        if not self.is_pending:
            return None
        return self.plan.resumed.claims if self.plan.resumed else self.minted[-1].claims

    @property
    def id(self) -> str | None:
        """Return the SHA-256 of the value that is delivered."""
        if not self.is_pending:
            return None
        return self.plan.resumed.id if self.plan.resumed else digest_of(self.minted[-1].secret)

    @property
    def mints(self) -> tuple[Mint, ...]:
        """Return what was minted, for the state file."""
        return tuple(
            Mint(digest_of(minted.secret), _text(minted.claims.issued_at), _text(minted.claims.expires_at))
            for minted in self.minted
        )

    def withhold(self, reason: str) -> None:
        """Give a new value up, because nobody will get it.

        :param reason: why, as a sentence without its end.
        """
        if self.secret is not None:
            ending = ending_of(self.minted[-1].claims, self.target)
            self.error = Refused(f"The new token could not be delivered: {reason}. It cannot be revoked. {ending}")


class Taken:
    """The values that this run minted, by their SHA-256: no two managed tokens may have the same one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: set[str] = set()

    def take(self, secret: str) -> bool:
        """Take a value for one token; tell whether no other has it."""
        with self._lock:
            before = len(self._ids)
            self._ids.add(digest_of(secret))
            return len(self._ids) > before


def _text(moment: datetime.datetime | None) -> str:
    return utc_text(moment or datetime.datetime.fromtimestamp(0, datetime.timezone.utc))


def mint_all(
    rotations: Sequence[SqlRotation],
    planes: Mapping[str | None, DataPlane],
    *,
    validate: bool,
    concurrency: int,
    stop: Callable[[], str | None],
) -> None:
    """Mint what is due. A failure is kept in its rotation and stops no other.

    :param planes: by the name of the credential.
    :param validate: whether each new value is tried on its database.
    :param stop: returns why no further token is to be minted, none where it is.
    """
    trials, taken = Trials(), Taken()

    def bring_about(rotation: SqlRotation) -> None:
        with failure_kept_in(rotation, f" with {rotation.plan.name}"):
            reason = stop()
            if reason is not None:
                raise Refused(
                    f"No token was minted: {reason}. The token in use was not changed. Run the rotation again."
                )
            plane = planes[rotation.plan.entry.credential] if validate else None
            _mint_one(rotation, trials, taken, plane)

    for rotation in rotations:
        if rotation.plan.resumed is not None:
            rotation.probed = rotation.plan.resumed.probed
    side_by_side(bring_about, [each for each in rotations if each.plan.action == ISSUE], concurrency)


def _mint_one(rotation: SqlRotation, trials: Trials, taken: Taken, plane: DataPlane | None) -> None:
    """Mint one, and prove it where there is a data plane to do so.

    :raises TursoError: there is no new token that could be delivered.
    """
    if plane is not None and rotation.plan.current.probed in (NO, UNKNOWN):
        refuse_unreachable(plane, rotation.target)
    minted = _of_its_own(rotation, trials, taken)
    rotation.warnings += minted.warnings
    if plane is None:
        return
    proof = prove(plane, rotation.target, minted.secret)
    rotation.probed = proof.result
    refusal = refusal_of(proof, rotation.target, ending_of(minted.claims, rotation.target))
    if refusal is not None:
        raise refusal
    if proof.detail:
        rotation.warnings.append(
            f"The new {rotation.plan.entry.want.label} was not tried on a database, only its claims were checked: "
            f"{proof.detail}."
        )


def _of_its_own(rotation: SqlRotation, trials: Trials, taken: Taken) -> Minted:
    """Mint until the token is no other entry's, and of a later second than the invalidation of all before it.

    :raises Refused: the API's clock does not get past it.
    """
    want, memory = rotation.plan.entry.want, rotation.view.memory
    dead = 0
    for _second in range(SAME_AS_OTHERS):
        minted = mint(rotation.tokens, want, rotation.target, trials, rotation.view.now)
        is_dead = memory.is_invalidated(minted.claims)
        if taken.take(minted.secret):
            rotation.minted.append(minted)  # also what is dead by the state file alone: it may work until it ends
            if not is_dead:
                return minted
        dead += is_dead
        if dead == MOST_MINTS:
            break
        rotation.tokens.api.pause(SECOND)
    raise Refused(
        f"No usable token could be minted for {rotation.plan.name}: the API returned only tokens from before the last "
        f"invalidation ({memory.dead_up_to()}), or the token of another entry. Run the rotation again in a minute"
    )
