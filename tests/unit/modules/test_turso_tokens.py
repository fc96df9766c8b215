# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""turso_tokens: what it adds to the contract of turso_token, whose rules hold per item."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.modules import turso_token, turso_tokens
from tests.conftest import RunModule
from tests.simulator import Simulator, faults
from tests.unit.modules.rows import ACMES, IN_ACME, NOT_NAMES, ODD_NAMES, OWN, READER, failure, token

RESULT = {"changed", "results", "diff"}
ITEM = {"name", "changed", "failed", "msg", "error", "token", "secret"}

both_modes = pytest.mark.parametrize("check_mode", [False, True], ids=["for real", "check mode"])


def named(*names: Any, **rest: Any) -> Any:
    return [{"name": name, **rest} for name in names]


def test_check_run_and_run_again(simulator: Simulator, run_module: RunModule) -> None:
    simulator.given("kept", **IN_ACME)
    old, bobs = simulator.given("old"), simulator.given("bobs", user="bob", **IN_ACME)
    asked = {
        "tokens": [
            {"name": "new", **READER},
            {"name": "kept", **IN_ACME},
            {"name": "old", "state": "absent"},
            {"name": "gone", "state": "absent"},
            {"id": bobs.id, "state": "absent", **IN_ACME},
            {"id": "nobody's", "state": "absent", **IN_ACME},
        ]
    }
    names = ["new", "kept", "old", "gone", "bobs", None]
    changed = [True, False, True, False, True, False]
    msgs = ["created", "unchanged", "revoked", "unchanged", "revoked", "unchanged"]

    predicted = run_module(turso_tokens, asked, check_mode=True, diff=True)
    assert simulator.writes == []
    assert [(request.method, request.path) for request in simulator.requests] == [("GET", OWN), ("GET", ACMES)]

    simulator.reset_log()
    made = run_module(turso_tokens, asked, diff=True)
    new = simulator.tokens[-1]
    assert [(request.method, request.path) for request in simulator.requests[:2]] == [("GET", OWN), ("GET", ACMES)]
    assert sorted(simulator.writes) == sorted(
        [("POST", f"{OWN}/new"), ("DELETE", f"{OWN}/old"), ("DELETE", f"{ACMES}/{bobs.id}")]
    )
    assert len(simulator.requests) == 6
    assert not simulator.alive(old.secret)
    assert not simulator.alive(bobs.secret)

    told = {"id": new.id, "created_at": new.created.strftime("%Y-%m-%d"), "age_days": 0}
    for result, known, secret in ((predicted, {}, None), (made, told, new.secret)):
        assert result.keys() - {"invocation"} == RESULT
        assert result["changed"] is True
        assert all(item.keys() == ITEM for item in result["results"])
        assert [item["name"] for item in result["results"]] == names
        assert [item["changed"] for item in result["results"]] == changed
        assert [item["msg"] for item in result["results"]] == msgs
        assert not any(item["failed"] or item["error"] for item in result["results"])
        assert [item["secret"] for item in result["results"]] == [secret, *[None] * 5]
        created = token("new", **known, **READER, restriction="group", permissions="read-only")
        assert result["results"][0]["token"] == created
        assert [item["token"] is None for item in result["results"]] == [False, False, True, True, True, True]
        assert [(each["before_header"], bool(each["before"]), bool(each["after"])) for each in result["diff"]] == [
            ("new", False, True),
            ("old", True, False),
            ("bobs", True, False),
        ]
        assert result["diff"][0]["after"] == created

    simulator.reset_log()
    for check_mode in (True, False):
        again = run_module(turso_tokens, asked, check_mode=check_mode, diff=True)
        assert again["changed"] is False
        assert again["diff"] == []
        assert [item["msg"] for item in again["results"]] == ["unchanged"] * 6
        assert [item["secret"] for item in again["results"]] == [None] * 6
    assert simulator.writes == []


SAME_AS_ONE = {
    "created": ({}, {}),
    "for a group": (None, READER),
    "unchanged": (READER, {**READER, "scopes": ["read-only"]}),
    "drift": (IN_ACME, {}),
    "revoked": ({}, {"state": "absent"}),
    "revoked drift": ({}, {"state": "absent", **IN_ACME}),
    "not there": (None, {"state": "absent"}),
}


@pytest.mark.parametrize(("given", "asked"), SAME_AS_ONE.values(), ids=SAME_AS_ONE)
def test_one_of_many_is_decided_like_one(simulator: Simulator, run_module: RunModule, given: Any, asked: Any) -> None:
    if given is not None:
        simulator.given("ci", **given)
    one = run_module(turso_token, {"name": "ci", **asked}, check_mode=True)
    many = run_module(turso_tokens, {"tokens": [{"name": "ci", **asked}]}, check_mode=True)
    (item,) = many["results"]
    assert (item["changed"], item["token"], item["error"]) == (one["changed"], one["token"], one.get("error"))
    assert item["failed"] is bool(one.get("failed"))
    if one.get("failed"):
        assert item["msg"] == one["msg"]


REFUSED = {
    "present without a name": ([{}], "tokens[0] (without a name): ", "needs name"),
    "present by id": ([{"id": "x", **IN_ACME}], "tokens[0] (x): ", "id is only for state=absent"),
    "absent by id without an organization": ([{"id": "x", "state": "absent"}], "tokens[0] (x): ", "needs organization"),
    "a group without scopes, second": (
        [{"name": "a"}, {"name": "b", **IN_ACME, "group": "g"}],
        "tokens[1] (b): ",
        "group needs scopes",
    ),
    "scopes without an organization, last": (
        [*named("a", "b"), {"name": "c", "scopes": ["read"]}],
        "tokens[2] (c): ",
        "scopes need organization",
    ),
    "an empty organization": ([{"name": "a", "organization": ""}], "tokens[0] (a): ", "organization is empty"),
    "a name twice": (named("b", "a", "b"), "more than once: token 'b'", "Nothing was sent"),
    "a name to be present and absent": (
        [{"name": "a"}, {"name": "a", "state": "absent"}],
        "more than once: token 'a'",
        "",
    ),
    "two names twice": (named("b", "a", "b", "a"), "more than once: token 'a', token 'b'", ""),
    "an id twice": (
        [{"id": "x", "state": "absent", **IN_ACME}, {"id": "x", "state": "absent", **READER}],
        "more than once: token with the id 'x'",
        "",
    ),
    **{
        f"a null {option}": ([{"name": "a"}, {"name": "b", **READER, option: None}], f"tokens[1].{option} is null", "")
        for option in ("name", "id", "organization", "group", "description", "scopes")
    },
    "a name that is yes or no": ([{"name": True}], "tokens[0].name is yes or no", "not a text"),
    "an option that there is not": ([{"name": "a", "nmae": "a"}], "nmae", ""),
    "an item that is no dictionary": (["a"], "dict", ""),
    **{
        f"{what} as a name": ([{"name": "a"}, {"name": name}], "tokens[1]", "name")
        for what, name in NOT_NAMES.items()
        if what != "surrogate"
    },
    "a lone surrogate as a name": ([{"name": NOT_NAMES["surrogate"]}], "not valid Unicode", ""),
}


@both_modes
@pytest.mark.parametrize(("items", "which", "says"), REFUSED.values(), ids=REFUSED)
def test_items_are_checked_before_the_first_request(
    simulator: Simulator, run_module: RunModule, items: Any, which: Any, says: Any, check_mode: Any
) -> None:
    result = run_module(turso_tokens, {"tokens": items}, check_mode=check_mode)
    assert result["failed"] is True
    assert result["changed"] is False
    assert which in result["msg"]
    assert says in result["msg"]
    assert result["error"] == failure("invalid_request")
    assert simulator.requests == []


@pytest.mark.parametrize("concurrency", [0, -1, 101])
def test_a_concurrency_that_cannot_work_is_refused(
    simulator: Simulator, run_module: RunModule, concurrency: Any
) -> None:
    result = run_module(turso_tokens, {"tokens": named("a"), "concurrency": concurrency})
    assert result["msg"].endswith(". Nothing was sent. Set a number from 1 to 100.")
    assert simulator.requests == []


def test_tokens_are_required(simulator: Simulator, run_module: RunModule) -> None:
    result = run_module(turso_tokens, {})
    assert "missing required arguments: tokens" in result["msg"]
    assert result["error"] == failure("invalid_request")


def test_no_items_are_nothing_to_do(simulator: Simulator, run_module: RunModule) -> None:
    result = run_module(turso_tokens, {"tokens": []})
    assert (result["changed"], result["results"], result["diff"]) == (False, [], [])
    assert simulator.requests == []


@both_modes
def test_a_token_to_be_present_by_its_name_and_absent_by_its_id_is_left_alone(
    simulator: Simulator, run_module: RunModule, check_mode: Any
) -> None:
    twice = simulator.given("twice", **IN_ACME)
    items = [
        {"name": "twice", **IN_ACME},
        {"name": "other"},
        {"id": twice.id, "state": "absent", **IN_ACME},
    ]
    result = run_module(turso_tokens, {"tokens": items}, check_mode=check_mode)
    assert [item["failed"] for item in result["results"]] == [True, False, True]
    assert f"The token 'twice' and the token with the id {twice.id!r} are the same" in result["msg"]
    assert result["error"] == failure("invalid_request")
    assert simulator.alive(twice.secret)
    assert simulator.writes == ([] if check_mode else [("POST", f"{OWN}/other")])


def test_a_name_and_an_id_may_be_alike(simulator: Simulator, run_module: RunModule) -> None:
    result = run_module(turso_tokens, {"tokens": [{"name": "x"}, {"id": "x", "state": "absent", **IN_ACME}]})
    assert [item["msg"] for item in result["results"]] == ["created", "unchanged"]


def test_names_are_escaped(simulator: Simulator, run_module: RunModule) -> None:
    result = run_module(turso_tokens, {"tokens": named(*ODD_NAMES)})
    assert [item["name"] for item in result["results"]] == list(ODD_NAMES)
    assert sorted(simulator.writes) == sorted(("POST", f"{OWN}/{segment}") for segment in ODD_NAMES.values())
    assert {each.name for each in simulator.tokens} >= set(ODD_NAMES)


@pytest.mark.parametrize("count", [1, 2, 50])
def test_each_list_is_requested_once_and_what_was_created_is_looked_at_once(
    simulator: Simulator, run_module: RunModule, count: Any
) -> None:
    simulator.add_organization("other")
    items = [
        *named(*(f"t{number}" for number in range(count))),
        *({"id": f"x{number}", "state": "absent", "organization": "acme"} for number in range(count)),
        *({"id": f"y{number}", "state": "absent", "organization": "other"} for number in range(count)),
    ]
    run_module(turso_tokens, {"tokens": items})
    assert [request.path for request in simulator.requests if request.method == "GET"] == [
        OWN,
        ACMES,
        "/v1/organizations/other/api-tokens",
        OWN,
    ]
    assert len(simulator.requests) == 4 + count


def test_results_keep_the_order_whatever_ends_first(simulator: Simulator, run_module: RunModule) -> None:
    for number in range(4):
        simulator.faults.add(f"POST {OWN}/t{number}", faults.Delay(0.3 - number * 0.1))
    names = [f"t{number}" for number in range(5)]
    result = run_module(turso_tokens, {"tokens": named(*names)})
    assert [item["name"] for item in result["results"]] == names
    secrets = {each.name: each.secret for each in simulator.tokens}
    assert [item["secret"] for item in result["results"]] == [secrets[name] for name in names]
    assert [each.name for each in simulator.tokens[2:]] != names


def test_a_failure_stops_no_other_and_costs_no_secret(simulator: Simulator, run_module: RunModule) -> None:
    running, old = simulator.main(), simulator.given("old")
    simulator.given("differs", **IN_ACME)
    simulator.faults.add(f"POST {OWN}/unlucky", faults.Status(403))
    items = [
        *named("one", "differs", "unlucky", "two"),
        {"name": "nowhere", "organization": "nowhere"},
        {"name": "main", "state": "absent"},
        {"name": "old", "state": "absent"},
    ]
    result = run_module(turso_tokens, {"tokens": items})
    assert result["failed"] is True
    assert result["changed"] is True
    kinds = [item["error"] and item["error"]["kind"] for item in result["results"]]
    assert kinds == [None, "drift", "forbidden", None, "not_found", "refused", None]
    assert [item["failed"] for item in result["results"]] == [kind is not None for kind in kinds]
    assert [item["changed"] for item in result["results"]] == [True, False, False, True, False, False, True]
    secrets = {each.name: each.secret for each in simulator.tokens}
    for item in result["results"]:
        assert item.keys() == ITEM
        assert item["secret"] == (secrets[item["name"]] if item["name"] in ("one", "two") else None)
    assert result["error"] == result["results"][1]["error"]
    assert result["msg"].startswith("4 of 7 tokens failed. ")
    assert all(item["msg"] in result["msg"] for item in result["results"] if item["failed"])
    assert all(secret not in result["msg"] for secret in simulator.canaries)
    assert simulator.alive(running.secret)
    assert not simulator.alive(old.secret)
    assert [each["before_header"] for each in result["diff"]] == ["one", "two", "old"]


def test_many_failures_are_told_in_short(simulator: Simulator, run_module: RunModule) -> None:
    simulator.faults.add("create", faults.Status(403), times=None)
    result = run_module(turso_tokens, {"tokens": named(*(f"t{number:02}" for number in range(12)))})
    assert result["msg"].startswith("12 of 12 tokens failed. ")
    assert result["msg"].endswith("(and 2 more, see results)")
    assert "t09" in result["msg"]
    assert "t10" not in result["msg"]


def test_a_list_that_cannot_be_had_fails_those_that_need_it(simulator: Simulator, run_module: RunModule) -> None:
    simulator.faults.add("org_list", faults.Status(403))
    items = [{"id": "x", "state": "absent", **IN_ACME}, *named("ci"), {"id": "y", "state": "absent", **IN_ACME}]
    result = run_module(turso_tokens, {"tokens": items})
    assert [item["error"] and item["error"]["kind"] for item in result["results"]] == ["forbidden", None, "forbidden"]
    assert result["results"][1]["secret"] == simulator.tokens[-1].secret
    assert simulator.writes == [("POST", f"{OWN}/ci")]


def test_a_credential_that_is_dead_is_tried_once(simulator: Simulator, run_module: RunModule) -> None:
    simulator.faults.add("*", faults.Status(401), times=None)
    result = run_module(turso_tokens, {"tokens": named("a", "b", "c")})
    assert [item["error"]["kind"] for item in result["results"]] == ["unauthorized"] * 3
    assert result["msg"].count("Could not list the tokens") == 1
    assert result["changed"] is False
    assert len(simulator.requests) == 1


@both_modes
def test_the_credential_in_use_is_never_revoked(simulator: Simulator, run_module: RunModule, check_mode: Any) -> None:
    running = simulator.given("runner", **IN_ACME)
    items = [{"name": "runner", "state": "absent"}, {"id": running.id, "state": "absent", **IN_ACME}]
    result = run_module(turso_tokens, {"api_token": running.secret, "tokens": items}, check_mode=check_mode)
    assert [item["error"]["kind"] for item in result["results"]] == ["refused", "refused"]
    assert simulator.writes == []


def test_each_secret_is_proven_and_the_others_are_withdrawn(simulator: Simulator, run_module: RunModule) -> None:
    simulator.faults.add("validate", faults.Status(404))
    result = run_module(turso_tokens, {"tokens": named("a", "b", "c"), "validate": True, "concurrency": 1})
    assert [item["error"] and item["error"]["kind"] for item in result["results"]] == ["not_found", None, None]
    assert [each.name for each in simulator.tokens[2:]] == ["b", "c"]
    assert [each.name for each in simulator.revoked] == ["a"]
    assert len([request for request in simulator.requests if request.call == "validate"]) == 3


def test_a_403_is_told_once_for_each(simulator: Simulator, run_module: RunModule) -> None:
    simulator.faults.add("validate", faults.Status(403), times=None)
    result = run_module(turso_tokens, {"tokens": named("a", "b"), "validate": True})
    assert not result.get("failed")
    assert ["403" in item["msg"] for item in result["results"]] == [True, True]
    assert len([warning for warning in result["warnings"] if "403" in str(warning)]) == 2


@pytest.mark.parametrize("concurrency", [1, 4])
def test_writes_go_side_by_side_on_one_pool(simulator: Simulator, run_module: RunModule, concurrency: Any) -> None:
    simulator.behave(latency=0.15)
    result = run_module(
        turso_tokens, {"tokens": named(*(f"t{number}" for number in range(8))), "concurrency": concurrency}
    )
    assert not result.get("failed")
    assert simulator.max_concurrent == concurrency
    assert simulator.connections <= concurrency


def test_eight_go_side_by_side_unless_told_otherwise(simulator: Simulator, run_module: RunModule) -> None:
    simulator.behave(latency=0.3)
    run_module(turso_tokens, {"tokens": named(*(f"t{number}" for number in range(12)))})
    assert simulator.max_concurrent == 8


def test_when_one_is_told_to_wait_all_wait(simulator: Simulator, run_module: RunModule, waits: Any) -> None:
    simulator.faults.add(f"POST {OWN}/t0", faults.Delay(0.3))
    simulator.faults.add(f"POST {OWN}/t0", faults.rate_limited(7))
    simulator.faults.add(f"POST {OWN}/t1", faults.Delay(0.9))  # sent before the 429, answered after it
    result = run_module(turso_tokens, {"tokens": named(*(f"t{number}" for number in range(6))), "concurrency": 2})
    assert not result.get("failed")
    after_the_429 = [request for request in simulator.requests if request.call == "create"][2:]
    assert len(after_the_429) == 5
    assert len([wait for wait in waits if wait > 6]) >= len(after_the_429)


def test_a_rate_limit_that_stays_costs_no_secret(simulator: Simulator, run_module: RunModule) -> None:
    simulator.faults.add("create", faults.rate_limited(1), skip=2, times=None)
    result = run_module(turso_tokens, {"tokens": named("a", "b", "c", "d"), "concurrency": 1})
    assert [item["error"] and item["error"]["kind"] for item in result["results"]] == [
        None,
        None,
        "rate_limited",
        "rate_limited",
    ]
    assert [bool(item["secret"]) for item in result["results"]] == [True, True, False, False]


def test_lost_answers_are_made_up_for_one_by_one(simulator: Simulator, run_module: RunModule) -> None:
    simulator.faults.add(f"POST {OWN}/b", faults.Reset(), when="after")
    result = run_module(turso_tokens, {"tokens": named("a", "b", "c")})
    assert not result.get("failed")
    assert all(simulator.alive(item["secret"]) for item in result["results"])
    assert sorted(each.name for each in simulator.tokens[2:]) == ["a", "b", "c"]


def test_diff_mode_shows_no_secret(simulator: Simulator, run_module: RunModule) -> None:
    result = run_module(turso_tokens, {"tokens": named("a", "b")}, diff=True)
    assert all(secret not in json.dumps(result["diff"]) for secret in simulator.canaries)
