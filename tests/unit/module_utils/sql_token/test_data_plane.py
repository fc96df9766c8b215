# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A probe has three results, and only what the database itself says is one of the other two."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import DataPlane, url_of
from tests.simulator import Simulator, faults
from tests.simulator.sql import Database

UNAUTHORIZED = {"error": "Unauthorized: `The JWT is invalid`"}
BLOCKED = {"error": "BLOCKED: SQL read operations are forbidden"}

# what the data plane answers, for ever, and what comes of it
ANSWERS: dict[str, tuple[faults.Fault | None, str]] = {
    "rows": (None, "accepted"),
    "an error of SQL": (faults.garbage({"results": [{"type": "error", "error": {"code": "BLOCKED"}}]}), "accepted"),
    "403 in Turso's words": (faults.Status(403, BLOCKED), "accepted"),
    "403 in Turso's words, as an object": (faults.Status(403, {"error": {"message": BLOCKED["error"]}}), "accepted"),
    "401 in Turso's words": (faults.Status(401, UNAUTHORIZED), "dead"),
    "400 in Turso's words": (faults.Status(400, {"error": "JWT error: InvalidToken"}), "dead"),
    "401 of something else": (faults.Status(401, {"error": "please log in"}), "unknown"),
    "401 with the reason phrase alone, as gateways send it": (faults.Status(401, {"error": "Unauthorized"}), "unknown"),
    "401 of a gateway that knows tokens, too": (faults.Status(401, {"error": "missing or malformed jwt"}), "unknown"),
    "403 of a firewall": (faults.Status(403, {"error": "Request blocked by policy"}), "unknown"),
    "403 of another firewall": (faults.Status(403, {"error": "blocked by WAF rule 7"}), "unknown"),
    "403 in other words of Turso": (
        faults.Status(403, {"error": "Operation was blocked: SQL write operations are forbidden"}),
        "accepted",
    ),
    "401 with a page": (faults.Status(401, "<html>Unauthorized</html>"), "unknown"),
    "401 without a body": (faults.Status(401, b""), "unknown"),
    "400 of another reason": (faults.Status(400, {"error": "invalid pipeline"}), "unknown"),
    "403 of something else": (faults.Status(403, {"error": "forbidden"}), "unknown"),
    "403 with a page": (faults.Status(403, "<html>BLOCKED</html>"), "unknown"),
    "200 with a page": (faults.garbage(), "unknown"),
    "200 without results": (faults.garbage({"hello": "world"}), "unknown"),
    "a redirect": (faults.redirect("https://login.example"), "unknown"),
    "404": (faults.Status(404), "unknown"),
    "429": (faults.rate_limited(), "unknown"),
    "500": (faults.Status(500), "unknown"),
    "a time-out": (faults.Hang(), "unknown"),
    "a reset": (faults.Reset(), "unknown"),
    "half an answer": (faults.Truncate(), "unknown"),
}


@pytest.mark.parametrize(("fault", "result"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_means_what_it_says(
    simulator: Simulator, shop: Database, waits: list[float], fault: faults.Fault | None, result: str
) -> None:
    plane = DataPlane(Api(simulator.url, simulator.credential, timeout_seconds=0.2, retries=2))
    token = simulator.given_sql(database="shop")
    if fault is not None:
        simulator.faults.add("pipeline", fault, times=None)
    found = plane.probe(shop.hostname, token.secret)
    assert found.result == result
    assert (found.clock is not None and found.clock.is_told) is (result == "accepted" and "403" not in str(fault))
    assert token.secret not in f"{found}"
    assert simulator.credential not in f"{found}"


# what the data plane answers, and what is said of it
SAID: dict[str, tuple[faults.Fault, str]] = {
    "401 of something else": (faults.Status(401, {"error": "please log in"}), "{host} answered 401 (please log in)"),
    "403 without a body": (faults.Status(403, b""), "{host} answered 403"),
    "404": (faults.Status(404), "{host} answered 404 (simulated 404)"),
    "500": (faults.Status(500), "{host} answered 500 (simulated 500)"),
    "a page": (faults.garbage(), "{host} answered 200 with something that no database answers"),
    "200 without results": (faults.garbage({"hello": "world"}), "{host} answered 200 without results"),
    "a redirect": (
        faults.redirect("https://login.example"),
        "{host} answered 302, a redirect, which is not followed",
    ),
    "a reset": (faults.Reset(), "{host} closed the connection without a complete answer (Connection reset by peer)"),
}


@pytest.mark.parametrize(("fault", "said"), SAID.values(), ids=SAID)
def test_what_is_said_of_a_database_is_not_about_the_api(
    simulator: Simulator, shop: Database, plane: DataPlane, fault: faults.Fault, said: str
) -> None:
    simulator.faults.add("pipeline", fault, times=None)
    found = plane.probe(shop.hostname, simulator.given_sql(database="shop").secret)
    assert found.detail == said.format(host=shop.hostname)


def test_the_request_is_a_question_on_a_connection_of_its_own(
    simulator: Simulator, shop: Database, plane: DataPlane
) -> None:
    token = simulator.given_sql(database="shop")
    for _time in range(2):
        assert plane.probe(shop.hostname, token.secret).result == "accepted"
    asked = {"requests": [{"type": "execute", "stmt": {"sql": "SELECT 1"}}, {"type": "close"}]}
    assert [(request.method, request.path, request.body) for request in simulator.requests] == [
        ("POST", "/v2/pipeline", asked)
    ] * 2
    assert simulator.connections == 2
    assert {request.token_id for request in simulator.requests} == {None}, "the API token went to the data plane"


def test_dead_is_said_twice_with_a_second_between(
    simulator: Simulator, shop: Database, plane: DataPlane, waits: list[float]
) -> None:
    token = simulator.given_sql(database="shop")
    simulator.faults.add("pipeline", faults.Status(401, UNAUTHORIZED))
    assert plane.probe(shop.hostname, token.secret).result == "accepted", "one rejection is none"
    assert waits == [1.0]
    simulator.faults.add("pipeline", faults.Status(401, UNAUTHORIZED), times=2)
    assert plane.probe(shop.hostname, token.secret).result == "dead"
    simulator.faults.add("pipeline", faults.Status(401, UNAUTHORIZED))
    simulator.faults.add("pipeline", faults.Status(404))
    assert plane.probe(shop.hostname, token.secret).result == "unknown"


def test_what_passes_is_tried_again(simulator: Simulator, shop: Database, plane: DataPlane) -> None:
    token = simulator.given_sql(database="shop")
    for fault in (faults.Status(503), faults.Reset()):
        simulator.faults.add("pipeline", fault)
    assert plane.probe(shop.hostname, token.secret).result == "accepted"
    assert simulator.connections == len(simulator.requests) == 3


def test_a_value_that_cannot_be_sent_is_not(simulator: Simulator, shop: Database, plane: DataPlane) -> None:
    found = plane.probe(shop.hostname, "two words")
    assert found.result == "unknown"
    assert "no HTTP header can carry" in found.detail
    assert not found.detail.endswith(".")
    assert simulator.requests == []


DEAD: dict[str, tuple[dict[str, Any], str]] = {
    "another database's": ({"database": "other"}, "other"),
    "another group's": ({"group": "production"}, ""),
    "one that ended": ({"database": "shop", "expiration": "1h", "age_days": 1}, ""),
}


@pytest.mark.parametrize(("given", "also"), DEAD.values(), ids=DEAD)
def test_a_token_that_is_not_let_in_is_dead(
    simulator: Simulator, shop: Database, plane: DataPlane, given: dict[str, Any], also: str
) -> None:
    if also:
        simulator.add_database(also)
    token = simulator.given_sql(**given)
    assert plane.probe(shop.hostname, token.secret).result == "dead"


def test_allow_rules_that_keep_this_machine_out_say_nothing_of_a_token(
    simulator: Simulator, shop: Database, plane: DataPlane
) -> None:
    token = simulator.given_sql(database="shop")
    shop.keeps_out = "community.turso/"
    found = plane.probe(shop.hostname, token.secret)
    assert found.result == "unknown"


def test_nobody_is_asked_any_more_where_nobody_answers(
    simulator: Simulator, shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    api = Api(simulator.url, simulator.credential, timeout_seconds=2, retries=2, sleep=sleep, clock=lambda: now[0])
    plane = DataPlane(api)
    simulator.faults.add("pipeline", faults.Reset(), times=None)
    asked = 0
    for _database in range(50):
        now[0] += 5
        found = plane.probe(shop.hostname, "x")
        assert found.result == "unknown"
        asked, before = len(simulator.requests), asked
        if asked == before:
            assert found.detail.startswith("it was not tried, because no request was answered for ")
            return
    pytest.fail("every one of them was asked")


URLS = {
    "shop-acme.turso.io": "https://shop-acme.turso.io",
    "127.0.0.1:8080": "https://127.0.0.1:8080",
    "http://127.0.0.1:8080": "http://127.0.0.1:8080",
    "http://localhost:8080": "http://localhost:8080",
    "http://[::1]:8080": "http://[::1]:8080",
    "http://shop-acme.turso.io": None,
    "https://shop-acme.turso.io": None,
    "libsql://shop-acme.turso.io": None,
    "shop-acme.turso.io:8443": None,
    "shop-acme.turso.io/elsewhere": None,
    "evil.example@shop-acme.turso.io": None,
    "shop-acme.turso.io?x": None,
    "shop-acme.turso.io:": None,
    "shop\u3002evil.example": None,
    "shop\u202eoi.osrut": None,
    "..": None,
    "[2001:db8::1]": "https://[2001:db8::1]",
    "2001:db8::1": None,
    "http://127.0.0.1@evil.example": None,
    "http://0.0.0.0:8080": None,
    "": None,
}


@pytest.mark.parametrize(("hostname", "url"), URLS.items())
def test_a_hostname_is_a_bare_host(hostname: str, url: str | None) -> None:
    assert url_of(hostname) == url


@pytest.mark.parametrize(("retries", "asked"), [(0, 1), (1, 2), (9, 3)])
def test_what_does_not_pass_is_tried_three_times_or_as_often_as_the_api(
    simulator: Simulator, shop: Database, waits: list[float], retries: int, asked: int
) -> None:
    plane = DataPlane(Api(simulator.url, simulator.credential, timeout_seconds=2, retries=retries))
    simulator.faults.add("pipeline", faults.Status(503), times=None)
    assert plane.probe(shop.hostname, "x").result == "unknown"
    assert len(simulator.requests) == asked


NO_HOSTS = {
    "http://shop-acme.turso.io": "a Hostname that is not a host ('http://shop-acme.turso.io')",
    "x" * 80 + "/": f"a Hostname that is not a host ('{'x' * 80}')",
    "": "no Hostname to try it on",
}


@pytest.mark.parametrize(("hostname", "told"), NO_HOSTS.items())
def test_a_hostname_that_is_none_is_not_asked(simulator: Simulator, plane: DataPlane, hostname: str, told: str) -> None:
    found = plane.probe(hostname, "x")
    assert (found.result, found.detail) == ("unknown", f"the API returned {told}")
    assert simulator.requests == []
