# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client below the API's nouns: what is tried again and when, what an answer may be, and where the token goes."""

from __future__ import annotations

import contextlib
import datetime
import gzip
import importlib.util
import json
import re
import socket
import ssl
import sys
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._api import answers, client, losses, wire
from ansible_collections.community.turso.plugins.module_utils._api.answers import Answer, api_message_in
from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.outage import Outage
from ansible_collections.community.turso.plugins.module_utils._api.pace import LOOK_SECONDS
from ansible_collections.community.turso.plugins.module_utils._api.retries import GUESSES_SECONDS
from ansible_collections.community.turso.plugins.module_utils._api.urls import checked_url
from ansible_collections.community.turso.plugins.module_utils._api.watch import Watch
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest, TursoError
from tests.simulator import Simulator, faults
from tests.unit.module_utils.hostile import Certificate, Proxy, listening, saying

OWN = ("v1", "auth", "api-tokens")
HOST = "api.turso.example"
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


MakeApi = Callable[..., Api]


@pytest.fixture
def make_api(clock: Clock) -> MakeApi:
    def make(url: str, token: str = "a-token", **options: Any) -> Api:
        chosen = {"timeout_seconds": 5, "clock": clock, "sleep": clock.sleep, "jitter": lambda: 1.0, **options}
        return Api(url, token, **chosen)

    return make


@pytest.fixture
def api(simulator: Simulator, make_api: MakeApi) -> Api:
    return make_api(simulator.url, simulator.credential)


def ask(api: Api, method: str = "GET", **options: Any) -> Answer:
    return api.request(method, *OWN, *(() if method == "GET" else ("ci",)), what="do it", **options)


def failed(api: Api, method: str = "GET", **options: Any) -> TursoError:
    with pytest.raises(TursoError) as caught:
        ask(api, method, **options)
    assert type(caught.value) is not TursoError
    return caught.value


# What is tried again

LIMITED = {"Retry-After": "1"}
UNREACHABLE, UNEXPECTED = "unreachable", "unexpected_response"

# Fault; error kind; tries of GET and DELETE, tries of POST; whether a write may have been carried out (none: a DELETE).
FAILURES = {
    "300": (faults.Status(300), UNEXPECTED, 1, 1, None),
    "303": (faults.Status(303), UNEXPECTED, 1, 1, True),
    "400": (faults.Status(400), "invalid_request", 1, 1, False),
    "401": (faults.Status(401), "unauthorized", 1, 1, False),
    "402": (faults.Status(402), "api_error", 1, 1, False),
    "403": (faults.Status(403), "forbidden", 1, 1, False),
    "404": (faults.Status(404), "not_found", 1, 1, False),
    "408": (faults.Status(408), "api_error", 5, 1, True),
    "409 at once": (faults.Status(409), "conflict", 1, 1, False),
    "418": (faults.Status(418), "invalid_request", 1, 1, False),
    "429": (faults.rate_limited(), "rate_limited", 5, 5, False),
    "429 with Retry-After": (faults.rate_limited(1), "rate_limited", 5, 5, False),
    "499": (faults.Status(499), "invalid_request", 1, 1, False),
    "500": (faults.Status(500), "api_error", 5, 1, True),
    "500 with Retry-After": (faults.Status(500, headers=LIMITED), "api_error", 5, 1, True),
    "501": (faults.Status(501), "api_error", 1, 1, True),
    "502": (faults.Status(502), "api_error", 5, 1, True),
    "503": (faults.Status(503), "api_error", 5, 1, True),
    "503 with Retry-After": (faults.Status(503, headers=LIMITED), "api_error", 5, 5, False),
    "503 with a Retry-After that is none": (
        faults.Status(503, headers={"Retry-After": "soon"}),
        "api_error",
        5,
        1,
        True,
    ),
    "504": (faults.Status(504), "api_error", 5, 1, True),
    "599": (faults.Status(599), "api_error", 1, 1, True),
    "redirect": (faults.redirect("/v1/elsewhere"), UNEXPECTED, 1, 1, None),
    "reset": (faults.Reset(), UNREACHABLE, 5, 1, True),
    "closed": (faults.Close(), UNREACHABLE, 5, 1, True),
    "cut off": (faults.Truncate(), UNREACHABLE, 5, 1, True),
    "HTML": (faults.garbage(), UNEXPECTED, 1, 1, True),
}


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
@pytest.mark.parametrize(("fault", "kind", "tries", "tries_of_post", "may_be_done"), FAILURES.values(), ids=FAILURES)
def test_failures_are_tried_again_where_that_does_no_harm(
    simulator: Simulator,
    api: Api,
    method: str,
    fault: faults.Fault,
    kind: str,
    tries: int,
    tries_of_post: int,
    may_be_done: bool | None,
) -> None:
    simulator.faults.add("*", fault, times=None)
    error = failed(api, method)
    expected = tries_of_post if method == "POST" else tries
    assert (error.kind, error.attempts, len(simulator.requests)) == (kind, expected, expected)
    assert error.ambiguous is (method == "DELETE" if may_be_done is None else may_be_done and method != "GET")
    assert error.status == (fault.code if isinstance(fault, faults.Status) else 200 if kind == UNEXPECTED else None)
    assert (error.method, error.path) == (method, "/v1/auth/api-tokens" + ("" if method == "GET" else "/ci"))


@pytest.mark.parametrize("fault", [faults.Status(500), faults.rate_limited(), faults.Reset()], ids=lambda one: one.kind)
def test_a_failure_that_passes_is_no_failure(simulator: Simulator, api: Api, fault: faults.Fault) -> None:
    simulator.faults.add("list", fault, times=4)
    answer = ask(api)
    assert (answer.attempts, answer.status, len(answer.data["tokens"])) == (5, 200, 1)


@pytest.mark.parametrize("retries", [0, 1, 7])
def test_the_number_of_tries_is_the_users(simulator: Simulator, make_api: MakeApi, retries: int) -> None:
    simulator.faults.add("*", faults.Status(500), times=None)
    assert failed(make_api(simulator.url, simulator.credential, retries=retries)).attempts == retries + 1
    assert len(simulator.requests) == retries + 1


CONFLICTS = {
    "at once": [],
    "after a rate limit": [faults.rate_limited()],
    "after 503 with Retry-After": [faults.Status(503, headers=LIMITED)],
    "after both": [faults.Status(503, headers=LIMITED), faults.rate_limited(1)],
}


@pytest.mark.parametrize("before", CONFLICTS.values(), ids=CONFLICTS)
def test_a_conflict_after_nothing_but_rate_limits_is_somebody_elses(
    simulator: Simulator, api: Api, before: list[faults.Fault]
) -> None:
    """Whoever is told to wait has done nothing yet."""
    simulator.given("ci")
    for fault in before:
        simulator.faults.add("create", fault)
    error = failed(api, "POST")
    assert (error.kind, error.ambiguous, error.attempts) == ("conflict", False, len(before) + 1)


def test_a_conflict_after_refused_connections_is_somebody_elses_too(
    make_api: MakeApi, clock: Clock, tmp_path: Path
) -> None:
    with Simulator(state_file=tmp_path / "state") as placeholder:
        port, credential = placeholder.port, placeholder.credential
        placeholder.given("ci")
    running: list[Simulator] = []

    def start_meanwhile(seconds: float) -> None:
        clock.sleep(seconds)
        if not running:
            running.append(Simulator(port=port, state_file=tmp_path / "state").start())

    api = make_api(f"http://127.0.0.1:{port}", credential, sleep=start_meanwhile)
    try:
        error = failed(api, "POST")
    finally:
        running[0].stop()
    assert (error.kind, error.attempts, error.ambiguous) == ("conflict", 2, False)


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
def test_a_refused_connection_is_tried_again_by_every_method(make_api: MakeApi, method: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = failed(make_api(f"http://127.0.0.1:{port}"), method)
    assert (error.kind, error.attempts, error.ambiguous) == (UNREACHABLE, 5, False)
    assert error.msg.endswith(
        f"http://127.0.0.1:{port} cannot be reached (Connection refused). Nothing was changed by it. "
        "Check api_url, your network and HTTPS_PROXY, then run this again."
    )


def test_a_connection_that_is_not_accepted_was_not_used(make_api: MakeApi) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        try:
            error = failed(make_api(f"http://127.0.0.1:{address[1]}", timeout_seconds=0.1, retries=1), "POST")
        finally:
            for one in waiting:
                one.close()
    assert (error.kind, error.attempts, error.ambiguous) == (UNREACHABLE, 2, False)
    assert "did not accept a connection within 0.1 s" in error.msg


@pytest.mark.parametrize(("method", "tries"), [("GET", 2), ("DELETE", 2), ("POST", 1)])
def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_was_asked(
    simulator: Simulator, make_api: MakeApi, method: str, tries: int
) -> None:
    simulator.faults.add("*", faults.Hang(), times=None)
    error = failed(make_api(simulator.url, simulator.credential, timeout_seconds=0.1, retries=1), method)
    assert (error.kind, error.attempts, error.ambiguous) == (UNREACHABLE, tries, method != "GET")
    assert "did not answer within 0.1 s" in error.msg


# How long is waited

BACKOFFS = {"full": (1.0, [0.5, 1, 2, 4, 8, 8, 8]), "half": (0.0, [0.25, 0.5, 1, 2, 4, 4, 4])}


@pytest.mark.parametrize(("jitter", "waits"), BACKOFFS.values(), ids=BACKOFFS)
def test_waits_double_up_to_a_bound_and_are_jittered(
    simulator: Simulator, make_api: MakeApi, clock: Clock, jitter: float, waits: list[float]
) -> None:
    simulator.faults.add("*", faults.Status(502), times=None)
    failed(make_api(simulator.url, simulator.credential, retries=7, jitter=lambda: jitter))
    assert clock.slept == waits


# The answer's Retry-After, and the seconds that are waited; the simulator's own Date is noon.
NOON = "2026-11-24T12:00:00+00:00"
RETRY_AFTERS = {
    "seconds": ("7", 7),
    "zero": ("0", 0.5),
    "less than the backoff": ("0000", 0.5),
    "more than is waited": ("61", 60),
    "no number that we know": ("9999999999", 0.5),
    "a date": ("Tue, 24 Nov 2026 12:00:09 GMT", 9),
    "a date in another zone": ("Tue, 24 Nov 2026 13:00:09 +0100", 9),
    "a date without a zone": ("Tue, 24 Nov 2026 12:00:09", 9),
    "a date that is over": ("Tue, 24 Nov 2026 11:59:59 GMT", 0.5),
    "a date outside of time": ("Fri, 31 Dec 9999 23:59:59 -2359", 0.5),
    "negative": ("-5", 0.5),
    "broken": ("1.5", 0.5),
    "words": ("in a while", 0.5),
    "empty": ("", 0.5),
}


@pytest.mark.parametrize("status", [408, 429, 500, 503])
@pytest.mark.parametrize(("retry_after", "waited"), RETRY_AFTERS.values(), ids=RETRY_AFTERS)
def test_retry_after_is_honoured_within_bounds(
    make_api: MakeApi, clock: Clock, retry_after: str, waited: float, status: int
) -> None:
    with Simulator(now=datetime.datetime.fromisoformat(NOON)) as simulator:
        simulator.faults.add("*", faults.Status(status, headers={"Retry-After": retry_after}))
        assert ask(make_api(simulator.url, simulator.credential)).attempts == 2
    assert clock.slept == [waited]


@pytest.mark.parametrize("retry_after", ["301", "86400", "999999999", "Tue, 24 Nov 2099 12:00:00 GMT"])
@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_asks_for_more_than_is_waited_is_not_asked_again(
    make_api: MakeApi, clock: Clock, retry_after: str, status: int
) -> None:
    with Simulator(now=datetime.datetime.fromisoformat(NOON)) as simulator:
        simulator.faults.add("*", faults.Status(status, headers={"Retry-After": retry_after}), times=None)
        error = failed(make_api(simulator.url, simulator.credential))
    assert (clock.slept, error.attempts) == ([], 1)
    assert re.search(r"The API asks to wait [0-9]+ s, longer than this collection waits\.", error.msg)


@pytest.mark.parametrize("status", [429, 503])
def test_when_the_api_asks_everybody_to_stay_away_nobody_goes(
    simulator: Simulator, make_api: MakeApi, clock: Clock, status: int
) -> None:
    api = make_api(simulator.url, simulator.credential)
    simulator.faults.add("*", faults.Status(status, headers={"Retry-After": "86400"}))
    failed(api)
    error = failed(api, "POST")
    assert (error.kind, error.attempts, error.ambiguous) == ("rate_limited", 0, False)
    assert "it was not tried, because the API asks to wait another 86400 s" in error.msg
    assert len(simulator.requests) == 1
    clock.now += 86400
    assert ask(api).attempts == 1


def test_what_a_rate_limit_has_refused_for_a_minute_is_not_tried_for_a_while(
    simulator: Simulator, make_api: MakeApi, clock: Clock
) -> None:
    """A limit to creates need not be one to lists, and one that let something through begins anew."""
    api = make_api(simulator.url, simulator.credential, retries=0)

    def refused() -> tuple[str, int]:
        error = failed(api, "POST")
        return error.kind, error.attempts

    simulator.faults.add("create", faults.rate_limited(), times=None)
    assert refused() == ("rate_limited", 1)
    clock.now += 60
    assert refused() == ("rate_limited", 1)
    assert refused() == ("rate_limited", 0)
    assert failed(api, "POST").msg.startswith(
        "Could not do it: it was not tried, because the API's rate limit has refused every POST request for 60 s. "
    )
    assert ask(api).attempts == 1
    clock.now += 30
    simulator.faults.clear()
    simulator.faults.add("create", faults.Status(400))
    assert refused() == ("invalid_request", 1)
    simulator.faults.add("create", faults.rate_limited(), times=None)
    assert [refused() for _ in range(2)] == [("rate_limited", 1)] * 2


def test_all_tries_together_take_no_longer_than_five_minutes(
    simulator: Simulator, make_api: MakeApi, clock: Clock
) -> None:
    simulator.faults.add("*", faults.rate_limited(59), times=None)
    error = failed(make_api(simulator.url, simulator.credential, retries=10**9))
    assert clock.slept == [59] * 5
    assert error.attempts == len(simulator.requests) == 6


def test_tries_without_end_do_not_break_the_arithmetic(simulator: Simulator, make_api: MakeApi) -> None:
    simulator.faults.add("*", faults.Status(500), times=1100)
    answer = ask(make_api(simulator.url, simulator.credential, retries=1200, sleep=lambda _: None))
    assert answer.attempts == 1101


def test_by_itself_the_client_waits_on_the_wall_clock(simulator: Simulator) -> None:
    simulator.faults.add("*", faults.Status(500))
    started = time.monotonic()
    assert ask(Api(simulator.url, simulator.credential)).attempts == 2
    assert 0.25 <= time.monotonic() - started < 2


@pytest.mark.parametrize("fault", [faults.rate_limited(7), faults.Status(503, headers={"Retry-After": "7"})])
def test_when_one_is_told_to_wait_all_wait(
    simulator: Simulator, make_api: MakeApi, clock: Clock, fault: faults.Fault
) -> None:
    api = make_api(simulator.url, simulator.credential, retries=0)
    simulator.faults.add("list", fault)
    failed(api)
    assert clock.slept == []
    ask(api)
    assert clock.slept == [7]
    ask(api)
    assert clock.slept == [7]


def test_a_failure_of_one_that_is_no_rate_limit_lets_the_others_go_on(
    simulator: Simulator, make_api: MakeApi, clock: Clock
) -> None:
    api = make_api(simulator.url, simulator.credential, retries=0)
    simulator.faults.add("list", faults.Status(500, headers={"Retry-After": "7"}))
    failed(api)
    ask(api)
    assert clock.slept == []


def test_one_that_waits_waits_longer_when_another_is_told_to(
    simulator: Simulator, make_api: MakeApi, clock: Clock
) -> None:
    under_way = simulator.faults.add("validate", faults.Pause())
    simulator.faults.add("validate", faults.rate_limited(8))
    simulator.faults.add("list", faults.rate_limited(5))
    other_is_told = threading.Event()

    def sleep(seconds: float) -> None:
        if threading.current_thread() is other:
            other_is_told.set()
            return
        under_way.resume()
        assert other_is_told.wait(5)
        clock.sleep(seconds)

    api = make_api(simulator.url, simulator.credential, sleep=sleep, retries=1, connections=2)
    other = threading.Thread(target=api.request, args=("GET", "v1", "auth", "validate"), kwargs={"what": "validate"})
    other.start()
    assert under_way.wait()
    ask(api)
    other.join()
    assert clock.slept == [5, 3]


def test_a_guess_holds_until_another_request_passes_the_rate_limit(
    simulator: Simulator, make_api: MakeApi, clock: Clock
) -> None:
    """Where a rate limit does not tell when to try again, what passes tells that it lets something through."""
    simulator.faults.add("list", faults.rate_limited(), times=3)
    others: list[Answer] = []

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if len(clock.slept) == 4:
            others.append(limited.request("GET", "v1", "auth", "validate", what="validate"))

    limited = make_api(simulator.url, simulator.credential, sleep=sleep)
    assert ask(limited).attempts == 4
    assert len(others) == 1
    assert clock.slept == [*GUESSES_SECONDS[:2], LOOK_SECONDS, LOOK_SECONDS]


def test_a_rate_limit_that_does_not_tell_is_waited_out_for_a_minute(
    simulator: Simulator, make_api: MakeApi, clock: Clock
) -> None:
    simulator.faults.add("*", faults.rate_limited(), times=None)
    error = failed(make_api(simulator.url, simulator.credential, jitter=lambda: 0.0), "POST")
    assert error.attempts == 5
    assert clock.now - 1000.0 == pytest.approx(0.9 * sum(GUESSES_SECONDS))
    assert clock.now - 1000.0 >= 60


# What an answer may be

JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def whole(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, *headers, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


# What comes over the wire; error kind of a write; whether it may have been carried out.
RAW = {
    "nothing": (b"", UNREACHABLE),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", UNREACHABLE),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-Le", None),
    "two lengths": (JSON + b"Content-Length: 2, 3\r\n\r\n{}", UNREACHABLE),
    "a length that is no number": (JSON + b"Content-Length: \xb2\r\n\r\n[]", UNEXPECTED),
    "a negative length": (JSON + b"Content-Length: -2\r\n\r\n[]", UNEXPECTED),
    "a length beyond all measure": (JSON + b"Content-Length: 9" + b"0" * 5000 + b"\r\n\r\n[]", None),
    "more than came": (JSON + b"Content-Length: 3\r\n\r\n{}", UNREACHABLE),
    "more than came, packed": (whole(gzip.compress(b'{"token": "x"}'), b"Content-Encoding: gzip")[:-12], None),
    "a broken chunk": (JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}", UNREACHABLE),
    "a chunk that is cut off": (JSON + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}", UNREACHABLE),
    "broken packing": (whole(b"no gzip", b"Content-Encoding: gzip"), UNEXPECTED),
    "packing that nobody knows": (whole(b"{}"[:1], b"Content-Encoding: rot13"), UNEXPECTED),
    "headers without end": (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", UNREACHABLE),
    "a header without end": (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70000 + b"\r\n\r\n", UNREACHABLE),
    "switching protocols": (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", UNEXPECTED),
    "an empty body": (whole(b""), UNEXPECTED),
    "a list": (whole(b"[]"), UNEXPECTED),
    "null": (whole(b"null"), UNEXPECTED),
    "a text": (whole(b'"a"'), UNEXPECTED),
    "HTML": (whole(b"<html>"), UNEXPECTED),
    "half of JSON": (whole(b'{"a":'), UNEXPECTED),
    "invalid UTF-8": (whole(b'{"a": "\xff"}'), UNEXPECTED),
    "UTF-16": (whole('{"a": 1}'.encode("utf-16")), UNEXPECTED),
    "deep nesting": (whole(b'{"a":' * 200_000), UNEXPECTED),
    "deep lists": (whole(b"[" * 200_000), UNEXPECTED),
    "a redirect to nowhere": (b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n", UNEXPECTED),
    "a redirect that is cut off": (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 9\r\n\r\n<", UNREACHABLE),
}


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
@pytest.mark.parametrize(("raw", "kind"), RAW.values(), ids=RAW)
def test_no_answer_is_too_odd(make_api: MakeApi, method: str, raw: bytes, kind: str | None) -> None:
    with listening(saying(raw)) as port:
        error = failed(make_api(f"http://127.0.0.1:{port}", retries=0), method)
    assert error.kind == kind if kind else error.kind in (UNREACHABLE, UNEXPECTED)
    is_told_elsewhere = error.status in (101, 302) and method == "POST"
    assert error.ambiguous is (method != "GET" and not is_told_elsewhere)
    assert error.attempts == 1


GOOD = {
    "with a byte order mark": (whole(b'\xef\xbb\xbf{"a": 1}'), {"a": 1}),
    "packed": (whole(gzip.compress(b'{"a": 1}'), b"Content-Encoding: gzip"), {"a": 1}),
    "in chunks": (JSON + b'Transfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n5\r\n": 1}\r\n0\r\n\r\n', {"a": 1}),
    "until the end": (JSON + b'\r\n{"a": 1}', {"a": 1}),
    "a key twice": (whole(b'{"a": 2, "a": 1}'), {"a": 1}),
    "an error of none": (whole(b'{"a": 1, "error": null}'), {"a": 1, "error": None}),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", {}),
    "another 2xx": (whole(b'{"a": 1}', status=b"201 Created"), {"a": 1}),
    "halves of characters": (whole(b'{"a": "x\\ud800y", "\\uDFFF": 1}'), {"a": "x?y", "?": 1}),
    "whole characters": (whole(b'{"a": "\\ud83d\\ude00"}'), {"a": "\N{GRINNING FACE}"}),
    "after a continuation": (b"HTTP/1.1 100 Continue\r\n\r\n" + whole(b'{"a": 1}'), {"a": 1}),
}


@pytest.mark.parametrize(("raw", "data"), GOOD.values(), ids=GOOD)
def test_an_answer_is_understood(make_api: MakeApi, raw: bytes, data: dict[str, Any]) -> None:
    with listening(saying(raw)) as port:
        assert ask(make_api(f"http://127.0.0.1:{port}", retries=0)).data == data


@pytest.mark.parametrize("status", [200, 302, 500])
@pytest.mark.parametrize("announced", [True, False])
def test_a_huge_body_is_not_read_into_memory(make_api: MakeApi, status: int, announced: bool) -> None:
    size = 200_000_000
    head = b"HTTP/1.1 %d Huge\r\nLocation: /elsewhere\r\n" % status
    head += b"Content-Length: %d\r\n\r\n" % size if announced else b"\r\n"
    block = b" " * 65536
    with listening(saying(head, *[block] * (size // len(block)), block[: size % len(block)])) as port:
        api = make_api(f"http://127.0.0.1:{port}", retries=0)
        tracemalloc.start()
        error = failed(api)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert error.kind == ("api_error" if status == 500 else UNEXPECTED)
    assert ("larger than 64 MiB" in error.msg) is (status == 200)
    assert peak < 3 * answers.MAX_BODY_BYTES


def test_a_body_that_drips_is_given_up(make_api: MakeApi, clock: Clock) -> None:
    def drip(connection: socket.socket, head: bytes) -> None:
        connection.sendall(JSON + b"\r\n")
        while True:
            connection.sendall(b" " * 512)
            clock.now += 20
            time.sleep(0.001)

    with listening(drip) as port:
        error = failed(make_api(f"http://127.0.0.1:{port}"), "DELETE")
    assert (error.kind, error.attempts, error.ambiguous) == (UNREACHABLE, 1, True)
    assert "did not complete its answer" in error.msg


@pytest.mark.parametrize(
    "piece", [b"A: b\r\n", b"x", b"HTTP/1.1 100 Continue\r\n\r\n"], ids=["headers", "bytes", "1xx"]
)
@pytest.mark.parametrize("fresh", [False, True])
def test_a_head_that_trickles_is_given_up(
    make_api: MakeApi, monkeypatch: pytest.MonkeyPatch, piece: bytes, fresh: bool
) -> None:
    """Each piece comes in time, and there is no end of them."""
    monkeypatch.setattr(client, "MAX_TOTAL_SECONDS", 0.3)

    def trickle(connection: socket.socket, head: bytes) -> None:
        if not piece.startswith(b"HTTP"):
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + (b"" if piece.endswith(b"\n") else b"A: "))
        with contextlib.suppress(OSError):
            for _ in range(90):
                connection.sendall(piece)
                time.sleep(0.02)

    with listening(trickle) as port:
        api = make_api(f"http://127.0.0.1:{port}", timeout_seconds=0.2, retries=0)
        started = time.monotonic()
        error = failed(api, "DELETE", fresh=fresh)
    assert (error.kind, error.ambiguous) == (UNREACHABLE, True)
    assert time.monotonic() - started < 1.5


OLD_URLLIB3 = {
    "whole": ({"Content-Length": "4"}, b"abcd"),
    "of unknown length": ({}, b"abcd"),
    "packed": ({"Content-Length": "9", "Content-Encoding": "gzip"}, b"abcd"),
    "cut off": ({"Content-Length": "5"}, None),
}


@pytest.mark.parametrize(("headers", "body"), OLD_URLLIB3.values(), ids=OLD_URLLIB3)
def test_a_body_is_read_through_older_urllib3_as_well(
    make_api: MakeApi, headers: dict[str, str], body: bytes | None
) -> None:
    """There a body comes in full pieces only, and one that was cut off as if it were whole."""
    raw = SimpleNamespace(stream=lambda size, **_: iter([b"ab", b"cd"]) if size <= 1024 else None)
    response: Any = SimpleNamespace(raw=raw, headers=headers)
    api = make_api("http://127.0.0.1")
    if body is None:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            api._wire._body(response, deadline=2000)
    else:
        assert api._wire._body(response, deadline=2000) == body


def test_without_requests_the_reason_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("without_requests", losses.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "without_requests", module)
    monkeypatch.setitem(sys.modules, "requests", None)
    spec.loader.exec_module(module)
    assert "ImportError" in module.REQUESTS_IMPORT_ERROR or "ModuleNotFoundError" in module.REQUESTS_IMPORT_ERROR
    assert losses.REQUESTS_IMPORT_ERROR is None


def test_a_body_that_stops_is_given_up(make_api: MakeApi) -> None:
    release = threading.Event()

    def stop(connection: socket.socket, head: bytes) -> None:
        connection.sendall(JSON + b"Content-Length: 9\r\n\r\n{")
        release.wait(10)

    with listening(stop) as port:
        error = failed(make_api(f"http://127.0.0.1:{port}", timeout_seconds=0.1, retries=1))
        release.set()
    assert (error.kind, error.attempts) == (UNREACHABLE, 2)


DATES = {
    "as it is": (b"Date: Tue, 24 Nov 2026 12:00:00 GMT", "2026-11-24T12:00:00+00:00"),
    "in another zone": (b"Date: Tue, 24 Nov 2026 23:30:00 -0500", "2026-11-25T04:30:00+00:00"),
}


@pytest.mark.parametrize(("header", "moment"), DATES.values(), ids=DATES)
def test_an_answer_tells_the_time_in_utc(make_api: MakeApi, header: bytes, moment: str) -> None:
    with listening(saying(whole(b"{}", header))) as port:
        assert ask(make_api(f"http://127.0.0.1:{port}")).moment.isoformat() == moment


@pytest.mark.parametrize("header", [b"X: y", b"Date: ", b"Date: today", b"Date: Tue, 24 Nov 99999 12:00:00 GMT"])
def test_without_a_usable_date_it_is_now(make_api: MakeApi, header: bytes) -> None:
    utc = datetime.timezone.utc
    before = datetime.datetime.now(utc)
    with listening(saying(whole(b"{}", header))) as port:
        moment = ask(make_api(f"http://127.0.0.1:{port}")).moment
    assert before <= moment <= datetime.datetime.now(utc)


MESSAGES = {
    "text": ({"error": "no"}, "no"),
    "text and code": ({"error": "no", "code": "x"}, "no"),
    "object": ({"error": {"code": "x", "message": "no"}}, "no"),
    "object with a code alone": ({"error": {"code": "x"}}, "x"),
    "blank": ({"error": " "}, None),
    "a number": ({"error": 5}, None),
    "an empty object": ({"error": {}}, None),
    "a message of objects": ({"error": {"message": {}}}, None),
    "none": ({}, None),
    "no object": ([], None),
}


@pytest.mark.parametrize(("data", "told"), MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize("status", [400, 403, 500])
def test_the_apis_own_words_are_passed_on(
    simulator: Simulator, make_api: MakeApi, data: Any, told: str | None, status: int
) -> None:
    assert api_message_in(data) == told
    simulator.faults.add("*", faults.Status(status, data), times=None)
    error = failed(make_api(simulator.url, simulator.credential, retries=0))
    assert error.api_message == told
    assert (f"the API answered {status} ({told})." in error.msg) is (told is not None)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a\nb\t c", "a b c"),
        ("x\x1b[31mred\x07", "x?[31mred?"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 297 + "..."),
        ("half \ud800", "half ?"),
    ],
)
def test_the_apis_words_are_made_fit_for_a_terminal(simulator: Simulator, api: Api, said: str, shown: str) -> None:
    simulator.faults.add("*", faults.Status(400, json.dumps({"error": said}).encode()))
    assert failed(api).api_message == shown


ADVICE = {
    300: "Set api_url to the final address",
    400: "Correct the value that the API names",
    401: "SQL token (TURSO_AUTH_TOKEN)",
    402: "plan",
    403: "Use the API token of a user who has the permission",
    404: "organization and the group",
    409: "conflicts with what exists now",
    429: "api_retries",
    500: "Run this again later",
}


@pytest.mark.parametrize(("status", "advice"), ADVICE.items())
def test_a_refusal_says_what_to_do(simulator: Simulator, api: Api, status: int, advice: str) -> None:
    simulator.faults.add("*", faults.Status(status), times=None)
    error = failed(api)
    assert error.msg.startswith(f"Could not do it: the API answered {status} (simulated {status}). ")
    assert advice in error.msg


def test_an_answer_without_what_was_promised_says_what_it_said(simulator: Simulator, api: Api) -> None:
    simulator.faults.add("list", faults.garbage({"error": "maintenance"}))
    error = ask(api).unexpected("list", "a list of tokens")
    assert error.as_error() == {
        "kind": "unexpected_response",
        "status": 200,
        "method": "GET",
        "path": "/v1/auth/api-tokens",
        "api_message": "maintenance",
        "attempts": 1,
    }
    assert error.msg.startswith("Could not list: the API answered 200 without a list of tokens (maintenance). ")
    assert not error.ambiguous
    assert ask(api).unexpected("list", "sense").msg.startswith("Could not list: the API answered 200 without sense. ")
    simulator.faults.add("create", faults.garbage({"error": 5}))
    error = ask(api, "POST").unexpected("create", "a token")
    assert error.ambiguous
    assert error.api_message == "an error without a text"


# Where the token goes

TOKEN = "eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiJ4In0.c2lnbmF0dXJl"
OPAQUE = "an-opaque-token-0123456789"


def shown_of(error: BaseException) -> str:
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    links = [error, error.__cause__, error.__context__]
    return "".join(lines) + "".join(repr((link, link and link.args, link and vars(link))) for link in links)


@pytest.mark.parametrize("token", [TOKEN, OPAQUE])
@pytest.mark.parametrize("of", ["client", "request"])
@pytest.mark.parametrize(
    "said",
    ["bad token {}", "Authorization: Bearer {}", "{}{}", "x" * 280 + " {}", "{}\n"],
)
@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_an_error_does_not_quote_the_token(
    simulator: Simulator, make_api: MakeApi, token: str, of: str, said: str, status: int
) -> None:
    simulator.faults.add("*", faults.Status(status, {"error": said.format(token, token)}), times=None)
    api = make_api(simulator.url, token if of == "client" else "another", retries=1)
    bearer = token if of == "request" else None
    if status == 200:
        error: TursoError = ask(api, bearer=bearer).unexpected("list", "a list")
        assert error.api_message is not None
    else:
        error = failed(api, bearer=bearer)
    for part in (token, token[:16], token[-16:]):
        assert part not in shown_of(error)
    assert "***" in error.msg


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\nA: " + OPAQUE.encode() + b"b" * 70000, whole(b"no JSON")])
def test_a_lost_answer_does_not_show_the_token(make_api: MakeApi, method: str, raw: bytes) -> None:
    with listening(saying(raw)) as port:
        api = make_api(f"http://127.0.0.1:{port}", OPAQUE, retries=1)
        error = failed(api, method)
    assert OPAQUE not in shown_of(error)
    assert OPAQUE not in repr(api)


def test_other_tokens_that_the_api_quotes_are_not_shown_either(simulator: Simulator, api: Api) -> None:
    simulator.faults.add("*", faults.Status(400, {"error": f"{TOKEN} is not {simulator.main('bob').secret}."}))
    assert failed(api).api_message == "*** is not ***."


def test_redirects_are_not_followed(simulator: Simulator, api: Api) -> None:
    with Simulator() as elsewhere:
        simulator.faults.add("*", faults.redirect(elsewhere.url + "/v1/auth/api-tokens"))
        error = failed(api)
        assert elsewhere.requests == []
    assert (error.kind, error.status, error.attempts) == (UNEXPECTED, 302, 1)


def test_no_cookie_is_kept(simulator: Simulator, api: Api) -> None:
    cookie = {"Set-Cookie": "a=b; Path=/"}
    simulator.faults.add("*", faults.Status(500, headers=cookie))
    simulator.faults.add("*", faults.Status(200, {"tokens": []}, headers=cookie))
    for _ in range(2):
        ask(api)
    assert [request.headers.get("Cookie") for request in simulator.requests] == [None] * 3


def test_a_request_says_who_asks_and_what_it_takes(simulator: Simulator, api: Api) -> None:
    ask(api)
    ask(api, "POST", body={"organization": "acme"})
    listed, created = (request.headers for request in simulator.requests)
    assert listed["User-Agent"] == f"community.turso/{client.VERSION}"
    assert listed["Accept"] == created["Content-Type"] == "application/json"
    assert "Content-Type" not in listed
    assert simulator.requests[1].body == {"organization": "acme"}


def test_one_connection_serves_many_requests(simulator: Simulator, api: Api) -> None:
    simulator.faults.add("revoke", faults.Status(400))
    simulator.faults.add("revoke", faults.redirect("/"))
    for _ in range(2):
        ask(api)
        failed(api, "DELETE")
    assert simulator.connections == 1


def test_a_connection_that_died_between_requests_loses_nothing(simulator: Simulator, api: Api) -> None:
    simulator.faults.add("list", faults.Close(), when="answered")
    ask(api)
    time.sleep(0.1)
    assert ask(api, "POST").attempts == 1


def test_a_fresh_connection_is_none_that_was_used(simulator: Simulator, api: Api) -> None:
    ask(api)
    simulator.faults.add("*", faults.Idle(), times=None)
    assert ask(api, "POST", fresh=True).attempts == 1
    assert failed(api, "POST").kind == UNREACHABLE


def test_connections_through_a_proxy_are_bounded_as_well() -> None:
    watch = Watch(7.0)
    adapter = wire._Adapter(watch)
    for manager in (adapter.poolmanager, adapter.proxy_manager_for("http://127.0.0.1:1")):
        pools: list[Any] = [manager.pool_classes_by_scheme[scheme] for scheme in ("http", "https")]
        assert [pool.ConnectionCls.watch for pool in pools] == [watch, watch]


def test_one_thread_watches_over_the_clients_of_however_many_databases(simulator: Simulator, api: Api) -> None:
    def watching() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if thread.name.endswith("(_run)")}

    before = watching()
    for _ in range(5):
        ask(api.elsewhere(simulator.url, simulator.credential, Outage()))
    assert len(watching() - before) == 1


def test_what_is_not_repeatable_is_not_tried_again_after_a_lost_answer(simulator: Simulator, api: Api) -> None:
    for fault, tries in ((faults.Reset(), 1), (faults.Status(500), 1), (faults.rate_limited(1), 5)):
        simulator.faults.clear()
        simulator.faults.add("*", fault, times=None)
        assert failed(api, "DELETE", repeatable=False).attempts == tries


def test_the_time_of_every_try_is_told(simulator: Simulator, api: Api, clock: Clock) -> None:
    simulator.faults.add("list", faults.rate_limited(7))
    sent: list[float] = []
    ask(api, on_send=sent.append)
    assert sent == [1000.0, 1007.0]


def test_a_prefix_of_the_path_is_kept_and_segments_are_escaped(make_api: MakeApi) -> None:
    with Simulator(path_prefix="/turso/api") as simulator:
        api = make_api(simulator.url + "/", simulator.credential)
        answer = api.request("POST", *OWN, "a/b c?d#e%2F..ü~", what="create")
    assert answer.path == simulator.requests[0].path == "/turso/api/v1/auth/api-tokens/a%2Fb%20c%3Fd%23e%252F..%C3%BC~"


def test_a_null_url_is_not_taken_for_left_out() -> None:
    with pytest.raises(InvalidRequest, match="api_url is null"):
        Api(None, "a-token")  # type: ignore[arg-type]


def test_a_name_that_cannot_be_resolved_is_not_the_tokens_fault(
    make_api: MakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = failed(make_api(PROXIED), "POST")
    assert (error.kind, error.attempts, error.ambiguous) == (UNREACHABLE, 5, False)
    assert "cannot be resolved (Name or service not known), so nothing was sent" in error.msg


REFUSED_URLS = {
    "clear text": ("http://api.turso.tech", "in clear"),
    "clear text to a name that only looks like loopback": ("http://localhost.example.com", "in clear"),
    "clear text to a name with loopback in it": ("http://127.0.0.1.example.com", "in clear"),
    "clear text to any address": ("http://0.0.0.0", "in clear"),
    "clear text in the network": ("http://192.168.0.1", "in clear"),
    "short loopback": ("http://127.1", "in clear"),
    "user information": ("https://me@api.turso.tech", "user information"),
    "user and password": ("http://127.0.0.1:80@example.com/", "user information"),
    "a query": ("https://api.turso.tech/?a=b", "query"),
    "a fragment": ("https://api.turso.tech/#a", "fragment"),
    "white space": ("https://api.turso.tech /", "white space"),
    "a line break": ("https://api.turso.tech\r\nX: y", "white space"),
    "a control character": ("https://api.turso.tech/\x00", "white space"),
    "a backslash": ("http://127.0.0.1\\example.com", "backslashes"),
    "no scheme": ("api.turso.tech", "has no https:// at its beginning, or no host"),
    "another scheme": ("ftp://api.turso.tech", "has no https:// at its beginning, or no host"),
    "a file": ("file:///etc/passwd", "has no https:// at its beginning, or no host"),
    "no host": ("https://", "has no https:// at its beginning, or no host"),
    "no host but a path": ("https:///v1", "has no https:// at its beginning, or no host"),
    "empty": ("", "has no https:// at its beginning, or no host"),
    "a port beyond ports": ("https://api.turso.tech:65536", "is not a URL"),
    "a port of letters": ("https://api.turso.tech:https", "is not a URL"),
    "an open bracket": ("https://[::1", "is not a URL"),
    "a name after an address": ("http://[::1]example.com", ""),
    "a colon without a port": ("http://127.0.0.1:", "has no https:// at its beginning, or no host"),
}


@pytest.mark.parametrize(("url", "why"), REFUSED_URLS.values(), ids=REFUSED_URLS)
def test_urls_that_no_token_is_sent_to(url: str, why: str) -> None:
    with pytest.raises(InvalidRequest, match="api_url") as caught:
        Api(url, "a-token")
    assert why in caught.value.msg
    assert caught.value.attempts == 0


ACCEPTED_URLS = {
    "https://api.turso.tech": ("https://api.turso.tech", False),
    "https://api.turso.tech:8443/a/b//": ("https://api.turso.tech:8443/a/b", False),
    "http://127.0.0.1:8080": ("http://127.0.0.1:8080", True),
    "http://127.9.9.9": ("http://127.9.9.9", True),
    "http://[::1]:8080/": ("http://[::1]:8080", True),
    "http://LOCALHOST": ("http://LOCALHOST", True),
    "https://localhost": ("https://localhost", True),
    "https://[2001:db8::1]": ("https://[2001:db8::1]", False),
}


@pytest.mark.parametrize(("url", "expected"), ACCEPTED_URLS.items())
def test_urls_that_a_token_is_sent_to(url: str, expected: tuple[str, bool]) -> None:
    assert checked_url(url) == expected


OPTIONS = {
    "an empty token": ({"token": ""}, "api_token"),
    "a token with a line break": ({"token": "a\n"}, "line break"),
    "a token with a space": ({"token": "a b"}, "white space"),
    "a token beyond ASCII": ({"token": "ä"}, "characters"),
    "no time": ({"timeout_seconds": 0}, "api_timeout"),
    "negative time": ({"timeout_seconds": -1}, "api_timeout"),
    "no number for a time": ({"timeout_seconds": float("nan")}, "api_timeout"),
    "endless time": ({"timeout_seconds": float("inf")}, "api_timeout"),
    "more than a day": ({"timeout_seconds": 86401}, "api_timeout"),
    "negative retries": ({"retries": -1}, "api_retries"),
    "a ca_path that is not there": ({"verify": "/nowhere/ca.pem"}, "ca_path"),
}


@pytest.mark.parametrize(("options", "why"), OPTIONS.values(), ids=OPTIONS)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidRequest, match=why) as caught:
        Api(**{"url": "https://api.turso.tech", "token": "a-token", **options})
    assert options.get("token") not in caught.value.args or not options["token"]


def test_a_day_is_a_time_to_wait() -> None:
    Api("https://api.turso.tech", "a-token", timeout_seconds=86400)


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"), HOST, "127.0.0.1")


@pytest.fixture
def secure(certificate: Certificate) -> Iterator[Simulator]:
    with Simulator(tls=(certificate.chain, certificate.key)) as running:
        yield running


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_untrusted_certificate_is_refused_with_what_to_do(secure: Simulator, make_api: MakeApi, method: str) -> None:
    error = failed(make_api(secure.url, secure.credential), method)
    assert (error.kind, error.attempts, error.ambiguous) == (UNREACHABLE, 1, False)
    assert "is not trusted" in error.msg
    assert "certificate verify failed" in error.msg
    assert "ca_path" in error.msg
    assert "validate_certs" in error.msg
    assert "try again" not in error.msg
    assert secure.requests == []


def test_a_certificate_for_another_host_is_refused(make_api: MakeApi, tmp_path: Path) -> None:
    other = Certificate(tmp_path, HOST)
    with Simulator(tls=(other.chain, other.key)) as elsewhere:
        error = failed(make_api(elsewhere.url, elsewhere.credential, verify=other.authority))
        assert elsewhere.requests == []
    assert (error.kind, error.attempts) == (UNREACHABLE, 1)
    assert "is not trusted" in error.msg


def test_a_certificate_of_a_known_authority_is_trusted(
    secure: Simulator, certificate: Certificate, make_api: MakeApi
) -> None:
    assert ask(make_api(secure.url, secure.credential, verify=certificate.authority)).status == 200


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_certificates_need_not_be_checked(
    secure: Simulator, make_api: MakeApi, monkeypatch: pytest.MonkeyPatch, certificate: Certificate
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    assert ask(make_api(secure.url, secure.credential, verify=False)).status == 200


def test_a_ca_path_that_is_no_certificate_is_told(secure: Simulator, make_api: MakeApi, tmp_path: Path) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")
    error = failed(make_api(secure.url, secure.credential, verify=str(broken)))
    assert (error.kind, error.attempts) == (UNREACHABLE, 1)
    assert "check api_url and ca_path" in error.msg


def test_a_server_without_tls_is_told(simulator: Simulator, make_api: MakeApi) -> None:
    error = failed(make_api(simulator.url.replace("http:", "https:")))
    assert (error.kind, error.attempts) == (UNREACHABLE, 1)
    assert "TLS with" in error.msg


@pytest.mark.parametrize("fault", [faults.Reset(), faults.Close()], ids=lambda one: one.kind)
@pytest.mark.parametrize(("method", "tries"), [("GET", 5), ("DELETE", 5), ("POST", 1)])
def test_a_connection_that_ends_within_tls_may_have_carried_a_write(
    secure: Simulator, certificate: Certificate, make_api: MakeApi, fault: faults.Fault, method: str, tries: int
) -> None:
    secure.faults.add("*", fault, when="after", times=None)
    error = failed(make_api(secure.url, secure.credential, verify=certificate.authority), method)
    assert (error.kind, error.attempts, error.ambiguous) == (UNREACHABLE, tries, method != "GET")


def test_a_connection_that_ends_in_the_handshake_is_tried_again(make_api: MakeApi) -> None:
    greeted = []

    def leave(connection: socket.socket, head: bytes) -> None:
        greeted.append(head)

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for _ in range(3):
                connection, _address = server.accept()
                with connection:
                    leave(connection, connection.recv(65536))

        thread = threading.Thread(target=serve)
        thread.start()
        error = failed(make_api(f"https://127.0.0.1:{server.getsockname()[1]}", retries=2))
        thread.join()
    assert (error.kind, error.attempts, len(greeted)) == (UNREACHABLE, 3, 3)


# Clients of other APIs


def test_a_client_of_another_api_has_the_same_settings_and_another_bearer(
    secure: Simulator, certificate: Certificate, make_api: MakeApi
) -> None:
    api = make_api("https://nowhere.example", retries=1, verify=certificate.authority)
    other = api.elsewhere(secure.url, secure.credential, Outage())
    assert ask(other).status == 200
    secure.faults.add("*", faults.Status(503), times=None)
    assert failed(other).attempts == 2


def test_clients_of_other_apis_have_one_outage_if_they_are_given_one(
    simulator: Simulator, make_api: MakeApi, clock: Clock
) -> None:
    api, outage = make_api("https://nowhere.example"), Outage()
    outage.closed(clock.now + 600)
    assert "was not tried" in failed(api.elsewhere(simulator.url, simulator.credential, outage)).msg
    assert simulator.requests == []
    assert ask(api.elsewhere(simulator.url, simulator.credential, Outage())).status == 200


# Proxies and ~/.netrc

PROXIED = f"https://{HOST}"


@pytest.fixture
def proxy(secure: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    proxy = Proxy(secure.port)
    with listening(proxy.talk) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        yield proxy


def test_proxies_of_the_environment_are_used_and_do_not_see_the_token(
    secure: Simulator, certificate: Certificate, proxy: Proxy, make_api: MakeApi
) -> None:
    assert ask(make_api(PROXIED, secure.credential, verify=certificate.authority)).status == 200
    assert len(secure.requests) == 1
    (head,) = proxy.heads
    assert head.startswith(f"CONNECT {HOST}:443 HTTP/1.".encode())
    assert b"uthorization" not in head
    assert secure.credential.encode() not in head


@pytest.mark.parametrize(("method", "tries"), [("GET", 5), ("DELETE", 5), ("POST", 1)])
@pytest.mark.parametrize("fault", [faults.Reset(), faults.Close()], ids=lambda one: one.kind)
def test_an_answer_lost_behind_a_proxy_may_have_carried_a_write(
    secure: Simulator,
    certificate: Certificate,
    proxy: Proxy,
    make_api: MakeApi,
    fault: faults.Fault,
    method: str,
    tries: int,
) -> None:
    secure.faults.add("*", fault, when="after", times=None)
    error = failed(make_api(PROXIED, secure.credential, verify=certificate.authority), method)
    assert (error.kind, error.attempts, error.ambiguous) == (UNREACHABLE, tries, method != "GET")


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses_carried_nothing(make_api: MakeApi, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    proxy = Proxy(0, refuse=status)
    with listening(proxy.talk) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        error = failed(make_api(PROXIED), "POST")
    assert (error.kind, error.attempts, error.ambiguous) == (UNREACHABLE, 5, False)
    assert (
        f"the proxy that the environment names (HTTPS_PROXY) refused the connection (Tunnel connection failed: {status}"
        in error.msg
    )
    assert len(proxy.heads) == 5


def test_a_proxy_that_is_not_there_carried_nothing(make_api: MakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
    error = failed(make_api(PROXIED), "POST")
    assert (error.kind, error.attempts, error.ambiguous) == (UNREACHABLE, 5, False)
    assert "the proxy that the environment names (HTTPS_PROXY) refused the connection (Connection refused)" in error.msg


@pytest.mark.parametrize(
    "setting", ["http://[", "nonsense://127.0.0.1:1", "http://127.0.0.1:port", "socks5://\ufdfd:1"]
)
def test_a_proxy_setting_that_is_none_is_told(make_api: MakeApi, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    monkeypatch.setenv("https_proxy", setting)
    error = failed(make_api(PROXIED), "POST")
    assert (error.kind, error.attempts, error.ambiguous) == (UNREACHABLE, 1, False)
    assert "check api_url, ca_path, and the settings of the environment for proxies" in error.msg


def test_a_proxy_setting_that_cannot_be_encoded_is_told(make_api: MakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://日本:x@127.0.0.1:1")
    error = failed(make_api(PROXIED), "POST")
    assert (error.kind, error.attempts, error.ambiguous) == (UNREACHABLE, 1, False)
    assert "check api_url, ca_path, and the settings of the environment for proxies" in error.msg


def test_a_host_that_cannot_be_a_name_is_told(make_api: MakeApi) -> None:
    error = failed(make_api("https://" + "a" * 70 + ".example"), "POST")
    assert (error.kind, error.attempts, error.ambiguous) == (UNREACHABLE, 1, False)


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_asked_without_a_proxy(
    simulator: Simulator, make_api: MakeApi, monkeypatch: pytest.MonkeyPatch, variable: str, host: str
) -> None:
    seen: list[bytes] = []
    with listening(lambda _, head: seen.append(head)) as port:
        monkeypatch.setenv(variable, f"http://127.0.0.1:{port}")
        assert ask(make_api(f"http://{host}:{simulator.port}", simulator.credential)).status == 200
    assert seen == []


def test_netrc_does_not_replace_the_token(
    secure: Simulator,
    certificate: Certificate,
    proxy: Proxy,
    make_api: MakeApi,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {HOST} login a password b\ndefault login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert ask(make_api(PROXIED, secure.credential, verify=certificate.authority)).status == 200
    assert secure.requests[0].token_id == secure.main().id


def test_netrc_does_not_replace_the_token_on_loopback(
    simulator: Simulator, api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    ask(api)
    assert simulator.requests[0].token_id == simulator.main().id


def test_a_request_may_bring_its_own_bearer(simulator: Simulator, api: Api) -> None:
    ask(api, bearer=simulator.main("bob").secret)
    assert simulator.requests[0].token_id == simulator.main("bob").id


# Whatever comes


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_a_body_is_json_that_can_be_printed_or_none(body: bytes | str) -> None:
    content = body.encode() if isinstance(body, str) else body
    json.dumps(answers.json_in(content), ensure_ascii=False).encode()


@settings(max_examples=50)
@given(st.text(max_size=400), st.sampled_from([TOKEN, OPAQUE]), st.text(max_size=400))
def test_a_message_is_one_short_line_without_the_token(before: str, token: str, after: str) -> None:
    cleaned = answers.clean(before + token + after, (token,))
    assert token not in cleaned
    assert len(cleaned) <= 300
    assert cleaned.isprintable()


def test_ssl_knows_the_ends_that_are_looked_for() -> None:
    assert all(issubclass(end, ssl.SSLError) for end in losses.TLS_ENDS)


def test_authorities_of_the_environment_that_are_not_there_are_told(
    make_api: MakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle.pem")
    error = failed(make_api(PROXIED), "POST")
    assert (error.kind, error.attempts, error.ambiguous) == (UNREACHABLE, 1, False)
    assert "REQUESTS_CA_BUNDLE" in error.msg
