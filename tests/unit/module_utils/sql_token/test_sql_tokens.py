# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls about SQL tokens: what is sent, what of the answers counts, and which scope a refusal is about."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api import sql_tokens
from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.grants import Grants
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Name, SqlTokens
from ansible_collections.community.turso.plugins.module_utils._errors import (
    Forbidden,
    InvalidRequest,
    NotFound,
    TursoError,
    UnexpectedResponse,
)
from tests.simulator import Simulator, faults
from tests.simulator.sql import Database

SHOP = Name("acme", "database", "shop")
DEFAULT = Name("acme", "group", "default")
OF_SHOP = "/v1/organizations/acme/databases/shop"
OF_DEFAULT = "/v1/organizations/acme/groups/default"


def test_a_database_is_looked_up(simulator: Simulator, sql: SqlTokens, shop: Database) -> None:
    target, clock = sql.database(SHOP)
    assert (target.id, target.hostnames, target.hostname) == (shop.id, (shop.hostname,), shop.hostname)
    assert target.name == SHOP
    assert clock.is_told
    assert [(request.method, request.path) for request in simulator.requests] == [("GET", OF_SHOP)]


def test_a_database_keeps_the_name_that_was_asked_for(simulator: Simulator, sql: SqlTokens) -> None:
    simulator.faults.add("database", faults.garbage({"database": {"Name": "Shop", "DbId": "x", "Hostname": "h"}}))
    assert sql.database(SHOP)[0].name == SHOP


def test_a_group_is_looked_up(simulator: Simulator, sql: SqlTokens) -> None:
    target, clock = sql.group(DEFAULT)
    assert (target.id, target.hostnames, target.hostname) == (simulator.group_id("default"), (), None)
    assert clock.is_told


def test_a_list_tells_each_database_and_a_few_hosts_of_each_group(simulator: Simulator, sql: SqlTokens) -> None:
    made = [simulator.add_database(f"d{number}", group="default" if number else "production") for number in range(5)]
    listed = sql.databases("acme")
    assert {name: target.id for name, target in listed.of_name.items()} == {each.name: each.id for each in made}
    assert listed.of_group == {
        "production": (made[0].hostname,),
        "default": tuple(each.hostname for each in made[1:4]),
    }
    assert listed.is_whole
    of_one = sql.databases("acme", "production")
    assert list(of_one.of_name) == ["d0"]
    assert simulator.requests[-1].query == {"group": "production"}


@pytest.mark.parametrize("group", [None, "default"])
def test_a_list_is_read_page_after_page(simulator: Simulator, sql: SqlTokens, group: str | None) -> None:
    made = [simulator.add_database(name) for name in "abcde"]
    simulator.add_database("other", group="production")
    simulator.behave(databases_in_pages=2)
    listed = sql.databases("acme", group)
    assert (list(listed.of_name), listed.is_whole) == ([*"abcde", *(["other"] if group is None else [])], True)
    asked = {} if group is None else {"group": group}
    assert [request.query for request in simulator.requests] == [
        asked,
        {**asked, "cursor": made[2].id},
        {**asked, "cursor": made[4].id},
    ]


@pytest.mark.parametrize(
    ("pagination", "requests"),
    [({"next": "here"}, 2), ({"next": 7}, 1), ({"has_more": True}, 1), ({"total_pages": 3}, 1)],
    ids=["the same page again and again", "a number", "no word on where", "pages by number"],
)
def test_a_list_that_goes_on_without_an_end_is_not_the_whole(
    simulator: Simulator, sql: SqlTokens, pagination: dict[str, Any], requests: int
) -> None:
    made = simulator.add_database("a")
    page = {"databases": [{"Name": "a", "DbId": made.id, "Hostname": made.hostname}], "pagination": pagination}
    simulator.faults.add("databases", faults.Status(200, page), times=None)
    listed = sql.databases("acme")
    assert (list(listed.of_name), listed.is_whole) == (["a"], False)
    assert len(simulator.requests) == requests


def test_not_more_pages_are_read_than_anybody_has(
    simulator: Simulator, sql: SqlTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_tokens, "MOST_PAGES", 2)
    for name in "abc":
        simulator.add_database(name)
    simulator.behave(databases_in_pages=1)
    listed = sql.databases("acme")
    assert (list(listed.of_name), listed.is_whole) == (["a", "b"], False)


def test_a_time_that_nobody_told_is_said_to_be_so(simulator: Simulator, sql: SqlTokens, shop: Database) -> None:
    simulator.behave(sends_date=False)
    _target, clock = sql.database(SHOP)
    assert not clock.is_told
    assert abs(clock.moment - datetime.datetime.now(datetime.timezone.utc)) < datetime.timedelta(seconds=5)


MINTS: dict[str, tuple[Name, dict[str, Any], str, dict[str, str], Any]] = {
    "for a database": (
        SHOP,
        {"expiration": "90d", "authorization": "full-access"},
        OF_SHOP,
        {"expiration": "90d", "authorization": "full-access"},
        None,
    ),
    "for a group": (
        DEFAULT,
        {"expiration": "never", "authorization": "read-only"},
        OF_DEFAULT,
        {"expiration": "never", "authorization": "read-only"},
        None,
    ),
    "with permissions": (
        SHOP,
        {
            "expiration": "1m",
            "authorization": "full-access",
            "permissions": Grants.of([(None, "data_read"), ("x", "data_add")]),
        },
        OF_SHOP,
        {"expiration": "1m", "authorization": "full-access"},
        {"fine_grained_permissions": [{"t": None, "a": ["data_read"]}, {"t": ["x"], "a": ["data_add"]}]},
    ),
}


@pytest.mark.parametrize(("name", "asked", "path", "query", "body"), MINTS.values(), ids=MINTS)
def test_a_token_is_minted(
    simulator: Simulator,
    sql: SqlTokens,
    shop: Database,
    seen: list[str],
    name: Name,
    asked: dict[str, Any],
    path: str,
    query: dict[str, str],
    body: Any,
) -> None:
    secret, answer = sql.mint(name, **asked)
    assert [token.secret for token in simulator.minted] == [secret] == seen
    (request,) = simulator.requests
    assert (request.method, request.path, request.query, request.body) == ("POST", f"{path}/auth/tokens", query, body)
    assert answer.path == f"{path}/auth/tokens", "a path as messages tell it has no query"


@pytest.mark.parametrize(("name", "path"), [(SHOP, OF_SHOP), (DEFAULT, OF_DEFAULT)], ids=["database", "group"])
def test_all_are_invalidated(simulator: Simulator, sql: SqlTokens, shop: Database, name: Name, path: str) -> None:
    named: dict[str, Any] = {name.level: name.name}
    token = simulator.given_sql(**named)
    clock = sql.invalidate(name)
    assert clock.is_told
    assert [(request.method, request.path, request.body) for request in simulator.requests] == [
        ("POST", f"{path}/auth/rotate", None)
    ]
    assert not simulator.lets_in(token.secret, "shop")


SHP, PROD = Name("acme", "database", "shp"), Name("acme", "group", "prod")
NOT_THERE = {
    "a database": (lambda sql: sql.database(SHP), "could not find database with name shp", "database"),
    "a database that is called groups": (
        lambda sql: sql.database(Name("acme", "database", "groups")),
        "could not find database with name groups",
        "database",
    ),
    "a group": (lambda sql: sql.group(PROD), "group not found", "group"),
    "a token of a database": (
        lambda sql: sql.mint(SHP, expiration="1h", authorization="full-access"),
        "could not find database",
        "database",
    ),
    "invalidating": (lambda sql: sql.invalidate(PROD), "group not found", "group"),
}


@pytest.mark.parametrize(("call", "told", "level"), NOT_THERE.values(), ids=NOT_THERE)
def test_what_is_not_there_is_told(sql: SqlTokens, call: Any, told: str, level: str) -> None:
    with pytest.raises(NotFound) as caught:
        call(sql)
    assert told in caught.value.msg
    assert f"Check the names of the organization and the {level}, and whether" in caught.value.msg


FORBIDDEN = {
    "looking up": (lambda sql: sql.database(SHOP), "read", ["db:mint-token"]),
    "listing": (lambda sql: sql.databases("acme", "default"), "read", ["db:mint-token"]),
    "looking up a group": (lambda sql: sql.group(DEFAULT), "read", ["db:mint-token"]),
    "minting for a database": (
        lambda sql: sql.mint(SHOP, expiration="1h", authorization="read-only"),
        "db:mint-token",
        ["read", "group:mint-token"],
    ),
    "minting for a group": (
        lambda sql: sql.mint(DEFAULT, expiration="1h", authorization="read-only"),
        "group:mint-token",
        ["read", "db:mint-token"],
    ),
    "invalidating a database's": (lambda sql: sql.invalidate(SHOP), "db:rotate-creds", ["group:rotate-creds"]),
    "invalidating a group's": (lambda sql: sql.invalidate(DEFAULT), "group:rotate-creds", ["db:rotate-creds"]),
}


@pytest.mark.parametrize(("call", "scope", "has"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_missing_scope_is_named_and_with_it_the_call_works(
    simulator: Simulator, shop: Database, call: Any, scope: str, has: list[str]
) -> None:
    def of(name: str, scopes: list[str]) -> SqlTokens:
        token = simulator.given(name, organization="acme", group="default", scopes=scopes)
        return SqlTokens(Api(simulator.url, token.secret), lambda _secret: None)

    with pytest.raises(Forbidden) as caught:
        call(of("lacks-it", has))
    assert f"The API token needs the scope {scope}," in caught.value.msg
    call(of("has-it", [scope]))


LOOK_UP = "look up the database 'shop' in the organization 'acme'"
LOOK_UP_GROUP = "look up the group 'default' in the organization 'acme'"
LIST = "list the databases of the organization 'acme'"
MINT = "mint a SQL token for the database 'shop'"
END = "invalidate the SQL tokens of the database 'shop'"
CALLS: dict[str, Any] = {
    LOOK_UP: lambda sql: sql.database(SHOP),
    LOOK_UP_GROUP: lambda sql: sql.group(DEFAULT),
    LIST: lambda sql: sql.databases("acme"),
    MINT: lambda sql: sql.mint(SHOP, expiration="1h", authorization="read-only"),
    END: lambda sql: sql.invalidate(SHOP),
}


@pytest.mark.parametrize("tried", CALLS)
def test_a_failure_says_what_was_tried(simulator: Simulator, sql: SqlTokens, tried: str) -> None:
    simulator.faults.add("*", faults.Status(500), times=None)
    with pytest.raises(TursoError) as caught:
        CALLS[tried](sql)
    assert caught.value.msg.startswith(f"Could not {tried}: the API answered 500")


ODD: dict[str, tuple[str, Any, str]] = {
    "a database without an id": (LOOK_UP, {"database": {"Name": "shop", "Hostname": "h"}}, "the database's DbId"),
    "no database": (LOOK_UP, {"database": None}, "the database's DbId"),
    "a group without an id": (LOOK_UP_GROUP, {"group": {"name": "default"}}, "the group's uuid"),
    "no group": (LOOK_UP_GROUP, {}, "the group's uuid"),
    "no list": (LIST, {"databases": {}}, "a list of databases"),
    "a list with an error": (LIST, {"databases": [], "error": "maintenance"}, "a list of databases"),
    "no token": (MINT, {"token": "x"}, "the new token (jwt)"),
    "a token that cannot be sent": (MINT, {"jwt": "a b"}, "the new token (jwt)"),
    "a name instead of a token": (MINT, {"jwt": ""}, "the new token (jwt)"),
    "an error instead of a success": (END, {"error": "maintenance"}, "an empty body"),
    "something instead of nothing": (END, {"hello": "world"}, "an empty body"),
}


@pytest.mark.parametrize(("tried", "answer", "lacks"), ODD.values(), ids=ODD)
def test_an_answer_without_what_is_promised_is_unexpected(
    simulator: Simulator, sql: SqlTokens, tried: str, answer: Any, lacks: str
) -> None:
    simulator.faults.add("*", faults.garbage(answer), times=None)
    with pytest.raises(UnexpectedResponse) as caught:
        CALLS[tried](sql)
    assert caught.value.msg.startswith(f"Could not {tried}: "), caught.value.msg
    assert f" {lacks}" in caught.value.msg


@pytest.mark.parametrize(("asked", "connections"), [({}, 1), ({"fresh": True}, 2)], ids=["any", "fresh"])
def test_a_token_is_minted_on_a_connection(
    simulator: Simulator, sql: SqlTokens, shop: Database, asked: Any, connections: int
) -> None:
    sql.database(SHOP)
    sql.mint(SHOP, expiration="1h", authorization="read-only", **asked)
    assert simulator.connections == connections


def test_a_secret_is_told_before_anything_can_happen_to_it(
    simulator: Simulator, sql: SqlTokens, seen: list[str]
) -> None:
    simulator.faults.add("*", faults.garbage({"jwt": "a secret that cannot be sent"}))
    with pytest.raises(TursoError):
        sql.mint(SHOP, expiration="1h", authorization="read-only")
    assert seen == ["a secret that cannot be sent"]
    simulator.faults.add("*", faults.garbage({"jwt": "shop"}))
    sql.mint(SHOP, expiration="1h", authorization="read-only")
    assert seen == ["a secret that cannot be sent"], "the name of the database would be masked everywhere"


def test_an_entry_of_a_list_that_nothing_can_be_decided_on_stops_no_other(simulator: Simulator, sql: SqlTokens) -> None:
    entries = [7, {"Name": "a"}, {"DbId": "x"}, {"Name": "b", "DbId": "y", "group": "default"}]
    simulator.faults.add("*", faults.garbage({"databases": entries}))
    listed = sql.databases("acme")
    assert {name: target.hostnames for name, target in listed.of_name.items()} == {"b": ("",)}
    assert listed.of_group == {"default": ("",)}


def test_an_answer_to_a_mint_that_is_lost_is_not_followed_by_another_by_itself(
    simulator: Simulator, sql: SqlTokens, shop: Database
) -> None:
    simulator.faults.add("mint", faults.Reset(), when="after")
    with pytest.raises(TursoError) as caught:
        sql.mint(SHOP, expiration="1h", authorization="read-only")
    assert caught.value.ambiguous
    assert len(simulator.minted) == 1


def test_invalidating_is_tried_again(simulator: Simulator, sql: SqlTokens, shop: Database) -> None:
    simulator.faults.add("invalidate", faults.Reset(), when="after")
    assert sql.invalidate(SHOP).is_told
    assert len(simulator.writes) == 2


def test_an_expiration_that_the_api_refuses_is_told_in_its_words(sql: SqlTokens, shop: Database) -> None:
    with pytest.raises(InvalidRequest, match="Invalid expiration format"):
        sql.mint(SHOP, expiration="soon", authorization="read-only")
