# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what one has and what one wants to whether a SQL token is minted, and why: pure, so that a table can test it.

Private to this collection. A policy is a list of named checks; the first that objects to the current token gives the reason.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable

from ansible_collections.community.turso.plugins.module_utils._api.claims import Claims
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import DEAD
from ansible_collections.community.turso.plugins.module_utils._api.grants import Grants
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import DATABASE, Target
from ansible_collections.community.turso.plugins.module_utils._sql_token.options import Wanted
from ansible_collections.community.turso.plugins.module_utils._time import utc_text

MISSING, FORCED, FOREIGN, DRIFT = "missing", "forced", "foreign", "drift"
EXPIRED, EXPIRING, ENDLESS = "expired", "expiring", "endless"


@dataclasses.dataclass(frozen=True)
class Have:
    """What there is: the database or the group, and what the current token claims; none where there is no token."""

    target: Target
    claims: Claims | None = None


@dataclasses.dataclass(frozen=True)
class Decision:
    """Whether a token is to be minted: the reason and what is behind it, or none."""

    reason: str | None = None
    detail: str = ""

    @property
    def mints(self) -> bool:
        return self.reason is not None


@dataclasses.dataclass(frozen=True)
class _Case:
    """What a check judges: what the current token claims, and everything that it is held against."""

    claims: Claims
    target: Target
    want: Wanted
    probe: str
    now: datetime.datetime

    @property
    def seconds_left(self) -> float | None:
        """Return how long the current token lasts, none where it never ends."""
        end = self.claims.expires_at
        return None if end is None else (end - self.now).total_seconds()

    @property
    def end_text(self) -> str:
        return "never" if self.claims.expires_at is None else utc_text(self.claims.expires_at)


def decide(have: Have, want: Wanted, probe: str, now: datetime.datetime) -> Decision:
    """Decide whether to mint a token in the place of the current one.

    :param probe: what came of trying the current token: accepted, dead, unknown or no. Only dead is a reason.
    """
    if have.claims is None:
        return Decision(MISSING, "there is no current token")
    if want.force:
        return Decision(FORCED, "force is set")
    case = _Case(have.claims, have.target, want, probe, now)
    objections = ((reason, check(case)) for reason, check in CHECKS)
    return next((Decision(reason, detail) for reason, detail in objections if detail is not None), Decision())


def differences(claims: Claims, want: Wanted) -> list[str]:
    """Say what a token may do and was not asked for, or the other way round."""
    found = []
    if claims.authorization != want.authorization:
        found.append(f"authorization is {claims.authorization or '(none)'}, expected {want.authorization}")
    if not _same(claims.permissions, want.permissions):
        found.append(f"permissions are {_shown(claims.permissions)}, expected {_shown(want.permissions)}")
    return found


def identity_of(claims: Claims, target: Target) -> str | None:
    """Return the id that a token claims on the level of a target, none where it is of the other level."""
    return claims.database_id if target.name.level == DATABASE else claims.group_id


def time_left(seconds: float) -> str:
    """Return a span of time in words, in the largest unit that says enough."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length or unit == "minute":
            count = int(seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    raise AssertionError("a minute is always enough")


def deadline(claims: Claims | None, now: datetime.datetime) -> str:
    """Return the sentence that says when a token ends, or ended; empty where that is not known, or never."""
    if claims is None or claims.expires_at is None:
        return ""
    seconds = (claims.expires_at - now).total_seconds()
    if seconds <= 0:
        return f"The current token ended {utc_text(claims.expires_at)}: applications are locked out."
    return f"The current token ends {utc_text(claims.expires_at)}, in {time_left(seconds)}."


def _foreign(case: _Case) -> str | None:
    claims, target = case.claims, case.target
    if identity_of(claims, target) == target.id:
        return None
    is_for = f"the database {claims.database_id}" if claims.database_id else f"the group {claims.group_id or '(none)'}"
    return (
        f"the current token is for {is_for}, and the {target.name} is {target.id} (it was recreated, or this is another "
        "one's token)"
    )


def _expired(case: _Case) -> str | None:
    left = case.seconds_left
    return f"the current token ended {case.end_text}" if left is not None and left <= 0 else None


def _dead(case: _Case) -> str | None:
    return "the database rejects the current token" if case.probe == DEAD else None


def _drift(case: _Case) -> str | None:
    found = differences(case.claims, case.want)
    if case.claims.expires_at is not None and case.want.expires_in is None:
        found.append(f"it ends {case.end_text}, expected never")
    return "; ".join(found) or None


def _endless(case: _Case) -> str | None:
    if case.claims.expires_at is not None or case.want.expires_in is None:
        return None
    return f"the current token never ends, expected an end after {case.want.expiration}"


def _expiring(case: _Case) -> str | None:
    left = case.seconds_left
    if left is None or left > case.want.renew_before:
        return None
    return f"the current token ends {case.end_text}, in {time_left(left)}"


CHECKS: tuple[tuple[str, Callable[[_Case], str | None]], ...] = (
    (FOREIGN, _foreign),
    (EXPIRED, _expired),
    (DEAD, _dead),
    (DRIFT, _drift),
    (ENDLESS, _endless),
    (EXPIRING, _expiring),
)


def _same(has: Grants | None, asked: Grants | None) -> bool:
    return has is asked if has is None or asked is None else has.equals(asked)


def _shown(grants: Grants | None) -> str:
    return "(none)" if grants is None else f"[{grants}]"
