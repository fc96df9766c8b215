# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON over HTTPS with a bearer token: session, time-outs, retries, errors. Knows nothing of Turso's nouns.

Retries are our own because urllib3's C(Retry) cannot tell a POST that was never sent from one whose answer was lost,
has no bound on total time, and cannot make all threads wait when one is told to.
"""

from __future__ import annotations

import dataclasses
import datetime
import email.utils
import ipaddress
import json
import os
import random
import re
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from ansible_collections.community.turso.plugins.module_utils._errors import (
    InvalidRequest,
    TursoError,
    UnexpectedResponse,
    Unreachable,
    kind_of_status,
)

try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
except ImportError:
    REQUESTS_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    REQUESTS_IMPORT_ERROR = None
    # What keeps a request from going out however often it is tried.
    _FINAL = (
        ssl.SSLCertVerificationError,
        requests.exceptions.InvalidURL,
        requests.exceptions.InvalidSchema,
        urllib3.exceptions.LocationParseError,
    )

VERSION = "0.1.0"
MAX_BODY_BYTES = 16 * 1024 * 1024  # a list of 10,000 tokens is some 2 MiB
MAX_WAIT_SECONDS = 60.0
MAX_TOTAL_SECONDS = 300.0
MAX_TIMEOUT_SECONDS = 86400.0
MAX_CONNECTIONS = 100
BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 8.0
RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})

_NOT_IN_A_URL = re.compile(r"[\s\\@?#\x00-\x1f\x7f]")
_HOST_AND_PORT = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(?::[0-9]+)?")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89A-Fa-f]")
_TLS_ENDS = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
_NO_TUNNEL = "Tunnel connection failed"
_LOOKS_LIKE_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,2}")


@dataclasses.dataclass(frozen=True)
class Answer:
    """A 2xx answer: the JSON object it carried, and the moment its C(Date) header tells (or the local clock)."""

    data: dict[str, Any]
    moment: datetime.datetime
    method: str
    path: str
    status: int
    attempts: int

    def unexpected(self, what: str, promised: str) -> UnexpectedResponse:
        """Return the error for an answer whose JSON is not what was promised."""
        told = api_message_in(self.data)
        return self.objection(
            f"Could not {what}: the API answered {self.status} without {promised}"
            + (f" ({told})" if told else "")
            + ". Check that api_url is the Turso Platform API and that nothing between here and there answers for it."
        )

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


class _Lost(Exception):
    """A try that ended without a complete answer."""

    def __init__(self, reason: str, *, sent: bool, final: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent  # the request may have reached the API
        self.final = final  # trying again cannot help


class _Verdict(NamedTuple):
    """What a try that did not succeed means."""

    error: TursoError
    again: bool  # trying again may help and can do no harm
    may_be_done: bool  # the API may have done what was asked
    wait_seconds: float | None = None  # what the API says is to be waited
    all_wait: bool = False


class _Bearer:
    """Sets the C(Authorization) header. As an auth object, because requests lets C(~/.netrc) replace a plain header."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Api:
    """One API behind one connection pool; may be used from as many threads as C(connections).

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
        parts = urlsplit(self._base)
        self._origin, self._prefix = f"{parts.scheme}://{parts.netloc}", parts.path
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
        self._timeout = (timeout_seconds, timeout_seconds)
        self._tries = retries + 1
        self._verify = verify
        self._sleep, self._clock, self._jitter = sleep, clock, jitter
        self._resume_at = 0.0
        self._resume_lock = threading.Lock()
        self._session = _session(connections, trust_env=not loopback)

    def request(
        self,
        method: str,
        *segments: str,
        what: str,
        body: dict[str, Any] | None = None,
        bearer: str | None = None,
        tries: int | None = None,
    ) -> Answer:
        """Send a request and return its 2xx answer.

        GET and DELETE are tried again after lost answers and passing failures; POST only where the request cannot
        have been carried out: no connection, 429, and 503 with C(Retry-After).

        :param segments: the path, unescaped, one argument a segment.
        :param what: what is attempted, for messages: "list the tokens".
        :param tries: how often at most, where that is less than usual.
        :raises TursoError: the kind says which; its C(ambiguous) tells whether a write may have been carried out.
        """
        path = self._prefix + "".join("/" + quote(segment, safe="") for segment in segments)
        ready_at = self._clock()
        deadline = ready_at + MAX_TOTAL_SECONDS
        may_be_done = reached = False
        attempt = 0
        while True:
            attempt += 1
            self._wait_until(ready_at)
            sent_at = self._clock()
            asked_for: dict[str, Any] = {"method": method, "path": path, "attempts": attempt}
            try:
                response, content = self._send(method, path, body, bearer or self.token, deadline)
            except _Lost as lost:
                verdict = _verdict_on_loss(lost, what, asked_for)
                reached |= lost.sent
            else:
                if 200 <= response.status_code < 300:
                    return _answer(response, content, what, asked_for, self._secrets(bearer))
                verdict = _verdict_on_refusal(response, content, what, asked_for, self._secrets(bearer))
                # Where an earlier try got through, the thing that is in the way may be what that try made.
                may_be_done |= response.status_code == 409 and reached
                reached = True
            may_be_done |= verdict.may_be_done
            error = verdict.error
            error.ambiguous = may_be_done and method != "GET"
            error.sent_at = sent_at
            ready_at = self._clock() + self._wait_seconds(attempt, verdict)
            if verdict.all_wait:
                self._let_all_wait(ready_at)
            if not verdict.again or attempt == (tries or self._tries) or ready_at > deadline:
                raise error

    def now(self) -> float:
        """Return the seconds of the clock that tries are counted on."""
        return self._clock()

    def pause(self, seconds: float) -> None:
        """Wait, on the clock that retries wait on."""
        self._sleep(seconds)

    def _secrets(self, bearer: str | None) -> tuple[str, ...]:
        return (self.token,) if bearer is None else (bearer, self.token)

    def _wait_seconds(self, attempt: int, verdict: _Verdict) -> float:
        """Return how long to wait before the next try: exponential with jitter, or longer if the API says so."""
        backoff = min(MAX_BACKOFF_SECONDS, BACKOFF_SECONDS * 2.0 ** min(attempt - 1, 10)) * (0.5 + self._jitter() / 2)
        return min(max(backoff, verdict.wait_seconds or 0.0), MAX_WAIT_SECONDS)

    def _let_all_wait(self, moment: float) -> None:
        with self._resume_lock:
            self._resume_at = max(self._resume_at, moment)

    def _wait_until(self, moment: float) -> None:
        """Wait for a moment, and longer where another thread is told meanwhile that all have to."""
        now, moment = self._clock(), max(moment, self._resume_at)
        while now < moment:
            self._sleep(moment - now)
            now, moment = moment, self._resume_at

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, bearer: str, deadline: float
    ) -> tuple[requests.Response, bytes]:
        """Do one try and return the answer with its body read, or raise C(_Lost).

        The adapter is asked directly: a session reads the whole body of a redirect and looks at where it leads, and
        keeps cookies.
        """
        url = self._origin + path
        try:
            prepared = self._session.prepare_request(requests.Request(method, url, json=body, auth=_Bearer(bearer)))
            settings: dict[str, Any]
            settings = dict(self._session.merge_environment_settings(prepared.url, {}, True, self._verify, None))
            response = self._session.get_adapter(url).send(prepared, timeout=self._timeout, **settings)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as exc:
            raise self._lost_in_sending(exc) from exc
        except (ValueError, OSError) as exc:  # a setting of the environment that cannot be parsed, encoded or found
            raise _Lost(self._unsendable(exc), sent=False, final=True) from exc
        try:
            with response:
                return response, self._body(response, max(deadline, self._clock() + self._timeout[1]))
        except urllib3.exceptions.DecodeError:
            return response, b""  # an answer came, though nobody can read it
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as exc:
            raise _Lost(f"{self._base} did not complete its answer ({_cause(exc)})", sent=True) from exc

    def _lost_in_sending(self, exc: Exception) -> _Lost:
        """Say what an error means that ended a try before its answer began.

        Only what is known to happen before a request goes out counts as not sent. What one layer calls a proxy's error
        or an invalid header may as well be an answer that broke off or that cannot be read.
        """
        cause = _cause(exc)
        unsent = self._why_unsent(exc, cause)
        if unsent is not None:
            return _Lost(unsent, sent=False, final=_comes_of(exc, *_FINAL))
        if isinstance(exc, requests.exceptions.Timeout):
            return _Lost(f"{self._base} did not answer within {self._timeout[1]:g} s", sent=True)
        if isinstance(exc, requests.exceptions.SSLError) and not _comes_of(exc, *_TLS_ENDS):
            reason = f"TLS with {self._base} failed ({cause}); check api_url and ca_path"
            return _Lost(reason, sent=True, final=True)
        return _Lost(f"{self._base} closed the connection without a complete answer ({cause})", sent=True)

    def _why_unsent(self, exc: Exception, cause: str) -> str | None:
        """Say why a request did not go out, none where it may have."""
        if _comes_of(exc, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {self._base} is not trusted ({cause}); set ca_path to the authority that signed it "
                "(validate_certs=false only for a throw-away test)"
            )
        if _comes_of(exc, *_FINAL):
            return self._unsendable(exc)
        no_connection = _comes_of(exc, urllib3.exceptions.NewConnectionError)
        if isinstance(exc, requests.exceptions.ProxyError) and (no_connection or cause.startswith(_NO_TUNNEL)):
            return f"the proxy that the environment names does not let us through ({cause})"
        if no_connection:
            return f"{self._base} cannot be reached ({cause})"
        if isinstance(exc, requests.exceptions.ConnectTimeout):
            return f"{self._base} did not accept a connection within {self._timeout[0]:g} s"
        return None

    def _unsendable(self, exc: Exception) -> str:
        return (
            f"the request to {self._base} cannot be sent ({type(exc).__name__}); check api_url, ca_path, and the settings of "
            "the environment for proxies and certificates (HTTPS_PROXY, REQUESTS_CA_BUNDLE)"
        )

    def _body(self, response: requests.Response, deadline: float) -> bytes:
        """Read the whole body, up to a little more than is allowed, however slowly it comes."""
        content = bytearray()
        for piece in _pieces(response.raw):
            content += piece
            if len(content) > MAX_BODY_BYTES:
                return bytes(content)
            if self._clock() > deadline:
                raise requests.exceptions.ReadTimeout
        promised = response.headers.get("Content-Length", "")
        length = int(promised) if re.fullmatch(r"[0-9]{1,18}", promised) else 0
        if len(content) < length and "Content-Encoding" not in response.headers:
            # Older urllib3 passes a body that was cut off as if it were whole.
            raise requests.exceptions.ChunkedEncodingError
        return bytes(content)


def checked_url(url: str) -> tuple[str, bool]:
    """Return the URL without a slash at its end, and whether its host is a loopback address.

    :raises InvalidRequest: for anything a bearer token must not be sent to.
    """
    if _NOT_IN_A_URL.search(url):
        raise InvalidRequest(
            "api_url must not hold user information, a query, a fragment, white space or backslashes; "
            "the token is given by api_token alone."
        )
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as exc:
        raise InvalidRequest(f"api_url {url!r} is not a URL ({exc}).") from exc
    if parts.scheme not in ("https", "http") or not host or not _HOST_AND_PORT.fullmatch(parts.netloc):
        raise InvalidRequest(f"api_url {url!r} must begin with https:// and name a host.")
    loopback = _is_loopback(host)
    if parts.scheme == "http" and not loopback:
        raise InvalidRequest(
            f"api_url {url!r} would send the API token in clear. Use https:// (http:// is for loopback addresses only)."
        )
    return url.rstrip("/"), loopback


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_bearer(text: object) -> bool:
    """Tell whether a value can be sent as a bearer token: visible ASCII, at least one character."""
    return isinstance(text, str) and re.fullmatch(r"[\x21-\x7e]+", text) is not None


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


def _answer(
    response: requests.Response, content: bytes, what: str, asked_for: dict[str, Any], secrets: tuple[str, ...]
) -> Answer:
    data = _json_in(content)
    if not isinstance(data, dict):
        seen = "more than 16 MiB" if len(content) > MAX_BODY_BYTES else "something that is not a JSON object"
        raise UnexpectedResponse(
            f"Could not {what}: the API answered {response.status_code} with {seen}. "
            "Check that api_url is the Turso Platform API and that no proxy or login page answers for it.",
            status=response.status_code,
            ambiguous=asked_for["method"] != "GET",
            **asked_for,
        )
    if data.get("error"):
        data = {**data, "error": _clean(api_message_in(data) or "an error without a text", secrets)}
    return Answer(data=data, moment=_moment(response), status=response.status_code, **asked_for)


def _verdict_on_loss(lost: _Lost, what: str, asked_for: dict[str, Any]) -> _Verdict:
    remedy = "" if lost.final else " Check api_url and the network between here and there, then try again."
    return _Verdict(
        Unreachable(f"Could not {what}: {lost}.{remedy}", **asked_for),
        again=not lost.final and not (asked_for["method"] == "POST" and lost.sent),
        may_be_done=lost.sent,
    )


def _verdict_on_refusal(
    response: requests.Response, content: bytes, what: str, asked_for: dict[str, Any], secrets: tuple[str, ...]
) -> _Verdict:
    """Say what an answer outside 2xx means."""
    status = response.status_code
    told_to_wait = _retry_after(response)
    limited = status == 429 or (status == 503 and told_to_wait is not None)
    return _Verdict(
        _refusal(status, _json_in(content), what, asked_for, secrets),
        again=status in RETRIED_STATUSES and (asked_for["method"] != "POST" or limited),
        # A redirect may be the answer to a revocation that was done (303 is made for that). A create is not tried again for it.
        may_be_done=not limited
        and (status >= 500 or status == 408 or (status < 400 and asked_for["method"] != "POST")),
        wait_seconds=told_to_wait,
        all_wait=limited,
    )


def _refusal(status: int, data: Any, what: str, asked_for: dict[str, Any], secrets: tuple[str, ...]) -> TursoError:
    """Return the error for an answer outside 2xx."""
    told = _clean(api_message_in(data) or "", secrets)
    came = f"the API answered {status}" + (f" ({told})" if told else "")
    return kind_of_status(status)(
        f"Could not {what}: {came}. {_advice(status)}".strip(),
        status=status,
        api_message=told or None,
        **asked_for,
    )


def _advice(status: int) -> str:
    if 300 <= status < 400:
        return "Redirects are not followed, so that the token goes to no other host; set api_url to the final address."
    if status >= 500:
        return "The API has a problem of its own; try again later."
    return {
        400: "Correct what the API names.",
        401: "The API token is not valid: it was revoked, has expired, or is a database token (TURSO_AUTH_TOKEN) "
        "instead of an API token.",
        402: "The organization's plan does not allow it.",
        403: "This credential may not do that. Group-scoped tokens are for admins and owners of the organization to "
        "mint, and a restricted token may not be allowed to manage tokens at all; use a token of a user who may.",
        404: "Check the names of the organization and the group, and api_url.",
        409: "Something of that name exists already: see in the list of tokens whether it is what is meant.",
        429: "The rate limit did not pass within the tries; raise api_retries or try again later.",
    }.get(status, "Correct what the API names, and check api_url.")


def api_message_in(data: Any) -> str | None:
    """Return the text of an API error: C({"error": text}), with or without C(code), or C({"error": {"message": text}})."""
    error = data.get("error") if isinstance(data, dict) else None
    if isinstance(error, dict):
        error = error.get("message") or error.get("code")
    return error if isinstance(error, str) and error.strip() else None


def _json_in(content: bytes) -> Any:
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


def _clean(text: str, secrets: tuple[str, ...]) -> str:
    """Make a text of the API fit for a message: no secret and no control character in it, one line, not long."""
    for secret in secrets:
        text = text.replace(secret, "***")
    text = " ".join(_LOOKS_LIKE_JWT.sub("***", text).split())
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= 300 else text[:297] + "..."


def _moment(response: requests.Response) -> datetime.datetime:
    return _http_date(response.headers.get("Date")) or datetime.datetime.now(datetime.timezone.utc)


def _http_date(text: str | None) -> datetime.datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text or "")
        if moment.tzinfo is None:
            return moment.replace(tzinfo=datetime.timezone.utc)
        return moment.astimezone(datetime.timezone.utc)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def _retry_after(response: requests.Response) -> float | None:
    """Return the seconds that C(Retry-After) asks for: a number, or a date measured against the answer's own C(Date)."""
    text = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    until = _http_date(text)
    return None if until is None else max(0.0, (until - _moment(response)).total_seconds())


def _causes(exc: BaseException) -> list[BaseException]:
    """Return an error and all that it wraps, outermost first. requests and urllib3 do that in four different ways."""
    causes = [exc]
    for one in causes:  # grows meanwhile
        inside = [*one.args, getattr(one, "reason", None), getattr(one, "original_error", None), one.__cause__]
        causes += [inner for inner in inside if isinstance(inner, BaseException) and inner not in causes]
    return causes


def _comes_of(exc: BaseException, *kinds: type[BaseException]) -> bool:
    return any(isinstance(one, kinds) for one in _causes(exc))


def _cause(exc: BaseException) -> str:
    """Name the innermost cause without the text of the layers above it, which quote URLs and headers."""
    causes = _causes(exc)
    for one in reversed([*causes, causes[-1].__context__]):
        if isinstance(one, OSError) and one.strerror:
            return str(one.strerror)
    no_tunnel = [str(one) for one in causes if str(one).startswith(_NO_TUNNEL)]
    return no_tunnel[0] if no_tunnel else type(causes[-1]).__name__
