# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: what became of one SQL token, and how it is told."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.claims import SQL, Claims
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import DEAD, NO
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import DATABASE, Target
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError
from ansible_collections.community.turso.plugins.module_utils._sql_token.decide import deadline
from ansible_collections.community.turso.plugins.module_utils._sql_token.options import Wanted

# By reason: what is said of the current token where its end does not matter any more.
_LOCKED_OUT: dict[str | None, str] = {
    DEAD: "The database rejects the current token: applications that use it are locked out."
}

NOTHING: dict[str, Any] = {
    "reason": None,
    "secret": None,
    "token": None,
    "probed": NO,
    "diff": {"before": {}, "after": {}},
}


@dataclasses.dataclass
class Outcome:
    """What became of one SQL token. In check mode it is what would become of it.

    :ivar target: what the API knows of the database or the group; none where that could not be looked up.
    :ivar now: the API's time when it was looked up.
    :ivar reason: why a token was minted, or was to be; none where the current one is kept.
    :ivar detail: what is behind the reason, as a sentence without its end.
    :ivar minted: what the new token claims; none where there is none.
    :ivar probed: what came of trying the token that the outcome is about.
    """

    want: Wanted
    now: datetime.datetime
    target: Target | None = None
    changed: bool = False
    reason: str | None = None
    detail: str = ""
    secret: str | None = dataclasses.field(default=None, repr=False)
    minted: Claims | None = None
    probed: str = NO
    warnings: list[str] = dataclasses.field(default_factory=list)
    error: TursoError | None = None

    def as_result(self) -> dict[str, Any]:
        """Return the result, which has failed set if bringing the token about failed."""
        after = self._after()
        return {
            "changed": self.changed,
            "reason": self.reason,
            "secret": self.secret,
            "token": after,
            "probed": self.probed,
            "diff": {"before": _for_diff(self._before()), "after": _for_diff(after)},
            "msg": self._msg(),
            "warnings": list(self.warnings),
            **(self._failure() if self.error else {}),
        }

    def _msg(self) -> str:
        if self.reason is None:
            return f"The {self.want.label} is kept. {deadline(self.want.claims, self.now)}".strip()
        if self.secret is None:
            return f"A {self.want.label} would be minted ({self.reason}): {self.detail}. Nothing was changed."
        return f"A {self.want.label} was minted ({self.reason}): {self.detail}."

    def _failure(self) -> dict[str, Any]:
        """Return what a failure tells, with the time that is left to mend it."""
        result = self.error.as_result() if self.error else {}
        ends = _LOCKED_OUT.get(self.reason, deadline(self.want.claims, self.now))
        return {"failed": True, **result, "msg": f"{result['msg']} {ends}".strip()}

    def _before(self) -> dict[str, Any] | None:
        return None if self.want.claims is None else self._told(self.want.claims)

    def _after(self) -> dict[str, Any] | None:
        """Return the token that one has afterwards: the new one, the one that would be minted, or the current one."""
        if self.minted is not None:
            return self._told(self.minted)
        return self._before() if self.error or self.reason is None else self._predicted()

    def _predicted(self) -> dict[str, Any]:
        want, target = self.want, self.target
        is_database = want.name.level == DATABASE
        target_id = None if target is None else target.id
        claims = Claims(
            SQL,
            database_id=target_id if is_database else None,
            group_id=None if is_database else target_id,
            authorization=want.authorization,
            permissions=want.permissions,
        )
        return {**self._told(claims), "never_expires": want.expires_in is None}

    def _told(self, claims: Claims) -> dict[str, Any]:
        """Return the token object: what a token claims, and what it was asked for."""
        end = claims.expires_at
        return {
            "kind": SQL,
            **self.want.name.as_result(),
            "hostname": None if self.target is None else self.target.hostname,
            **claims.as_result(),
            "never_expires": end is None,
            "seconds_left": None if end is None else max(0, int((end - self.now).total_seconds())),
        }


def _for_diff(token: dict[str, Any] | None) -> dict[str, Any]:
    """Return a token object without what differs from run to run, empty where there is no token."""
    return {key: value for key, value in (token or {}).items() if key != "seconds_left"}
