# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: mint a SQL token, and hold what came against what was asked for.

A SQL token cannot be taken back. So permissions, a mistake in which fails open, are tried with a token of a minute first,
and a lost answer is followed by another mint only if the token that may have been lost ends by itself.
"""

from __future__ import annotations

import dataclasses
import datetime
import threading

from ansible_collections.community.turso.plugins.module_utils._api.answers import Answer
from ansible_collections.community.turso.plugins.module_utils._api.claims import Claims
from ansible_collections.community.turso.plugins.module_utils._api.grants import Grants
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import SqlTokens, Target
from ansible_collections.community.turso.plugins.module_utils._errors import OutcomeUnknown, Refused, TursoError
from ansible_collections.community.turso.plugins.module_utils._sql_token.decide import differences
from ansible_collections.community.turso.plugins.module_utils._sql_token.minted import (
    INVALIDATION,
    checked,
    odd_times,
    of_target,
)
from ansible_collections.community.turso.plugins.module_utils._sql_token.options import NEVER, Wanted
from ansible_collections.community.turso.plugins.module_utils._time import utc_text

MOST_MINTS = 3  # of one token, where answers are lost
LOST_PAUSE_SECONDS = 1.0
TRIAL = "1m"
SAME_SECOND_PAUSE_SECONDS = 1.1


@dataclasses.dataclass(frozen=True)
class Minted:
    """A new token, what it claims, and what a user should know about it."""

    secret: str = dataclasses.field(repr=False)
    claims: Claims = dataclasses.field(default_factory=Claims)
    warnings: tuple[str, ...] = ()


class Trials:
    """The permissions that were tried in this run: each set once, whatever number of tokens asks for it.

    What is remembered is what the API makes of them. A trial that failed for another reason says nothing of the next target.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Grants, threading.Lock] = {}
        self._done: dict[Grants, TursoError | None] = {}

    def hold(self, tokens: SqlTokens, want: Wanted, target: Target) -> None:
        """Mint a token of a minute, unless that was done, and see whether the API granted what was asked and no more.

        :raises TursoError: it could not be minted, or may do something else.
        """
        grants = want.permissions
        if grants is None:
            return
        with self._lock:
            lock = self._locks.setdefault(grants, threading.Lock())
        with lock:
            if grants not in self._done:
                self._done[grants] = _objection_to_grants(tokens, want, target)
        failure = self._done[grants]
        if failure is not None:
            raise failure


def mint(tokens: SqlTokens, want: Wanted, target: Target, trials: Trials, now: datetime.datetime) -> Minted:
    """Mint a token, whatever there is already.

    :param now: the API's time when the target was looked up.
    :raises OutcomeUnknown: an answer was lost, and a token that nobody has may be there.
    :raises TursoError: it was refused, or what came is not what was asked for. Ambiguous tells of a token that nobody has.
    """
    trials.hold(tokens, want, target)
    course = _Course(tokens, want, target, want.expiration)
    for _try in range(MOST_MINTS):
        secret, answer = course.post()
        if secret != want.current:
            claims = checked(secret, answer, want, target)
            minted_at = answer.moment if answer.is_dated else now
            return Minted(secret, claims, (*course.warnings(claims), *odd_times(claims, want, minted_at)))
        # Tokens with the same claims of one second are the same: another second makes another one.
        tokens.api.pause(SAME_SECOND_PAUSE_SECONDS)
    raise Refused(
        f"The API returned the current token each time that a new {want.label} was minted. The current token still works. "
        "Run this again in a minute."
    )


@dataclasses.dataclass
class _Course:
    """The mints of one token so far.

    :ivar lost: how many answers were lost: as many tokens may be there that nobody has.
    """

    tokens: SqlTokens
    want: Wanted
    target: Target
    expiration: str
    lost: int = 0
    attempts: int = 0

    def post(self) -> tuple[str, Answer]:
        """Mint, and mint again where the answer is lost and the token ends by itself."""
        while True:
            try:
                return self.tokens.mint(
                    self.want.name,
                    expiration=self.expiration,
                    authorization=self.want.authorization,
                    permissions=self.want.permissions,
                    # What lost the answer may be the connection, and what never ends must not be lost to an old one.
                    fresh=self.lost > 0 or self.expiration == NEVER,
                )
            except TursoError as exc:
                error = exc
            self.attempts += error.attempts
            error.attempts = self.attempts
            if not error.ambiguous:
                raise self._told_of_lost(error) from error
            self.lost += 1
            if self.expiration == NEVER or self.lost >= MOST_MINTS:
                raise self._unknown(error) from error
            self.tokens.api.pause(LOST_PAUSE_SECONDS * self.lost)

    def warnings(self, claims: Claims) -> list[str]:
        if not self.lost:
            return []
        end = utc_text(claims.expires_at) if claims.expires_at else "never"
        told = (
            f"{self._lost_answers()} while the {self.want.label} was minted, so a token may exist whose value nobody has. "
            f"It cannot be revoked, and ends by itself {end}."
        )
        return [told]

    def _told_of_lost(self, error: TursoError) -> TursoError:
        if not self.lost:
            return error
        error.take_back()
        return _ambiguous(error.become(type(error), f"{error.msg} {self._may_be_there()}"))

    def _unknown(self, error: TursoError) -> TursoError:
        told = f"{error.msg} {self._may_be_there()} The current token was not changed. Run this again."
        return _ambiguous(error.become(OutcomeUnknown, told))

    def _may_be_there(self) -> str:
        if self.expiration == NEVER:
            return (
                "A token may exist whose value nobody has. It never ends by itself. To end it, invalidate every SQL token "
                f"of the {self.target.name} ({INVALIDATION})."
            )
        return (
            f"{self._lost_answers()}, so a token may exist whose value nobody has. It cannot be revoked, and ends by itself "
            f"{self.expiration} after it was minted."
        )

    def _lost_answers(self) -> str:
        return "An answer was lost" if self.lost == 1 else f"{self.lost} answers were lost"


def _ambiguous(error: TursoError) -> TursoError:
    """Return an error that has it known that a token which nobody has is there, or may be."""
    error.ambiguous = True
    return error


def _objection_to_grants(tokens: SqlTokens, want: Wanted, target: Target) -> TursoError | None:
    """Return the error for permissions that are not granted as they are asked for, none where they are.

    :raises TursoError: nobody knows, because the token of a minute could not be minted.
    """
    secret, answer = _Course(tokens, want, target, TRIAL).post()
    claims = of_target(secret, answer, want, target)
    found = differences(claims, want)
    if not found:
        return None
    return answer.objection(
        f"The API does not grant the permissions: {'; '.join(found)}. Only a token that ends in a minute was minted, to try "
        "this; nobody gets it. Check the names of the tables and actions, or set authorization=read-only instead of "
        "permissions."
    )
