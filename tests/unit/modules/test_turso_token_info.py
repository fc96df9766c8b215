# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""turso_token_info: every sentence of its contract."""

from __future__ import annotations

import base64
import datetime
import json
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.modules import turso_token_info
from tests.conftest import RunModule
from tests.simulator import Simulator, faults
from tests.unit.modules.rows import ACMES, IN_ACME, NINE, NOT_NAMES, ODD_NAMES, OWN, READER, failure, token

NOW = datetime.datetime(2026, 11, 24, 9, 15, tzinfo=datetime.timezone.utc)

both_modes = pytest.mark.parametrize("check_mode", [False, True], ids=["for real", "check mode"])


@pytest.fixture
def world(simulator: Simulator) -> Any:
    """alice's ci, app and dash, and bob's app, at a time that stands still."""
    simulator.clock.freeze(NOW)
    simulator.main("alice").created = NOW  # it was there before the clock stopped
    simulator.given("ci", age_days=120)
    simulator.given("app", **IN_ACME)
    simulator.given("dash", **READER, age_days=1)
    simulator.given("app", user="bob", **{**READER, "scopes": ["full-access"]})
    return simulator


TOLD = {
    ("alice", "main"): {"created_at": "2026-11-24", "age_days": 0},
    ("alice", "ci"): {"created_at": "2026-07-27", "age_days": 120},
    ("alice", "app"): {
        "created_at": "2026-11-24",
        "age_days": 0,
        "organization": "acme",
        "restriction": "organization",
    },
    ("alice", "dash"): {
        "created_at": "2026-11-23",
        "age_days": 1,
        **READER,
        "restriction": "group",
        "permissions": "read-only",
    },
    ("bob", "app"): {
        "created_at": "2026-11-24",
        "age_days": 0,
        **READER,
        "scopes": NINE,
        "restriction": "group",
        "permissions": "full-access",
    },
}

ALICES_AND_BOBS = [("alice", "app"), ("alice", "dash"), ("bob", "app")]

LISTS = {
    "all of the caller's own": ("alice", {}, OWN, [("alice", name) for name in ("main", "ci", "app", "dash")], False),
    "one by its name": ("alice", {"name": "ci"}, OWN, [("alice", "ci")], False),
    "none by a name that is not there": ("alice", {"name": "c"}, OWN, [], False),
    "none by a name that somebody else has": ("bob", {"name": "dash"}, OWN, [], False),
    "the caller's own by a name that others have too": ("bob", {"name": "app"}, OWN, [("bob", "app")], False),
    "an organization's, with owners": ("alice", IN_ACME, ACMES, ALICES_AND_BOBS, True),
    "a member's own in an organization, as the API tells them": ("bob", IN_ACME, ACMES, [("bob", "app")], False),
    "one by its name and organization": ("alice", {"name": "app", **IN_ACME}, OWN, [("alice", "app")], False),
    "none by a name that is of no organization": ("alice", {"name": "ci", **IN_ACME}, OWN, [], False),
}


@both_modes
@pytest.mark.parametrize(("caller", "asked", "path", "names", "owners"), LISTS.values(), ids=LISTS)
def test_it_lists(
    world: Any, run_module: RunModule, caller: Any, asked: Any, path: str, names: Any, owners: Any, check_mode: Any
) -> None:
    ids = {(each.user, each.name): each.id for each in world.tokens}
    result = run_module(turso_token_info, {"api_token": world.main(caller).secret, **asked}, check_mode=check_mode)
    expected = [
        token(
            name,
            id=ids[user, name],
            owner={"username": user, "email": f"{user}@example.com"} if owners else None,
            **TOLD[user, name],
        )
        for user, name in names
    ]
    assert {key: result[key] for key in result.keys() - {"invocation"}} == {
        "changed": False,
        "tokens": expected,
        "listed_at": "2026-11-24T09:15:00Z",
        "validation": None,
    }
    assert [(request.method, request.path) for request in world.requests] == [("GET", path)]


@pytest.mark.parametrize("name", ODD_NAMES, ids=ODD_NAMES.values())
def test_any_name_can_be_retrieved(simulator: Simulator, run_module: RunModule, name: str) -> None:
    there = simulator.given(name)
    assert [each["id"] for each in run_module(turso_token_info, {"name": name})["tokens"]] == [there.id]


HOUR = int(NOW.timestamp()) + 3600

VALIDATIONS = {
    "one that never expires": ({}, None, True, None, True),
    "one that expires": ({"expires": HOUR}, None, True, "2026-11-24T10:15:00Z", False),
    "one that has expired": ({"expires": HOUR - 7200}, None, False, None, False),
    "one that the API answers 401 to": ({}, faults.Status(401), False, None, False),
    "one that the API answers 403 to": ({}, faults.Status(403), True, None, False),
    "one of whose expiry the API tells nothing": ({}, faults.Status(200, {}), True, None, False),
    "one that is restricted": (IN_ACME, None, True, None, True),
}


@both_modes
@pytest.mark.parametrize("carries_jti", [True, False], ids=["a jti", "no jti"])
@pytest.mark.parametrize(("given", "fault", "valid", "expires_at", "never"), VALIDATIONS.values(), ids=VALIDATIONS)
def test_it_examines_the_credential(
    simulator: Simulator,
    run_module: RunModule,
    given: Any,
    fault: Any,
    valid: Any,
    expires_at: Any,
    never: Any,
    carries_jti: Any,
    check_mode: Any,
) -> None:
    simulator.clock.freeze(NOW)
    running = simulator.given("runner", carries_jti=carries_jti, **given)
    if fault is not None:
        simulator.faults.add("validate", fault)
    result = run_module(turso_token_info, {"api_token": running.secret, "validate": True}, check_mode=check_mode)
    assert {key: result[key] for key in result.keys() - {"invocation", "warnings"}} == {
        "changed": False,
        "tokens": [],
        "listed_at": None,
        "validation": {
            "valid": valid,
            "expires_at": expires_at,
            "never_expires": never,
            "id": running.id if carries_jti else None,
            "kind": "api" if carries_jti and "expires" not in given else None,
        },
    }
    assert ("403" in str(result.get("warnings"))) is (fault == faults.Status(403))
    assert [(request.method, request.path) for request in simulator.requests] == [("GET", "/v1/auth/validate")]


HERE = datetime.datetime.now(datetime.timezone.utc)
SOON = int(HERE.timestamp()) + 3600
EdDSA, RS256 = {"alg": "EdDSA"}, {"alg": "RS256"}
# Header and claims; what the API answers; what is told of it, and what is warned about.
KINDS = {
    "an API token": (EdDSA, {"jti": "abc"}, faults.Status(200, {"exp": -1}), (True, "api", "abc", False), None),
    "a group's token": (
        EdDSA,
        {"jti": "abc", "group_uuid": "g"},
        faults.Status(200, {"exp": -1}),
        (True, "group", "abc", False),
        None,
    ),
    "a session": (
        RS256,
        {"exp": SOON, "iss": "i", "sub": "s"},
        faults.Status(200, {"exp": SOON}),
        (True, "session", None, True),
        "login session",
    ),
    "a session of whose end the API tells nothing": (
        RS256,
        {"exp": SOON, "iss": "i", "sub": "s"},
        faults.Status(200, {}),
        (True, "session", None, True),
        "login session",
    ),
    "a session that is over": (
        RS256,
        {"exp": SOON - 7200, "iss": "i", "sub": "s"},
        faults.Status(401),
        (False, "session", None, True),
        None,
    ),
    "a SQL token, which is not sent": (
        EdDSA,
        {"id": "d", "a": "ro"},
        None,
        (False, "sql", None, False),
        "is a SQL token",
    ),
}


@both_modes
@pytest.mark.parametrize(("header", "claims", "fault", "told", "warning"), KINDS.values(), ids=KINDS)
def test_it_tells_what_kind_of_credential_it_is(
    simulator: Simulator,
    run_module: RunModule,
    header: Any,
    claims: Any,
    fault: Any,
    told: Any,
    warning: Any,
    check_mode: Any,
) -> None:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), b"signature")
    credential = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    if fault is not None:
        simulator.faults.add("validate", fault)
    result = run_module(turso_token_info, {"api_token": credential, "validate": True}, check_mode=check_mode)
    valid, kind, claimed, has_end = told
    validation = result["validation"]
    assert (validation["valid"], validation["kind"], validation["id"]) == (valid, kind, claimed)
    assert (validation["expires_at"] is not None) is has_end
    assert len(simulator.requests) == (fault is not None)
    assert (warning or "nothing") in str(result.get("warnings", "nothing"))


def test_a_token_with_scopes_that_nobody_knows_is_listed(simulator: Simulator, run_module: RunModule) -> None:
    entry = {
        "name": "ci",
        "id": "one",
        "organization": "acme",
        "created_at": "2026-11-01",
        "scopes": ["read", "db:list"],
    }
    simulator.faults.add("list", faults.Status(200, {"tokens": [entry]}))
    (listed,) = run_module(turso_token_info, {})["tokens"]
    assert (listed["scopes"], listed["permissions"], listed["restriction"]) == (
        ["db:list", "read"],
        "read-only",
        "organization",
    )


@pytest.mark.parametrize("option", ["name", "organization", "validate"])
def test_an_option_that_comes_to_null_is_refused(simulator: Simulator, run_module: RunModule, option: Any) -> None:
    result = run_module(turso_token_info, {}, null=(option,))
    assert f"{option} is null" in result["msg"]
    assert simulator.requests == []


NOT_VALIDATED = {
    "a server that fails": (faults.Status(500), "api_error"),
    "a route that is not there": (faults.Status(404, "404 page not found"), "not_found"),
    "a page": (faults.garbage(), "unexpected_response"),
    "an expiry that is no number": (faults.Status(200, {"exp": "never"}), "unexpected_response"),
    "an expiry that no calendar has": (faults.Status(200, {"exp": 10**15}), "unexpected_response"),
}


@pytest.mark.parametrize(("fault", "kind"), NOT_VALIDATED.values(), ids=NOT_VALIDATED)
def test_what_is_no_answer_about_the_credential_is_a_failure(
    simulator: Simulator, run_module: RunModule, fault: Any, kind: str
) -> None:
    simulator.faults.add("validate", fault, times=None)
    result = run_module(turso_token_info, {"validate": True})
    assert result["failed"] is True
    assert result["error"]["kind"] == kind


REFUSED = {
    "validate with a name": ({"validate": True, "name": "ci"}, "excludes name"),
    "validate with an organization": ({"validate": True, **IN_ACME}, "excludes organization"),
    "an empty organization": ({"organization": ""}, "organization is empty"),
    **{f"{what} as a name": ({"name": name}, "name") for what, name in NOT_NAMES.items() if what != "surrogate"},
    "a lone surrogate as a name": ({"name": NOT_NAMES["surrogate"]}, "not valid Unicode"),
    "an option that there is not": ({"group": "production"}, "group"),
}


@both_modes
@pytest.mark.parametrize(("asked", "says"), REFUSED.values(), ids=REFUSED)
def test_options_that_cannot_work_are_refused_before_any_request(
    simulator: Simulator, run_module: RunModule, asked: Any, says: Any, check_mode: Any
) -> None:
    result = run_module(turso_token_info, asked, check_mode=check_mode)
    assert says in result["msg"]
    assert result["error"] == failure("invalid_request")
    assert simulator.requests == []


def test_an_organization_that_is_not_there_is_a_failure(simulator: Simulator, run_module: RunModule) -> None:
    result = run_module(turso_token_info, {"organization": "nowhere"})
    assert result["error"]["kind"] == "not_found"
    assert "organization 'nowhere'" in result["msg"]


def test_a_credential_that_may_not_list_says_so(simulator: Simulator, run_module: RunModule) -> None:
    simulator.behave(forbidden_to_scoped={"list"})
    running = simulator.given("runner", **READER)
    result = run_module(turso_token_info, {"api_token": running.secret})
    assert result["error"]["kind"] == "forbidden"
    assert "Some restricted tokens can't manage tokens" in result["msg"]
