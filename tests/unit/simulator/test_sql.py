# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator's databases, SQL tokens and data plane behave as is known of the service."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.simulator import Simulator
from tests.simulator.remote import RemoteSimulator
from tests.simulator.sql import Database, seconds_of
from tests.unit.simulator.openapi import Contract

SHOP = "/v1/organizations/acme/databases/shop"
DEFAULT = "/v1/organizations/acme/groups/default"
SELECT = {"requests": [{"type": "execute", "stmt": {"sql": "SELECT 1"}}, {"type": "close"}]}


@pytest.fixture
def server() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def shop(server: Simulator) -> Database:
    return server.add_database("shop")


def call(server: Simulator, method: str, path: str, bearer: str | None = None, **more: Any) -> requests.Response:
    session = requests.Session()
    session.trust_env = False
    with session:
        headers = {"Authorization": f"Bearer {bearer or server.credential}"}
        return session.request(method, server.url + path, headers=headers, timeout=10, **more)


def run(database: Database, secret: str, *statements: str, **more: Any) -> requests.Response:
    session = requests.Session()
    session.trust_env = False
    asked: list[dict[str, Any]] = [{"type": "execute", "stmt": {"sql": sql, **more}} for sql in statements]
    with session:
        return session.post(
            f"{database.url}/v2/pipeline",
            json={"requests": [*asked, {"type": "close"}]},
            headers={"Authorization": f"Bearer {secret}"},
            timeout=10,
        )


def claims_in(secret: str) -> dict[str, Any]:
    payload = secret.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def test_a_token_is_minted_and_let_in(server: Simulator, shop: Database) -> None:
    answer = call(server, "POST", f"{SHOP}/auth/tokens", params={"expiration": "2w1d30m", "authorization": "read-only"})
    assert answer.status_code == 200
    (secret,) = answer.json().values()
    claims = claims_in(secret)
    assert list(answer.json()) == ["jwt"]
    assert (claims["a"], claims["id"], claims["exp"] - claims["iat"]) == ("ro", shop.id, 1_297_800)
    assert 280 < len(secret) < 420
    done = run(shop, secret, "SELECT 1")
    assert done.status_code == 200
    assert done.json()["results"][0]["response"]["result"]["rows"] == [[{"type": "integer", "value": "1"}]]


def test_without_an_expiration_a_token_never_ends(server: Simulator, shop: Database) -> None:
    claims = claims_in(call(server, "POST", f"{SHOP}/auth/tokens").json()["jwt"])
    assert "exp" not in claims
    assert claims["a"] == "rw"


def test_tokens_of_one_second_are_the_same(server: Simulator, shop: Database) -> None:
    server.clock.freeze(server.clock.now())
    first, second = (call(server, "POST", f"{SHOP}/auth/tokens").json()["jwt"] for _time in range(2))
    assert first == second
    server.advance(seconds=1)
    assert call(server, "POST", f"{SHOP}/auth/tokens").json()["jwt"] != first


REFUSED: dict[str, tuple[str, str, Any, int, str]] = {
    "an expiration that is none": (
        "POST",
        f"{SHOP}/auth/tokens?expiration=soon",
        None,
        400,
        "Invalid expiration format",
    ),
    "no such database": (
        "POST",
        "/v1/organizations/acme/databases/shp/auth/tokens",
        None,
        404,
        "could not find database with name shp: record not found",
    ),
    "no such group": ("POST", "/v1/organizations/acme/groups/prod/auth/tokens", None, 404, "group not found"),
    "a look-up of no such group": ("GET", "/v1/organizations/acme/groups/prod", None, 404, "group not found"),
    "permissions of old databases": (
        "POST",
        f"{SHOP}/auth/tokens",
        {"permissions": {"read_attach": {}}},
        400,
        "permissions are not supported by this database",
    ),
    "an authorization that is none": (
        "POST",
        f"{SHOP}/auth/tokens?authorization=root",
        None,
        400,
        "Invalid authorization",
    ),
}


@pytest.mark.parametrize(("method", "path", "body", "status", "text"), REFUSED.values(), ids=REFUSED)
def test_refusals(server: Simulator, shop: Database, method: str, path: str, body: Any, status: int, text: str) -> None:
    answer = call(server, method, path, json=body)
    assert (answer.status_code, answer.json()) == (status, {"error": text})


def test_look_ups(server: Simulator, shop: Database) -> None:
    found = call(server, "GET", SHOP).json()["database"]
    assert (found["Name"], found["DbId"], found["group"]) == ("shop", shop.id, "default")
    assert f"http://127.1.0.1:{server.port}" == found["Hostname"] == shop.url
    assert call(server, "GET", DEFAULT).json()["group"]["uuid"] == server.group_id("default")
    server.add_database("other", group="production")
    path = "/v1/organizations/acme/databases"
    assert [each["Name"] for each in call(server, "GET", path).json()["databases"]] == ["shop", "other"]
    of_group = call(server, "GET", path, params={"group": "production"}).json()
    assert [each["Name"] for each in of_group["databases"]] == ["other"]


SCOPES = {
    "GET " + SHOP: "read",
    "GET " + DEFAULT: "read",
    "GET /v1/organizations/acme/databases?group=default": "read",
    f"POST {SHOP}/auth/tokens": "db:mint-token",
    f"POST {DEFAULT}/auth/tokens": "group:mint-token",
    f"POST {SHOP}/auth/rotate": "db:rotate-creds",
    f"POST {DEFAULT}/auth/rotate": "group:rotate-creds",
}


@pytest.mark.parametrize(("request_line", "scope"), SCOPES.items())
def test_a_scope_is_what_a_call_needs(server: Simulator, shop: Database, request_line: str, scope: str) -> None:
    method, path = request_line.split()
    all_others = sorted(set(SCOPES.values()) - {scope})
    lacks = server.given("lacks", organization="acme", group="default", scopes=all_others)
    has = server.given("has", organization="acme", group="default", scopes=[scope])
    elsewhere = server.given("elsewhere", organization="acme", group="production", scopes=[scope])
    for token in (lacks, elsewhere):
        answer = call(server, method, path, token.secret)
        assert (answer.status_code, answer.json()) == (403, {"error": "forbidden"})
    assert call(server, method, path, has.secret).status_code == 200


def test_invalidating_has_an_empty_answer_and_ends_what_was_minted_up_to_this_second(
    server: Simulator, shop: Database
) -> None:
    server.clock.freeze(server.clock.now().replace(microsecond=0))
    old, same_second = server.given_sql(database="shop", age_days=1), server.given_sql(database="shop")
    answer = call(server, "POST", f"{SHOP}/auth/rotate")
    assert (answer.status_code, answer.content) == (200, b"")
    server.advance(seconds=1)
    new = server.given_sql(database="shop")
    assert [server.lets_in(each.secret, "shop") for each in (old, same_second, new)] == [False, False, True]
    done = run(shop, old.secret, "SELECT 1")
    assert (done.status_code, done.json()) == (401, {"error": "Unauthorized: `The JWT is invalid`"})


@pytest.mark.parametrize(
    ("switches", "rotated", "database_lives", "group_lives"),
    [
        ({}, "database", False, True),
        ({"database_rotate_kills_group": True}, "database", False, False),
        ({}, "group", True, False),
        ({"group_rotate_kills_databases": True}, "group", False, False),
    ],
)
def test_what_invalidating_does_to_the_other_level_is_a_switch(
    server: Simulator,
    shop: Database,
    switches: dict[str, bool],
    rotated: str,
    database_lives: bool,
    group_lives: bool,
) -> None:
    of_database = server.given_sql(database="shop", age_days=1)
    of_group = server.given_sql(group="default", age_days=1)
    server.behave(**switches)
    call(server, "POST", f"{SHOP if rotated == 'database' else DEFAULT}/auth/rotate")
    assert server.lets_in(of_database.secret, "shop") is database_lives
    assert server.lets_in(of_group.secret, "shop") is group_lives


def test_each_database_has_an_address_of_its_own(server: Simulator, shop: Database) -> None:
    other = server.add_database("other")
    token = server.given_sql(database="shop")
    assert other.url != shop.url
    assert run(other, token.secret, "SELECT 1").status_code == 401
    of_group = server.given_sql(group="default")
    assert [run(each, of_group.secret, "SELECT 1").status_code for each in (shop, other)] == [200, 200]
    elsewhere = server.add_database("elsewhere", group="production")
    assert run(elsewhere, of_group.secret, "SELECT 1").status_code == 401


def test_a_database_that_is_made_anew_takes_no_old_token(server: Simulator, shop: Database) -> None:
    token = server.given_sql(database="shop")
    new = server.remake_database("shop")
    assert (new.id != shop.id, new.url) == (True, shop.url)
    assert run(new, token.secret, "SELECT 1").status_code == 401


VALUES = {
    "no token": ("", 401, "empty JWT token"),
    "no JSON Web Token": ("opaque", 400, "JWT error: InvalidToken"),
    "one of somebody else's": ("e30.e30.e30", 400, "JWT error: InvalidSignature"),
}


@pytest.mark.parametrize(("secret", "status", "text"), VALUES.values(), ids=VALUES)
def test_what_is_no_token_of_ours_is_told(shop: Database, secret: str, status: int, text: str) -> None:
    answer = run(shop, secret, "SELECT 1")
    assert answer.status_code == status
    assert text in answer.json()["error"]


def test_a_token_ends(server: Simulator, shop: Database) -> None:
    token = server.given_sql(database="shop", expiration="1h")
    assert run(shop, token.secret, "SELECT 1").status_code == 200
    server.advance(hours=1)
    assert run(shop, token.secret, "SELECT 1").status_code == 401


def test_allow_rules_keep_clients_out(server: Simulator, shop: Database) -> None:
    token = server.given_sql(database="shop")
    shop.keeps_out = "community.turso/"
    assert run(shop, token.secret, "SELECT 1").status_code == 200
    shop.keeps_out = "*"
    answer = run(shop, token.secret, "SELECT 1")
    assert (answer.status_code, answer.text) == (403, "Forbidden")


READ, ADD = [{"t": None, "a": ["data_read"]}], [{"t": ["orders"], "a": ["data_read", "data_add"]}]
MAY: dict[str, tuple[dict[str, Any], str, int]] = {
    "write": ({}, "INSERT INTO orders VALUES (1)", 200),
    "read-only reads": ({"authorization": "read-only"}, "SELECT * FROM orders", 200),
    "read-only does not write": ({"authorization": "read-only"}, "INSERT INTO orders VALUES (1)", 403),
    "permissions to read do not write": ({"permissions": READ}, "DELETE FROM orders", 403),
    "permissions to add": ({"permissions": ADD}, "INSERT INTO orders VALUES (1)", 200),
    "permissions to add do not delete": ({"permissions": ADD}, "DELETE FROM orders", 403),
    "permissions for one table do not read another": ({"permissions": ADD}, "SELECT * FROM users", 403),
    "permissions do not change the schema": ({"permissions": ADD}, "CREATE TABLE more (a)", 403),
    "permissions do not drop": ({"permissions": ADD}, "DROP TABLE orders", 403),
    "permissions do not alter": ({"permissions": ADD}, "ALTER TABLE orders ADD COLUMN b", 403),
}


@pytest.mark.parametrize(("given", "sql", "status"), MAY.values(), ids=MAY)
def test_a_token_may_do_what_it_says(
    server: Simulator, shop: Database, given: dict[str, Any], sql: str, status: int
) -> None:
    owner = server.given_sql(database="shop")
    assert run(shop, owner.secret, "CREATE TABLE orders (a)", "CREATE TABLE users (a)").status_code == 200
    answer = run(shop, server.given_sql(database="shop", **given).secret, sql)
    assert answer.status_code == status, answer.text
    if status == 403:
        assert answer.json()["error"].startswith("BLOCKED: ")


def test_a_database_can_be_blocked(server: Simulator, shop: Database) -> None:
    token = server.given_sql(database="shop")
    assert run(shop, token.secret, "CREATE TABLE orders (a)").status_code == 200
    shop.blocks_writes = True
    assert run(shop, token.secret, "INSERT INTO orders VALUES (1)").status_code == 403
    assert run(shop, token.secret, "SELECT * FROM orders").status_code == 200
    shop.blocks_reads = True
    assert run(shop, token.secret, "SELECT 1").status_code == 403


def test_permissions_can_fail_open(server: Simulator, shop: Database) -> None:
    body = {"fine_grained_permissions": READ}
    minted = call(server, "POST", f"{SHOP}/auth/tokens", json=body).json()["jwt"]
    assert claims_in(minted)["perm"] == READ
    server.behave(ignores_permissions=True)
    assert "perm" not in claims_in(call(server, "POST", f"{SHOP}/auth/tokens", json=body).json()["jwt"])


def test_an_error_of_sql_is_told_as_one(server: Simulator, shop: Database) -> None:
    answer = run(shop, server.given_sql(database="shop").secret, "SELECT * FROM nowhere")
    assert answer.status_code == 200
    (error, _closed) = answer.json()["results"]
    assert (error["type"], error["error"]["message"]) == ("error", "SQLite error: no such table: nowhere")


def test_values_go_in_and_come_out(server: Simulator, shop: Database) -> None:
    token = server.given_sql(database="shop")
    values = [
        {"type": "null"},
        {"type": "integer", "value": "9007199254740993"},
        {"type": "float", "value": 1.5},
        {"type": "text", "value": "ü"},
        {"type": "blob", "base64": "AAEC"},
    ]
    done = run(shop, token.secret, "SELECT ?, ?, ?, ?, ?", args=values)
    assert done.json()["results"][0]["response"]["result"]["rows"] == [values]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"requests": [{"type": "fly"}]}'])
def test_what_is_no_pipeline_is_refused(server: Simulator, shop: Database, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {server.given_sql(database='shop').secret}"}
    answer = requests.post(f"{shop.url}/v2/pipeline", data=body, headers=headers, timeout=10)
    assert answer.status_code == 400


def test_a_request_that_is_under_way_as_the_server_stops_opens_no_database(server: Simulator, shop: Database) -> None:
    secret = server.given_sql(database="shop").secret
    assert run(shop, secret, "SELECT 1").status_code == 200
    server._server.data_plane.close()
    assert run(shop, secret, "SELECT 1").status_code == 503


def test_everything_survives_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with Simulator(state_file=file) as server:
        server.add_database("shop")
        dead = server.given_sql(group="default", age_days=1)
        server.invalidate(group="default")
        server.given_sql(database="shop")
        assert call(server, "POST", f"{SHOP}/auth/tokens").status_code == 200
        minted = server.minted
    with Simulator(state_file=file) as again:
        assert again.minted == minted
        assert [again.lets_in(token.secret, "shop") for token in again.minted] == [False, True, True]
        assert not again.lets_in(dead.secret, "shop")
        assert run(again.database("shop"), minted[-1].secret, "SELECT 1").status_code == 200


def test_another_process_can_arrange_and_ask(server: Simulator) -> None:
    remote = RemoteSimulator(server.origin)
    made = remote.add_database("shop", group="production")
    assert made["url"] == server.database("shop").url
    token = remote.given_sql(database="shop", expiration="1h")
    assert remote.lets_in(token["secret"], "shop")
    remote.change_database("shop", keeps_out="*")
    assert server.database("shop").keeps_out == "*"
    with pytest.raises(ValueError, match="cannot be changed"):
        remote.change_database("shop", id="x")
    assert [each["database"] for each in remote.minted] == ["shop"]
    assert token["secret"] not in str(remote.minted)
    remote.invalidate(database="shop")
    assert not remote.lets_in(token["secret"], "shop")
    assert token["secret"] in remote.canaries


def test_probing_is_no_write(server: Simulator, shop: Database) -> None:
    run(shop, server.given_sql(database="shop").secret, "SELECT 1")
    assert server.writes == RemoteSimulator(server.origin).writes == []


def test_the_calls_conform_to_the_vendors_document(server: Simulator, shop: Database) -> None:
    contract = Contract.load(server.url)
    for method, path in (
        ("GET", SHOP),
        ("GET", "/v1/organizations/acme/databases?group=default"),
        ("GET", DEFAULT),
        ("POST", f"{SHOP}/auth/tokens?expiration=2w1d30m&authorization=read-only"),
        ("POST", f"{DEFAULT}/auth/tokens?expiration=never"),
    ):
        answer = call(server, method, path)
        assert answer.status_code == 200
        contract.check(answer)


@pytest.mark.parametrize(("text", "seconds"), [("never", None), ("1h", 3600), ("1d1h", 90_000), ("30m2w", 1_211_400)])
def test_durations(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds
