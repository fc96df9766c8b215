# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: try a SQL token where it is used: on the database itself, over HTTP.

What an answer means is read narrowly. Something between here and there may answer, too, and allow rules may keep this machine
out; neither says anything about a token.
"""

from __future__ import annotations

import dataclasses
import re
from urllib.parse import urlsplit

from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.outage import Outage
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Clock
from ansible_collections.community.turso.plugins.module_utils._api.urls import checked_url
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest, TursoError

ACCEPTED, DEAD, UNKNOWN, NO = "accepted", "dead", "unknown", "no"

TRIES = 3  # of one request; a probe may find nothing out and do no harm
SECOND_LOOK_SECONDS = 1.0
PIPELINE = {"requests": [{"type": "execute", "stmt": {"sql": "SELECT 1"}}, {"type": "close"}]}

# What is said of a token as Turso words it, in {"error": ...}. The bare words are what gateways say, too.
_OF_THE_TOKEN = {
    401: (re.compile(r"(?i)\bunauthorized: |\bthe jwt\b|\bjwt token\b"), DEAD, "the database rejects it"),
    400: (re.compile(r"(?i)jwt error"), DEAD, "the database rejects it"),
    403: (
        re.compile(r"\ABLOCKED\b|(?i:\boperation was blocked: |\bSQL (?:read|write) operations are forbidden\b)"),
        ACCEPTED,
        "the database blocks this request",
    ),
}
_NOTHING = (re.compile(r"(?!)"), UNKNOWN, "")
# What is said of anything else, by the first digit of the status.
_OF_ELSE = {
    2: " with something that no database answers",
    3: ", a redirect, which is not followed",
}
# What a user sees is what is asked: no other script's dot, no mark that turns text around.
_BARE = re.compile(r"(?:http://)?(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


@dataclasses.dataclass(frozen=True)
class Probe:
    """What came of trying a token.

    :ivar result: accepted, dead, unknown, or no where it was not tried.
    :ivar detail: why, as a sentence without its end; empty where there is nothing to say.
    :ivar clock: the time that an answer told.
    """

    result: str
    detail: str = ""
    clock: Clock | None = None


NOT_PROBED = Probe(NO)


class DataPlane:
    """The databases, tried by one request each on a connection of its own; may be used from many threads.

    :param api: the client whose settings are used. Its token is not sent.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._outage = Outage()  # of all of them together: what has no way to one has none to the others

    def probe(self, hostname: str, secret: str) -> Probe:
        """Try a token on a database. A rejection counts only if it is repeated a second later."""
        first = self._ask(hostname, secret)
        if first.result != DEAD:
            return first
        self._api.pause(SECOND_LOOK_SECONDS)
        return self._ask(hostname, secret)

    def look(self, hostname: str, secret: str) -> Probe:
        """Ask a database once, to learn whether it answers at all; what it says of the token is not to be relied on."""
        return self._ask(hostname, secret)

    def pause(self, seconds: float) -> None:
        """Wait, on the clock that the client's retries wait on."""
        self._api.pause(seconds)

    def _ask(self, hostname: str, secret: str) -> Probe:
        url = url_of(hostname)
        if url is None:
            told = f"a Hostname that is not a host ({hostname[:80]!r})" if hostname else "no Hostname to try it on"
            return Probe(UNKNOWN, f"the API returned {told}")
        what = f"try the SQL token on {hostname}"
        tries = min(TRIES, self._api.tries)
        try:
            api = self._api.elsewhere(url, secret, self._outage)
            answer = api.request(
                "POST", "v2", "pipeline", what=what, body=PIPELINE, tries=tries, repeatable=True, fresh=True
            )
        except TursoError as exc:
            return _judged(exc, hostname)
        if not isinstance(answer.data.get("results"), list):
            return Probe(UNKNOWN, f"{hostname} answered {answer.status} without results")
        return Probe(ACCEPTED, clock=Clock.of(answer))


def url_of(hostname: str) -> str | None:
    """Return the URL of a database, none for what is no bare host; only loopback is spoken to in clear or on a port."""
    if not _BARE.fullmatch(hostname):
        return None
    try:
        url, is_loopback = checked_url(hostname if hostname.startswith("http://") else f"https://{hostname}")
    except InvalidRequest:
        return None
    parts = urlsplit(url)
    return url if not parts.path and (is_loopback or parts.port is None) else None


def _judged(exc: TursoError, hostname: str) -> Probe:
    """Say what a refusal, or no answer, means. What the client advises is about the API, so it is not told."""
    if exc.status is None:
        return Probe(UNKNOWN, exc.reason or exc.msg.rstrip("."))
    told = exc.api_message or ""
    words, result, meaning = _OF_THE_TOKEN.get(exc.status, _NOTHING)
    if words.search(told):
        return Probe(result, f"{meaning} ({told})")
    quoted = f" ({told})" if told else ""
    return Probe(UNKNOWN, f"{hostname} answered {exc.status}{quoted}{_OF_ELSE.get(exc.status // 100, '')}")
