# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: what an HTTP answer says: its JSON, its time, its error text, the error that it becomes.

Knows nothing of how answers travel: a status, headers and the bytes of a body come in.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.advice import advice_on
from ansible_collections.community.turso.plugins.module_utils._errors import (
    TursoError,
    UnexpectedResponse,
    kind_of_status,
)
from ansible_collections.community.turso.plugins.module_utils._time import http_date, utc_now

MAX_BODY_BYTES = 64 * 1024 * 1024  # a list of 50,000 tokens with all scopes is some 20 MiB

NOT_THE_API = "Check that api_url is the Turso Platform API and that no proxy or login page answers for it."

_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89A-Fa-f]")
_LOOKS_LIKE_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,2}")


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request as messages and errors tell of it; attempts counts its tries so far, secrets must not be quoted.

    :ivar may_be_done: the API may have carried it out at an earlier try.
    :ivar advice: by status: what to do, where that is not what is to be done about every call.
    :ivar empty: what a 2xx answer without a body stands for, where the API promises none.
    """

    what: str  # what is attempted: "list the tokens"
    method: str
    path: str
    attempts: int = 1
    may_be_done: bool = False
    secrets: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    advice: Mapping[int, str] = dataclasses.field(default_factory=dict)
    empty: bytes = b""

    def told(self) -> dict[str, Any]:
        """Return what an error stores of it."""
        return {"method": self.method, "path": self.path, "attempts": self.attempts}

    def is_ambiguous(self, may_be_done: bool) -> bool:
        """Tell whether a write may have been carried out, at this try or an earlier one."""
        return self.method != "GET" and (may_be_done or self.may_be_done)


@dataclasses.dataclass(frozen=True)
class Answer:
    """A 2xx answer: the JSON object it carried, and the moment its Date header tells (or the local clock).

    :ivar is_dated: whether there is such a header.
    """

    data: dict[str, Any]
    moment: datetime.datetime
    method: str
    path: str
    status: int
    attempts: int
    is_dated: bool = True

    def unexpected(self, what: str, promised: str) -> UnexpectedResponse:
        """Return the error for an answer whose JSON is not what was promised."""
        told = api_message_in(self.data)
        came = f"the API answered {self.status} without {promised}" + (f" ({told})" if told else "")
        return self.objection(could_not(what, came, NOT_THE_API, may_be_done=self.method != "GET"))

    def objection(self, msg: str) -> UnexpectedResponse:
        """Return the error for an answer that cannot be worked with, for the reason given."""
        return UnexpectedResponse(
            msg,
            status=self.status,
            method=self.method,
            path=self.path,
            api_message=api_message_in(self.data),
            attempts=self.attempts,
            ambiguous=self.method != "GET",
        )


def answer_in(status: int, headers: Mapping[str, str], content: bytes | bytearray, asked: Asked) -> Answer:
    """Return what a 2xx answer carries; 204 carries an empty object.

    :raises UnexpectedResponse: it carries no JSON object.
    """
    data: Any = {} if status == 204 else json_in(content or asked.empty)
    if not isinstance(data, dict):
        may_be_done = asked.is_ambiguous(may_be_done=True)
        raise UnexpectedResponse(
            could_not(asked.what, *_unreadable(status, content), may_be_done=may_be_done),
            status=status,
            ambiguous=may_be_done,
            **asked.told(),
        )
    if data.get("error"):
        data = {**data, "error": clean(api_message_in(data) or "an error without a text", asked.secrets)}
    is_dated = http_date(headers.get("Date")) is not None
    return Answer(data=data, moment=moment_in(headers), status=status, is_dated=is_dated, **asked.told())


def refusal_in(
    status: int, content: bytes | bytearray, asked: Asked, *, may_be_done: bool, wait_seconds: float | None = None
) -> TursoError:
    """Return the error for an answer outside 2xx.

    :param may_be_done: the API may have done what was asked, although it answers like this.
    :param wait_seconds: what the API says is to be waited, where that is too long.
    """
    told = clean(api_message_in(json_in(content)) or "", asked.secrets)
    came = f"the API answered {status}" + (f" ({told})" if told else "")
    remedy = advice_on(status, asked.advice)
    if wait_seconds is not None:
        remedy += f" The API asks to wait {wait_seconds:.0f} s, longer than this collection waits."
    ambiguous = asked.is_ambiguous(may_be_done)
    return kind_of_status(status)(
        could_not(asked.what, came, remedy, may_be_done=ambiguous),
        status=status,
        api_message=told or None,
        ambiguous=ambiguous,
        **asked.told(),
    )


def could_not(what: str, came: str, remedy: str, *, may_be_done: bool) -> str:
    """Say what happened, what it means and what to do; what a write may have done is said by whoever finds it out.

    :param came: what came instead, as a sentence without its end.
    """
    if may_be_done:
        return f"Could not {what}: {came}. {remedy}".rstrip()
    return f"Could not {what}: {came}. Nothing was changed by it. {remedy}".rstrip()


def api_message_in(data: Any) -> str | None:
    """Return the text of an API error: {"error": text}, with or without "code", or {"error": {"message": text}}."""
    error = data.get("error") if isinstance(data, dict) else None
    if isinstance(error, dict):
        error = error.get("message") or error.get("code")
    return error if isinstance(error, str) and error.strip() else None


def json_in(content: bytes | bytearray) -> Any:
    """Return the JSON value in a body, or none where there is none that we are willing to read."""
    if len(content) > MAX_BODY_BYTES:
        return None
    try:
        text = content.decode("utf-8-sig")
        value = json.loads(text)
        if _ESCAPED_SURROGATE.search(text):  # halves of characters, that nothing behind us can print
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
        return value
    except (ValueError, RecursionError):
        return None


def clean(text: str, secrets: tuple[str, ...]) -> str:
    """Make a text of the API fit for a message: no secret and no control character in it, one line, not long."""
    for secret in secrets:
        text = text.replace(secret, "***")
    text = " ".join(_LOOKS_LIKE_JWT.sub("***", text).split())
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= 300 else text[:297] + "..."


def moment_in(headers: Mapping[str, str]) -> datetime.datetime:
    """Return the time that the Date header tells, in UTC; the local clock's where it tells none."""
    return http_date(headers.get("Date")) or utc_now()


def retry_after_in(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Retry-After asks for: a number, or a date measured against the answer's own Date."""
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    until = http_date(text)
    return None if until is None else max(0.0, (until - moment_in(headers)).total_seconds())


def _unreadable(status: int, content: bytes | bytearray) -> tuple[str, str]:
    """Say what is wrong with the body of a 2xx answer, and what to do."""
    if len(content) > MAX_BODY_BYTES:
        return (
            f"the answer is larger than {MAX_BODY_BYTES // 2**20} MiB, the most that this collection reads",
            "If it is the list of your tokens, revoke tokens that nobody needs; else check api_url.",
        )
    return f"the API answered {status} with something that is not a JSON object", NOT_THE_API
