# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""turso_token: every sentence of its contract, in check mode, for real, and again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.modules import turso_token
from tests.conftest import RunModule
from tests.simulator import Simulator, faults
from tests.unit.modules.rows import ACMES, IN_ACME, NINE, NOT_NAMES, ODD_NAMES, OWN, READER, failure, token

RESULT = {"changed", "token", "secret", "diff"}

both_modes = pytest.mark.parametrize("check_mode", [False, True], ids=["for real", "check mode"])


def told(result: dict[str, Any]) -> set[str]:
    """Return the keys of a result but those that Ansible adds to it."""
    return result.keys() - {"invocation", "warnings"}


CREATED = {
    "unrestricted": ({}, None, {}),
    "for an organization": (IN_ACME, {"organization": "acme"}, {"organization": "acme", "restriction": "organization"}),
    "for a group": (
        READER,
        {"organization": "acme", "group": "production", "scopes": ["read"]},
        {
            "organization": "acme",
            "group": "production",
            "scopes": ["read"],
            "restriction": "group",
            "permissions": "read-only",
        },
    ),
    "with the preset read-only, sent as it is written": (
        {**READER, "scopes": ["read-only"]},
        {"organization": "acme", "group": "production", "scopes": ["read-only"]},
        {
            "organization": "acme",
            "group": "production",
            "scopes": ["read"],
            "restriction": "group",
            "permissions": "read-only",
        },
    ),
    "with the preset full-access": (
        {**READER, "scopes": ["full-access"]},
        {"organization": "acme", "group": "production", "scopes": ["full-access"]},
        {
            "organization": "acme",
            "group": "production",
            "scopes": NINE,
            "restriction": "group",
            "permissions": "full-access",
        },
    ),
    "with scopes in any order and twice": (
        {**READER, "scopes": ["read", "db:create", "read"]},
        {"organization": "acme", "group": "production", "scopes": ["read", "db:create"]},
        {
            "organization": "acme",
            "group": "production",
            "scopes": ["db:create", "read"],
            "restriction": "group",
            "permissions": "custom",
        },
    ),
    "with scopes in one text": (
        {**READER, "scopes": "read, db:create"},
        {"organization": "acme", "group": "production", "scopes": ["read", "db:create"]},
        {
            "organization": "acme",
            "group": "production",
            "scopes": ["db:create", "read"],
            "restriction": "group",
            "permissions": "custom",
        },
    ),
    "for an organization, with scopes": (
        {**IN_ACME, "scopes": ["read-only"]},
        {"organization": "acme", "scopes": ["read-only"]},
        {
            "organization": "acme",
            "scopes": ["read"],
            "restriction": "organization",
            "permissions": "read-only",
        },
    ),
    "with a description, which is sent and told only if the API tells it": (
        {"description": "For CI"},
        {"description": "For CI"},
        {},
    ),
}


@pytest.mark.parametrize(("asked", "body", "known"), CREATED.values(), ids=CREATED)
def test_present_creates_what_is_not_there(
    simulator: Simulator, run_module: RunModule, asked: Any, body: Any, known: Any
) -> None:
    asked = {"name": "ci", **asked}

    predicted = run_module(turso_token, asked, check_mode=True, diff=True)
    assert simulator.writes == []
    after = token("ci", **known)
    assert {key: predicted[key] for key in told(predicted)} == {
        "changed": True,
        "token": after,
        "secret": None,
        "diff": {"before": {}, "after": after},
    }

    made = run_module(turso_token, asked, diff=True)
    assert [(request.method, request.path, request.body) for request in simulator.requests[1:]] == [
        ("GET", OWN, None),
        ("POST", f"{OWN}/ci", body),
        ("GET", OWN, None),
    ]
    there = simulator.tokens[-1]
    after = token("ci", id=there.id, created_at=there.created.strftime("%Y-%m-%d"), age_days=0, **known)
    assert {key: made[key] for key in told(made)} == {
        "changed": True,
        "token": after,
        "secret": there.secret,
        "diff": {"before": {}, "after": after},
    }

    simulator.reset_log()
    for check_mode in (True, False):
        again = run_module(turso_token, asked, check_mode=check_mode, diff=True)
        after = token("ci", id=there.id, created_at=there.created.strftime("%Y-%m-%d"), age_days=0, **known)
        assert {key: again[key] for key in told(again)} == {
            "changed": False,
            "token": after,
            "secret": None,
            "diff": {"before": after, "after": after},
        }
    assert [(request.method, request.path) for request in simulator.requests] == [("GET", OWN), ("GET", OWN)]


UNCHANGED = {
    "unrestricted": ({}, {}),
    "of the same organization": (IN_ACME, IN_ACME),
    "of the same group and scopes": (READER, READER),
    "with the scopes in another order": (
        {**READER, "scopes": ["db:create", "read"]},
        {**READER, "scopes": ["read", "db:create"]},
    ),
    "with a scope written twice": (READER, {**READER, "scopes": ["read", "read"]}),
    "with read asked for as read-only": (READER, {**READER, "scopes": ["read-only"]}),
    "with the nine scopes asked for as full-access": (
        {**READER, "scopes": NINE},
        {**READER, "scopes": ["full-access"]},
    ),
    "with the nine scopes spelled out": ({**READER, "scopes": ["full-access"]}, {**READER, "scopes": NINE[::-1]}),
    "with another description": ({"description": "old"}, {"description": "new"}),
    "that would be validated if it were new": ({}, {"validate": True}),
}


@both_modes
@pytest.mark.parametrize(("given", "asked"), UNCHANGED.values(), ids=UNCHANGED)
def test_present_leaves_a_token_alone(
    simulator: Simulator, run_module: RunModule, given: Any, asked: Any, check_mode: Any
) -> None:
    simulator.behave(descriptions=True)
    there = simulator.given("ci", age_days=3, **given)
    result = run_module(turso_token, {"name": "ci", **asked}, check_mode=check_mode)
    assert result["changed"] is False
    assert result["secret"] is None
    assert result["token"]["id"] == there.id
    assert result["token"]["age_days"] == 3
    assert result["token"]["description"] == given.get("description")
    assert result["diff"] == {"before": result["token"], "after": result["token"]}
    assert [(request.method, request.path) for request in simulator.requests] == [("GET", OWN)]


DRIFT = {
    "unrestricted, an organization asked for": ({}, IN_ACME, ["organization is (none)", "'acme'"]),
    "for an organization, unrestricted asked for": (IN_ACME, {}, ["organization is 'acme'", "(none)"]),
    "for another organization": ({"organization": "other"}, IN_ACME, ["'other'", "'acme'"]),
    "for an organization, a group asked for": (IN_ACME, READER, ["group is (none)", "scopes are (none)"]),
    "for a group, its organization asked for": (READER, IN_ACME, ["group is 'production'", "scopes are [read]"]),
    "for another group": ({**READER, "group": "default"}, READER, ["'default'", "'production'"]),
    "with more scopes": ({**READER, "scopes": ["full-access"]}, READER, ["[db:configure, db:create", "[read]"]),
    "with fewer scopes": (READER, {**READER, "scopes": ["full-access"]}, ["scopes are [read]"]),
    "with other scopes": (READER, {**READER, "scopes": ["db:create"]}, ["[read]", "[db:create]"]),
    "with everything different": (READER, {}, ["organization", "group", "scopes"]),
}


@both_modes
@pytest.mark.parametrize(("given", "asked", "names"), DRIFT.values(), ids=DRIFT)
def test_present_never_passes_over_a_token_that_differs(
    simulator: Simulator, run_module: RunModule, given: Any, asked: Any, names: Any, check_mode: Any
) -> None:
    simulator.add_organization("other", ["production"])
    there = simulator.given("ci", **given)
    result = run_module(turso_token, {"name": "ci", **asked}, check_mode=check_mode)
    assert result["failed"] is True
    assert result["changed"] is False
    assert result["error"] == failure("drift")
    for name in [*names, there.id, "community.turso.turso_rotate"]:
        assert name in result["msg"]
    assert result["token"]["id"] == there.id
    assert result["secret"] is None
    assert simulator.writes == []
    assert simulator.alive(there.secret)


ABSENT = {
    "by its name": ({}, {"name": "ci"}, f"{OWN}/ci", OWN),
    "by its name alone, though it is restricted": (READER, {"name": "ci"}, f"{OWN}/ci", OWN),
    "by its name and the organization that it has": (IN_ACME, {"name": "ci", **IN_ACME}, f"{OWN}/ci", OWN),
    "by its name and the organization of its group": (READER, {"name": "ci", **IN_ACME}, f"{OWN}/ci", OWN),
    "by its name and the group that it has": (READER, {"name": "ci", **READER}, f"{OWN}/ci", OWN),
    "by its name, whatever scopes are said": (
        READER,
        {"name": "ci", **READER, "scopes": ["db:create"]},
        f"{OWN}/ci",
        OWN,
    ),
    "by its id": (IN_ACME, IN_ACME, f"{ACMES}/{{id}}", ACMES),
    "by its id, somebody else's": ({"user": "bob", **IN_ACME}, IN_ACME, f"{ACMES}/{{id}}", ACMES),
    "by its id, pinned to a group": (READER, IN_ACME, f"{ACMES}/{{id}}", ACMES),
}


@pytest.mark.parametrize(("given", "asked", "path", "listed"), ABSENT.values(), ids=ABSENT)
def test_absent_revokes(
    simulator: Simulator, run_module: RunModule, given: Any, asked: Any, path: str, listed: Any
) -> None:
    there = simulator.given("ci", age_days=2, **given)
    asked = {"state": "absent", **asked, **({} if "name" in asked else {"id": there.id})}

    predicted = run_module(turso_token, asked, check_mode=True)
    assert simulator.writes == []

    gone = run_module(turso_token, asked)
    assert [(request.method, request.path) for request in simulator.requests[1:]] == [
        ("GET", listed),
        ("DELETE", path.format(id=there.id)),
    ]
    assert not simulator.alive(there.secret)
    for result in (predicted, gone):
        assert told(result) == RESULT
        assert result["changed"] is True
        assert result["token"] is None
        assert result["secret"] is None
        assert result["diff"]["after"] == {}
        assert result["diff"]["before"]["name"] == "ci"
        assert result["diff"]["before"]["id"] == there.id
        assert result["diff"]["before"]["age_days"] == 2

    simulator.reset_log()
    for check_mode in (True, False):
        again = run_module(turso_token, asked, check_mode=check_mode)
        assert {key: again[key] for key in told(again)} == {
            "changed": False,
            "token": None,
            "secret": None,
            "diff": {"before": {}, "after": {}},
        }
    assert [(request.method, request.path) for request in simulator.requests] == [("GET", listed), ("GET", listed)]


ABSENT_DRIFT = {
    "by name, unrestricted, with an organization": ({}, {"name": "ci", **IN_ACME}, "organization"),
    "by name, of another organization": ({"organization": "other"}, {"name": "ci", **IN_ACME}, "organization"),
    "by name, of no group": (IN_ACME, {"name": "ci", **READER}, "group"),
    "by name, of another group": ({**READER, "group": "default"}, {"name": "ci", **READER}, "group"),
    "by id, of another group": ({**READER, "group": "default"}, READER, "group"),
}


@both_modes
@pytest.mark.parametrize(("given", "asked", "names"), ABSENT_DRIFT.values(), ids=ABSENT_DRIFT)
def test_absent_leaves_a_token_that_may_not_be_meant(
    simulator: Simulator, run_module: RunModule, given: Any, asked: Any, names: Any, check_mode: Any
) -> None:
    simulator.add_organization("other")
    there = simulator.given("ci", **given)
    asked = {"state": "absent", **asked, **({} if "name" in asked else {"id": there.id})}
    result = run_module(turso_token, asked, check_mode=check_mode)
    assert result["error"] == failure("drift")
    assert f"{names} is" in result["msg"]
    assert simulator.writes == []


@both_modes
@pytest.mark.parametrize("by", ["name", "id"])
def test_the_credential_in_use_is_never_revoked(
    simulator: Simulator, run_module: RunModule, by: Any, check_mode: Any
) -> None:
    running = simulator.given("runner", organization="acme")
    asked = {"name": "runner"} if by == "name" else {"id": running.id, "organization": "acme"}
    result = run_module(turso_token, {"api_token": running.secret, "state": "absent", **asked}, check_mode=check_mode)
    assert result["error"] == failure("refused")
    assert "community.turso.turso_rotate" in result["msg"]
    assert simulator.writes == []
    assert simulator.alive(running.secret)


def test_a_credential_whose_jti_does_not_tell_is_not_known(simulator: Simulator, run_module: RunModule) -> None:
    running = simulator.given("runner", carries_jti=False)
    result = run_module(turso_token, {"api_token": running.secret, "name": "runner", "state": "absent"})
    assert result["changed"] is True
    assert not simulator.alive(running.secret)


REFUSED = {
    "present without a name": ({}, "needs name"),
    "present by id": ({"id": "x", **IN_ACME}, "id is only for state=absent"),
    "present with a name and an id": ({"name": "ci", "id": "x", **IN_ACME}, "id is only for state=absent"),
    "absent without a name or an id": ({"state": "absent"}, "needs name, or id"),
    "absent by an organization alone": ({"state": "absent", **IN_ACME}, "needs name, or id"),
    "absent by id without an organization": ({"state": "absent", "id": "x"}, "id needs organization"),
    "absent by name and id": ({"state": "absent", "name": "ci", "id": "x", **IN_ACME}, "exclude each other"),
    "a group without an organization": ({"name": "ci", "group": "g", "scopes": ["read"]}, "group needs organization"),
    "a group without scopes": ({"name": "ci", **IN_ACME, "group": "g"}, "group needs scopes"),
    "a group with an empty list of scopes": (
        {"name": "ci", **IN_ACME, "group": "g", "scopes": []},
        "group needs scopes",
    ),
    "scopes without an organization": ({"name": "ci", "scopes": ["read"]}, "scopes need organization"),
    "an empty list of scopes": ({"name": "ci", **IN_ACME, "scopes": []}, "scopes is empty"),
    "a state that there is not": ({"name": "ci", "state": "gone"}, "gone"),
    "an option that there is not": ({"name": "ci", "nmae": "ci"}, "nmae"),
    "an organization that an unset variable left empty": ({"name": "ci", "organization": ""}, "organization is empty"),
    "a blank organization": ({"name": "ci", "organization": "  "}, "organization is empty"),
    "an empty group": ({"name": "ci", **READER, "group": ""}, "group is empty"),
    "an empty id": ({"state": "absent", "id": "", **IN_ACME}, "id is empty"),
    "a dot as an id": ({"state": "absent", "id": "..", **IN_ACME}, "id is '..', which cannot be part of an address"),
    "dots as an organization": (
        {"name": "ci", "organization": ".."},
        "organization is '..', which cannot be part of an address",
    ),
    **{f"{what} as a name": ({"name": name}, "name") for what, name in NOT_NAMES.items() if what != "surrogate"},
    "a lone surrogate as a name": ({"name": NOT_NAMES["surrogate"]}, "not valid Unicode"),
}


@both_modes
@pytest.mark.parametrize(("asked", "says"), REFUSED.values(), ids=REFUSED)
def test_options_that_cannot_work_are_refused_before_any_request(
    simulator: Simulator, run_module: RunModule, asked: Any, says: Any, check_mode: Any
) -> None:
    result = run_module(turso_token, asked, check_mode=check_mode)
    assert result["failed"] is True
    assert result["changed"] is False
    assert says in result["msg"]
    assert result["error"] == failure("invalid_request")
    assert (result["token"], result["secret"], result["diff"]) == (None, None, {"before": {}, "after": {}})
    assert simulator.requests == []


@both_modes
@pytest.mark.parametrize(
    "option", ["name", "id", "state", "organization", "group", "scopes", "description", "validate"]
)
def test_an_option_that_comes_to_null_is_refused(
    simulator: Simulator, run_module: RunModule, option: Any, check_mode: Any
) -> None:
    result = run_module(turso_token, {"name": "ci", **READER}, null=(option,), check_mode=check_mode)
    assert f"{option} is null" in result["msg"]
    assert result["error"] == failure("invalid_request")
    assert simulator.requests == []


def test_texts_are_taken_as_they_are_written_or_refused(simulator: Simulator, run_module: RunModule) -> None:
    assert run_module(turso_token, {"name": 2026, **IN_ACME})["token"]["name"] == "2026"
    for value, kind in ((True, "yes or no"), (1.5, "a number with a fraction"), (["a"], "a list")):
        assert f"name is {kind}, not a text" in run_module(turso_token, {"name": value})["msg"]
    assert [token.name for token in simulator.tokens if token.name != "main"] == ["2026"]


@pytest.mark.parametrize(("name", "segment"), ODD_NAMES.items(), ids=ODD_NAMES.values())
def test_a_name_is_escaped_whatever_it_holds(
    simulator: Simulator, run_module: RunModule, name: str, segment: Any
) -> None:
    bystanders = [simulator.given(each) for each in ("x", "a", "b", "v1")]
    made = run_module(turso_token, {"name": name})
    assert made["token"]["name"] == name
    assert simulator.tokens[-1].name == name
    assert run_module(turso_token, {"name": name})["changed"] is False
    assert run_module(turso_token, {"name": name, "state": "absent"})["changed"] is True
    assert simulator.writes == [("POST", f"{OWN}/{segment}"), ("DELETE", f"{OWN}/{segment}")]
    assert all(simulator.alive(bystander.secret) for bystander in bystanders)


@pytest.mark.parametrize("identity", ["a/b", "../api-tokens", "x?y#z"])
def test_an_id_and_an_organization_are_escaped(simulator: Simulator, run_module: RunModule, identity: Any) -> None:
    simulator.add_organization(identity)
    there = simulator.given("ci", organization=identity)
    run_module(turso_token, {"state": "absent", "id": identity, "organization": identity})
    assert simulator.writes == []
    run_module(turso_token, {"state": "absent", "id": there.id, "organization": identity})
    assert [request.decoded_path for request in simulator.requests[-1:]] == [
        f"/v1/organizations/{identity}/api-tokens/{there.id}"
    ]
    assert not simulator.alive(there.secret)


PROVEN = {
    "a secret that works": ([], 1, []),
    "a secret that is unknown for a moment": ([faults.Status(401)], 2, []),
    "a secret that is unknown for a little longer": ([faults.Status(401), faults.Status(401)], 3, []),
    "a 403, which working restricted tokens get": ([faults.Status(403)], 1, ["403"]),
    "a server that fails once": ([faults.Status(500)], 2, []),
}


@pytest.mark.parametrize(("faulty", "tries", "warns"), PROVEN.values(), ids=PROVEN)
def test_a_new_secret_is_proven(
    simulator: Simulator, run_module: RunModule, faulty: Any, tries: Any, warns: Any
) -> None:
    for fault in faulty:
        simulator.faults.add("validate", fault)
    result = run_module(turso_token, {"name": "ci", **IN_ACME, "validate": True})
    there = simulator.tokens[-1]
    assert result["secret"] == there.secret
    assert [request.token_id for request in simulator.requests if request.call == "validate"] == [there.id] * tries
    warnings = json.dumps(result.get("warnings", []))
    assert all(text in warnings for text in warns)
    assert bool(result.get("warnings")) == bool(warns)


def test_nothing_is_validated_unasked_or_in_check_mode(simulator: Simulator, run_module: RunModule) -> None:
    run_module(turso_token, {"name": "ci", "validate": True}, check_mode=True)
    run_module(turso_token, {"name": "ci"})
    assert "validate" not in [request.call for request in simulator.requests]


UNPROVEN = {
    "a 401 that stays": (faults.Status(401), "unauthorized", 401),
    "a server that goes on failing": (faults.Status(500), "api_error", 500),
    "a 404": (faults.Status(404), "not_found", 404),
    "a 200 that is not JSON": (faults.garbage(), "unexpected_response", 200),
    "a 200 with an error in it": (faults.Status(200, {"error": "no"}), "unexpected_response", 200),
    "a redirect": (faults.redirect("http://127.0.0.1:9/"), "unexpected_response", 302),
    "no answer": (faults.Close(), "unreachable", None),
}


@pytest.mark.parametrize("asked", [{}, IN_ACME], ids=["unrestricted", "for an organization"])
@pytest.mark.parametrize(("fault", "kind", "status"), UNPROVEN.values(), ids=UNPROVEN)
def test_a_secret_that_does_not_prove_itself_is_withdrawn(
    simulator: Simulator, run_module: RunModule, fault: Any, kind: str, status: Any, asked: Any
) -> None:
    simulator.faults.add("validate", fault, times=None)
    result = run_module(turso_token, {"name": "ci", **asked, "validate": True})
    made = simulator.revoked[-1]
    assert made.name == "ci"
    assert (result["error"]["kind"], result["error"]["status"]) == (kind, status)
    assert result["error"]["path"] == "/v1/auth/validate"
    assert f"(id {made.id}) was revoked again" in result["msg"]
    assert result["token"] is None
    assert result["secret"] is None
    assert made.secret not in json.dumps(result)
    path = f"{ACMES}/{made.id}" if asked else f"{OWN}/ci"
    assert simulator.writes == [("POST", f"{OWN}/ci"), ("DELETE", path)]


@pytest.mark.parametrize("asked", [{}, IN_ACME], ids=["unrestricted", "for an organization"])
def test_a_token_that_can_be_neither_proven_nor_withdrawn_is_named(
    simulator: Simulator, run_module: RunModule, asked: Any
) -> None:
    simulator.faults.add("validate", faults.Status(401), times=None)
    simulator.faults.add("revoke", faults.Status(500), times=None)
    simulator.faults.add("org_revoke", faults.Status(500), times=None)
    result = run_module(turso_token, {"name": "ci", **asked, "validate": True})
    made = simulator.tokens[-1]
    assert result["error"]["kind"] == "unauthorized"
    assert f"Revoke the token with the id {made.id}" in result["msg"]
    assert result["secret"] is None
    assert made.secret not in json.dumps(result)


def test_a_secret_that_the_api_quotes_is_hidden_in_the_failure(simulator: Simulator, run_module: RunModule) -> None:
    secret = "opaque-secret-0123456789"
    answer = {"token": secret, "error": f"made {secret}"}  # without an id it is not what is promised
    simulator.faults.add("create", faults.Status(200, answer), times=None)
    result = run_module(turso_token, {"name": "ci"})
    assert result["failed"] is True
    assert "made " in result["msg"]
    assert secret not in json.dumps(result)


@pytest.mark.parametrize("shape", ["v1", "v2", "nested"])
def test_every_shape_of_an_answer_to_a_create_is_understood(
    simulator: Simulator, run_module: RunModule, shape: Any
) -> None:
    simulator.behave(create_shape=shape)
    result = run_module(turso_token, {"name": "ci", **IN_ACME})
    there = simulator.tokens[-1]
    assert (result["token"]["name"], result["token"]["id"]) == ("ci", there.id)
    assert result["secret"] == there.secret


def test_what_the_api_tells_of_a_token_is_passed_on(simulator: Simulator, run_module: RunModule) -> None:
    simulator.behave(descriptions=True, created_at="timestamp", extra_fields={"color": "red"})
    simulator.given("ci", description="For CI", age_days=400)
    told_of = run_module(turso_token, {"name": "ci"})["token"]
    assert told_of["description"] == "For CI"
    assert told_of["age_days"] == 400
    assert told_of["created_at"].endswith("Z")
    assert told_of.keys() == token("ci").keys()


KINDS = {
    "unauthorized": ([("list", faults.Status(401))], {"status": 401, "method": "GET", "path": OWN, "attempts": 1}),
    "forbidden": ([("create", faults.Status(403))], {"status": 403, "method": "POST", "attempts": 1}),
    "not_found": ([("create", faults.Status(404))], {"status": 404, "method": "POST", "attempts": 1}),
    "conflict": ([("create", faults.Status(409))], {"status": 409, "method": "POST", "attempts": 1}),
    "rate_limited": (
        [("list", faults.rate_limited(1))],
        {"status": 429, "method": "GET", "path": OWN, "api_message": "too many requests", "attempts": 5},
    ),
    "invalid_request": ([("create", faults.Status(400))], {"status": 400, "method": "POST", "attempts": 1}),
    "api_error": ([("list", faults.Status(500))], {"status": 500, "method": "GET", "path": OWN, "attempts": 5}),
    "unreachable": (
        [("list", faults.Close())],
        {"method": "GET", "path": OWN, "api_message": None, "attempts": 5},
    ),
    "unexpected_response": (
        [("list", faults.garbage())],
        {"status": 200, "method": "GET", "path": OWN, "api_message": None, "attempts": 1},
    ),
    "outcome_unknown": (
        [("create", faults.Close()), ("list", faults.Status(403))],
        {"method": "POST", "api_message": None, "attempts": 1},
    ),
}


@pytest.mark.parametrize(("kind", "faulty", "known"), [(kind, *row) for kind, row in KINDS.items()], ids=KINDS)
def test_a_failure_says_what_kind_it_is(
    simulator: Simulator, run_module: RunModule, kind: str, faulty: Any, known: Any
) -> None:
    for on, fault in faulty:
        simulator.faults.add(on, fault, times=None, skip=1 if (kind, on) == ("outcome_unknown", "list") else 0)
    result = run_module(turso_token, {"name": "ci"})
    assert result["failed"] is True
    status = known.get("status")
    expected = {"path": f"{OWN}/ci", "api_message": status and f"simulated {status}", **known}
    assert result["error"] == failure(kind, **expected)
    assert told(result) == RESULT | {"failed", "msg", "error"}
    may_be_left = kind == "outcome_unknown"
    assert (result["changed"], result["token"], result["secret"]) == (may_be_left, None, None)
    assert result["msg"].startswith("Could not ")


@pytest.mark.parametrize("shape", ["text", "text_and_code", "object"])
def test_every_shape_of_an_error_is_understood(simulator: Simulator, run_module: RunModule, shape: Any) -> None:
    simulator.behave(error_shape=shape)
    result = run_module(turso_token, {"name": "ci", "organization": "nowhere"})
    assert result["error"]["kind"] == "not_found"
    assert result["error"]["api_message"] == "organization nowhere not found"
    assert "organization nowhere not found" in result["msg"]


def test_a_status_that_is_not_documented_is_an_error_of_the_api(simulator: Simulator, run_module: RunModule) -> None:
    simulator.faults.add("create", faults.Status(402))
    assert run_module(turso_token, {"name": "ci", **IN_ACME})["error"]["kind"] == "api_error"


def test_a_member_may_not_mint_for_a_group(simulator: Simulator, run_module: RunModule) -> None:
    result = run_module(turso_token, {"api_token": simulator.main("bob").secret, "name": "ci", **READER})
    assert result["error"]["kind"] == "forbidden"
    assert "an admin or owner of the organization" in result["msg"]


def test_a_list_that_has_a_name_twice_is_not_guessed_about(simulator: Simulator, run_module: RunModule) -> None:
    twice = [{"name": "ci", "id": each, "created_at": "2026-01-01"} for each in ("one", "two")]
    simulator.faults.add("list", faults.Status(200, {"tokens": twice}), times=None)
    for state in ("present", "absent"):
        result = run_module(turso_token, {"name": "ci", "state": state})
        assert result["error"]["kind"] == "unexpected_response"
    assert simulator.writes == []


UNKNOWN_SCOPES = {
    "a preset that has grown": (["read", "db:list"], ["read-only"], "unchanged", "read-only"),
    "a tenth scope of full access": ([*NINE, "db:list"], ["full-access"], "unchanged", "full-access"),
    "the same scopes spelled out": (["read", "db:list"], ["db:list", "read"], "unchanged", "read-only"),
    "a preset that has grown, and a known scope too many": (
        ["read", "db:list", "db:create"],
        ["read-only"],
        "drift",
        "custom",
    ),
    "one that nobody asked for": (["read", "db:list"], ["read"], "drift", "read-only"),
    "revoked": (["db:list"], None, "revoked", "custom"),
}


@both_modes
@pytest.mark.parametrize(("has", "asked", "outcome", "permissions"), UNKNOWN_SCOPES.values(), ids=UNKNOWN_SCOPES)
def test_a_scope_that_nobody_knows_breaks_nothing(
    simulator: Simulator, run_module: RunModule, has: Any, asked: Any, outcome: Any, permissions: Any, check_mode: Any
) -> None:
    entry = {"name": "ci", "id": "one", "organization": "acme", "group": "production", "created_at": "2026-11-01"}
    listed = faults.Status(200, {"tokens": [{**entry, "scopes": has}]})
    simulator.faults.add("list", listed, times=1 if outcome == "revoked" else None)
    restricted = {"state": "absent"} if asked is None else {**READER, "scopes": asked}
    result = run_module(turso_token, {"name": "ci", **restricted}, check_mode=check_mode)
    if outcome == "drift":
        assert result["error"] == failure("drift")
        assert f"scopes are [{', '.join(sorted(has))}], expected [read]" in result["msg"]
    elif outcome == "unchanged":
        assert (result["changed"], result["token"]["permissions"]) == (False, permissions)
        assert result["token"]["scopes"] == sorted(has)
    elif check_mode:
        assert result["diff"]["before"]["permissions"] == permissions
        assert result["changed"] is True
    assert check_mode is False or simulator.writes == []


def test_an_unknown_scope_is_left_to_the_api_and_a_typing_error_warned_about(
    simulator: Simulator, run_module: RunModule
) -> None:
    result = run_module(turso_token, {"name": "ci", **READER, "scopes": ["db:creat"]})
    assert result["error"]["kind"] == "invalid_request"
    assert [request.body["scopes"] for request in simulator.requests if request.call == "create"] == [["db:creat"]]
    assert "If you mean 'db:create'" in str(result["warnings"])


def test_creating_an_unrestricted_token_is_warned_about(simulator: Simulator, run_module: RunModule) -> None:
    for check_mode in (True, False):
        assert "deprecated" in str(run_module(turso_token, {"name": "ci"}, check_mode=check_mode)["warnings"])
    assert "warnings" not in run_module(turso_token, {"name": "ci"})
    assert "warnings" not in run_module(turso_token, {"name": "app", **IN_ACME})
    assert len(simulator.tokens) > 1


def test_diff_mode_shows_no_secret(simulator: Simulator, run_module: RunModule) -> None:
    result = run_module(turso_token, {"name": "ci", "description": "d"}, diff=True)
    assert all(secret not in json.dumps(result["diff"]) for secret in simulator.canaries)
