# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every other test believes: each rule of the API, each switch and each fault of the simulator has its test."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import requests

from tests.simulator import SCOPES, Simulator, Token, faults
from tests.simulator.faults import Rule, from_plain, to_plain
from tests.simulator.remote import RemoteSimulator

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
OWN = "/v1/auth/api-tokens"
ACME = "/v1/organizations/acme/api-tokens"
VALIDATE = "/v1/auth/validate"
PINNED: dict[str, Any] = {"organization": "acme", "group": "default", "scopes": ["read"]}
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)
LOST = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


class Bearer(requests.auth.AuthBase):
    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.secret}"
        return request


class Client(requests.Session):
    """A session that takes paths, knows its token and ignores the environment. Closed at the end of the test."""

    in_use: ClassVar[list[Client]] = []

    def __init__(self, url: str, secret: str) -> None:
        super().__init__()
        self.in_use.append(self)
        self.trust_env = False
        self.auth = Bearer(secret)
        self.base = url

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.request(method, self.base + path, timeout=10, allow_redirects=False, **more)

    def names(self, path: str = OWN) -> set[str]:
        return {token["name"] for token in self.call("GET", path).json()["tokens"]}

    def created(self, name: str, **body: Any) -> dict[str, Any]:
        answer = self.call("POST", f"{OWN}/{name}", json=body or None)
        assert answer.status_code == 200, answer.text
        entry: dict[str, Any] = answer.json()
        return entry


@pytest.fixture(autouse=True)
def _close_clients() -> Iterator[None]:
    yield
    while Client.in_use:
        Client.in_use.pop().close()


@pytest.fixture
def server() -> Iterator[Simulator]:
    with Simulator(now=NOON) as started:
        yield started


@pytest.fixture
def alice(server: Simulator) -> Client:
    return Client(server.url, server.credential)


@pytest.fixture
def bob(server: Simulator) -> Client:
    return Client(server.url, server.main("bob").secret)


def claims(secret: str) -> dict[str, Any]:
    payload = secret.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return decoded


def names(tokens: list[Token]) -> list[str]:
    return [token.name for token in tokens if token.name != "main"]


def in_background(work: Any) -> threading.Thread:
    def quietly() -> None:
        with contextlib.suppress(requests.RequestException):
            work()

    thread = threading.Thread(target=quietly, daemon=True)
    thread.start()
    return thread


# The API


def test_a_create_answers_a_token_that_lives(server: Simulator, alice: Client) -> None:
    made = alice.created("ci")
    assert set(made) == {"name", "id", "token"}
    assert made["name"] == "ci"
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", made["id"])
    assert alice.call("GET", OWN).json()["tokens"][-1] == {
        "name": "ci",
        "id": made["id"],
        "created_at": "2026-11-24",
    }
    assert Client(server.url, made["token"]).call("GET", VALIDATE).json() == {"exp": -1}
    assert server.alive(made["token"])
    assert server.tokens[-1].id == made["id"]


def test_values_are_json_web_tokens(server: Simulator) -> None:
    token = server.given("ci", age_days=2, expires=int(NOON.timestamp()) + 60)
    header, _, signature = token.secret.split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "==="))["alg"] == "EdDSA"
    assert len(base64.urlsafe_b64decode(signature + "===")) == 64
    issued_at = int((NOON - timedelta(days=2)).timestamp())
    assert claims(token.secret)["jti"] == token.id
    assert claims(token.secret)["iat"] == issued_at
    assert claims(token.secret)["exp"] == token.expires
    assert 300 < len(token.secret) < 1000
    assert "jti" not in claims(server.given("bare", carries_jti=False).secret)
    assert token.secret not in repr(token)
    pinned = claims(server.given("pinned", organization="acme", group="production", scopes=["read"]).secret)
    assert (pinned["group_uuid"], pinned["org_id"]) == (server.group_id("production"), 1)
    assert pinned["scopes"] == ["read"]
    assert "group_uuid" not in claims(token.secret)


def test_a_name_is_unique_per_user(server: Simulator, alice: Client, bob: Client) -> None:
    alice.created("ci")
    again = alice.call("POST", f"{OWN}/ci")
    assert (again.status_code, again.json()) == (409, {"error": "token with name ci already exists"})
    bob.created("ci")
    assert names(server.tokens) == ["ci", "ci"]


@pytest.mark.parametrize("name", ["a/b", "../x", "ünï", "a?b#c", "a%2Fb", "..", " ", "a b", "a+b"])
def test_names_travel_percent_encoded(server: Simulator, alice: Client, name: str) -> None:
    encoded = "".join(f"%{byte:02X}" for byte in name.encode())

    def send(method: str) -> Any:
        """Past requests, which takes dots for a relative path."""
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request(method, f"{OWN}/{encoded}", headers={"Authorization": f"Bearer {server.credential}"})
        answer = json.load(connection.getresponse())
        connection.close()
        return answer

    assert send("POST")["name"] == name
    assert name in alice.names()
    assert send("DELETE") == {"token": name}
    assert names(server.tokens) == []
    assert server.writes == [("POST", f"{OWN}/{encoded}"), ("DELETE", f"{OWN}/{encoded}")]
    assert server.requests[0].decoded_path == f"{OWN}/{name}"


def test_a_restricted_token_is_listed_with_its_restriction(alice: Client) -> None:
    alice.created("wide", organization="acme")
    alice.created("full", organization="acme", group="default", scopes=["full-access", "read"])
    alice.created("narrow", organization="acme", group="production", scopes=["read-only"])
    wide, full, narrow = alice.call("GET", OWN).json()["tokens"][1:]
    assert wide["organization"] == "acme"
    assert not {"group", "scopes", "owner"} & set(wide)
    assert (full["group"], full["scopes"]) == ("default", list(SCOPES))
    assert full["scopes"] != sorted(full["scopes"])
    assert (narrow["group"], narrow["scopes"]) == ("production", ["read"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"organization": "nobody"}, 404),
        ({"organization": "others"}, 404),
        ({"organization": "acme", "group": "nothing", "scopes": ["read"]}, 404),
        ({"organization": "acme", "group": "default"}, 400),
        ({"organization": "acme", "group": "default", "scopes": []}, 400),
        ({"organization": "acme", "group": "default", "scopes": ["write"]}, 400),
        ({"organization": "acme", "group": "default", "scopes": "read"}, 400),
        ({"organization": "acme", "scopes": ["write"]}, 400),
        ({"organization": "acme", "group": "default", "scopes": ["org:read"]}, 400),
        ({"scopes": ["read"]}, 400),
        ({"group": "default", "scopes": ["read"]}, 400),
        ({"organization": 7}, 400),
        (["organization"], 400),
        ("not JSON", 400),
    ],
)
def test_what_cannot_be_created(server: Simulator, alice: Client, body: Any, status: int) -> None:
    server.add_organization("others", roles={"bob": "owner"})
    answer = alice.call("POST", f"{OWN}/ci", data=body if body == "not JSON" else json.dumps(body))
    assert answer.status_code == status
    assert isinstance(answer.json()["error"], str)
    assert names(server.tokens) == []


@pytest.mark.parametrize(("role", "status"), [("owner", 200), ("admin", 200), ("member", 403)])
def test_only_admins_mint_for_a_group(server: Simulator, bob: Client, role: str, status: int) -> None:
    server.add_organization("acme", ["default"], {"bob": role})
    assert bob.call("POST", f"{OWN}/ci", json=PINNED).status_code == status
    assert bob.call("POST", f"{OWN}/wide", json={"organization": "acme"}).status_code == 200


def test_the_list_of_an_organization(server: Simulator, alice: Client, bob: Client) -> None:
    server.given("everywhere")
    server.given("hers", organization="acme")
    server.given("his", user="bob", organization="acme")
    server.add_organization("other", roles={"alice": "member"})
    server.given("elsewhere", organization="other")
    listed = alice.call("GET", ACME).json()["tokens"]
    assert [(token["name"], token["owner"]["username"]) for token in listed] == [("hers", "alice"), ("his", "bob")]
    assert listed[1]["owner"]["email"] == "bob@example.com"
    assert bob.names(ACME) == {"his"}
    assert "owner" not in bob.call("GET", ACME).json()["tokens"][0]
    assert alice.call("GET", "/v1/organizations/nobody/api-tokens").status_code == 404
    assert bob.call("GET", "/v1/organizations/other/api-tokens").status_code == 403


def test_revoking_by_name(server: Simulator, alice: Client) -> None:
    token = server.given("ci")
    his = server.given("ci", user="bob")
    assert alice.call("DELETE", f"{OWN}/ci").json() == {"token": "ci"}
    assert (server.alive(token.secret), server.alive(his.secret)) == (False, True)
    assert server.revoked == [token]
    assert Client(server.url, token.secret).call("GET", VALIDATE).status_code == 401
    gone = alice.call("DELETE", f"{OWN}/ci")
    assert (gone.status_code, gone.json()) == (404, {"error": "token ci not found"})


def test_revoking_by_id(server: Simulator, alice: Client, bob: Client) -> None:
    hers = server.given("hers", organization="acme")
    his = server.given("his", user="bob", organization="acme")
    unrestricted = server.given("everywhere")
    assert bob.call("DELETE", f"{ACME}/{hers.id}").status_code == 403
    assert alice.call("DELETE", f"{ACME}/{unrestricted.id}").status_code == 404
    server.add_organization("other")
    assert alice.call("DELETE", f"/v1/organizations/other/api-tokens/{his.id}").status_code == 404
    assert alice.call("DELETE", f"{ACME}/{his.id}").json() == {"token": his.id}
    assert alice.call("DELETE", f"{ACME}/{his.id}").status_code == 404
    assert server.revoked == [his]


def test_expiry(server: Simulator) -> None:
    token = server.given("session", expires=int(NOON.timestamp()) + 3600)
    client = Client(server.url, token.secret)
    assert client.call("GET", VALIDATE).json() == {"exp": token.expires}
    server.advance(hours=1)
    assert client.call("GET", VALIDATE).status_code == 401
    assert not server.alive(token.secret)


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (None, "token contains an invalid number of segments"),
        ("Bearer ", "token contains an invalid number of segments"),
        ("Bearer nonsense", "token contains an invalid number of segments"),
        ("Bearer a.b.c", "could not parse jwt id"),
        ("Basic {secret}", "token contains an invalid number of segments"),
        ("Bearer {database_token}", "could not parse jwt id"),
        ("Bearer {stranger}", "invalid api token"),
    ],
)
def test_who_is_not_let_in(server: Simulator, header: str | None, text: str) -> None:
    with Simulator() as other:
        database_token = other.given("db", carries_jti=False).secret
        stranger = other.credential
    values = {"secret": server.credential, "database_token": database_token, "stranger": stranger}
    headers = {} if header is None else {"Authorization": header.format(**values)}
    answer = requests.get(server.url + OWN, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()) == (401, {"error": text})


def test_an_unknown_route_answers_no_json(alice: Client) -> None:
    for method, path in [("GET", "/v1/auth/tokens"), ("PUT", OWN), ("PATCH", OWN), ("POST", OWN + "/"), ("GET", "/")]:
        answer = alice.call(method, path)
        assert answer.status_code == 404
        with pytest.raises(requests.exceptions.JSONDecodeError):
            answer.json()


def test_a_path_prefix() -> None:
    with Simulator(path_prefix="/turso/api") as server:
        assert server.url.endswith("/turso/api")
        assert Client(server.url, server.credential).names() == {"main"}
        assert Client(server.origin, server.credential).call("GET", OWN).status_code == 404
        assert [request.path for request in server.requests] == ["/turso/api" + OWN, OWN]


# Switches


@pytest.mark.parametrize(
    ("shape", "version", "keys"),
    [
        ("by_path", "v1", {"name", "id", "token"}),
        ("by_path", "v2", {"name", "id", "value"}),
        ("v1", "v2", {"name", "id", "token"}),
        ("v2", "v1", {"name", "id", "value"}),
        ("nested", "v1", {"name", "id", "token"}),
    ],
)
def test_create_shape(server: Simulator, alice: Client, shape: str, version: str, keys: set[str]) -> None:
    server.behave(create_shape=shape)
    answer = alice.call("POST", f"/{version}/auth/api-tokens/ci").json()
    is_nested = shape in ("v2", "nested") or (shape, version) == ("by_path", "v2")
    made = answer["token"] if is_nested else answer
    assert isinstance(answer["token"], dict) is is_nested
    assert set(made) == keys
    assert server.alive(made.get("value") or made["token"])


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("text", {"error": "token ci not found"}),
        ("text_and_code", {"error": "token ci not found", "code": "not_found"}),
        ("object", {"error": {"code": "not_found", "message": "token ci not found"}}),
    ],
)
def test_error_shape(server: Simulator, alice: Client, shape: str, body: Any) -> None:
    server.behave(error_shape=shape)
    assert alice.call("DELETE", f"{OWN}/ci").json() == body


def test_created_at_as_a_timestamp(server: Simulator, alice: Client) -> None:
    server.behave(created_at="timestamp")
    assert alice.call("GET", OWN).json()["tokens"][0]["created_at"] == "2026-11-24T12:00:00Z"


CALLS = [
    ("list", "GET", OWN),
    ("org_list", "GET", ACME),
    ("create", "POST", f"{OWN}/new"),
    ("revoke", "DELETE", f"{OWN}/old"),
    ("org_revoke", "DELETE", f"{ACME}/{{id}}"),
    ("validate", "GET", VALIDATE),
]


@pytest.mark.parametrize(("call", "method", "path"), CALLS)
def test_what_scoped_tokens_may_not(server: Simulator, alice: Client, call: str, method: str, path: str) -> None:
    old = server.given("old", organization="acme")
    scoped = Client(server.url, server.given("scoped", organization="acme").secret)
    server.behave(forbidden_to_scoped={call})
    path = path.format(id=old.id)
    assert scoped.call(method, path).status_code == 403
    assert server.alive(old.secret)
    assert alice.call(method, path).status_code == 200
    assert server.requests[0].call == call
    server.behave(forbidden_to_scoped=())
    assert scoped.call("GET", VALIDATE).status_code == 200


@pytest.mark.parametrize("refuses", [False, True])
def test_revoking_oneself(server: Simulator, refuses: bool) -> None:
    server.behave(refuses_self_revocation=refuses)
    for number, path in enumerate([f"{OWN}/self0", f"{ACME}/{{id}}"]):
        token = server.given(f"self{number}", organization="acme")
        client = Client(server.url, token.secret)
        other = server.given("other", organization="acme")
        assert client.call("DELETE", path.format(id=other.id).replace(token.name, "other")).status_code == 200
        answer = client.call("DELETE", path.format(id=token.id))
        assert answer.status_code == (403 if refuses else 200)
        assert server.alive(token.secret) is refuses


def test_descriptions_and_last_use(server: Simulator, alice: Client) -> None:
    alice.created("plain", description="lost")
    assert not {"description", "last_used_at"} & set(alice.call("GET", OWN).json()["tokens"][-1])
    server.behave(descriptions=True)
    made = alice.created("described", description="kept")
    Client(server.url, made["token"]).call("GET", VALIDATE)
    listed = {token["name"]: token for token in alice.call("GET", OWN).json()["tokens"]}
    assert (listed["plain"]["description"], listed["plain"]["last_used_at"]) == (None, None)
    assert listed["described"]["description"] == "kept"
    assert listed["described"]["last_used_at"] == "2026-11-24T12:00:00Z"


def test_extra_fields(server: Simulator, alice: Client) -> None:
    server.behave(extra_fields={"color": {"red": 1}})
    server.given("ci", organization="acme")
    assert all(
        token["color"] == {"red": 1} for path in (OWN, ACME) for token in alice.call("GET", path).json()["tokens"]
    )


@pytest.mark.parametrize("age_days", [0, 400])
def test_an_id_tells_when_its_token_was_created(server: Simulator, age_days: int) -> None:
    token = server.given("ci", age_days=age_days)
    told = uuid.UUID(bytes=base64.urlsafe_b64decode(token.id + "=="))
    assert (told.version, told.variant) == (1, uuid.RFC_4122)
    since = timedelta(microseconds=told.time // 10)
    assert datetime(1582, 10, 15, tzinfo=timezone.utc) + since == NOON - timedelta(days=age_days)


def test_an_organizations_token_may_have_scopes(server: Simulator, alice: Client) -> None:
    body = {"organization": "acme", "scopes": ["read-only", "org:read"]}
    assert alice.call("POST", f"{OWN}/ci", json=body).status_code == 200
    assert alice.call("GET", OWN).json()["tokens"][-1]["scopes"] == ["org:read", "read"]
    server.behave(organization_scopes=False)
    refused = alice.call("POST", f"{OWN}/cd", json=body)
    assert (refused.status_code, refused.json()) == (400, {"error": "scopes require group"})


def test_a_preset_may_grow(server: Simulator, alice: Client) -> None:
    server.behave(full_access_also=["db:fly"])
    alice.call("POST", f"{OWN}/ci", json={**PINNED, "scopes": ["full-access"]})
    assert alice.call("GET", OWN).json()["tokens"][-1]["scopes"] == [*SCOPES, "db:fly"]
    alice.call("POST", f"{OWN}/cd", json={**PINNED, "scopes": ["read-only"]})
    assert alice.call("GET", OWN).json()["tokens"][-1]["scopes"] == ["read"]


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_taken_name_may_be_answered_in_more_than_one_way(server: Simulator, alice: Client, status: int) -> None:
    server.behave(taken_status=status, taken_text="token with same name already exists")
    server.given("ci")
    answer = alice.call("POST", f"{OWN}/ci")
    assert (answer.status_code, answer.json()) == (status, {"error": "token with same name already exists"})


@pytest.mark.parametrize("path", [f"{OWN}/nothing", f"{ACME}/nothing"])
@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_an_unknown_token_may_be_answered_in_more_than_one_way(
    server: Simulator, alice: Client, status: int, path: str
) -> None:
    server.behave(unknown_status=status)
    assert alice.call("DELETE", path).status_code == status


@pytest.mark.parametrize("manages", [False, True])
def test_a_token_that_is_pinned_to_a_group_manages_none(server: Simulator, manages: bool) -> None:
    server.behave(group_tokens_manage=manages)
    pinned = Client(server.url, server.given("ci", **PINNED).secret)
    assert pinned.call("GET", VALIDATE).json() == {"exp": -1}
    answers = [pinned.call("GET", OWN), pinned.call("GET", ACME), pinned.call("POST", f"{OWN}/cd")]
    assert [answer.status_code for answer in answers] == [200 if manages else 403] * 3
    if not manages:
        assert answers[0].json() == {"error": "group-scoped token cannot access org-level resources"}


def test_an_idle_connection_loses_what_is_sent_on_it(server: Simulator) -> None:
    server.faults.add("create", faults.Idle(), times=None)
    assert Client(server.url, server.credential).call("POST", f"{OWN}/first").status_code == 200
    client = Client(server.url, server.credential)
    client.call("GET", OWN)
    with pytest.raises(LOST):
        client.call("POST", f"{OWN}/second")
    assert names(server.tokens) == ["first"]


def test_created_values_without_a_jti(server: Simulator, alice: Client) -> None:
    server.behave(carries_jti=False)
    made = alice.created("ci")
    assert "jti" not in claims(made["token"])
    assert Client(server.url, made["token"]).call("GET", VALIDATE).status_code == 200
    alice.call("DELETE", f"{OWN}/ci")
    assert Client(server.url, made["token"]).call("GET", VALIDATE).status_code == 401


def test_rules_for_names(server: Simulator, alice: Client) -> None:
    assert alice.call("POST", f"{OWN}/{'x' * 65}").status_code == 400
    alice.created("x" * 64)
    server.behave(name_max_length=4, name_pattern="[a-z]+")
    assert "4 characters" in alice.call("POST", f"{OWN}/abcde").json()["error"]
    assert "[a-z]+" in alice.call("POST", f"{OWN}/a1").json()["error"]
    alice.created("abcd")


def test_the_date_may_be_missing(server: Simulator, alice: Client) -> None:
    assert alice.call("GET", VALIDATE).headers["Date"] == "Tue, 24 Nov 2026 12:00:00 GMT"
    server.behave(sends_date=False)
    assert "Date" not in alice.call("GET", VALIDATE).headers


def test_latency(server: Simulator, alice: Client) -> None:
    server.behave(latency=0.1)
    began = time.monotonic()
    alice.call("GET", VALIDATE)
    assert time.monotonic() - began >= 0.1


@pytest.mark.parametrize(
    "switches",
    [
        {"create_shape": "v3"},
        {"error_shape": ""},
        {"created_at": "epoch"},
        {"forbidden_to_scoped": {"paint"}},
        {"name_pattern": "("},
        {"colour": 1},
    ],
)
def test_switches_that_make_no_sense(server: Simulator, switches: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError, re.error)):
        server.behave(**switches)


def test_the_clock_drives_dates(server: Simulator, alice: Client) -> None:
    server.given("old", age_days=120)
    server.advance(days=1, hours=13)
    made = alice.call("POST", f"{OWN}/new")
    assert parsedate_to_datetime(made.headers["Date"]) == NOON + timedelta(days=1, hours=13)
    listed = {token["name"]: token["created_at"] for token in alice.call("GET", OWN).json()["tokens"]}
    assert listed == {"main": "2026-11-24", "old": "2026-07-27", "new": "2026-11-26"}


def test_a_clock_that_runs_can_be_moved_and_stopped() -> None:
    with Simulator() as server:
        server.advance(minutes=-5)
        behind = datetime.now(timezone.utc) - server.clock.now()
        assert timedelta(minutes=4, seconds=59) < behind < timedelta(minutes=5, seconds=1)
        server.clock.freeze(NOON)
        assert server.clock.now() == NOON
        with pytest.raises(ValueError, match="time zone"):
            server.clock.freeze(NOON.replace(tzinfo=None))


# Faults


FAULTS: list[tuple[faults.Fault, Any]] = [
    (faults.Status(503, headers={"Retry-After": "7"}), (503, "7", b'{"error": "simulated 503"}')),
    (faults.Status(500, {"odd": None}), (500, None, b'{"odd": null}')),
    (faults.rate_limited(3), (429, "3", b'{"error": "too many requests"}')),
    (faults.rate_limited(), (429, None, b'{"error": "too many requests"}')),
    (faults.garbage(), (200, None, b"<!DOCTYPE html><title>It works!</title>")),
    (faults.garbage(b"\xff\xfe"), (200, None, b"\xff\xfe")),
    (faults.garbage(""), (200, None, b"")),
    (faults.garbage({"tokens": None}), (200, None, b'{"tokens": null}')),
    (faults.redirect("http://127.0.0.1:9/elsewhere"), (302, None, b"<a href>Found</a>")),
    (faults.Reset(), LOST),
    (faults.Close(), LOST),
    (faults.Truncate(), LOST),
    (faults.Hang(), requests.ReadTimeout),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("fault", "seen"), FAULTS, ids=repr)
def test_a_fault_before_and_after_the_effect(
    server: Simulator, alice: Client, fault: faults.Fault, seen: Any, when: str
) -> None:
    server.faults.add("create", fault, when=when)
    if isinstance(seen[0] if isinstance(seen, tuple) else seen, int):
        answer = alice.call("POST", f"{OWN}/ci")
        assert (answer.status_code, answer.headers.get("Retry-After"), answer.content) == seen
        assert server.requests[0].status == seen[0]
    else:
        with pytest.raises(seen):
            alice.post(
                f"{server.url}{OWN}/ci", timeout=0.3 if isinstance(fault, faults.Hang) else 10
            ).raise_for_status()
    assert names(server.tokens) == (["ci"] if when == "after" else [])
    assert alice.call("POST", f"{OWN}/ci").status_code == (409 if when == "after" else 200)


def test_a_redirect_says_where_to(server: Simulator, alice: Client) -> None:
    server.faults.add("list", faults.redirect("http://127.0.0.1:9/elsewhere", 307))
    answer = alice.call("GET", OWN)
    assert (answer.status_code, answer.headers["Location"]) == (307, "http://127.0.0.1:9/elsewhere")


def raw(server: Simulator, timeout: float = 5) -> socket.socket:
    """Send a list request over a socket of our own."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout)
    connection.sendall(f"GET {OWN} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.credential}\r\n\r\n".encode())
    return connection


def test_reset_and_close_differ_on_the_wire(server: Simulator) -> None:
    server.faults.add("list", faults.Close())
    server.faults.add("list", faults.Reset())
    with raw(server) as closed:
        assert closed.recv(1) == b""
    with raw(server) as reset, pytest.raises(ConnectionResetError):
        reset.recv(1)
    assert [request.status for request in server.requests] == [None, None]


def test_truncate_announces_more_than_it_sends(server: Simulator) -> None:
    server.faults.add("list", faults.Truncate(), when="after")
    with raw(server) as connection, connection.makefile("rb") as file:
        head, _, body = file.read().partition(b"\r\n\r\n")
    announced = re.search(rb"Content-Length: (\d+)", head)
    assert announced
    assert len(body) == int(announced[1]) // 2
    assert body.startswith(b'{"tokens"')


def test_closing_after_the_answer_breaks_keep_alive(server: Simulator) -> None:
    server.faults.add("list", faults.Close(), when="answered")
    with raw(server) as connection, connection.makefile("rb") as file:
        answer = file.read()
    assert b"200 OK" in answer
    assert b"Connection: close" not in answer
    assert server.requests[0].status == 200


def test_a_delay_ends_in_the_normal_answer(server: Simulator, alice: Client) -> None:
    server.faults.add("list", faults.Delay(0.15))
    began = time.monotonic()
    assert alice.names() == {"main"}
    assert 0.15 <= time.monotonic() - began < 2


def test_a_delay_loses_the_request_of_a_client_that_left(server: Simulator, alice: Client) -> None:
    server.faults.add("create", faults.Delay(0.3))
    with pytest.raises(requests.ReadTimeout):
        alice.post(f"{server.url}{OWN}/ci", timeout=0.05)
    time.sleep(0.5)
    assert names(server.tokens) == []


def test_a_server_that_stops_lets_go_of_what_hangs() -> None:
    with Simulator() as server:
        rule = server.faults.add("list", faults.Hang())
        connection = raw(server)
        assert rule.wait()
        began = time.monotonic()
    assert time.monotonic() - began < 2
    with connection, contextlib.suppress(ConnectionError):
        assert connection.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        raw(server)
    with Simulator(port=server.port) as again:
        assert again.url == server.url


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("size", [14, 65536 + 14, 1_000_000])
def test_huge(server: Simulator, alice: Client, size: int, announced: bool) -> None:
    server.faults.add("list", faults.Huge(size, announced=announced))
    answer = alice.call("GET", OWN)
    assert len(answer.content) == size
    assert set(answer.json()) == {"padding"}
    assert ("Content-Length" in answer.headers) is announced


@pytest.mark.parametrize("tells", [True, False])
def test_a_quota_is_a_real_rate_limit(server: Simulator, alice: Client, tells: bool) -> None:
    server.faults.add("validate", faults.Quota(requests=2, seconds=0.3, tells=tells), times=None)
    seen = [alice.call("GET", VALIDATE) for _ in range(3)]
    assert [answer.status_code for answer in seen] == [200, 200, 429]
    assert seen[2].headers.get("Retry-After") == ("1" if tells else None)
    time.sleep(0.3)
    assert alice.call("GET", VALIDATE).status_code == 200


def test_a_stale_list(server: Simulator, alice: Client) -> None:
    old = server.given("old", organization="acme")
    alice.created("new", organization="acme")
    server.withdraw("old")
    for path in (OWN, ACME):
        expected = {"main"} if path == OWN else set()
        server.faults.add("*", faults.Stale())
        server.faults.add("*", faults.Stale(behind=2), skip=1)
        assert alice.names(path) == expected | {"old", "new"}
        assert alice.names(path) == expected | {"old"}
        assert alice.names(path) == expected | {"new"}
    assert not server.alive(old.secret)


# Rules


def test_rules_queue_up(server: Simulator, alice: Client) -> None:
    first = server.faults.add("list", faults.Status(503), times=2)
    second = server.faults.add("list", faults.Status(500))
    assert [alice.call("GET", OWN).status_code for _ in range(4)] == [503, 503, 500, 200]
    assert (first.struck, second.struck) == (2, 1)


def test_rules_compose(server: Simulator, alice: Client) -> None:
    server.faults.add("list", faults.Delay(0.05))
    server.faults.add("list", faults.Status(503))
    began = time.monotonic()
    assert alice.call("GET", OWN).status_code == 503
    assert time.monotonic() - began >= 0.05


def test_skip_and_times(server: Simulator, alice: Client) -> None:
    server.faults.add("list", faults.Status(503), skip=1, times=2)
    assert [alice.call("GET", OWN).status_code for _ in range(5)] == [200, 503, 503, 200, 200]
    server.faults.add("list", faults.Status(502), times=None)
    assert [alice.call("GET", OWN).status_code for _ in range(5)] == [502] * 5
    server.faults.clear()
    assert alice.call("GET", OWN).status_code == 200


@pytest.mark.parametrize(
    ("on", "struck"),
    [
        ("*", {"GET " + OWN, "POST " + OWN + "/a%2Fb", "GET " + VALIDATE}),
        ("list", {"GET " + OWN}),
        ("create", {"POST " + OWN + "/a%2Fb"}),
        (OWN + "*", {"GET " + OWN, "POST " + OWN + "/a%2Fb"}),
        ("POST *a%2F*", set()),
        ("POST /*a%2F*", {"POST " + OWN + "/a%2Fb"}),
        ("GET /v1/*", {"GET " + OWN, "GET " + VALIDATE}),
        ("DELETE /*", set()),
    ],
)
def test_what_a_rule_strikes(server: Simulator, alice: Client, on: str, struck: set[str]) -> None:
    if on == "POST *a%2F*":
        with pytest.raises(ValueError, match="path pattern"):
            server.faults.add(on, faults.Status(500))
        return
    server.faults.add(on, faults.Status(599), times=None)
    for request in ("GET " + OWN, "POST " + OWN + "/a%2Fb", "GET " + VALIDATE):
        method, path = request.split()
        assert (alice.call(method, path).status_code == 599) is (request in struck)


def test_rules_that_make_no_sense(server: Simulator) -> None:
    with pytest.raises(ValueError, match="org_list"):
        server.faults.add("lists", faults.Reset())
    with pytest.raises(ValueError, match="before, after, answered"):
        server.faults.add("list", faults.Reset(), when="during")


# Pause and kill


@pytest.mark.parametrize("when", ["before", "after", "answered"])
@pytest.mark.parametrize("drops", [False, True])
def test_a_pause_holds_a_request(server: Simulator, alice: Client, when: str, drops: bool) -> None:
    rule = server.faults.add("create", faults.Pause(), when=when)
    assert not rule.wait(0.01)
    statuses: list[int] = []
    client = in_background(lambda: statuses.append(alice.call("POST", f"{OWN}/ci").status_code))
    assert rule.wait()
    assert names(server.tokens) == ([] if when == "before" else ["ci"])
    client.join(5 if when == "answered" else 0.1)
    assert client.is_alive() is (when != "answered")
    if drops:
        rule.drop()
    else:
        rule.resume()
    client.join(5)
    assert not client.is_alive()
    assert statuses == ([] if drops and when != "answered" else [200])
    assert names(server.tokens) == ([] if drops and when == "before" else ["ci"])


def test_clearing_lets_the_paused_go_on(server: Simulator, alice: Client) -> None:
    rule = server.faults.add("list", faults.Pause())
    client = in_background(alice.names)
    assert rule.wait()
    server.faults.clear()
    client.join(5)
    assert server.requests[0].status == 200


CHILD = """
import os, subprocess, sys, urllib.request
if os.fork() == 0:
    os.setsid()  # as an ansible worker does
    url, secret, result = sys.argv[1:]
    request = urllib.request.Request(url, b"", {"Authorization": "Bearer " + secret}, method="POST")
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).read()
    print(os.getpid(), flush=True)
    open(result, "w").close()
    os.kill(os.getpid(), 19)
os.wait()
"""


@pytest.mark.parametrize(("when", "done"), [("before", []), ("after", ["ci"]), ("answered", ["ci"])])
def test_kill_ends_a_client_with_all_its_descendants(
    server: Simulator, tmp_path: Path, when: str, done: list[str]
) -> None:
    marker = tmp_path / "lived on"
    gate = server.faults.add("create", faults.Pause())
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, f"{server.url}{OWN}/ci", server.credential, str(marker)],
        start_new_session=True,
        stdout=subprocess.PIPE,
    ) as child:
        assert gate.wait()
        rule = server.faults.add("create", faults.Kill(child.pid), when=when)
        gate.resume()
        assert rule.wait()
        assert child.wait(10) == -signal.SIGKILL
        assert child.stdout is not None
        child.stdout.read()  # ends when the last descendant is gone
    assert names(server.tokens) == done
    assert server.requests[0].status == (200 if when == "answered" else None)
    assert when == "answered" or not marker.exists()


def test_kill_refuses_what_would_take_us_with_it() -> None:
    with pytest.raises(ValueError, match="start_new_session"):
        faults.Kill(os.getpid())
    with (
        subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child,
        pytest.raises(ValueError, match="start_new_session"),
    ):
        faults.Kill(child.pid)


# What can be asked


def test_requests_are_logged_without_secrets(server: Simulator, alice: Client) -> None:
    alice.call("POST", f"{OWN}/ci?a=1&b=", json={"organization": "acme"}, headers={"User-Agent": "tester/1"})
    alice.call("POST", f"{OWN}/odd", data="text")
    alice.call("GET", OWN)
    first, second, third = server.requests
    assert (first.call, first.method, first.path, first.query) == ("create", "POST", f"{OWN}/ci", {"a": "1", "b": ""})
    assert (first.body, second.body, third.body) == ({"organization": "acme"}, "text", None)
    assert (first.status, second.status) == (200, 400)
    assert first.token_id == server.main().id
    assert first.headers["User-Agent"] == "tester/1"
    assert first.at == NOON
    assert server.writes == [("POST", f"{OWN}/ci"), ("POST", f"{OWN}/odd")]
    assert all(secret not in repr(server.requests) for secret in server.canaries)
    server.reset_log()
    assert (server.requests, server.writes, server.connections) == ([], [], 0)


def test_canaries_are_all_secrets_ever(server: Simulator, alice: Client) -> None:
    made = alice.created("ci")
    alice.call("DELETE", f"{OWN}/ci")
    assert set(server.canaries) == {server.credential, server.main("bob").secret, made["token"]}


def test_connections_and_concurrency_are_counted(server: Simulator, alice: Client) -> None:
    for _ in range(3):
        alice.names()
    assert (server.connections, server.max_concurrent) == (1, 1)
    rule = server.faults.add("validate", faults.Pause(), times=None)
    clients = [in_background(lambda: Client(server.url, server.credential).call("GET", VALIDATE)) for _ in range(64)]
    assert rule.wait(struck=64)
    rule.resume()
    for client in clients:
        client.join(10)
    assert (server.connections, server.max_concurrent) == (65, 64)
    assert [request.status for request in server.requests] == [200] * 67


def test_given_refuses_what_the_api_could_not_hold(server: Simulator) -> None:
    server.given("ci", organization="acme", group="default", scopes=["full-access"])
    assert server.tokens[-1].scopes == SCOPES
    wrongs: list[dict[str, Any]] = [
        {"name": "ci"},
        {"name": "x", "organization": "nobody"},
        {"name": "x", "group": "g"},
    ]
    for wrong in wrongs:
        with pytest.raises(Exception, match=r"exists|not found|requires"):
            server.given(**wrong)
    with pytest.raises(ValueError, match="no user"):
        server.add_organization("x", roles={"nobody": "owner"})
    with pytest.raises(ValueError, match="role"):
        server.add_organization("x", roles={"alice": "king"})


def test_more_users(server: Simulator) -> None:
    carol = server.add_user("carol")
    server.given("hers", user="carol")
    assert Client(server.url, carol.secret).names() == {"main", "hers"}


def test_tls(tmp_path: Path) -> None:
    certificate, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    made = subprocess.run(
        [*command.split(), "-keyout", key, "-out", certificate],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("no openssl to make a certificate with")
    with Simulator(tls=(certificate, key)) as server:
        assert server.url.startswith("https://")
        client = Client(server.url, server.credential)
        with pytest.raises(requests.exceptions.SSLError):
            client.names()
        client.verify = certificate
        assert client.names() == {"main"}
        for fault in (faults.Reset(), faults.Truncate()):
            server.faults.add("list", fault)
            with pytest.raises(LOST):
                client.names()
        server.faults.add("create", faults.Delay(0.3))
        with pytest.raises(requests.ReadTimeout):
            client.post(f"{server.url}{OWN}/ci", timeout=0.1)
        time.sleep(0.5)
        assert names(server.tokens) == []
        server.faults.add("list", faults.Delay(0.05))
        assert client.names() == {"main"}


# Other processes


@pytest.mark.parametrize("fault", [fault for fault, _ in FAULTS] + [faults.Huge(99), faults.Quota(2, 3.0)], ids=repr)
def test_faults_travel_as_json(fault: faults.Fault) -> None:
    assert from_plain(json.loads(json.dumps(to_plain(fault)))) == fault


def test_a_rule_can_be_read() -> None:
    assert repr(Rule("list", faults.Reset())) == "<Rule before list: Reset(), struck 0 of 1>"


@contextlib.contextmanager
def running(*options: str) -> Iterator[str]:
    """Run the simulator by itself; yield what it printed."""
    command = [sys.executable, "-m", "tests.simulator", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline()
        finally:
            process.terminate()
            rest = process.stdout.read()
    assert (process.returncode, rest) == (0, "")


def test_the_command(tmp_path: Path) -> None:
    secret_file, state_file = tmp_path / "credential", tmp_path / "state"
    options = ["--credential-file", str(secret_file), "--state-file", str(state_file), "--path-prefix", "/here"]
    seeds = [
        "--seed-token",
        "old:120",
        "--seed-token",
        "mine:3:corp",
        "--seed-token",
        "pinned:1:corp:web:db:create,read",
    ]
    with running(
        *options, *seeds, "--organization", "corp", "--group", "corp/web", "--now", "2026-11-24T12:00:00+00:00",
        "--latency", "0.05", "--set", "created_at=timestamp", "--set", "name_max_length=3",
    ) as line:  # fmt: skip
        secret = secret_file.read_text(encoding="utf-8")
        assert secret not in line
        match = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+/here)\n", line)
        assert match
        client = Client(match[1], secret)
        began = time.monotonic()
        listed = client.call("GET", OWN).json()["tokens"]
        assert time.monotonic() - began >= 0.05
        assert [(token["name"], token["created_at"][:10], token.get("organization")) for token in listed] == [
            ("main", "2026-11-24", None),
            ("old", "2026-07-27", None),
            ("mine", "2026-11-21", "corp"),
            ("pinned", "2026-11-23", "corp"),
        ]
        assert listed[0]["created_at"] == "2026-11-24T12:00:00Z"
        assert (listed[3]["group"], listed[3]["scopes"]) == ("web", ["read", "db:create"])
        assert client.call("POST", f"{OWN}/long").status_code == 400
        client.call("DELETE", f"{OWN}/old")
    for path in (secret_file, state_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    ready_file = tmp_path / "ready"
    with running_until_ready(ready_file, "--state-file", str(state_file)) as url:
        again = Client(url, secret)
        assert again.names() == {"main", "mine", "pinned"}
        assert again.names("/v1/organizations/corp/api-tokens") == {"mine", "pinned"}


@contextlib.contextmanager
def running_until_ready(ready_file: Path, *options: str) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.simulator", "--ready-file", str(ready_file), *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        while not ready_file.exists():
            assert process.poll() is None
            time.sleep(0.02)
        yield ready_file.read_text(encoding="utf-8").strip()
        process.terminate()
        assert process.communicate()[0] == ""


def test_the_command_ends_with_a_file(tmp_path: Path) -> None:
    file = tmp_path / "as long as this"
    file.touch()
    command = [sys.executable, "-m", "tests.simulator", "--while-file", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("listening on ")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
        file.unlink()
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        (["--seed-token", "x:1:nobody"], 1, "organization nobody not found"),
        (["--seed-token", "x:old"], 2, "needs an age in days after the name, x:120 say"),
        (["--seed-token", "x"], 2, "needs an age in days after the name, x:120 say"),
        (["--seed-token", "x:99999999"], 1, "out of range"),
        (["--seed-token", ":120"], 2, "needs a name"),
        (["--set", "colour=1"], 1, "colour"),
        (["--tls", "/nowhere", "/nowhere"], 1, "No such file"),
        (["--port", "99999"], 2, "must be from 0 to 65535"),
        (["--path-prefix", "here"], 2, "must begin with a slash"),
        (["--path-prefix", "/here/"], 2, "not end with one"),
        (["--latency", "-1"], 2, "must be 0 or more"),
        (["--latency", "inf"], 2, "must be 0 or more"),
        (["--now", "2026-11-24T12:00:00"], 2, "needs a zone"),
        (["--now", "today"], 2, "invalid moment value"),
    ],
)
def test_the_command_says_what_is_wrong(options: list[str], code: int, text: str) -> None:
    command = [sys.executable, "-m", "tests.simulator", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stdout) == (code, "")
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_steering_from_another_process(server: Simulator, alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    remote = RemoteSimulator(server.origin)
    token = remote.given("ci", age_days=2, organization="acme", group="default", scopes=["read"])
    assert server.alive(token["secret"])
    assert remote.alive(token["secret"])
    assert not remote.alive("nonsense")
    assert remote.canaries == server.canaries
    remote.behave(error_shape="object", extra_fields={"a": 1})
    assert (server.behaviour.error_shape, server.behaviour.extra_fields) == ("object", {"a": 1})
    remote.advance(days=1)
    assert server.clock.now() == NOON + timedelta(days=1)
    remote.freeze("2026-01-01T00:00:00+00:00")
    assert remote.state["now"] == "2026-01-01T00:00:00+00:00"
    assert server.requests == []

    remote.faults.add("list", faults.garbage(b"\xff"))
    assert remote.call("GET", "faults")[0]["fault"] == to_plain(faults.garbage(b"\xff"))
    assert alice.call("GET", OWN).content == b"\xff"
    rule = remote.faults.add("revoke", faults.Pause(), when="after")
    assert not rule.wait(0.01)
    client = in_background(lambda: alice.call("DELETE", f"{OWN}/ci"))
    assert rule.wait()
    assert [gone["name"] for gone in remote.state["revoked"]] == ["ci"]
    rule.resume()
    client.join(5)
    assert [request["status"] for request in remote.requests] == [200, 200]
    assert remote.writes == server.writes == [("DELETE", f"{OWN}/ci")]
    dropped = remote.faults.add("list", faults.Pause())
    client = in_background(alice.names)
    assert dropped.wait()
    dropped.drop()
    client.join(5)
    assert remote.requests[-1]["status"] is None
    remote.faults.add("list", faults.Status(500))
    remote.faults.clear()
    assert alice.call("GET", OWN).status_code == 200
    state = remote.state
    assert (state["connections"], state["max_concurrent"]) == (server.connections, 1)
    assert [entry["name"] for entry in state["tokens"]] == ["main", "main"]
    assert token["secret"] not in json.dumps([state, remote.requests])
    remote.reset_log()
    assert remote.requests == []


def test_the_admin_interface_refuses_with_words(server: Simulator) -> None:
    remote = RemoteSimulator(server.origin)
    with pytest.raises(ValueError, match="not found"):
        remote.given("x", organization="nobody")
    with pytest.raises(ValueError, match="kind must be one of"):
        remote.call("POST", "faults", {"on": "list", "fault": {"kind": "flood"}})
    with pytest.raises(ValueError, match="no GET nothing"):
        remote.call("GET", "nothing")
