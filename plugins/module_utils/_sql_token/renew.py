# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: renew SQL tokens that are due, one or a thousand: look up, try, decide, mint, prove."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence

from ansible_collections.community.turso.plugins.module_utils._api.data_plane import (
    NO,
    NOT_PROBED,
    UNKNOWN,
    DataPlane,
    Probe,
)
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Clock, SqlTokens, Target
from ansible_collections.community.turso.plugins.module_utils._errors import Refused, TursoError, Unreachable
from ansible_collections.community.turso.plugins.module_utils._sql_token.decide import Have, decide, identity_of
from ansible_collections.community.turso.plugins.module_utils._sql_token.look_up import Found, look_up
from ansible_collections.community.turso.plugins.module_utils._sql_token.mint import Trials, mint
from ansible_collections.community.turso.plugins.module_utils._sql_token.minted import ending_of
from ansible_collections.community.turso.plugins.module_utils._sql_token.options import Wanted
from ansible_collections.community.turso.plugins.module_utils._sql_token.outcome import Outcome
from ansible_collections.community.turso.plugins.module_utils._sql_token.probe import (
    REMEDY,
    probe,
    prove,
    refusal_of,
    refuse_unreachable,
)
from ansible_collections.community.turso.plugins.module_utils._time import utc_now
from ansible_collections.community.turso.plugins.module_utils._token.apply import side_by_side
from ansible_collections.community.turso.plugins.module_utils._token.outcome import failure_kept_in


def renew(
    tokens: SqlTokens,
    wanted: Sequence[Wanted],
    *,
    check_mode: bool,
    concurrency: int = 1,
    on_done: Callable[[], None] = lambda: None,
    stop: Callable[[], str | None] = lambda: None,
) -> list[Outcome]:
    """Make sure that each of many SQL tokens works and will go on working, and return the outcomes in the order asked.

    A failure is stored in its outcome and stops no other. In check mode the API and the databases are only read.

    :param on_done: is called after each, from whatever thread it was done in.
    :param stop: returns why no further token is to be minted, none where it is; asked from whatever thread.
    """
    names = [want.name for want in wanted]
    with_hosts = any(want.validate for want in wanted)
    known = look_up(tokens, names, with_hosts=with_hosts, concurrency=concurrency)
    local = utc_now()
    outcomes = [Outcome(want, local) for want in wanted]
    work = _Work(tokens, DataPlane(tokens.api), Trials(), stop, check_mode)

    def bring_about(outcome: Outcome) -> None:
        with failure_kept_in(outcome, f" with the {outcome.want.label}"):
            found = known[outcome.want.name]
            if isinstance(found, TursoError):
                raise found.become(type(found), found.msg)  # each has its own end of the message
            work.bring_about(outcome, found)
        on_done()

    side_by_side(bring_about, outcomes, concurrency)
    return outcomes


class _Work:
    """What the tokens of one run share."""

    def __init__(
        self, tokens: SqlTokens, plane: DataPlane, trials: Trials, stop: Callable[[], str | None], check_mode: bool
    ) -> None:
        self._tokens, self._plane, self._trials = tokens, plane, trials
        self._stop, self._check_mode = stop, check_mode

    def bring_about(self, outcome: Outcome, found: Found) -> None:
        want, (target, looked_up) = outcome.want, found
        outcome.target = target
        current = self._tried(want, target)
        outcome.now = self._time(outcome, looked_up, current)
        outcome.probed = current.result
        decision = decide(Have(target, want.claims), want, current.result, outcome.now)
        outcome.reason, outcome.detail = decision.reason, decision.detail
        if not decision.mints:
            _warn_of_unproven(outcome, current)
        else:
            if current.result == UNKNOWN:
                raise _not_tried(outcome, current)
            outcome.changed = self._check_mode
            if not self._check_mode:
                self._mint(outcome, target)

    def _tried(self, want: Wanted, target: Target) -> Probe:
        """Try the current token, but never on a database that it is not for: that one has no business to see it."""
        if not want.validate or want.current is None or want.claims is None:
            return NOT_PROBED
        is_for_it = identity_of(want.claims, target) == target.id
        return probe(self._plane, target, want.current) if is_for_it else NOT_PROBED

    def _time(self, outcome: Outcome, looked_up: Clock, current: Probe) -> datetime.datetime:
        """Return the API's time; else the database's; else this machine's, and say so."""
        clocks = [clock for clock in (looked_up, current.clock) if clock is not None and clock.is_told]
        if clocks:
            return clocks[0].moment
        outcome.warnings.append(
            "Neither the API's nor the database's answer has a time, so the clock of this machine decided whether the "
            f"{outcome.want.label} is due."
        )
        return looked_up.moment

    def _mint(self, outcome: Outcome, target: Target) -> None:
        want = outcome.want
        reason = self._stop()
        if reason is not None:
            raise Refused(
                f"The {want.label} was not minted: {reason}. The current token was not changed. Run this again."
            )
        if want.validate and outcome.probed == NO:
            refuse_unreachable(self._plane, target)
        try:
            minted = mint(self._tokens, want, target, self._trials, outcome.now)
        except TursoError as exc:
            outcome.changed = exc.ambiguous
            raise
        outcome.changed = True  # from here on there is a token that cannot be taken back
        outcome.warnings += minted.warnings
        proof = NOT_PROBED
        if want.validate:
            proof = prove(self._plane, target, minted.secret)
        outcome.probed = proof.result
        refusal = refusal_of(proof, target, ending_of(minted.claims, target))
        if refusal is not None:
            raise refusal
        if proof.detail:
            outcome.warnings.append(
                f"The new {want.label} was not tried on a database, only its claims were checked: {proof.detail}."
            )
        outcome.minted, outcome.secret = minted.claims, minted.secret


def withhold(outcomes: Sequence[Outcome], reason: str) -> None:
    """Take the new values out of the outcomes, because nobody will get them, and say what becomes of the tokens.

    :param reason: why, as a sentence without its end.
    """
    for outcome in outcomes:
        if outcome.secret is not None and outcome.minted is not None and outcome.target is not None:
            ending = ending_of(outcome.minted, outcome.target)
            outcome.error = Refused(
                f"The module could not return the new {outcome.want.label}: {reason}. The token cannot be revoked. {ending}"
            )
            outcome.secret = outcome.minted = None


def _warn_of_unproven(outcome: Outcome, current: Probe) -> None:
    if current.result == UNKNOWN:
        outcome.warnings.append(
            f"It is not known whether the current {outcome.want.label} works: {current.detail}. It is kept, because no "
            f"database has rejected it. {REMEDY}"
        )
    elif current.detail:
        outcome.warnings.append(f"The current {outcome.want.label} is kept: {current.detail}.")


def _not_tried(outcome: Outcome, current: Probe) -> Unreachable:
    return Unreachable(
        f"The {outcome.want.label} is due ({outcome.reason}): {outcome.detail}. The current token could not be tried, so a "
        f"new one could not be either: {current.detail}. No token was minted, because a SQL token cannot be revoked. "
        f"{REMEDY}"
    )
