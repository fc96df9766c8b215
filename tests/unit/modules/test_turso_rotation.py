# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine of the role: what it issues, how that is proven, and what it revokes; the role's own tests play the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation import old_ledger as _ledger
from ansible_collections.community.turso.plugins.module_utils._rotation import rotation as _generations
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import ENTRY_KEYS, parse_generation
from ansible_collections.community.turso.plugins.modules import turso_rotation
from tests.conftest import RunModule
from tests.simulator import Simulator, faults
from tests.simulator.answers import Answer
from tests.simulator.exchange import Exchange
from tests.tools.checkout import ROOT
from tests.unit.modules.rows import failure

OWN = "/v1/auth/api-tokens"
Rotate = Callable[..., dict[str, Any]]


@pytest.fixture
def issue(run_module: RunModule) -> Rotate:
    def run(*names: str, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        wanted = [{"name": name, "organization": "acme"} for name in names]
        return run_module(turso_rotation, {"tokens": wanted, **options}, check_mode=check_mode)

    return run


@pytest.fixture
def commit(run_module: RunModule) -> Rotate:
    def run(issued: dict[str, Any], **options: Any) -> dict[str, Any]:
        return run_module(turso_rotation, {"state": "absent", "pending": issued["pending"], **options})

    return run


@pytest.fixture
def old(simulator: Simulator) -> Any:
    return simulator.given("ci", organization="acme", age_days=120)


def calls(simulator: Simulator) -> list[str]:
    return [request.call for request in simulator.requests]


@pytest.mark.parametrize(
    ("options", "fault", "proven"),
    [
        ({}, None, "validated"),
        ({"validate": False}, None, "listed"),
        ({}, faults.Status(403), "listed"),
    ],
    ids=["by its secret", "by the list alone", "by the list, because the API answers 403"],
)
def test_what_is_due_is_issued_proven_and_committed(
    simulator: Simulator,
    issue: Rotate,
    commit: Rotate,
    old: Any,
    options: dict[str, Any],
    fault: faults.Fault | None,
    proven: str,
) -> None:
    if fault:
        simulator.faults.add("validate", fault)
    issued = issue("ci", **options)
    (result,) = issued["results"]
    assert (issued["changed"], issued["due"], issued["heir"], issued["all_failed"]) == (True, ["ci"], None, False)
    assert (result["proven"], result["reason"], result["failed"], result["error"]) == (proven, "aged", False, None)
    assert issued["issued"] == [result["issued"]["name"]]
    assert simulator.alive(issued["secrets"]["ci"])
    assert (issued["report"][0]["action"], issued["report"][0]["kept"]) == ("issued", ["ci", *issued["issued"]])
    assert issued["report"][0]["msg"].endswith(f"({proven}), nothing revoked yet")
    assert calls(simulator) == ["list", "create", "list", *(["validate"] if options == {} else [])]

    simulator.reset_log()
    done = commit(issued)
    assert done["changed"] is True
    assert (done["report"][0]["action"], done["report"][0]["revoked"]) == ("rotated", ["ci"])
    assert done["report"][0]["kept"] == issued["issued"]
    assert not simulator.alive(old.secret)
    assert calls(simulator) == ["list", "org_revoke"]


def test_what_is_not_due_leaves_nothing_to_commit(simulator: Simulator, issue: Rotate, commit: Rotate) -> None:
    simulator.given("ci", organization="acme", age_days=1)
    issued = issue("ci")
    assert (issued["changed"], issued["pending"], issued["secrets"], issued["due"]) == (False, "", {}, [])
    done = commit(issued)
    assert done.keys() - {"invocation"} == {"changed", "report"}
    assert (done["changed"], done["report"]) == (False, [])
    assert calls(simulator) == ["list"]


def test_check_mode_tells_the_plan(simulator: Simulator, issue: Rotate, run_module: RunModule, old: Any) -> None:
    issued = issue("ci", check_mode=True)
    assert (issued["changed"], issued["pending"], issued["report"][0]["action"]) == (True, "", "rotated")
    asked = {"state": "absent", "pending": "pending: []"}
    done = run_module(turso_rotation, asked, check_mode=True)
    assert done.keys() - {"invocation"} == {"changed", "report"}
    assert (done["changed"], done["report"]) == (False, [])
    assert calls(simulator) == ["list"]


def test_many_are_done_side_by_side_and_a_failure_stops_no_other(
    simulator: Simulator, issue: Rotate, commit: Rotate
) -> None:
    for name in ("a", "b", "c"):
        simulator.given(name, organization="acme", age_days=120)
    simulator.faults.add(f"POST {OWN}/b-*", faults.Status(402), times=None)
    issued = issue("a", "b", "c")
    assert [result["failed"] for result in issued["results"]] == [False, True, False]
    assert issued["results"][1]["error"]["kind"] == "api_error"
    assert sorted(issued["secrets"]) == ["a", "c"]
    assert issued["all_failed"] is False
    done = commit(issued)
    assert [entry["action"] for entry in done["report"]] == ["rotated", "failed", "rotated"]
    assert done["changed"] is True


# A successor that is not proven


@dataclass
class Listed(faults.Fault):
    """A list in which every token belongs to another organization and has another name."""

    kind: ClassVar[str] = "listed"
    simulator: Simulator

    def strike(self, exchange: Exchange, rule: faults.Rule) -> Answer:  # noqa: ARG002
        entries = [{"name": token.name + "x", "id": token.id, "organization": "o"} for token in self.simulator.tokens]
        return Answer.json(200, {"tokens": entries})


UNPROVEN: dict[str, tuple[str, Callable[[Simulator], faults.Fault], dict[str, Any], str]] = {
    "its secret is refused": ("validate", lambda _: faults.Status(401), {"times": None}, "did not prove itself"),
    "the list cannot be had": ("list", lambda _: faults.Status(403), {"skip": 1}, "could not be proven"),
    "it is never listed": ("list", lambda _: faults.Stale(), {"skip": 1, "times": None}, "is not in the list"),
    "it is not what was asked for": ("list", Listed, {"skip": 1}, "issued another token than was asked for"),
}


@pytest.mark.parametrize("stuck", [False, True], ids=["", "and stays"])
@pytest.mark.parametrize("why", UNPROVEN)
def test_it_is_withdrawn_where(
    simulator: Simulator, issue: Rotate, commit: Rotate, old: Any, why: str, stuck: bool
) -> None:
    on, fault, when, says = UNPROVEN[why]
    simulator.faults.add(on, fault(simulator), **when)
    if stuck:
        simulator.faults.add("DELETE /*", faults.Status(402), times=None)
    issued = issue("ci")
    (result,) = issued["results"]
    assert (issued["changed"], issued["secrets"], issued["all_failed"]) == (False, {}, True)
    assert says in issued["report"][0]["msg"]
    assert (result["failed"], result["issued"], result["token"], result["proven"]) == (True, None, None, None)
    left = [token for token in simulator.tokens if token.name.startswith("ci-")]
    assert len(left) == int(stuck)
    assert ("Revoke it by its id" in issued["report"][0]["msg"]) is stuck
    assert all(token.id in issued["report"][0]["msg"] for token in left)

    simulator.faults.clear()
    simulator.reset_log()
    done = commit(issued)
    assert (done["changed"], done["report"]) == (False, issued["report"])
    assert simulator.requests == []
    assert simulator.alive(old.secret)


@dataclass
class Partial(faults.Fault):
    """A list that shows one token's generations only, as if they were restricted to nothing."""

    kind: ClassVar[str] = "partial"
    simulator: Simulator
    logical: str

    def strike(self, exchange: Exchange, rule: faults.Rule) -> Answer:  # noqa: ARG002
        shown = [token for token in self.simulator.tokens if token.name.startswith(f"{self.logical}-")]
        return Answer.json(200, {"tokens": [{"name": token.name, "id": token.id} for token in shown]})


@pytest.mark.parametrize("then", [faults.Status(403), None], ids=["a list that fails", "a list that shows all"])
def test_what_is_not_what_was_asked_for_is_not_handed_out_whatever_the_next_list_says_of_others(
    simulator: Simulator, issue: Rotate, then: faults.Fault | None
) -> None:
    for name in ("a", "b"):
        simulator.given(name, organization="acme", age_days=120)
    simulator.faults.add("list", Partial(simulator, "a"), skip=1)
    if then is not None:
        simulator.faults.add("list", then, skip=1)
    issued = issue("a", "b")
    assert sorted(issued["secrets"]) == ([] if then else ["a", "b"])  # what counts is the last list
    told = [result["error"] and result["error"]["kind"] for result in issued["results"]]
    assert told == (["refused", "forbidden"] if then else [None, None])
    assert len([token for token in simulator.tokens if token.name.startswith(("a", "b"))]) == (2 if then else 4)


def test_a_generation_that_is_listed_with_another_id_than_its_create_answered_is_withdrawn_by_that(
    simulator: Simulator, issue: Rotate, old: Any
) -> None:
    simulator.faults.add("create", OtherId(), when="after")
    issued = issue("ci")
    (entry,) = issued["report"]
    assert "its id is " in entry["msg"]
    assert ", not another" in entry["msg"]
    assert [token.name for token in simulator.tokens if token.name.startswith("ci")] == ["ci"]


@dataclass
class OtherId(faults.Fault):
    """A create that answers with an id that nothing has."""

    kind: ClassVar[str] = "other id"

    def strike(self, exchange: Exchange, rule: faults.Rule) -> Answer:  # noqa: ARG002
        assert exchange.answer is not None
        content = json.loads(b"".join(exchange.answer.chunks))
        return Answer.json(200, {**content, "id": "another"})


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"name": "ci", "organisation": "acme"}, "organisation"),
        ({"name": "ci", "state": "absent"}, "state"),
        ({"organization": "acme"}, "name"),
    ],
)
def test_an_entry_with_a_key_too_many_or_too_few_is_refused_before_any_request(
    simulator: Simulator, run_module: RunModule, entry: dict[str, Any], says: str
) -> None:
    result = run_module(turso_rotation, {"tokens": [entry]})
    assert result["failed"]
    assert says in result["msg"]
    assert simulator.requests == []


def test_the_module_the_role_and_the_plan_take_the_same_keys() -> None:
    specs = yaml.safe_load((ROOT / "roles/turso_rotate/meta/argument_specs.yml").read_text())["argument_specs"]
    of_the_role = specs["main"]["options"]["turso_rotate_tokens"]["options"]
    assert {*ENTRY_KEYS} == {*turso_rotation.ENTRY} == {*of_the_role}


def test_a_late_list_is_asked_again(simulator: Simulator, issue: Rotate, old: Any) -> None:
    simulator.faults.add("list", faults.Stale(), skip=1)
    assert issue("ci")["results"][0]["proven"] == "validated"
    assert calls(simulator) == ["list", "create", "list", "list", "validate"]


def test_a_lost_answer_costs_a_name_and_nothing_else(simulator: Simulator, issue: Rotate, old: Any) -> None:
    simulator.faults.add("create", faults.Reset(), when="after")
    issued = issue("ci")
    assert simulator.alive(issued["secrets"]["ci"])
    assert [token.name for token in simulator.tokens if token.name.startswith("ci-")] == issued["issued"]
    lost, kept = [path.rpartition("/")[2] for method, path in simulator.writes if method == "POST"]
    assert lost != kept
    assert lost[:-4] == kept[:-4]
    assert parse_generation(kept) is not None


def test_a_bug_met_by_one_is_told_as_its_failure(issue: Rotate, old: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("what it says may be secret")

    monkeypatch.setattr(_generations, "create", broken)
    assert issue("ci")["report"][0]["msg"] == "ci: Internal error: RuntimeError. Please report it."


# The commit


@pytest.mark.parametrize("pending", ["", "x", "pending: [", "[]"], ids=ascii)
def test_what_is_no_pending_is_refused(simulator: Simulator, run_module: RunModule, pending: str) -> None:
    result = run_module(turso_rotation, {"state": "absent", "pending": pending})
    assert simulator.requests == []
    assert (result.get("error") == failure("invalid_request")) is (pending != "")


def test_a_successor_that_is_gone_revokes_nothing(
    simulator: Simulator, issue: Rotate, commit: Rotate, old: Any
) -> None:
    issued = issue("ci")
    simulator.withdraw(issued["issued"][0])
    done = commit(issued)
    assert (done["changed"], done["report"][0]["action"]) == (False, "failed")
    assert "is gone. Nothing was revoked." in done["report"][0]["msg"]
    assert simulator.alive(old.secret)


def test_a_revocation_that_fails_is_told(simulator: Simulator, issue: Rotate, commit: Rotate, old: Any) -> None:
    issued = issue("ci")
    simulator.faults.add("DELETE /*", faults.Status(402, {"error": "not on Sundays"}), times=None)
    done = commit(issued)
    assert (done["changed"], done["report"][0]["action"]) == (False, "failed")
    assert "not on Sundays" in done["report"][0]["msg"]
    assert done["report"][0]["kept"] == ["ci", *issued["issued"]]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger.json"


def test_the_ledger_is_told_before_and_after(
    simulator: Simulator, issue: Rotate, commit: Rotate, old: Any, ledger: Path
) -> None:
    issued = issue("ci", ledger=str(ledger))
    assert not ledger.exists()
    commit(issued, ledger=str(ledger))
    part = json.loads(ledger.read_text())["ci"]
    assert part["current"]["name"] == issued["issued"][0]
    assert part["superseded"] == []
    assert [event["event"] for event in part["events"]] == ["handed_over", "revoked"]


def test_a_grace_is_told_and_then_swept(
    simulator: Simulator, issue: Rotate, commit: Rotate, old: Any, ledger: Path
) -> None:
    keeping = {"ledger": str(ledger)}
    done = commit(issue("ci", grace_hours=24, **keeping), **keeping)
    assert "revoked nothing, ci stays until 20" in done["report"][0]["msg"]
    assert simulator.alive(old.secret)
    simulator.advance(hours=25)
    swept = issue("ci", grace_hours=24, **keeping)
    assert (swept["changed"], swept["due"], swept["issued"]) == (False, ["ci"], [])
    done = commit(swept, **keeping)
    assert done["report"][0]["msg"] == "ci: not due, revoked ci"
    assert done["report"][0]["action"] == "swept"


@pytest.mark.parametrize("fails", [0, 1], ids=["before", "after"])
def test_a_ledger_that_cannot_be_written(
    simulator: Simulator,
    issue: Rotate,
    commit: Rotate,
    old: Any,
    ledger: Path,
    monkeypatch: pytest.MonkeyPatch,
    fails: int,
) -> None:
    """Before anything is revoked it stops the commit; afterwards it is told."""
    issued, write, written = issue("ci", ledger=str(ledger)), _ledger.write, []

    def writing(path: str, content: dict[str, Any]) -> None:
        written.append(path)
        if len(written) == fails + 1:
            raise Refused("The disk is full.")
        write(path, content)

    monkeypatch.setattr(_ledger, "write", writing)
    done = commit(issued, ledger=str(ledger))
    assert simulator.alive(old.secret) is (fails == 0)
    if fails == 0:
        assert done["msg"] == "The disk is full. Nothing was revoked."
    else:
        assert "the ledger could not be told what was revoked. The disk is full." in done["report"][0]["msg"]


# The credential itself


@pytest.fixture
def robot(simulator: Simulator) -> dict[str, Any]:
    return {"api_token": simulator.given("robot", organization="acme", age_days=120).secret}


def test_the_credential_goes_by_its_successor(
    simulator: Simulator, issue: Rotate, commit: Rotate, robot: dict[str, Any]
) -> None:
    issued = issue("robot", **robot)
    assert issued["heir"] == "robot"
    done = commit(issued, successor_token=issued["secrets"]["robot"], **robot)
    assert done["report"][0]["action"] == "rotated"
    assert not simulator.alive(robot["api_token"])
    assert simulator.alive(issued["secrets"]["robot"])


HEIRLESS: dict[str, tuple[faults.Fault | None, str]] = {
    "nobody has its successor": (None, "only its successor may do that"),
    "its successor may not list": (faults.Status(403), "its successor may not list tokens"),
    "its successor does not see it": (faults.Status(200, {"tokens": []}), "does not see the token with the id"),
}


@pytest.mark.parametrize("why", HEIRLESS)
def test_the_credential_stays_where(
    simulator: Simulator, issue: Rotate, commit: Rotate, robot: dict[str, Any], why: str
) -> None:
    fault, says = HEIRLESS[why]
    issued = issue("robot", running="robot", **robot)
    heir = {}
    if fault:
        simulator.faults.add("list", fault, skip=1)
        heir = {"successor_token": issued["secrets"]["robot"]}
    done = commit(issued, **heir, **robot)
    assert done["report"][0]["action"] == "failed"
    assert says in done["report"][0]["msg"]
    assert simulator.alive(robot["api_token"])


def test_a_credential_that_does_not_tell_its_id_is_known_by_its_name(
    simulator: Simulator, issue: Rotate, commit: Rotate
) -> None:
    robot = simulator.given("robot", organization="acme", age_days=120, carries_jti=False)
    simulator.given("ci", organization="acme", age_days=120)
    issued = issue("robot", "ci", api_token=robot.secret, running="robot")
    assert issued["heir"] == "robot"
    simulator.reset_log()
    done = commit(issued, api_token=robot.secret, successor_token=issued["secrets"]["robot"])
    assert [one["action"] for one in done["report"]] == ["rotated", "rotated"]
    assert not simulator.alive(robot.secret)
    last = simulator.requests[-1]
    assert (last.method, last.token_id) == ("DELETE", issued["results"][0]["issued"]["id"])


def test_what_the_credential_tells_of_itself_goes_before_the_name_that_is_given(
    simulator: Simulator, issue: Rotate, robot: dict[str, Any]
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    assert issue("ci", "robot", running="ci", **robot)["heir"] == "robot"


def test_only_the_credential_stays_where_its_successor_may_not_list(
    simulator: Simulator, issue: Rotate, commit: Rotate, robot: dict[str, Any]
) -> None:
    left = simulator.given("robot-20260101t000000z-0001", organization="acme", age_days=300)
    issued = issue("robot", **robot)
    simulator.faults.add("list", faults.Status(403), skip=1)
    done = commit(issued, successor_token=issued["secrets"]["robot"], **robot)
    assert "its successor may not list tokens" in done["report"][0]["msg"]
    assert (simulator.alive(robot["api_token"]), simulator.alive(left.secret)) == (True, False)


def test_what_may_be_the_credential_is_swept_last(
    simulator: Simulator, issue: Rotate, commit: Rotate, ledger: Path
) -> None:
    robot = simulator.given("robot", organization="acme", age_days=120, carries_jti=False)
    simulator.given("ci", organization="acme", age_days=120)
    options = {"ledger": str(ledger), "grace_hours": 1, "running": "robot"}
    issued = issue("robot", "ci", api_token=robot.secret, **options)
    commit(issued, ledger=str(ledger), api_token=robot.secret, successor_token=issued["secrets"]["robot"])
    simulator.advance(hours=2)
    swept = issue("robot", "ci", api_token=robot.secret, **options)
    simulator.reset_log()
    done = commit(swept, ledger=str(ledger), api_token=robot.secret)
    assert [(one["action"], one["revoked"]) for one in done["report"]] == [("swept", ["robot"]), ("swept", ["ci"])]
    assert robot.id in simulator.writes[-1][1]


def test_the_credential_stays_where_its_successor_sees_only_the_predecessor(
    simulator: Simulator, issue: Rotate, commit: Rotate, robot: dict[str, Any]
) -> None:
    issued = issue("robot", **robot)
    predecessor = next(token for token in simulator.tokens if token.name == "robot")
    seen = {"tokens": [{"name": "robot", "id": predecessor.id, "organization": "acme"}]}
    simulator.faults.add("list", faults.Status(200, seen), skip=1)
    done = commit(issued, successor_token=issued["secrets"]["robot"], **robot)
    assert f"does not see the token with the id {issued['results'][0]['issued']['id']}" in done["report"][0]["msg"]
    assert simulator.alive(robot["api_token"])


# More than one, and what is left to the commit


def test_all_that_was_replaced_is_revoked(simulator: Simulator, issue: Rotate, commit: Rotate) -> None:
    held = [simulator.given(name, organization="acme", age_days=120) for name in ("a", "b")]
    issued = issue("a", "b")
    assert [(one["changed"], one["token"]["name"]) for one in issued["results"]] == [
        (True, name) for name in issued["issued"]
    ]
    commit(issued)
    assert [simulator.alive(token.secret) for token in held] == [False, False]


@pytest.mark.parametrize("keeps_ledger", [False, True])
def test_a_first_issue_leaves_the_commit_its_ledger_alone(
    issue: Rotate, commit: Rotate, ledger: Path, keeps_ledger: bool
) -> None:
    keeping = {"ledger": str(ledger)} if keeps_ledger else {}
    issued = issue("ci", **keeping)
    assert bool(issued["pending"]) is keeps_ledger
    assert issued["report"][0]["msg"].endswith("(validated)")
    commit(issued, **keeping)
    assert ledger.exists() is keeps_ledger


def test_check_mode_leaves_nothing_to_sweep(
    simulator: Simulator, issue: Rotate, commit: Rotate, old: Any, ledger: Path
) -> None:
    keeping = {"ledger": str(ledger)}
    commit(issue("ci", grace_hours=24, **keeping), **keeping)
    simulator.advance(hours=25)
    checked = issue("ci", grace_hours=24, check_mode=True, **keeping)
    assert (checked["changed"], checked["pending"]) == (True, "")


def test_a_generation_whose_creation_was_refused_after_the_effect_is_revoked(
    simulator: Simulator, issue: Rotate, old: Any
) -> None:
    simulator.faults.add("create", faults.Status(400), when="after")
    issued = issue("ci")
    assert issued["all_failed"] is True
    assert [token.name for token in simulator.tokens if token.name.startswith("ci")] == ["ci"]


@pytest.mark.parametrize(("minutes", "revokes"), [(15, False), (0, True), (30, True)])
def test_a_commit_that_comes_late(
    simulator: Simulator, issue: Rotate, commit: Rotate, old: Any, minutes: int, revokes: bool
) -> None:
    issued = issue("ci")
    simulator.advance(minutes=16)
    done = commit(issued, in_flight_minutes=minutes)
    assert done["report"][0]["action"] == ("rotated" if revokes else "failed")
    assert simulator.alive(old.secret) is not revokes


@pytest.mark.parametrize("keeps_ledger", [False, True])
def test_the_list_of_a_commit_is_made_under_the_lock_of_its_ledger(
    simulator: Simulator,
    issue: Rotate,
    commit: Rotate,
    old: Any,
    ledger: Path,
    monkeypatch: pytest.MonkeyPatch,
    keeps_ledger: bool,
) -> None:
    keeping = {"ledger": str(ledger)} if keeps_ledger else {}
    issued, requests_before = issue("ci", **keeping), len(simulator.requests)
    locked, seen = _ledger.locked, []

    def locking(path: str) -> Any:
        seen.append((path, len(simulator.requests) - requests_before))
        return locked(path)

    monkeypatch.setattr(_ledger, "locked", locking)
    commit(issued, **keeping)
    assert seen == ([(str(ledger), 0)] if keeps_ledger else [])
