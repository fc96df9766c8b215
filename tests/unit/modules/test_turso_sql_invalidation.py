# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""turso_sql_invalidation: only by name, only of this target, and a death is reported only if a probe has shown it."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.claims import claims_of
from ansible_collections.community.turso.plugins.module_utils._time import maybe_utc_text
from ansible_collections.community.turso.plugins.modules import turso_sql_invalidation
from tests.conftest import RunModule
from tests.simulator import Simulator, faults
from tests.simulator.sql import Database, signed

SHOP = {"organization": "acme", "database": "shop", "confirm": "shop"}
PRODUCTION = {"organization": "acme", "group": "production", "confirm": "production"}
OF_SHOP = "/v1/organizations/acme/databases/shop"
OF_PRODUCTION = "/v1/organizations/acme/groups/production"
SQL = signed({"a": "rw", "id": "d", "rid": "r"})
KEYS = {"changed", "invalidated_at", "leaked", "msg"}

both_modes = pytest.mark.parametrize("check_mode", [False, True], ids=["for real", "check mode"])


@pytest.fixture
def shop(simulator: Simulator) -> Database:
    return simulator.add_database("shop")


def told(result: dict[str, Any]) -> set[str]:
    return result.keys() - {"invocation", "warnings", "failed", "error"}


@pytest.mark.parametrize(
    ("asked", "path", "level"),
    [(SHOP, OF_SHOP, "database"), (PRODUCTION, OF_PRODUCTION, "group")],
    ids=["database", "group"],
)
def test_every_token_ends_and_leaked_ones_are_seen_dead(
    simulator: Simulator, run_module: RunModule, shop: Database, asked: dict[str, Any], path: str, level: str
) -> None:
    simulator.add_database("p", group="production")
    name = asked[level]
    database = "shop" if level == "database" else "p"
    leaked = [simulator.given_sql(**{level: name}, age_days=5, expiration=end).secret for end in ("never", "90d")]
    asked = {**asked, "leaked": leaked}

    predicted = run_module(turso_sql_invalidation, asked, check_mode=True)
    assert simulator.writes == []
    assert told(predicted) == KEYS
    assert (predicted["changed"], predicted["invalidated_at"]) == (True, None)
    assert [(each["before"], each["after"], each["dead"]) for each in predicted["leaked"]] == [
        ("accepted", None, False)
    ] * 2
    assert "would be invalidated. Nothing was changed." in predicted["msg"]

    done = run_module(turso_sql_invalidation, asked)
    assert simulator.writes == [("POST", f"{path}/auth/rotate")]
    assert told(done) == KEYS
    assert done["changed"] is True
    (carried_out,) = [request for request in simulator.requests if request.call == "invalidate"]
    answered = datetime.datetime.strptime(done["invalidated_at"], "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=datetime.timezone.utc
    )
    # To the second, and an answer may come in the next ones.
    assert datetime.timedelta(seconds=-1) < answered - carried_out.at < datetime.timedelta(seconds=10)
    assert [(each["value"], each["before"], each["after"], each["dead"]) for each in done["leaked"]] == [
        (1, "accepted", "dead", True),
        (2, "accepted", "dead", True),
    ]
    assert [(each["issued_at"], each["expires_at"]) for each in done["leaked"]] == [
        tuple(map(maybe_utc_text, (claims.issued_at, claims.expires_at))) for claims in map(claims_of, leaked)
    ]
    assert not any(simulator.lets_in(secret, database) for secret in leaked)
    assert not any(secret in json.dumps({**done, "invocation": None}) for secret in leaked)

    again = run_module(turso_sql_invalidation, asked)
    assert again["changed"] is True
    assert [each["before"] for each in again["leaked"]] == ["dead", "dead"]


@pytest.mark.usefixtures("shop")
def test_what_was_minted_in_the_same_second_is_dead_and_what_came_later_lives(
    simulator: Simulator, run_module: RunModule
) -> None:
    simulator.clock.freeze(simulator.clock.now().replace(microsecond=0))
    early = simulator.given_sql(database="shop").secret
    run_module(turso_sql_invalidation, SHOP)
    simulator.advance(seconds=1)
    late = simulator.given_sql(database="shop").secret
    assert (simulator.lets_in(early, "shop"), simulator.lets_in(late, "shop")) == (False, True)


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "not confirmed": ({**SHOP, "confirm": None}, "refused", "set confirm to 'shop'"),
    "confirmed as something else": (
        {**SHOP, "confirm": "shops"},
        "refused",
        "confirm is not the name of the database 'shop'",
    ),
    "a group that is confirmed as a database": (
        {**PRODUCTION, "confirm": "shop"},
        "refused",
        "set confirm to 'production'",
    ),
    "nothing": ({"confirm": "shop"}, "invalid_request", "organization is missing"),
    "both": ({**SHOP, "group": "default"}, "invalid_request", "both given"),
    "a leaked value that is none": ({**SHOP, "leaked": ["opaque"]}, "invalid_request", "leaked[0] is not a SQL token"),
    "a blank leaked value": ({**SHOP, "leaked": [""]}, "invalid_request", "leaked[0] is empty"),
    "a leaked value in quotes": ({**SHOP, "leaked": [f'"{SQL}"']}, "invalid_request", "leaked[0] is in quotes"),
    "a leaked value that was cut": (
        {**SHOP, "leaked": [SQL[:-86]]},
        "invalid_request",
        "leaked[0] is not a SQL token: it is not a complete JSON",
    ),
}


@both_modes
@pytest.mark.parametrize(("asked", "kind", "text"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_meant_is_refused_before_any_request(
    simulator: Simulator,
    run_module: RunModule,
    shop: Database,
    asked: dict[str, Any],
    kind: str,
    text: str,
    check_mode: bool,
) -> None:
    result = run_module(turso_sql_invalidation, asked, check_mode=check_mode)
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, False, kind)
    assert text in result["msg"]
    assert simulator.requests == []
    assert told(result) == KEYS


@pytest.mark.parametrize("option", ["organization", "database", "confirm", "leaked"])
def test_null_is_not_the_same_as_left_out(simulator: Simulator, run_module: RunModule, option: str) -> None:
    result = run_module(turso_sql_invalidation, SHOP, null=(option,))
    assert f"{option} is null" in result["msg"]
    assert simulator.requests == []


@both_modes
def test_a_leaked_token_of_the_group_is_not_ended_by_the_databases(
    simulator: Simulator, run_module: RunModule, shop: Database, check_mode: bool
) -> None:
    leaked = simulator.given_sql(group="default").secret
    result = run_module(turso_sql_invalidation, {**SHOP, "leaked": [leaked]}, check_mode=check_mode)
    assert result["error"]["kind"] == "invalid_request"
    assert "a token of a whole group" in result["msg"]
    assert simulator.writes == []
    assert simulator.lets_in(leaked, "shop")


@pytest.mark.parametrize(("asked", "given"), [(SHOP, {"database": "other"}), (PRODUCTION, {"database": "shop"})])
def test_a_leaked_token_of_another_target_is_refused(
    simulator: Simulator, run_module: RunModule, shop: Database, asked: dict[str, Any], given: dict[str, Any]
) -> None:
    simulator.add_database("other")
    own = simulator.given_sql(**{level: asked[level] for level in ("database", "group") if level in asked}).secret
    leaked = simulator.given_sql(**given).secret
    result = run_module(turso_sql_invalidation, {**asked, "leaked": [own, leaked]})
    assert result["error"]["kind"] == "invalid_request"
    assert "leaked[1] is not a SQL token of" in result["msg"]
    assert simulator.database(given["database"]).id in result["msg"]
    assert simulator.writes == []


def test_a_leaked_value_that_lives_on_is_a_failure(
    simulator: Simulator, run_module: RunModule, shop: Database, waits: list[float]
) -> None:
    leaked = simulator.given_sql(database="shop", age_days=1).secret
    simulator.faults.add("pipeline", faults.garbage({"results": []}), times=None)
    result = run_module(turso_sql_invalidation, {**SHOP, "leaked": [leaked]})
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "api_error")
    assert result["invalidated_at"] is not None
    assert [(each["before"], each["after"], each["dead"]) for each in result["leaked"]] == [
        ("accepted", "accepted", False)
    ]
    assert "the database still accepts value 1" in result["msg"]
    assert sum(waits) == 10.0, "three looks over ten seconds"


def test_a_leaked_value_that_nobody_can_try_is_not_said_to_be_dead(
    simulator: Simulator, run_module: RunModule, shop: Database
) -> None:
    leaked = simulator.given_sql(database="shop", age_days=1).secret
    shop.keeps_out = "*"
    result = run_module(turso_sql_invalidation, {**SHOP, "leaked": [leaked]})
    assert (result["failed"], result["error"]["kind"]) == (True, "outcome_unknown")
    assert "1 of 1 leaked values may still work: value 1 could not be tried" in result["msg"]
    assert result["leaked"][0]["after"] == "unknown"


def test_a_leaked_value_that_dies_late_is_seen_dead(
    simulator: Simulator, run_module: RunModule, shop: Database, waits: list[float]
) -> None:
    leaked = [simulator.given_sql(database="shop", age_days=age).secret for age in (1, 2)]
    simulator.faults.add("pipeline", faults.garbage({"results": []}), skip=2)
    result = run_module(turso_sql_invalidation, {**SHOP, "leaked": leaked})
    assert [each["after"] for each in result["leaked"]] == ["dead", "dead"]
    assert waits.count(5.0) == 1
    asked = [request for request in simulator.requests if request.call == "pipeline"]
    assert len(asked) == 2 + 3 + 2, "what was seen dead is not tried again, and dead is asked twice"


def test_a_lost_answer_is_followed_by_another_try(simulator: Simulator, run_module: RunModule, shop: Database) -> None:
    simulator.faults.add("invalidate", faults.Reset(), when="after")
    assert run_module(turso_sql_invalidation, SHOP)["changed"] is True
    assert len(simulator.writes) == 2


def test_a_time_that_the_api_does_not_tell_is_said_to_be_ours(
    simulator: Simulator, run_module: RunModule, shop: Database
) -> None:
    simulator.behave(sends_date=False)
    result = run_module(turso_sql_invalidation, SHOP)
    assert "by the clock of this machine" in str(result["warnings"])


FAILURES = {
    "no such database": ({**SHOP, "database": "shp", "confirm": "shp"}, None, "not_found"),
    "403": (SHOP, ("invalidate", faults.Status(403)), "forbidden"),
    "402": (SHOP, ("invalidate", faults.Status(402)), "api_error"),
    "a redirect": (SHOP, ("invalidate", faults.redirect("https://login.example")), "unexpected_response"),
}


@pytest.mark.parametrize(("asked", "fault", "kind"), FAILURES.values(), ids=FAILURES)
def test_a_failure_has_a_kind(
    simulator: Simulator, run_module: RunModule, shop: Database, asked: dict[str, Any], fault: Any, kind: str
) -> None:
    if fault:
        simulator.faults.add(*fault, times=None)
    result = run_module(turso_sql_invalidation, asked)
    assert (result["failed"], result["error"]["kind"], result["invalidated_at"]) == (True, kind, None)
    assert result["changed"] is False
    assert told(result) == KEYS


# what the answer to the invalidation is, and whether it is carried out first
LOST: dict[str, tuple[faults.Fault, str]] = {
    "a reset before": (faults.Reset(), "before"),
    "a reset after": (faults.Reset(), "after"),
    "500 after": (faults.Status(500), "after"),
    "a page after": (faults.garbage(), "after"),
    "something else after": (faults.garbage({"jwt": "x"}), "after"),
}


@pytest.mark.parametrize(("fault", "when"), LOST.values(), ids=LOST)
def test_where_nobody_knows_whether_it_was_done_that_is_said(
    simulator: Simulator, run_module: RunModule, shop: Database, fault: faults.Fault, when: str
) -> None:
    leaked = [simulator.given_sql(database="shop", age_days=1).secret]
    simulator.faults.add("invalidate", fault, when=when, times=None)
    result = run_module(turso_sql_invalidation, {**SHOP, "leaked": leaked})
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, True, "outcome_unknown")
    assert (result["invalidated_at"], told(result)) == (None, KEYS)
    assert [each["dead"] for each in result["leaked"]] == [when == "after"]
    seen = "A leaked value is dead now" if when == "after" else "It is not known whether the tokens were invalidated"
    assert f"{seen}" in result["msg"]
    assert "applications may be locked out already" in result["msg"]
    without = run_module(turso_sql_invalidation, SHOP)
    assert (without["changed"], without["error"]["kind"]) == (True, "outcome_unknown")


def test_a_missing_scope_is_named(simulator: Simulator, run_module: RunModule, shop: Database) -> None:
    minter = simulator.given("minter", organization="acme", group="default", scopes=["read", "db:mint-token"])
    result = run_module(turso_sql_invalidation, {**SHOP, "api_token": minter.secret})
    assert "The API token needs the scope db:rotate-creds" in result["msg"]
