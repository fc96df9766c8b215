# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: JSON over HTTPS with a bearer token. Knows nothing of Turso's nouns.

What is tried again and when is decided in retries, what an exception means in losses, what an answer says in answers.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.answers import (
    MAX_BODY_BYTES,
    Answer,
    Asked,
    answer_in,
)
from ansible_collections.community.turso.plugins.module_utils._api.losses import (
    REQUESTS_IMPORT_ERROR,
    Lost,
    loss_in_reading,
    loss_in_sending,
    unsendable,
)
from ansible_collections.community.turso.plugins.module_utils._api.outage import Outage
from ansible_collections.community.turso.plugins.module_utils._api.pace import Pace
from ansible_collections.community.turso.plugins.module_utils._api.retries import (
    MAX_TOTAL_SECONDS,
    Tries,
    Verdict,
    verdict_on_loss,
    verdict_on_refusal,
    wait_seconds,
)
from ansible_collections.community.turso.plugins.module_utils._api.urls import (
    checked_url,
    is_bearer,
    path_of,
    split_origin,
)
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest

with contextlib.suppress(ImportError):  # losses keeps the reason
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter

__all__ = ["REQUESTS_IMPORT_ERROR", "VERSION", "Api"]

VERSION = "0.1.0"
MAX_TIMEOUT_SECONDS = 86400.0
MAX_CONNECTIONS = 100


class _Bearer:
    """Sets the Authorization header. As an auth object, because requests lets ~/.netrc replace a plain header."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclasses.dataclass(frozen=True)
class _Outgoing:
    """What goes over the wire, the same in every try."""

    method: str
    path: str
    body: dict[str, Any] | None
    bearer: str | None = dataclasses.field(repr=False)


class Api:
    """One API behind one connection pool; may be used from as many threads as connections.

    :param url: https, or http where the host is a loopback address; a path prefix is kept.
    :param token: the bearer of every request that does not bring its own.
    :param timeout_seconds: for connecting and for each wait for data.
    :param retries: tries after the first.
    :param verify: whether to verify certificates, or the path of the authorities to trust.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout_seconds: float = 30.0,
        retries: int = 4,
        verify: bool | str = True,
        connections: int = 1,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._base, loopback = checked_url(url)
        self._origin, self._prefix = split_origin(self._base)
        if not is_bearer(token):
            raise InvalidRequest(
                "api_token is empty or holds white space or characters that cannot be sent in a header. "
                "Check where it is read from; a line break at its end is the usual cause."
            )
        if not 0 < timeout_seconds <= MAX_TIMEOUT_SECONDS:
            raise InvalidRequest(f"api_timeout must be more than 0 seconds and at most a day, not {timeout_seconds}.")
        if retries < 0:
            raise InvalidRequest(f"api_retries must be 0 or more, not {retries}.")
        if not 1 <= connections <= MAX_CONNECTIONS:
            raise InvalidRequest(f"concurrency must be from 1 to {MAX_CONNECTIONS}, not {connections}.")
        if isinstance(verify, str) and not os.path.exists(verify):
            raise InvalidRequest(f"ca_path {verify!r} does not exist on the host that runs the module.")
        self.token = token
        self.tries = retries + 1
        self._timeout = (timeout_seconds, timeout_seconds)
        self._verify = verify
        self._sleep, self._clock, self._jitter = sleep, clock, jitter
        self._pace, self._outage = Pace(), Outage()
        self._session = _session(connections, trust_env=not loopback)

    def request(
        self,
        method: str,
        *segments: str,
        what: str,
        body: dict[str, Any] | None = None,
        bearer: str | None = None,
        tries: int | None = None,
        repeatable: bool | None = None,
        fresh: bool = False,
        on_send: Callable[[float], None] = lambda _moment: None,
    ) -> Answer:
        """Send a request and return its 2xx answer.

        What is repeatable is tried again after lost answers and passing failures; the rest only where the request
        cannot have been carried out: no connection, 429, and 503 with Retry-After.

        :param segments: the path, unescaped, one argument a segment.
        :param what: what is attempted, for messages: "list the tokens".
        :param tries: how often at most, where that is less than usual.
        :param repeatable: doing it twice does no harm; by itself, everything but a POST.
        :param fresh: use no connection that was used before.
        :param on_send: is given the time of every try, by the client's clock.
        :raises TursoError: the kind says which; ambiguous tells whether a write may have been carried out.
        """
        outgoing = _Outgoing(method, path_of(self._prefix, segments), body, bearer)
        asked = Asked(what, method, outgoing.path, attempts=0, secrets=tuple(filter(None, (bearer, self.token))))
        ready_at = self._clock()
        self._refuse_if_hopeless(asked)
        again = Tries(
            limit=tries or self.tries,
            repeatable=method != "POST" if repeatable is None else repeatable,
            deadline=ready_at + MAX_TOTAL_SECONDS,
        )
        while True:
            again.number += 1
            asked = dataclasses.replace(asked, attempts=again.number)
            passes = self._pace.passes
            sent_at = self._take_turn(ready_at)
            on_send(sent_at)
            outcome = self._try(outgoing, asked, sent_at, again.deadline, fresh=fresh)
            if isinstance(outcome, Answer):
                return outcome
            others_passed = self._pace.passes > passes
            ready_at = self._ready_at(outcome, again, others_passed)
            fresh = fresh or outcome.may_be_done

    def now(self) -> float:
        """Return the seconds of the clock that tries are counted on."""
        return self._clock()

    def pause(self, seconds: float) -> None:
        """Wait, on the clock that retries wait on."""
        self._sleep(seconds)

    def _refuse_if_hopeless(self, asked: Asked) -> None:
        refusal = self._outage.refusal(asked.what, self._clock())
        if refusal is not None:
            refusal.method, refusal.path = asked.method, asked.path
            raise refusal

    def _take_turn(self, ready_at: float) -> float:
        """Wait for a moment, and longer where another thread is told meanwhile that all have to; return when it was."""
        now = self._clock()
        while True:
            at = self._pace.turn(now, ready_at)
            if at <= now:
                return now
            self._sleep(at - now)
            now = max(at, self._clock())

    def _try(
        self, outgoing: _Outgoing, asked: Asked, sent_at: float, deadline: float, *, fresh: bool
    ) -> Answer | Verdict:
        """Do one try, and return its answer or what the lack of one means; tell the other threads what they need to know."""
        number = self._outage.sent(sent_at)
        try:
            response, content = self._send(outgoing, deadline, fresh=fresh)
        except Lost as lost:
            self._outage.lost(number, self._clock())
            return verdict_on_loss(str(lost), asked, sent=lost.sent, final=lost.final)
        self._outage.answered(number, self._clock())
        status, headers = response.status_code, response.headers
        if 200 <= status < 300:
            self._pace.passed()
            return answer_in(status, headers, content, asked)
        verdict = verdict_on_refusal(status, headers, content, asked)
        if not verdict.limited:
            self._pace.passed()
        elif verdict.may_pass:
            now = self._clock()
            self._pace.limited(sent_at, now, now + wait_seconds(1, verdict.wait_seconds, self._jitter()))
        else:
            self._outage.closed(self._clock() + (verdict.wait_seconds or 0.0))
        return verdict

    def _ready_at(self, verdict: Verdict, again: Tries, others_passed: bool) -> float:
        """Return when the next try is.

        :raises TursoError: there is to be no other.
        """
        ready_at = again.next_at(verdict, self._clock(), self._jitter(), others_passed)
        if ready_at is None:
            verdict.error.ambiguous = again.may_be_done and verdict.error.method != "GET"
            raise verdict.error
        return ready_at

    def _send(self, outgoing: _Outgoing, deadline: float, *, fresh: bool) -> tuple[requests.Response, bytearray]:
        """Do one try and return the answer with its body read.

        The adapter is asked directly: a session reads the whole body of a redirect and looks at where it leads, and
        keeps cookies.

        :raises Lost: no complete answer came.
        """
        url = self._origin + outgoing.path
        adapter: Any = HTTPAdapter() if fresh else self._session.get_adapter(url)
        try:
            return self._read(self._begin(adapter, url, outgoing), deadline)
        finally:
            if fresh:
                adapter.close()

    def _begin(self, adapter: Any, url: str, outgoing: _Outgoing) -> requests.Response:
        """Send a request and return the answer that begins."""
        try:
            request = requests.Request(
                outgoing.method, url, json=outgoing.body, auth=_Bearer(outgoing.bearer or self.token)
            )
            prepared = self._session.prepare_request(request)
            settings: dict[str, Any]
            settings = dict(self._session.merge_environment_settings(prepared.url, {}, True, self._verify, None))
            response: requests.Response = adapter.send(prepared, timeout=self._timeout, **settings)
            return response
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as exc:
            raise loss_in_sending(exc, self._base, self._timeout[1]) from exc
        except (ValueError, OSError) as exc:  # a setting of the environment that cannot be parsed, encoded or found
            raise unsendable(exc, self._base) from exc

    def _read(self, response: requests.Response, deadline: float) -> tuple[requests.Response, bytearray]:
        """Return an answer with its body."""
        try:
            with response:
                return response, self._body(response, max(deadline, self._clock() + self._timeout[1]))
        except urllib3.exceptions.DecodeError:
            return response, bytearray()  # an answer came, though nobody can read it
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as exc:
            raise loss_in_reading(exc, self._base) from exc

    def _body(self, response: requests.Response, deadline: float) -> bytearray:
        """Read the whole body, up to a little more than is allowed, however slowly it comes."""
        content = bytearray()
        for piece in _pieces(response.raw):
            content += piece
            if len(content) > MAX_BODY_BYTES:
                return content
            if self._clock() > deadline:
                raise requests.exceptions.ReadTimeout
        promised = response.headers.get("Content-Length", "")
        length = int(promised) if re.fullmatch(r"[0-9]{1,18}", promised) else 0
        if len(content) < length and "Content-Encoding" not in response.headers:
            # Older urllib3 passes a body that was cut off as if it were whole.
            raise requests.exceptions.ChunkedEncodingError
        return content


def _session(connections: int, *, trust_env: bool) -> requests.Session:
    """Return a session that on loopback ignores the proxies of the environment."""
    session = requests.Session()
    session.trust_env = trust_env
    session.headers.update({"Accept": "application/json", "User-Agent": f"community.turso/{VERSION}"})
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=connections, pool_block=True)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _pieces(raw: Any) -> Iterable[bytes]:
    """Return the pieces of a body as they arrive; older urllib3 hands over full pieces only, so they are small there."""
    if not hasattr(raw, "read1"):
        pieces: Iterable[bytes] = raw.stream(1024, decode_content=True)
        return pieces
    return iter(lambda: raw.read1(65536, decode_content=True), b"")
