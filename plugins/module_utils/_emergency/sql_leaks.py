# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be known of leaked SQL tokens: which database or group each is for, whether it works, and what fails. Pure and private.

One alone cannot be revoked. So what is selected is the database, or the group, all of whose SQL tokens would end.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable
from typing import Any, ClassVar

from ansible_collections.community.turso.plugins.module_utils._api.claims import Claims
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import (
    ACCEPTED,
    DEAD,
    NOT_PROBED,
    Probe,
)
from ansible_collections.community.turso.plugins.module_utils._emergency import proof
from ansible_collections.community.turso.plugins.module_utils._emergency.outcome import Failure
from ansible_collections.community.turso.plugins.module_utils._sql_token.places import Place
from ansible_collections.community.turso.plugins.module_utils._time import utc_text

_ANSWERS = {ACCEPTED: proof.ACCEPTED, DEAD: proof.REJECTED}  # as the answers of the API are called

_SAYS = {
    ACCEPTED: "It is active: the database accepts it.",
    DEAD: (
        f"The database already rejects it. {proof.PERHAPS_CUT} If a run that invalidated it was stopped, run the rotation "
        "(community.turso.rotate): it delivers what is missing, and shows whether to confirm this again."
    ),
}

_NOT_HERE = (
    " The module turso_revocation does not end it, because applications would be locked out until they have new tokens. The playbook "
    "community.turso.revoke ends it and delivers new ones; the module turso_sql_invalidation only ends it."
)


@dataclasses.dataclass(frozen=True)
class SqlLeak:
    """A leaked SQL token before anything was ended.

    :ivar place: what it is for; none where that is not known.
    :ivar reason: why not, as a sentence.
    :ivar before: what came of trying it.
    """

    value: proof.Value
    proven: ClassVar[bool] = False
    place: Place | None = None
    reason: str = ""
    before: Probe = NOT_PROBED

    @property
    def number(self) -> int:
        return self.value.number

    @property
    def claims(self) -> Claims:
        return self.value.claims

    @property
    def is_certain(self) -> bool:
        """Tell whether its database, or one of its group, accepts it: only then nothing of it is missing."""
        return self.before.result == ACCEPTED

    @property
    def msg(self) -> str:
        """Return what is known of it, in sentences."""
        authorization = self.claims.authorization or "of unknown authorization"
        minted = _told("minted", self.claims.issued_at, "minted at an unknown time")
        ends = _told("ends", self.claims.expires_at, "never ends")
        what = f"Value {self.number} is a SQL token ({authorization}, {minted}, {ends})"
        if self.place is None:
            return f"{what}. {self.reason}"
        return f"{what} of the {self.place.name}. {self._answer} It ends only together with {self.place.every_token}."

    @property
    def _answer(self) -> str:
        return _SAYS.get(self.before.result, f"It could not be tried: {self.before.detail}.")

    def failure(self, hint: str = "") -> Failure:
        """Return it as a value that is not proven dead."""
        return Failure(f"{self.msg}{hint}", value=self.number)

    def as_result(self) -> dict[str, Any]:
        """Return it as an item of `proofs`: of before anything was ended."""
        return {
            "value": self.number,
            "id": None,
            "before": _ANSWERS.get(self.before.result, proof.UNKNOWN),
            "after": None,
            "proven": self.proven,
            "msg": self.msg,
        }


def _told(what: str, moment: datetime.datetime | None, otherwise: str) -> str:
    return otherwise if moment is None else f"{what} {utc_text(moment)}"


def places_in(leaks: Iterable[SqlLeak]) -> dict[str, Place]:
    """Return the databases and groups that leaked tokens are for, each once, by id."""
    return {leak.place.target.id: leak.place for leak in leaks if leak.place is not None}


def uncertain(leaks: Iterable[SqlLeak]) -> list[Failure]:
    """Return the leaked SQL tokens of which nobody can promise that they would be proven dead."""
    return [leak.failure() for leak in leaks if not leak.is_certain]


def not_ended(leaks: Iterable[SqlLeak], *, is_left: bool) -> list[Failure]:
    """Return the leaked SQL tokens that a confirmed run of the module leaves active.

    :param is_left: whether another task ends those of which it is known what they are for.
    """
    return [leak.failure(_NOT_HERE) for leak in leaks if leak.place is None or not is_left]
