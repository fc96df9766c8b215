# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""turso_sql_token: every sentence of its contract, in check mode, for real, and again."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.claims import claims_of
from ansible_collections.community.turso.plugins.modules import turso_sql_token
from tests.conftest import RunModule
from tests.simulator import Simulator, faults
from tests.simulator.answers import Answer
from tests.simulator.sql import Database, Sql, signed
from tests.unit.modules.rows import failure

SHOP = {"organization": "acme", "database": "shop"}
DATABASES = "/v1/organizations/acme/databases"
MINT = ("POST", f"{DATABASES}/shop/auth/tokens")
PROBE = ("POST", "/v2/pipeline")
LOOK_UP = ("GET", f"{DATABASES}/shop")
KEYS = {"changed", "reason", "secret", "token", "probed", "diff", "msg"}
TOKEN = {
    "kind",
    "organization",
    "database",
    "group",
    "database_id",
    "group_id",
    "hostname",
    "authorization",
    "permissions",
    "issued_at",
    "expires_at",
    "never_expires",
    "seconds_left",
}
NOT_YET_KNOWN = {"issued_at": None, "expires_at": None, "seconds_left": None}  # in check mode
READ_ALL = [{"tables": ["*"], "actions": ["data_read"]}]

both_modes = pytest.mark.parametrize("check_mode", [False, True], ids=["for real", "check mode"])


@pytest.fixture
def shop(simulator: Simulator) -> Database:
    return simulator.add_database("shop")


def sent(simulator: Simulator) -> list[tuple[str, str]]:
    requests = [(request.method, request.path) for request in simulator.requests]
    simulator.reset_log()
    return requests


def told(result: dict[str, Any]) -> set[str]:
    """Return the keys of a result but those that Ansible adds to it."""
    return result.keys() - {"invocation", "warnings", "failed", "error"}


MISSING = {
    "with the defaults": ({}, {"expiration": "90d", "authorization": "full-access"}, "full-access", 7776000),
    "an empty current": (
        {"current": ""},
        {"expiration": "90d", "authorization": "full-access"},
        "full-access",
        7776000,
    ),
    "read-only, for a while": (
        {"authorization": "read-only", "expires_in": "2w1d30m"},
        {"expiration": "2w1d30m", "authorization": "read-only"},
        "read-only",
        1297800,
    ),
    "by the other name of the option": (
        {"expiration": "1h"},
        {"expiration": "1h", "authorization": "full-access"},
        "full-access",
        3600,
    ),
    "for ever": (
        {"expires_in": "never"},
        {"expiration": "never", "authorization": "full-access"},
        "full-access",
        None,
    ),
}


@pytest.mark.parametrize(("asked", "query", "authorization", "lasts"), MISSING.values(), ids=MISSING)
def test_a_first_token_is_minted_tried_and_returned(
    simulator: Simulator,
    run_module: RunModule,
    shop: Database,
    asked: dict[str, Any],
    query: dict[str, str],
    authorization: str,
    lasts: int | None,
) -> None:
    asked = {**SHOP, **asked}
    predicted = run_module(turso_sql_token, asked, check_mode=True, diff=True)
    assert sent(simulator) == [LOOK_UP]
    assert told(predicted) == KEYS
    assert set(predicted["token"]) == TOKEN
    assert (predicted["changed"], predicted["reason"], predicted["secret"]) == (True, "missing", None)
    known = {
        "kind": "sql",
        "organization": "acme",
        "database": "shop",
        "group": None,
        "database_id": shop.id,
        "group_id": None,
        "hostname": shop.hostname,
        "authorization": authorization,
        "permissions": None,
        "never_expires": lasts is None,
    }
    assert predicted["token"] == {**known, **NOT_YET_KNOWN}
    assert "would be minted (missing)" in predicted["msg"]

    made = run_module(turso_sql_token, asked, diff=True)
    assert [request.query for request in simulator.requests if request.call == "mint"] == [query]
    assert sent(simulator) == [LOOK_UP, PROBE, MINT, PROBE]
    assert told(made) == KEYS
    assert (made["changed"], made["reason"], made["probed"]) == (True, "missing", "accepted")
    assert "was minted (missing)" in made["msg"]
    assert made["secret"] == simulator.minted[0].secret
    assert simulator.lets_in(made["secret"], "shop")
    token = made["token"]
    assert {key: token[key] for key in known} == known
    assert (token["seconds_left"] is None) is (lasts is None)
    assert lasts is None or abs(token["seconds_left"] - lasts) <= 60
    assert made["diff"]["before"] == {}
    assert made["diff"]["after"] == {key: value for key, value in token.items() if key != "seconds_left"}

    for check_mode in (True, False):
        again = run_module(turso_sql_token, {**asked, "current": made["secret"]}, check_mode=check_mode, diff=True)
        assert sent(simulator) == [LOOK_UP, PROBE]
        assert (again["changed"], again["reason"], again["secret"], again["probed"]) == (False, None, None, "accepted")
        assert ("The current token ends" in again["msg"]) is (lasts is not None)
        assert {**again["token"], "seconds_left": 0} == {**token, "seconds_left": 0}
        assert again["diff"]["before"] == again["diff"]["after"] == made["diff"]["after"]
        assert made["secret"] not in json.dumps({**again, "invocation": None})
    assert len(simulator.minted) == 1


# what there is, what is asked for besides, the reason, what came of trying what there is
REASONS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "expiring": ({"expiration": "90d", "age_days": 61.5}, {}, "expiring", "accepted"),
    "expiring by what was asked for": (
        {"expiration": "90d", "age_days": 2},
        {"renew_before": "89d"},
        "expiring",
        "accepted",
    ),
    "expired": ({"expiration": "90d", "age_days": 91}, {}, "expired", "dead"),
    "endless": ({}, {}, "endless", "accepted"),
    "forced": ({"expiration": "90d", "age_days": 1}, {"force": True}, "forced", "accepted"),
    "another authorization": ({"expiration": "90d"}, {"authorization": "read-only"}, "drift", "accepted"),
    "permissions that were not asked for": (
        {"expiration": "90d", "permissions": [{"t": None, "a": ["data_read"]}]},
        {},
        "drift",
        "accepted",
    ),
}


@pytest.mark.parametrize(("given", "asked", "reason", "probed"), REASONS.values(), ids=REASONS)
def test_a_token_is_replaced_for_a_reason_and_the_old_one_goes_on_working(
    simulator: Simulator,
    run_module: RunModule,
    shop: Database,
    given: dict[str, Any],
    asked: dict[str, Any],
    reason: str,
    probed: str,
) -> None:
    old = simulator.given_sql(database="shop", **given)
    worked = simulator.lets_in(old.secret, "shop")
    asked = {**SHOP, **asked, "current": old.secret}
    predicted = run_module(turso_sql_token, asked, check_mode=True)
    assert (predicted["changed"], predicted["reason"], predicted["secret"]) == (True, reason, None)
    assert predicted["probed"] == probed
    assert len(simulator.minted) == 1
    made = run_module(turso_sql_token, asked)
    assert (made["changed"], made["reason"], made["probed"]) == (True, reason, "accepted")
    assert made["secret"] == simulator.minted[-1].secret != old.secret
    assert simulator.lets_in(old.secret, "shop") is worked
    assert made["diff"]["before"]["expires_at"] == predicted["diff"]["before"]["expires_at"]
    again = run_module(turso_sql_token, {**asked, "current": made["secret"], "force": False})
    assert again["changed"] is (asked.get("renew_before") == "never")


@pytest.mark.usefixtures("shop")
def test_a_token_that_the_database_rejects_is_dead(simulator: Simulator, run_module: RunModule) -> None:
    old = simulator.given_sql(database="shop", expiration="90d", age_days=1)
    simulator.invalidate(database="shop")
    simulator.advance(seconds=2)
    made = run_module(turso_sql_token, {**SHOP, "current": old.secret})
    assert (made["changed"], made["reason"], made["probed"]) == (True, "dead", "accepted")


def test_a_database_that_was_made_anew_has_foreign_tokens(
    simulator: Simulator, run_module: RunModule, shop: Database
) -> None:
    old = simulator.given_sql(database="shop", expiration="90d")
    new = simulator.remake_database("shop")
    predicted = run_module(turso_sql_token, {**SHOP, "current": old.secret}, check_mode=True)
    assert (predicted["reason"], predicted["probed"]) == ("foreign", "no")
    assert sent(simulator) == [LOOK_UP]
    made = run_module(turso_sql_token, {**SHOP, "current": old.secret})
    assert (made["changed"], made["reason"]) == (True, "foreign")
    assert shop.id in made["msg"]
    assert new.id in made["msg"]
    assert (made["diff"]["before"]["database_id"], made["token"]["database_id"]) == (shop.id, new.id)


@pytest.mark.parametrize("given", [{"database": "other"}, {"group": "default"}, {"group": "production"}])
def test_a_token_is_shown_to_no_database_that_it_is_not_for(
    simulator: Simulator,
    run_module: RunModule,
    shop: Database,
    given: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    simulator.add_database("other")
    foreign = simulator.given_sql(**given, expiration="90d", age_days=1).secret
    seen: list[str] = []
    let_in = Sql.let_in

    def listens(self: Sql, secret: str, database: Database) -> dict[str, Any]:
        seen.append(secret)
        return let_in(self, secret, database)

    monkeypatch.setattr(Sql, "let_in", listens)
    made = run_module(turso_sql_token, {**SHOP, "current": foreign})
    assert (made["changed"], made["reason"], made["probed"]) == (True, "foreign", "accepted")
    assert made["secret"] in seen
    assert foreign not in seen
    simulator.faults.add("pipeline", faults.Reset(), times=None)
    refused = run_module(turso_sql_token, {**SHOP, "current": foreign})
    assert (refused["error"]["kind"], refused["changed"]) == ("unreachable", False)
    assert "No token was minted" in refused["msg"]


def test_a_failure_does_not_say_how_long_a_dead_token_lasts(
    simulator: Simulator, run_module: RunModule, shop: Database
) -> None:
    old = simulator.given_sql(database="shop", expiration="90d", age_days=1)
    simulator.invalidate(database="shop")
    simulator.faults.add("mint", faults.Status(403))
    result = run_module(turso_sql_token, {**SHOP, "current": old.secret})
    assert (result["reason"], result["error"]["kind"]) == ("dead", "forbidden")
    assert result["msg"].endswith("The database rejects the current token: applications that use it are locked out.")
    assert "The current token ends" not in result["msg"]


def test_a_group_has_tokens_too(simulator: Simulator, run_module: RunModule) -> None:
    hosts = [simulator.add_database(f"p{number}", group="production") for number in range(4)]
    asked = {"organization": "acme", "group": "production"}
    predicted = run_module(turso_sql_token, asked, check_mode=True)
    made = run_module(turso_sql_token, asked)
    assert predicted["token"] == {**made["token"], **NOT_YET_KNOWN}
    assert simulator.lets_in(made["secret"], "p3")
    assert made["probed"] == "accepted"
    token = made["token"]
    assert (token["database"], token["group"], token["hostname"]) == (None, "production", None)
    assert (token["database_id"], token["group_id"]) == (None, simulator.group_id("production"))
    hosts[0].keeps_out = "*"
    simulator.reset_log()
    again = run_module(turso_sql_token, {**asked, "current": made["secret"]})
    assert (again["changed"], again["probed"]) == (False, "accepted")
    assert [request.status for request in simulator.requests if request.call == "pipeline"] == [403, 200]
    assert again.get("warnings", []) == []


def test_a_group_without_databases_is_judged_by_claims_and_that_is_said(
    simulator: Simulator, run_module: RunModule
) -> None:
    asked = {"organization": "acme", "group": "production"}
    made = run_module(turso_sql_token, asked)
    assert (made["changed"], made["probed"], len(simulator.minted)) == (True, "no", 1)
    assert "has no database to try it on" in str(made["warnings"])
    again = run_module(turso_sql_token, {**asked, "current": made["secret"]})
    assert (again["changed"], again["probed"]) == (False, "no")
    assert "has no database to try it on" in str(again["warnings"])


def test_a_token_of_a_group_is_dead_only_if_all_say_so(simulator: Simulator, run_module: RunModule) -> None:
    first, _second = (simulator.add_database(name, group="production") for name in ("a", "b"))
    current = simulator.given_sql(group="production", expiration="90d", age_days=1).secret
    simulator.invalidate(group="production")
    simulator.advance(seconds=2)
    asked = {"organization": "acme", "group": "production", "current": current}
    first.keeps_out = "*"
    kept = run_module(turso_sql_token, asked)
    assert (kept["changed"], kept["probed"]) == (False, "unknown")
    assert f"{first.hostname} answered 403" in str(kept["warnings"]), "what is told is why nobody knows"
    first.keeps_out = ""
    assert run_module(turso_sql_token, asked)["reason"] == "dead"


def test_permissions_are_proven_by_a_token_of_a_minute(
    simulator: Simulator, run_module: RunModule, shop: Database
) -> None:
    permissions = [{"tables": ["*"], "actions": ["data_read"]}, {"tables": ["orders"], "actions": ["data_add"]}]
    predicted = run_module(turso_sql_token, {**SHOP, "permissions": permissions}, check_mode=True)
    made = run_module(turso_sql_token, {**SHOP, "permissions": permissions})
    assert made["token"]["permissions"] == permissions
    assert predicted["token"] == {**made["token"], **NOT_YET_KNOWN}
    assert made["token"]["authorization"] == "full-access"
    mints = [request for request in simulator.requests if request.call == "mint"]
    assert [request.query["expiration"] for request in mints] == ["1m", "90d"]
    body = {"fine_grained_permissions": [{"t": None, "a": ["data_read"]}, {"t": ["orders"], "a": ["data_add"]}]}
    assert [request.body for request in mints] == [body, body]
    shuffled = [
        {"tables": ["orders"], "actions": ["data_add", "data_read"]},
        {"tables": ["*"], "actions": ["data_read"]},
    ]
    again = run_module(turso_sql_token, {**SHOP, "permissions": shuffled, "current": made["secret"]})
    assert again["changed"] is False
    reader = run_module(turso_sql_token, {**SHOP, "permissions": READ_ALL, "current": made["secret"]}, check_mode=True)
    assert (reader["reason"], reader["token"]["authorization"]) == ("drift", "read-only")


def test_permissions_that_fail_open_are_not_returned(
    simulator: Simulator, run_module: RunModule, shop: Database
) -> None:
    simulator.behave(ignores_permissions=True)
    result = run_module(turso_sql_token, {**SHOP, "permissions": READ_ALL})
    assert (result["failed"], result["secret"], result["error"]["kind"]) == (True, None, "unexpected_response")
    assert [request.query["expiration"] for request in simulator.requests if request.call == "mint"] == ["1m"]


def test_a_token_with_other_settings_is_not_returned_and_is_a_change(
    simulator: Simulator, run_module: RunModule, shop: Database
) -> None:
    simulator.faults.add("mint", faults.Status(200, {"jwt": signed({"a": "rw", "id": shop.id, "rid": "r"})}))
    result = run_module(turso_sql_token, SHOP)
    assert (result["changed"], result["secret"], result["error"]["kind"]) == (True, None, "unexpected_response")
    assert "To end it, invalidate every SQL token of the database 'shop'" in result["msg"]


# Where the data plane cannot be reached from here


@both_modes
def test_a_token_that_nobody_can_try_is_kept_with_a_warning(
    simulator: Simulator, run_module: RunModule, shop: Database, check_mode: bool
) -> None:
    old = simulator.given_sql(database="shop", expiration="90d", age_days=1)
    shop.keeps_out = "community.turso/"
    result = run_module(turso_sql_token, {**SHOP, "current": old.secret}, check_mode=check_mode)
    assert (result["changed"], result["reason"], result["probed"]) == (False, None, "unknown")
    (warning,) = result["warnings"]
    assert "It is not known whether the current SQL token of the database 'shop' works" in str(warning)
    assert "allow rules" in str(warning)
    assert simulator.writes == []


@both_modes
def test_a_token_that_is_due_and_that_nobody_can_try_is_not_followed_by_another_one_a_day(
    simulator: Simulator, run_module: RunModule, shop: Database, check_mode: bool
) -> None:
    old = simulator.given_sql(database="shop", expiration="90d", age_days=61.5)
    shop.keeps_out = "community.turso/"
    result = run_module(turso_sql_token, {**SHOP, "current": old.secret}, check_mode=check_mode)
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "unreachable", False)
    assert (result["reason"], result["probed"], result["secret"]) == ("expiring", "unknown", None)
    for text in ("allow rules", "validate to false", "No token was minted", "The current token ends 20", "in 28 days."):
        assert text in result["msg"]
    assert result["token"]["expires_at"] == result["diff"]["after"]["expires_at"] is not None
    assert simulator.writes == []


def test_without_the_proof_it_is_renewed_all_the_same(
    simulator: Simulator, run_module: RunModule, shop: Database
) -> None:
    old = simulator.given_sql(database="shop", expiration="90d", age_days=61.5)
    shop.keeps_out = "community.turso/"
    result = run_module(turso_sql_token, {**SHOP, "current": old.secret, "validate": False})
    assert (result["changed"], result["reason"], result["probed"]) == (True, "expiring", "no")
    assert result.get("warnings", []) == []
    assert [request for request in simulator.requests if request.call == "pipeline"] == []


def test_a_first_token_is_not_minted_where_nothing_answers(
    simulator: Simulator, run_module: RunModule, shop: Database
) -> None:
    simulator.faults.add("pipeline", faults.Reset(), times=None)
    result = run_module(turso_sql_token, SHOP)
    assert (result["error"]["kind"], result["changed"], simulator.minted) == ("unreachable", False, [])
    assert "No token was minted, because a SQL token cannot be revoked." in result["msg"]


@pytest.mark.parametrize("told", [{}, {"Hostname": None}, {"Hostname": ""}, {"Hostname": "evil.example@shop.turso.io"}])
@pytest.mark.parametrize("level", ["database", "group"])
def test_where_a_database_is_has_to_be_known_to_try_a_token(
    simulator: Simulator, run_module: RunModule, shop: Database, level: str, told: dict[str, Any]
) -> None:
    asked = {"organization": "acme", "group": "default"} if level == "group" else SHOP
    target: dict[str, Any] = {level: asked[level]}
    current = simulator.given_sql(**target, expiration="90d", age_days=1).secret
    entry = {"Name": "shop", "DbId": shop.id, "group": "default", **told}
    simulator.faults.add("database", faults.Status(200, {"database": entry}), times=None)
    simulator.faults.add("databases", faults.Status(200, {"databases": [entry]}), times=None)
    kept = run_module(turso_sql_token, {**asked, "current": current})
    assert (kept["changed"], kept["probed"]) == (False, "unknown")
    refused = run_module(turso_sql_token, asked)
    assert (refused["error"]["kind"], refused["changed"], len(simulator.minted)) == ("unreachable", False, 1)
    assert "Hostname" in refused["msg"]
    assert simulator.writes == []


def test_a_first_token_of_a_group_is_minted_where_one_of_its_databases_answers(
    simulator: Simulator, run_module: RunModule
) -> None:
    for name in ("a", "b"):
        simulator.add_database(name, group="production")
    simulator.faults.add("pipeline", faults.Reset(), times=3)  # one database, as often as it is asked
    made = run_module(turso_sql_token, {"organization": "acme", "group": "production"})
    assert (made["changed"], made["probed"]) == (True, "accepted")


def test_no_first_token_is_minted_where_allow_rules_keep_this_machine_out(
    simulator: Simulator, run_module: RunModule, shop: Database
) -> None:
    shop.keeps_out = "community.turso/"
    result = run_module(turso_sql_token, SHOP)
    assert (result["error"]["kind"], result["changed"], len(simulator.minted)) == ("unreachable", False, 0)
    assert "allow rules" in result["msg"]


def test_a_first_token_that_cannot_be_tried_any_more_is_not_returned(
    simulator: Simulator, run_module: RunModule, shop: Database
) -> None:
    simulator.faults.add("pipeline", faults.Reset(), skip=1, times=None)
    result = run_module(turso_sql_token, SHOP)
    assert (result["error"]["kind"], result["changed"], result["secret"]) == ("unreachable", True, None)
    assert (result["probed"], result["token"], len(simulator.minted)) == ("unknown", None, 1)
    assert "it cannot be revoked. It ends by itself 20" in result["msg"]


def test_a_new_token_that_is_rejected_is_not_returned(
    simulator: Simulator, run_module: RunModule, shop: Database
) -> None:
    simulator.faults.add("pipeline", faults.Status(401, {"error": "Unauthorized: `no`"}), times=None)
    result = run_module(turso_sql_token, SHOP)
    assert (result["error"]["kind"], result["changed"], result["secret"]) == ("unauthorized", True, None)
    assert result["probed"] == "dead"


def test_a_new_token_may_take_a_moment_to_be_known(simulator: Simulator, run_module: RunModule, shop: Database) -> None:
    old = simulator.given_sql(database="shop", expiration="90d", age_days=61.5)
    simulator.faults.add("pipeline", faults.Status(401, {"error": "Unauthorized: `no`"}), skip=1, times=2)
    result = run_module(turso_sql_token, {**SHOP, "current": old.secret})
    assert (result["changed"], result["probed"]) == (True, "accepted")


@pytest.mark.parametrize("blocks", ["blocks_reads", "blocks_writes"])
def test_a_database_that_is_blocked_takes_tokens(
    simulator: Simulator, run_module: RunModule, shop: Database, blocks: str
) -> None:
    setattr(shop, blocks, True)
    made = run_module(turso_sql_token, SHOP)
    assert (made["changed"], made["probed"]) == (True, "accepted")
    again = run_module(turso_sql_token, {**SHOP, "current": made["secret"]})
    assert (again["changed"], again["probed"]) == (False, "accepted")
    warned = [warning for result in (made, again) for warning in result.get("warnings", [])]
    assert len(warned) == (2 if blocks == "blocks_reads" else 0)
    assert all("BLOCKED" in str(warning) for warning in warned)


# Time


def test_time_is_the_apis(simulator: Simulator, run_module: RunModule, shop: Database) -> None:
    old = simulator.given_sql(database="shop", expiration="90d")
    simulator.advance(days=59)
    assert run_module(turso_sql_token, {**SHOP, "current": old.secret})["reason"] is None
    simulator.advance(days=2)
    assert run_module(turso_sql_token, {**SHOP, "current": old.secret})["reason"] == "expiring"


def test_where_nobody_tells_the_time_this_machine_does_and_that_is_said(
    simulator: Simulator, run_module: RunModule, shop: Database
) -> None:
    old = simulator.given_sql(database="shop", expiration="90d")
    simulator.behave(sends_date=False)
    result = run_module(turso_sql_token, {**SHOP, "current": old.secret})
    assert result["changed"] is False
    assert "the clock of this machine" in str(result["warnings"])


def test_the_database_tells_the_time_where_the_api_does_not(
    simulator: Simulator, run_module: RunModule, shop: Database
) -> None:
    old = simulator.given_sql(database="shop", expiration="90d")
    simulator.advance(days=80)
    body = {"database": {"Name": "shop", "DbId": shop.id, "Hostname": shop.hostname}}
    simulator.faults.add("database", Undated(200, body), times=None)
    result = run_module(turso_sql_token, {**SHOP, "current": old.secret}, check_mode=True)
    assert result["reason"] == "expiring"
    assert result.get("warnings", []) == []


class Undated(faults.Status):
    """An answer with a Date that is none."""

    def strike(self, exchange: Any, rule: Any) -> Any:
        answer = super().strike(exchange, rule)
        assert isinstance(answer, Answer)
        return dataclasses.replace(answer, headers={**answer.headers, "Date": "soon"})


def test_what_the_api_cuts_is_told(simulator: Simulator, run_module: RunModule, shop: Database) -> None:
    simulator.behave(longest_expiration=7 * 86400)
    result = run_module(turso_sql_token, SHOP)
    assert result["changed"] is True
    assert "lasts 604800 s, expected 90d" in str(result["warnings"])


# Refused


FOREIGN = signed({"a": "rw", "id": "d", "rid": "r"})
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "organization is missing"),
    "no database and no group": ({"organization": "acme"}, "both missing"),
    "both": ({**SHOP, "group": "default"}, "both given"),
    "an end that is none": ({**SHOP, "expires_in": "soon"}, "is 'soon', which is no duration"),
    "an empty end": ({**SHOP, "expires_in": ""}, "is '', which is no duration"),
    "renewal that comes too late": ({**SHOP, "expires_in": "1d", "renew_before": "1d"}, "is not less than expires_in"),
    "a current that is none": ({**SHOP, "current": "opaque"}, "current is not a SQL token"),
    "permissions without actions": ({**SHOP, "permissions": [{"tables": ["x"]}]}, "actions"),
    "an action that nobody knows": (
        {**SHOP, "permissions": [{"tables": ["x"], "actions": ["fly"]}]},
        "must be one or more of",
    ),
    "an authorization that nobody knows": ({**SHOP, "authorization": "admin"}, "must be one of"),
    "permissions in a text": ({**SHOP, "permissions": "read"}, "is a text, not a list"),
}


@both_modes
@pytest.mark.parametrize(("asked", "text"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused_before_any_request(
    simulator: Simulator, run_module: RunModule, shop: Database, asked: dict[str, Any], text: str, check_mode: bool
) -> None:
    result = run_module(turso_sql_token, asked, check_mode=check_mode)
    assert (result["failed"], result["error"]["kind"]) == (True, "invalid_request")
    assert text in result["msg"]
    assert simulator.requests == []
    assert told(result) == KEYS


@pytest.mark.parametrize(
    "option",
    ["organization", "database", "authorization", "expires_in", "expiration", "renew_before", "current", "permissions"],
)
def test_null_is_not_the_same_as_left_out(
    simulator: Simulator, run_module: RunModule, shop: Database, option: str
) -> None:
    result = run_module(turso_sql_token, SHOP, null=(option,))
    assert (result["error"]["kind"], simulator.requests) == ("invalid_request", [])
    assert f"{option} is null" in result["msg"]


def test_an_api_token_as_current_says_what_it_is(simulator: Simulator, run_module: RunModule, shop: Database) -> None:
    given = simulator.given("ci", organization="acme")
    result = run_module(turso_sql_token, {**SHOP, "current": given.secret})
    assert "current is an API token" in result["msg"]
    assert given.secret not in json.dumps(result)
    assert simulator.requests == []


def test_a_credential_that_would_be_masked_in_the_value_is_refused(
    simulator: Simulator, run_module: RunModule, shop: Database
) -> None:
    result = run_module(turso_sql_token, {**SHOP, "api_token": "short"})
    assert (result["error"]["kind"], simulator.requests) == ("refused", [])


FAILURES: dict[str, tuple[str, faults.Fault, str]] = {
    "401": ("database", faults.Status(401), "unauthorized"),
    "403 of the look-up": ("database", faults.Status(403), "forbidden"),
    "403 of the mint": ("mint", faults.Status(403), "forbidden"),
    "404": ("database", faults.Status(404), "not_found"),
    "409": ("mint", faults.Status(409), "conflict"),
    "429": ("mint", faults.rate_limited(), "rate_limited"),
    "400": ("mint", faults.Status(400), "invalid_request"),
    "402": ("mint", faults.Status(402), "api_error"),
    "a reset of the look-up": ("database", faults.Reset(), "unreachable"),
    "a page": ("database", faults.garbage(), "unexpected_response"),
    "a reset of the mint": ("mint", faults.Reset(), "outcome_unknown"),
}


@pytest.mark.parametrize(("on", "fault", "kind"), FAILURES.values(), ids=FAILURES)
def test_a_failure_has_a_kind_and_tells_how_long_there_is_to_mend_it(
    simulator: Simulator, run_module: RunModule, shop: Database, on: str, fault: faults.Fault, kind: str
) -> None:
    old = simulator.given_sql(database="shop", expiration="90d", age_days=61.5)
    simulator.faults.add(on, fault, times=None)
    result = run_module(turso_sql_token, {**SHOP, "current": old.secret})
    assert (result["failed"], result["error"]["kind"], result["secret"]) == (True, kind, None)
    assert told(result) == KEYS
    assert result["error"] == failure(**result["error"])
    assert "The current token ends" in result["msg"]
    assert "in 28 days." in result["msg"]
    assert result["changed"] is (kind == "outcome_unknown"), "a token may be there that nobody has"
    assert old.secret not in json.dumps({**result, "invocation": None})


def test_a_missing_scope_is_named(simulator: Simulator, run_module: RunModule, shop: Database) -> None:
    reader = simulator.given("reader", organization="acme", group="default", scopes=["read"])
    result = run_module(turso_sql_token, {**SHOP, "api_token": reader.secret})
    assert result["error"]["kind"] == "forbidden"
    assert "The API token needs the scope db:mint-token" in result["msg"]


def test_an_api_token_of_the_group_is_enough(simulator: Simulator, run_module: RunModule, shop: Database) -> None:
    scopes = ["read", "db:mint-token"]
    minter = simulator.given("minter", organization="acme", group="default", scopes=scopes)
    assert run_module(turso_sql_token, {**SHOP, "api_token": minter.secret})["changed"] is True


def test_a_value_that_comes_out_the_same_is_not_taken_for_a_new_one(
    simulator: Simulator, run_module: RunModule, shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ansible would mask it in the result, where it is also what was given."""
    simulator.clock.freeze(simulator.clock.now().replace(microsecond=0))
    old = run_module(turso_sql_token, SHOP)["secret"]
    stuck = run_module(turso_sql_token, {**SHOP, "current": old, "force": True})
    assert (stuck["error"]["kind"], stuck["secret"]) == ("refused", None)
    simulator.advance(seconds=1)
    new = run_module(turso_sql_token, {**SHOP, "current": old, "force": True})["secret"]
    assert simulator.lets_in(new, "shop")
    assert claims_of(new).issued_at != claims_of(old).issued_at
