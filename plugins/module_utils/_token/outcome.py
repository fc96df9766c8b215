# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: what became of one token, and how a failure is kept in it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Iterator
from typing import Any, Protocol

from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError
from ansible_collections.community.turso.plugins.module_utils._token.decide import Wanted


@dataclasses.dataclass
class Outcome:
    """What became of one wanted token. In check mode changed and after are what would become of it."""

    wanted: Wanted
    changed: bool = False
    before: Token | None = None
    after: Token | None = None
    secret: str | None = dataclasses.field(default=None, repr=False)
    warning: str | None = None
    error: TursoError | None = None

    def token_result(self, now: datetime.datetime) -> dict[str, Any] | None:
        """Return the token object as it is afterwards, none where there is no token then."""
        return self.after.as_result(now) if self.after else None

    def diff(self, now: datetime.datetime) -> dict[str, Any]:
        """Return the token object before and after, empty where there is no token."""
        return {
            "before": self.before.as_result(now) if self.before else {},
            "after": self.after.as_result(now) if self.after else {},
        }

    def headed_diff(self, now: datetime.datetime) -> dict[str, Any]:
        """Return the diff of one token among many."""
        name = self.name or ""
        return {"before_header": name, "after_header": name, **self.diff(now)}

    def as_result(self, now: datetime.datetime) -> dict[str, Any]:
        """Return the result of one token among many."""
        return {
            "name": self.name,
            "changed": self.changed,
            "failed": self.error is not None,
            "msg": self.error.msg if self.error else self.warning or self._summary(),
            "error": self.error.as_error() if self.error else None,
            "token": self.token_result(now),
            "secret": self.secret,
        }

    @property
    def name(self) -> str | None:
        return self.wanted.name or (self.before.name if self.before else None)

    def _summary(self) -> str:
        if not self.changed:
            return "unchanged"
        return "created" if self.after else "revoked"


class MayFail(Protocol):
    """What came of one token: the error, if it failed."""

    error: TursoError | None


@contextlib.contextmanager
def failure_kept_in(result: MayFail, with_what: str = "") -> Iterator[None]:
    """Store what goes wrong with one token in it, whatever it is: a bug must not cost the secrets of all others."""
    try:
        yield
    except TursoError as exc:
        result.error = exc
    except Exception as exc:  # noqa: BLE001
        result.error = TursoError(
            f"Internal error{with_what}: {type(exc).__name__}. List your tokens, and please report it."
        )
        result.error.__cause__ = exc
