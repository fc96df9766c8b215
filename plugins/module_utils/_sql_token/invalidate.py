# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: end every SQL token of a database or a group, and see what became of leaked ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.claims import Claims
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import ACCEPTED, DEAD, DataPlane, Probe
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import (
    DATABASE,
    Clock,
    Name,
    SqlTokens,
    Target,
)
from ansible_collections.community.turso.plugins.module_utils._errors import (
    ApiError,
    InvalidRequest,
    OutcomeUnknown,
    Refused,
    TursoError,
)
from ansible_collections.community.turso.plugins.module_utils._sql_token.decide import identity_of
from ansible_collections.community.turso.plugins.module_utils._sql_token.look_up import look_up
from ansible_collections.community.turso.plugins.module_utils._sql_token.options import name_in, sql_claims
from ansible_collections.community.turso.plugins.module_utils._sql_token.probe import probe
from ansible_collections.community.turso.plugins.module_utils._time import maybe_utc_text, utc_text

LOOKS = 3  # at a leaked value afterwards
PAUSE_SECONDS = 5.0  # between two looks, so that the last one is ten seconds after the first

_SEEN = {
    True: "A leaked value is dead now, so the tokens were invalidated",
    False: "It is not known whether the tokens were invalidated",
}
NOTHING: dict[str, Any] = {"invalidated_at": None, "leaked": []}


@dataclasses.dataclass(frozen=True)
class Leak:
    """A leaked value, and what it claims."""

    secret: str = dataclasses.field(repr=False)
    claims: Claims = dataclasses.field(default_factory=Claims)


@dataclasses.dataclass(frozen=True)
class Request:
    """Whose SQL tokens are to end, and the values that have to be dead then."""

    name: Name
    leaks: tuple[Leak, ...] = ()

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Request:
        """Read and check the options.

        :raises BadOption: for options that do not go together.
        :raises Refused: where the name is not confirmed.
        """
        name = name_in(params)
        values = params.get("leaked") or []
        leaks = tuple(Leak(value, sql_claims(f"leaked[{index}]", value)) for index, value in enumerate(values))
        if params.get("confirm") != name.name:
            raise Refused(
                f"confirm is not the name of the {name}, so no token was invalidated. This module ends every SQL token of "
                f"the {name.level} at once, also those in use, and that cannot be undone. To go on, set confirm to "
                f"{name.name!r}."
            )
        return cls(name, leaks)


@dataclasses.dataclass
class Invalidation:
    """What was done.

    :ivar clock: when, by the API; none where nothing was done.
    :ivar before: for each leaked value, what came of trying it before; after in the same order, empty where nothing was done.
    :ivar lost: the failure after which nobody knows whether it was done; none where that is known.
    """

    request: Request
    target: Target
    before: list[Probe]
    clock: Clock | None = None
    after: list[Probe] = dataclasses.field(default_factory=list)
    lost: TursoError | None = None

    def as_result(self) -> dict[str, Any]:
        """Return the result, which has failed set if a leaked value is not seen dead."""
        error = self._error()
        return {
            "changed": True,
            "invalidated_at": None if self.clock is None else utc_text(self.clock.moment),
            "leaked": [self._told(index) for index in range(len(self.before))],
            "msg": self._msg(),
            "warnings": self._warnings(),
            **({"failed": True, **error.as_result()} if error else {}),
        }

    def _msg(self) -> str:
        if self.clock is None:
            return f"Every SQL token of the {self.target.name} would be invalidated. Nothing was changed."
        return f"Every SQL token of the {self.target.name} that was minted up to {utc_text(self.clock.moment)} is invalidated."

    def _warnings(self) -> list[str]:
        if self.clock is None or self.clock.is_told:
            return []
        return ["The API's answer has no time, so invalidated_at is by the clock of this machine."]

    def _told(self, index: int) -> dict[str, Any]:
        claims, after = self.request.leaks[index].claims, self.after[index : index + 1]
        return {
            "value": index + 1,
            "issued_at": maybe_utc_text(claims.issued_at),
            "expires_at": maybe_utc_text(claims.expires_at),
            "before": self.before[index].result,
            "after": after[0].result if after else None,
            "dead": bool(after) and after[0].result == DEAD,
        }

    def _unknown(self, lost: TursoError) -> TursoError:
        died = _count_dead(self.after) > _count_dead(self.before)
        return lost.become(
            OutcomeUnknown,
            f"{lost.msg} {_SEEN[died]}: applications may be locked out already. Run this again to get the time and the "
            "proof. That ends tokens minted in between, too.",
        )

    def _error(self) -> TursoError | None:
        """Return the failure where nobody knows whether it was done, or where leaked values may still work."""
        if self.lost is not None:
            return self._unknown(self.lost)
        left = [(index + 1, proof) for index, proof in enumerate(self.after) if proof.result != DEAD]
        if not left:
            return None
        told = "; ".join(
            f"the database still accepts value {number}"
            if proof.result == ACCEPTED
            else f"value {number} could not be tried ({proof.detail})"
            for number, proof in left
        )
        kind = ApiError if any(proof.result == ACCEPTED for _number, proof in left) else OutcomeUnknown
        return kind(
            f"{self._msg()} WARNING: {len(left)} of {len(self.after)} leaked values may still work: {told}. Try them again "
            "in a minute, from where the database can be reached. If the database still accepts one, ask Turso to block "
            "it."
        )


def invalidate(tokens: SqlTokens, request: Request, *, check_mode: bool) -> Invalidation:
    """End every SQL token of a database or a group, which cannot be undone. In check mode only leaked values are tried.

    :raises TursoError: it was not done.
    """
    plane = DataPlane(tokens.api)
    found = look_up(tokens, [request.name])[request.name]
    if isinstance(found, TursoError):
        raise found
    target, _clock = found
    _refuse_others(request.leaks, target)
    done = Invalidation(request, target, [probe(plane, target, leak.secret) for leak in request.leaks])
    if check_mode:
        return done
    try:
        done.clock = tokens.invalidate(request.name)
    except TursoError as exc:
        if not exc.ambiguous:
            raise
        done.lost = exc
    done.after = looked_at(plane, target, [leak.secret for leak in request.leaks])
    return done


def _refuse_others(leaks: Sequence[Leak], target: Target) -> None:
    """Refuse leaked values that this would not end.

    :raises InvalidRequest: one is for another database, another group, or the other level.
    """
    for index, leak in enumerate(leaks):
        if identity_of(leak.claims, target) == target.id:
            continue
        is_group = target.name.level == DATABASE and leak.claims.group_id is not None
        hint = (
            "It is a token of a whole group. Invalidating the tokens of a database may not end it: set group instead of "
            "database."
            if is_group
            else f"It is for {leak.claims.database_id or leak.claims.group_id or 'nothing'}, and the {target.name} is "
            f"{target.id}. Correct database or group, or remove the value."
        )
        raise InvalidRequest(
            f"leaked[{index}] is not a SQL token of the {target.name}, so no token was invalidated. {hint}"
        )


def _count_dead(proofs: Sequence[Probe]) -> int:
    return [proof.result for proof in proofs].count(DEAD)


def looked_at(plane: DataPlane, target: Target, secrets: Sequence[str]) -> list[Probe]:
    """Try leaked values until they are dead, three times over ten seconds."""
    found = [probe(plane, target, secret) for secret in secrets]
    for _look in range(LOOKS - 1):
        if all(each.result == DEAD for each in found):
            break
        plane.pause(PAUSE_SECONDS)
        found = [each if each.result == DEAD else probe(plane, target, secret) for each, secret in zip(found, secrets)]
    return found
