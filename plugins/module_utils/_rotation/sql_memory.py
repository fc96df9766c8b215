# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the state file remembers of a SQL token besides its versions, because the API keeps no record of any.

Private: for this collection only. Pure. Times are texts in ISO 8601, UTC; extra holds the keys that this release does not know.
"""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.claims import SQL, Claims
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import ACCEPTED, NO
from ansible_collections.community.turso.plugins.module_utils._api.grants import Grants
from ansible_collections.community.turso.plugins.module_utils._rotation.json_shapes import (
    Json,
    WrongShape,
    as_object,
    extra_of,
    maybe_moment_at,
    maybe_number_at,
    maybe_text_at,
    moment_at,
    objects_at,
    text_at,
)
from ansible_collections.community.turso.plugins.module_utils._time import maybe_utc_text, moment_of, utc_text

MOST_RUNS = 20


@dataclasses.dataclass(frozen=True)
class Mint:
    """A token that was minted and has not ended, whoever has it.

    :ivar id: the SHA-256 of its value.
    """

    id: str
    issued_at: str
    expires_at: str
    extra: Json = dataclasses.field(default_factory=dict)

    def lasts(self, now: datetime.datetime, ended: str) -> bool:
        """Tell whether it has not ended.

        :param ended: up to when all were ended; empty where they were not.
        """
        return self.issued_at > ended and (moment_of(self.expires_at) or now) > now


@dataclasses.dataclass(frozen=True)
class SqlMemory:
    """What is remembered of one SQL token.

    :ivar runs: when runs left it as it should be; not all of them, but no two that are far apart lack one between them.
    :ivar attempts: how many runs found it due and did not bring it to its end.
    :ivar invalidated_at: when every token of its database or group was last invalidated by this collection.
    :ivar invalidation_asked_at: when that was asked last, where no answer is known.
    :ivar maybe_invalidated_at: when those of the other level were, which may have ended these.
    """

    mints: tuple[Mint, ...] = ()
    runs: tuple[str, ...] = ()
    attempts: int = 0
    invalidated_at: str | None = None
    invalidation_asked_at: str | None = None
    maybe_invalidated_at: str | None = None
    extra: Json = dataclasses.field(default_factory=dict)

    def lasting(self, now: datetime.datetime) -> tuple[Mint, ...]:
        """Return the mints that have not ended, and were not ended."""
        return self._lasting(now, self.invalidated_at)

    def counting(self, now: datetime.datetime) -> tuple[Mint, ...]:
        """Return those of them that speak against another mint: none that counts as dead."""
        return self._lasting(now, self.dead_up_to())

    def _lasting(self, now: datetime.datetime, ended: str | None) -> tuple[Mint, ...]:
        return tuple(mint for mint in self.mints if mint.lasts(now, ended or ""))

    def longest_pause(self, now: datetime.datetime) -> datetime.timedelta:
        """Return the longest time between two successful runs that are remembered; the time since the last one counts, too."""
        moments = [*sorted(moment for moment in map(moment_of, self.runs) if moment is not None), now]
        pauses = [after - before for before, after in zip(moments, moments[1:])]
        return max(pauses, default=datetime.timedelta(0))

    def tried(self, mints: tuple[Mint, ...], now: datetime.datetime) -> SqlMemory:
        """Return this after a run found the token due, and minted or not."""
        return dataclasses.replace(self, mints=(*self.lasting(now), *mints), attempts=self.attempts + 1)

    def succeeded(self, now: datetime.datetime, *, unless_within: datetime.timedelta | None = None) -> SqlMemory:
        """Return this after a run left the token as it should be.

        :param unless_within: a run that is so close to the last one that is remembered is not, which spares the file a change.
        """
        last = moment_of(self.runs[-1]) if self.runs else None
        is_near = unless_within is not None and last is not None and now - last < unless_within
        if is_near and not self.attempts:
            return self
        return dataclasses.replace(self, runs=(*self.runs, utc_text(now))[-MOST_RUNS:], attempts=0)

    def asked_to_end(self, at: str) -> SqlMemory:
        """Return this after it was asked to end every token that was minted up to a moment."""
        return dataclasses.replace(self, invalidation_asked_at=latest(self.invalidation_asked_at, at))

    def ended(self, at: str) -> SqlMemory:
        """Return this after every token that was minted up to a moment was ended; what was asked before does not matter any more."""
        return dataclasses.replace(self, invalidated_at=latest(self.invalidated_at, at), invalidation_asked_at=None)

    def perhaps_ended(self, at: str) -> SqlMemory:
        """Return this after the tokens of the other level were ended, or may have been."""
        return dataclasses.replace(self, maybe_invalidated_at=latest(self.maybe_invalidated_at, at))

    def its_ends_in(self, other: SqlMemory) -> SqlMemory:
        """Return another memory of the token with what this one knows of invalidations without an answer."""
        return dataclasses.replace(
            other,
            invalidation_asked_at=self.invalidation_asked_at,
            maybe_invalidated_at=self.maybe_invalidated_at,
        )

    def is_over(self, claims: Claims, now: datetime.datetime, probed: str) -> bool:
        """Tell whether a token has ended, or counts as ended with all others."""
        has_ended = claims.expires_at is not None and claims.expires_at <= now
        return has_ended or self.is_invalidated(claims, probed)

    def dead_up_to(self, probed: str = NO) -> str | None:
        """Return up to when a token must have been minted to count as dead; none where none does.

        :param probed: what came of trying it. To renew in vain what may have been ended costs a token, to leave it an outage: so it
            counts as dead unless its database accepts it.
        """
        return latest(
            self.invalidated_at, self.invalidation_asked_at, None if probed == ACCEPTED else self.maybe_invalidated_at
        )

    def is_invalidated(self, claims: Claims | None, probed: str = NO) -> bool:
        """Tell whether a token counts as dead since an invalidation; one that does not say when it was minted is taken for one."""
        moment = moment_of(self.dead_up_to(probed))
        if moment is None or claims is None:
            return False
        return claims.issued_at is None or claims.issued_at <= moment


def latest(*moments: str | None) -> str | None:
    """Return the latest of some times; none where there is none."""
    return max(filter(None, moments), key=lambda text: maybe_utc_text(moment_of(text)) or "", default=None)


def is_newer(claims: Claims, than: Claims) -> bool:
    """Tell whether a token was minted after another one."""
    return claims.issued_at is not None and (than.issued_at is None or claims.issued_at > than.issued_at)


def claims_from(part: Json, where: str) -> Claims:
    """Read what the state file holds of a token's claims; the reverse of Claims.as_result()."""
    written = part.get("permissions")
    return Claims(
        SQL,
        issued_at=moment_of(maybe_moment_at(part, "issued_at", where)),
        expires_at=moment_of(maybe_moment_at(part, "expires_at", where)),
        database_id=maybe_text_at(part, "database_id", where),
        group_id=maybe_text_at(part, "group_id", where),
        authorization=maybe_text_at(part, "authorization", where),
        permissions=None if written is None else _grants(objects_at(part, "permissions", where)),
    )


def _grants(written: list[Json]) -> Grants | None:
    def table(given: Any) -> Any:
        return None if given == ["*"] else given

    return Grants.claimed([{"t": table(each.get("tables")), "a": each.get("actions")} for each in written])


def memory_from(part: Json, where: str) -> SqlMemory:
    return SqlMemory(
        tuple(_mint(item, f"{where}.mints[{number}]") for number, item in enumerate(objects_at(part, "mints", where))),
        tuple(_runs(part, where)),
        maybe_number_at(part, "attempts", where) or 0,
        maybe_moment_at(part, "invalidated_at", where),
        maybe_moment_at(part, "invalidation_asked_at", where),
        maybe_moment_at(part, "maybe_invalidated_at", where),
        extra_of(part, SqlMemory),
    )


def memory_json(memory: SqlMemory) -> dict[str, Any]:
    return {
        **as_object(memory),
        "mints": [as_object(mint) for mint in memory.mints],
        "runs": list(memory.runs),
    }


def _mint(part: Json, where: str) -> Mint:
    return Mint(
        text_at(part, "id", where),
        moment_at(part, "issued_at", where),
        moment_at(part, "expires_at", where),
        extra_of(part, Mint),
    )


def _runs(part: Json, where: str) -> list[str]:
    runs = [] if part.get("runs") is None else part["runs"]
    if not isinstance(runs, list):
        raise WrongShape(f"{where}.runs is not a list")
    return [moment_at({"run": run}, "run", f"{where}.runs[{number}]") for number, run in enumerate(runs)]
