# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, as one tree of exceptions; each becomes a failure result with the same keys. Private."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KINDS = (
    (bool, "yes or no"),
    (int, "a whole number"),
    (float, "a number with a fraction"),
    (str, "a text"),
    ((list, tuple), "a list"),
    (Mapping, "a dictionary"),
    (type(None), "null"),
    (object, "something else"),
)


class TursoError(Exception):
    """A failure that is told to the user.

    Stores what was asked of the API and what came back, never headers, bodies or parameters: those hold secrets.

    :param msg: what was attempted, what came back, what to do.
    :param ambiguous: the API may have carried out the write although no success was answered.
    :param reason: why there was no answer, as a sentence without its end; for whoever has another remedy than msg.
    """

    kind = "api_error"

    def __init__(
        self,
        msg: str,
        *,
        status: int | None = None,
        method: str | None = None,
        path: str | None = None,
        api_message: str | None = None,
        attempts: int = 0,
        ambiguous: bool = False,
        reason: str | None = None,
    ) -> None:
        super().__init__(msg)
        self.msg = msg
        self.status = status
        self.method = method
        self.path = path
        self.api_message = api_message
        self.attempts = attempts
        self.ambiguous = ambiguous
        self.reason = reason

    def as_error(self) -> dict[str, Any]:
        """Return the machine-readable half of a failure result."""
        return {
            "kind": self.kind,
            "status": self.status,
            "method": self.method,
            "path": self.path,
            "api_message": self.api_message,
            "attempts": self.attempts,
        }

    def as_result(self) -> dict[str, Any]:
        """Return the whole failure result: msg and error."""
        return {"msg": self.msg, "error": self.as_error()}

    def take_back(self) -> None:
        """No longer say that nothing was changed: an earlier call may have changed something, or this one did."""
        self.msg = self.msg.replace(" Nothing was changed by it.", "")
        self.args = (self.msg,)

    def become(self, kind: type[TursoError], msg: str) -> TursoError:
        """Return the same failure under another kind and message; status, path and attempts stay."""
        return kind(
            msg,
            status=self.status,
            method=self.method,
            path=self.path,
            api_message=self.api_message,
            attempts=self.attempts,
        )


class ApiError(TursoError):
    """A status that no other class stands for: 402, 5xx."""


class Unauthorized(TursoError):
    kind = "unauthorized"


class Forbidden(TursoError):
    kind = "forbidden"


class NotFound(TursoError):
    kind = "not_found"


class Conflict(TursoError):
    kind = "conflict"


class RateLimited(TursoError):
    kind = "rate_limited"


class InvalidRequest(TursoError):
    """The API, or a check made before any request, refuses what was asked for."""

    kind = "invalid_request"


class BadOption(InvalidRequest):
    """An option that is refused before anything was sent.

    :param problem: a sentence: what is wrong with it.
    :param remedy: a sentence: what to set instead.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} Nothing was sent. {remedy}")
        self.problem = problem
        self.remedy = remedy

    @property
    def in_short(self) -> str:
        """Return both without what it means, for whoever says that for more than this option."""
        return f"{self.problem} {self.remedy}"


class Unreachable(TursoError):
    """No answer came: refused, reset, timed out, or a certificate that is not trusted."""

    kind = "unreachable"


class UnexpectedResponse(TursoError):
    """An answer that is not what the API promises: not JSON, wrong types, too large, a redirect."""

    kind = "unexpected_response"


class OutcomeUnknown(TursoError):
    """A write whose answer was lost and whose effect could not be found out."""

    kind = "outcome_unknown"


class LeftBehind(OutcomeUnknown):
    """A token was created, or may have been, whose value nobody has; the message names it."""


class Drift(TursoError):
    """A token of that name exists and is not what was asked for."""

    kind = "drift"


class Refused(TursoError):
    """Carrying this out would cut somebody off."""

    kind = "refused"


def kind_of_status(status: int) -> type[TursoError]:
    """Return the class that stands for an HTTP status outside 2xx."""
    named: dict[int, type[TursoError]] = {
        401: Unauthorized,
        402: ApiError,
        403: Forbidden,
        404: NotFound,
        408: ApiError,
        409: Conflict,
        429: RateLimited,
    }
    if status in named:
        return named[status]
    if status < 400:
        return UnexpectedResponse
    return InvalidRequest if status < 500 else ApiError


def kind_of(value: Any) -> str:
    """Return what kind of value it is, in the words of users: ansible-core has types of its own for texts and lists."""
    return next(words for kind, words in _KINDS if isinstance(value, kind))
