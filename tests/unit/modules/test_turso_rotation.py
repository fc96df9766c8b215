# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine of the role: what it issues, how that is verified, and what it revokes. The role's own tests play the rest."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._lifetime import Lifetime
from ansible_collections.community.turso.plugins.module_utils._rotation import issuing, state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.process import process_of
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import parse_version_name
from ansible_collections.community.turso.plugins.modules import turso_rotation
from tests.conftest import RunModule
from tests.simulator import Simulator, faults
from tests.simulator.answers import Answer
from tests.simulator.exchange import Exchange
from tests.unit.modules.rows import failure

OWN = "/v1/auth/api-tokens"
Rotate = Callable[..., dict[str, Any]]


def text_of(*items: dict[str, Any]) -> str:
    """Return what the action plugin hands over of what is to be committed."""
    return Transaction.carrying(Item.from_json(item) for item in items).as_text()


@pytest.fixture
def issue(run_module: RunModule) -> Rotate:
    def run(
        *names: str, check_mode: bool = False, entry: dict[str, Any] | None = None, **options: Any
    ) -> dict[str, Any]:
        wanted = [{"name": name, "organization": "acme", **(entry or {})} for name in names]
        result = run_module(turso_rotation, {"step": "issue", "tokens": wanted, **options}, check_mode=check_mode)
        if not result.get("failed"):
            (result["issued"],) = ([entry["issued"] for entry in result["report"] if entry["issued"]],)
        return result

    return run


@pytest.fixture
def commit(run_module: RunModule) -> Rotate:
    def run(issued: dict[str, Any], step: str = "commit", **options: Any) -> dict[str, Any]:
        return run_module(turso_rotation, {"step": step, "items": text_of(*issued["items"]), **options})

    return run


@pytest.fixture
def old(simulator: Simulator) -> Any:
    return simulator.given("ci", organization="acme", age_days=120)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


def calls(simulator: Simulator) -> list[str]:
    return [request.call for request in simulator.requests]


def active(simulator: Simulator, name: str = "ci") -> list[str]:
    return [token.name for token in simulator.tokens if token.name.startswith(name)]


def known(path: Path, name: str = "ci") -> dict[str, Any]:
    part: dict[str, Any] = json.loads(path.read_text())["tokens"][name]
    return part


@pytest.mark.promise(1)
@pytest.mark.parametrize(
    ("options", "fault", "by"),
    [({}, None, "validate"), ({"validate": False}, None, "list"), ({}, faults.Status(403), "list")],
    ids=["by its secret", "by the list alone", "by the list, because the API answers 403"],
)
def test_what_is_due_is_issued_verified_and_committed(
    simulator: Simulator,
    issue: Rotate,
    commit: Rotate,
    old: Any,
    options: dict[str, Any],
    fault: faults.Fault | None,
    by: str,
) -> None:
    if fault:
        simulator.faults.add("validate", fault)
    issued = issue("ci", **options)
    (report,) = issued["report"]
    assert (issued["changed"], issued["summary"]) == (True, "1 to rotate, 0 to revoke, 0 unchanged")
    assert (report["action"], report["reason"], report["revoked"]) == ("issued", "aged", [])
    assert report["kept"] == ["ci", *issued["issued"]]
    assert report["msg"] == f"ci: aged, issued {report['issued']} (verified by {by}); nothing was revoked yet."
    assert simulator.alive(issued["secrets"]["ci"])
    assert issued["tokens"]["ci"]["name"] == report["issued"]
    assert calls(simulator) == ["list", "create", "list", *(["validate"] if options == {} else [])]
    assert simulator.alive(old.secret)

    simulator.reset_log()
    done = commit(issued)
    assert done["changed"] is True
    assert (done["report"][0]["action"], done["report"][0]["revoked"]) == ("rotated", ["ci"])
    assert done["report"][0]["kept"] == issued["issued"]
    assert done["report"][0]["msg"] == f"ci: aged, issued {report['issued']}, revoked ci."
    assert not simulator.alive(old.secret)
    assert calls(simulator) == ["list", "org_revoke"]


def test_a_new_token_that_nothing_restricts_is_told(run_module: RunModule) -> None:
    result = run_module(turso_rotation, {"step": "issue", "tokens": [{"name": "ci"}]})
    (report,) = result["report"]
    assert report["msg"].endswith(
        "(verified by validate). The new token can do everything that its user can do, because the entry has no organization."
    )


@pytest.mark.promise(6)
@pytest.mark.parametrize("preset", ["full-access", "read-only"])
def test_a_preset_that_has_grown_is_issued_and_is_no_drift(
    simulator: Simulator, issue: Rotate, commit: Rotate, preset: str
) -> None:
    """What a preset holds is the API's to say, and may be more on any day."""
    simulator.behave(full_access_also=["db:teleport"])
    if preset == "read-only":
        simulator.behave(extra_fields={"scopes": ["db:teleport", "read"]})
    entry = {"group": "production", "scopes": [preset]}
    first = issue("ci", entry=entry)
    assert first["report"][0]["action"] == "issued", first["report"]
    assert "db:teleport" in first["tokens"]["ci"]["scopes"]
    assert first["tokens"]["ci"]["permissions"] == preset
    commit(first)
    again = issue("ci", entry=entry)
    assert (again["changed"], again["report"][0]["reason"]) == (False, None)
    assert active(simulator) == first["issued"]


@pytest.mark.promise(6)
def test_what_is_not_due_changes_nothing_and_says_so(simulator: Simulator, issue: Rotate, commit: Rotate) -> None:
    simulator.given("ci", organization="acme", age_days=1)
    issued = issue("ci")
    assert (issued["changed"], issued["items"], issued["secrets"], issued["issued"]) == (False, [], {}, [])
    assert issued["summary"] == "0 to rotate, 0 to revoke, 1 unchanged"
    assert list(issued["next_due"]) == ["ci"]
    assert "ci: not due: ci is current, 0 days old, due 20" in issued["report"][0]["msg"]
    done = commit(issued)
    assert (done["changed"], done["report"]) == (False, [])
    assert calls(simulator) == ["list"]


def test_check_mode_shows_the_plan_and_writes_nothing(
    simulator: Simulator, issue: Rotate, old: Any, path: Path, run_module: RunModule
) -> None:
    checked = issue("ci", check_mode=True, state_file=str(path))
    assert (checked["changed"], checked["items"], checked["secrets"]) == (True, [], {})
    assert checked["report"][0]["action"] == "rotated"
    assert checked["report"][0]["msg"].startswith("ci: due (aged): ci is current, 1")
    assert (calls(simulator), path.exists()) == (["list"], False)
    real = issue("ci", state_file=str(path))
    assert checked.keys() == real.keys()
    refused = run_module(turso_rotation, {"step": "commit", "items": text_of()}, check_mode=True)
    assert refused["error"]["kind"] == "invalid_request"


def test_only_the_tokens_that_are_due_next_are_named_of_many_that_are_not(simulator: Simulator, issue: Rotate) -> None:
    for days, name in enumerate("abcd"):
        simulator.given(name, organization="acme", age_days=days)
    assert list(issue(*"abcd")["next_due"]) == ["d", "c", "b"]


@pytest.mark.parametrize("step", ["confirm", "check", "fresh"])
def test_what_only_a_play_knows_is_done_by_the_action_plugin(run_module: RunModule, step: str) -> None:
    result = run_module(turso_rotation, {"step": step})
    assert "Use the role turso_rotate" in result["msg"]


def test_many_are_done_side_by_side_and_a_failure_stops_no_other(
    simulator: Simulator, issue: Rotate, commit: Rotate
) -> None:
    held = [simulator.given(name, organization="acme", age_days=120) for name in ("a", "b", "c")]
    simulator.faults.add(f"POST {OWN}/b-*", faults.Status(402), times=None)
    issued = issue("a", "b", "c")
    assert [entry["action"] for entry in issued["report"]] == ["issued", "failed", "issued"]
    assert sorted(issued["secrets"]) == ["a", "c"]
    assert issued["items"][1]["error"]
    done = commit({"items": [item for item in issued["items"] if item["version"]]})
    assert [entry["action"] for entry in done["report"]] == ["rotated", "rotated"]
    assert [simulator.alive(token.secret) for token in held] == [False, True, False]


# A version that is not verified


@dataclass
class Listed(faults.Fault):
    """A list in which every token belongs to another organization and has another name."""

    kind: ClassVar[str] = "listed"
    simulator: Simulator

    def strike(self, exchange: Exchange, rule: faults.Rule) -> Answer:  # noqa: ARG002
        entries = [{"name": token.name + "x", "id": token.id, "organization": "o"} for token in self.simulator.tokens]
        return Answer.json(200, {"tokens": entries})


UNVERIFIED: dict[str, tuple[str, Callable[[Simulator], faults.Fault], dict[str, Any], str]] = {
    "its secret is refused": (
        "validate",
        lambda _: faults.Status(401),
        {"times": None},
        "The API rejects the new token",
    ),
    "the list cannot be had": ("list", lambda _: faults.Status(403), {"skip": 1}, "could not be verified"),
    "it is never listed": (
        "list",
        lambda _: faults.Stale(),
        {"skip": 1, "times": None},
        "The list of tokens does not show the new token",
    ),
    "it is not what was asked for": ("list", Listed, {"skip": 1}, "has different settings"),
}


@pytest.mark.promise(1)
@pytest.mark.parametrize("stuck", [False, True], ids=["", "and stays"])
@pytest.mark.parametrize("why", UNVERIFIED)
def test_it_is_withdrawn_where(simulator: Simulator, issue: Rotate, old: Any, why: str, stuck: bool) -> None:
    on, fault, when, says = UNVERIFIED[why]
    simulator.faults.add(on, fault(simulator), **when)
    if stuck:
        simulator.faults.add("DELETE /*", faults.Status(402), times=None)
    issued = issue("ci")
    (report,) = issued["report"]
    assert (issued["changed"], issued["secrets"], issued["tokens"]) == (False, {}, {})
    assert says in report["msg"]
    assert (report["action"], report["issued"]) == ("failed", None)
    assert (issued["items"][0]["version"], issued["items"][0]["sha256"]) == (None, None)
    left = [token for token in simulator.tokens if token.name.startswith("ci-")]
    assert len(left) == int(stuck)
    assert ("Revoke it by its id" in report["msg"]) is stuck
    assert all(token.id in report["msg"] for token in left)
    assert simulator.alive(old.secret)


@dataclass
class Partial(faults.Fault):
    """A list that shows one token's versions only, as if they were restricted to nothing."""

    kind: ClassVar[str] = "partial"
    simulator: Simulator
    managed: str

    def strike(self, exchange: Exchange, rule: faults.Rule) -> Answer:  # noqa: ARG002
        shown = [token for token in self.simulator.tokens if token.name.startswith(f"{self.managed}-")]
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
    assert len(active(simulator, "a") + active(simulator, "b")) == (2 if then else 4)


@dataclass
class OtherId(faults.Fault):
    """A create that answers with an id that nothing has."""

    kind: ClassVar[str] = "other id"

    def strike(self, exchange: Exchange, rule: faults.Rule) -> Answer:  # noqa: ARG002
        assert exchange.answer is not None
        content = json.loads(b"".join(exchange.answer.chunks))
        return Answer.json(200, {**content, "id": "another"})


@pytest.mark.promise(1)
def test_a_version_that_is_listed_with_another_id_than_its_create_answered_is_not_verified(
    simulator: Simulator, issue: Rotate, old: Any
) -> None:
    simulator.faults.add("create", OtherId(), when="after")
    issued = issue("ci")
    assert "The list of tokens does not show the new token" in issued["report"][0]["msg"]
    assert issued["secrets"] == {}
    assert simulator.alive(old.secret)


def test_a_late_list_is_asked_again(simulator: Simulator, issue: Rotate, old: Any) -> None:
    simulator.faults.add("list", faults.Stale(), skip=1)
    assert issue("ci")["report"][0]["action"] == "issued"
    assert calls(simulator) == ["list", "create", "list", "list", "validate"]


@pytest.mark.promise(2)
def test_a_lost_answer_costs_a_name_and_nothing_else(simulator: Simulator, issue: Rotate, old: Any) -> None:
    simulator.faults.add("create", faults.Reset(), when="after")
    issued = issue("ci")
    assert simulator.alive(issued["secrets"]["ci"])
    assert active(simulator, "ci-") == issued["issued"]
    lost, kept = [path.rpartition("/")[2] for method, path in simulator.writes if method == "POST"]
    assert lost != kept
    assert lost[:-4] == kept[:-4]
    assert parse_version_name(kept) is not None


def test_a_version_whose_creation_was_refused_after_the_effect_is_revoked(
    simulator: Simulator, issue: Rotate, old: Any
) -> None:
    simulator.faults.add("create", faults.Status(400), when="after")
    assert issue("ci")["report"][0]["action"] == "failed"
    assert active(simulator) == ["ci"]


@pytest.mark.promise(8)
def test_a_bug_met_by_one_is_told_as_its_failure(issue: Rotate, old: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("what it says may be secret")

    monkeypatch.setattr(issuing, "create", broken)
    assert (
        issue("ci")["report"][0]["msg"] == "ci: Internal error: RuntimeError. List your tokens, and please report it."
    )


# What refuses the run, and what refuses one token


@pytest.mark.promise(7)
@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"tokens": [{"name": "ci", "organisation": "acme"}]}, "there is no organisation"),
        ({"tokens": [{"organization": "acme"}]}, "without a name"),
        ({"tokens": [{"name": "ci", "grace_hours": 1}]}, "needs turso_rotate_state_file"),
        ({}, "tokens"),
    ],
)
def test_it_refuses_before_any_request(
    simulator: Simulator, run_module: RunModule, asked: dict[str, Any], says: str
) -> None:
    result = run_module(turso_rotation, {"step": "issue", **asked})
    assert result["failed"]
    assert says in result["msg"]
    assert simulator.requests == []


@pytest.mark.promise(7)
def test_a_state_file_that_is_none_refuses_the_run(simulator: Simulator, issue: Rotate, old: Any, path: Path) -> None:
    path.write_text("[]")
    result = issue("ci", state_file=str(path))
    assert "is not a state file" in result["msg"]
    assert (result["error"], simulator.requests) == (failure("refused"), [])


def test_a_token_that_cannot_be_planned_stops_no_other(simulator: Simulator, run_module: RunModule, old: Any) -> None:
    wanted = [{"name": "ci", "organization": "acme", "current": "gone"}, {"name": "b", "organization": "acme"}]
    issued = run_module(turso_rotation, {"step": "issue", "tokens": wanted})
    assert [entry["action"] for entry in issued["report"]] == ["failed", "issued"]
    assert issued["report"][0]["msg"].startswith(
        "turso_rotate_tokens[0] (ci): its current version 'gone' is not active"
    )
    assert issued["summary"] == "1 to rotate, 0 to revoke, 0 unchanged, 1 refused"
    assert active(simulator) == ["ci"]


def test_what_must_not_be_due_where_the_task_stands(simulator: Simulator, issue: Rotate, old: Any) -> None:
    simulator.given("young", organization="acme", age_days=1)
    issued = issue("ci", "young", refused_if_due={"ci": "nobody could confirm", "young": "nobody could confirm"})
    assert issued["report"][0]["msg"] == "ci is due (aged), but nobody could confirm. Nothing was issued."
    # Its date is over, so it is not the token that is due next.
    assert list(issued["next_due"]) == ["young"]
    assert [entry["action"] for entry in issued["report"]] == ["failed", "unchanged"]
    assert simulator.writes == []


# More than one credential


@pytest.fixture
def two(simulator: Simulator) -> dict[str, Any]:
    """Entries of two credentials: alice's main one, and one of bob's."""
    for user in ("alice", "bob"):
        simulator.given(user, user=user, organization="acme", age_days=120)
    wanted = [{"name": "alice", "organization": "acme"}, {"name": "bob", "organization": "acme", "credential": "bobs"}]
    return {"tokens": wanted, "credentials": {"bobs": simulator.main("bob").secret}}


def test_each_entry_is_rotated_by_its_credential(
    simulator: Simulator, run_module: RunModule, commit: Rotate, two: dict[str, Any]
) -> None:
    issued = run_module(turso_rotation, {"step": "issue", **two})
    assert [entry["action"] for entry in issued["report"]] == ["issued", "issued"]
    done = commit(issued, credentials=two["credentials"])
    assert [entry["revoked"] for entry in done["report"]] == [["alice"], ["bob"]]
    assert {(token.user, token.name.partition("-")[0]) for token in simulator.tokens} >= {
        ("bob", "bob"),
        ("alice", "alice"),
    }


def test_a_credential_that_is_refused_fails_its_entries_alone(
    simulator: Simulator, run_module: RunModule, commit: Rotate, two: dict[str, Any]
) -> None:
    wrong = {"bobs": "a-value-that-nobody-issued-and-long-enough"}
    issued = run_module(turso_rotation, {"step": "issue", "tokens": two["tokens"], "credentials": wrong})
    assert [entry["action"] for entry in issued["report"]] == ["issued", "failed"]
    assert "401" in issued["report"][1]["msg"]
    assert issued["report"][1]["msg"].endswith("Nothing was issued.")

    issued = run_module(turso_rotation, {"step": "issue", "force": True, **two})
    done = commit(issued, credentials=wrong)
    assert [entry["action"] for entry in done["report"]] == ["rotated", "failed"]
    assert "Nothing was revoked; old and new values work." in done["report"][1]["msg"]
    assert "bob" in active(simulator, "bob")


def test_where_no_credential_may_list_the_module_fails(simulator: Simulator, issue: Rotate, old: Any) -> None:
    simulator.faults.add("list", faults.Status(401))
    result = issue("ci")
    assert (result["failed"], result["error"]["kind"]) == (True, "unauthorized")


def test_no_entries_are_nothing_to_do(simulator: Simulator, issue: Rotate) -> None:
    issued = issue()
    assert (issued["changed"], issued["report"], simulator.requests) == (False, [], [])


# The commit


@pytest.mark.promise(1)
@pytest.mark.parametrize("items", ["x", "transaction: [", "[]"], ids=ascii)
def test_what_is_no_transaction_is_refused(simulator: Simulator, run_module: RunModule, items: str) -> None:
    result = run_module(turso_rotation, {"step": "commit", "items": items})
    assert (result["error"], simulator.requests) == (failure("invalid_request"), [])


@pytest.mark.promise(5)
def test_a_new_version_that_is_not_active_any_more_revokes_nothing(
    simulator: Simulator, issue: Rotate, commit: Rotate, old: Any, path: Path
) -> None:
    issued = issue("ci", state_file=str(path))
    before = path.read_text()
    simulator.withdraw(issued["issued"][0])
    done = commit(issued, state_file=str(path))
    assert (done["changed"], done["report"][0]["action"]) == (False, "failed")
    assert "is not active any more. Nothing was revoked" in done["report"][0]["msg"]
    assert simulator.alive(old.secret)
    assert path.read_text() == before


@pytest.mark.promise(5)
def test_of_two_controllers_the_second_revokes_and_the_first_fails(
    simulator: Simulator, issue: Rotate, commit: Rotate, old: Any
) -> None:
    first = issue("ci")
    simulator.advance(seconds=2)
    second = issue("ci", force=True)
    failed, done = commit(first), commit(second)
    assert "was issued after" in failed["report"][0]["msg"]
    assert (failed["changed"], done["report"][0]["revoked"]) == (False, ["ci"])
    assert f"{first['issued'][0]} is kept until 20" in done["report"][0]["msg"]
    assert all(simulator.alive(issued["secrets"]["ci"]) for issued in (first, second))
    simulator.advance(minutes=20)
    third = issue("ci")
    commit(third)
    assert active(simulator) == third["issued"]


def test_a_revocation_that_fails_is_told(simulator: Simulator, issue: Rotate, commit: Rotate, old: Any) -> None:
    issued = issue("ci")
    simulator.faults.add("DELETE /*", faults.Status(402, {"error": "not on Sundays"}), times=None)
    done = commit(issued)
    assert (done["changed"], done["report"][0]["action"]) == (False, "failed")
    assert "not on Sundays" in done["report"][0]["msg"]
    assert done["report"][0]["kept"] == [*issued["issued"], "ci"]


def test_a_commit_may_come_late(simulator: Simulator, issue: Rotate, commit: Rotate, old: Any) -> None:
    issued = issue("ci")
    simulator.advance(days=2)
    assert commit(issued)["report"][0]["action"] == "rotated"


# The state file


def test_the_state_file_says_what_is_pending_before_the_delivery_and_current_after_the_commit(
    simulator: Simulator, issue: Rotate, commit: Rotate, old: Any, path: Path
) -> None:
    keeping = {"state_file": str(path)}
    issued = issue("ci", controller={"host": "ctl", "pid": 7}, **keeping)
    part = known(path)
    assert (part["pending"]["name"], part["current"], part["previous"]) == (issued["issued"][0], None, [])
    assert (part["pending"]["host"], part["pending"]["pid"], part["pending"]["destinations"]) == (
        "ctl",
        7,
        {"play": None},
    )
    commit(issued, **keeping)
    part = known(path)
    assert (part["pending"], part["current"]["name"], part["previous"]) == (None, issued["issued"][0], [])
    assert [event["what"] for event in part["events"]] == ["issued", "current", "revoked"]
    assert issue("ci", **keeping)["changed"] is False


@pytest.mark.promise(3)
def test_a_grace_period_is_told_and_then_swept(
    simulator: Simulator, issue: Rotate, commit: Rotate, old: Any, path: Path
) -> None:
    keeping = {"state_file": str(path)}
    done = commit(issue("ci", grace_hours=24, **keeping), **keeping)
    assert "revoked nothing, ci stays until 20" in done["report"][0]["msg"]
    assert simulator.alive(old.secret)
    simulator.advance(hours=23)
    assert issue("ci", grace_hours=24, **keeping)["items"] == []
    simulator.advance(hours=2)
    assert issue("ci", grace_hours=24, check_mode=True, **keeping)["report"][0]["action"] == "swept"
    swept = issue("ci", grace_hours=24, **keeping)
    assert (swept["changed"], swept["issued"], len(swept["items"])) == (False, [], 1)
    done = commit(swept, **keeping)
    assert (done["changed"], done["report"][0]["msg"]) == (True, "ci: not due, revoked ci.")
    assert done["report"][0]["action"] == "swept"
    assert known(path)["previous"] == []


@pytest.mark.parametrize("fails", [0, 1], ids=["before", "after"])
def test_a_state_file_that_cannot_be_written(
    simulator: Simulator,
    issue: Rotate,
    commit: Rotate,
    old: Any,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fails: int,
) -> None:
    """Before anything is revoked it stops the commit; afterwards it is told."""
    issued, write, written = issue("ci", state_file=str(path)), state_file.write, []

    def writing(place: str, content: Any) -> None:
        written.append(place)
        if len(written) == fails + 1:
            raise Refused("The disk is full.")
        write(place, content)

    monkeypatch.setattr(state_file, "write", writing)
    done = commit(issued, state_file=str(path))
    assert simulator.alive(old.secret) is (fails == 0)
    if fails == 0:
        assert done["msg"] == "The disk is full. Nothing was revoked."
    else:
        assert "the state file does not record what was revoked. The disk is full." in done["report"][0]["msg"]


@pytest.mark.promise(2)
@pytest.mark.parametrize("stuck", [False, True], ids=["", "and that fails, too"])
def test_what_the_state_file_cannot_record_as_pending_is_withdrawn(
    simulator: Simulator,
    issue: Rotate,
    old: Any,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stuck: bool,
) -> None:
    def refusing(*_: Any) -> None:
        raise Refused("The disk is full.")

    monkeypatch.setattr(state_file, "write", refusing)
    if stuck:
        simulator.faults.add("DELETE /*", faults.Status(402), times=None)
    issued = issue("ci", state_file=str(path))
    assert (issued["changed"], issued["secrets"], issued["report"][0]["action"]) == (False, {}, "failed")
    assert issued["report"][0]["msg"].startswith("ci: The disk is full. ")
    assert ("was withdrawn." in issued["report"][0]["msg"]) is not stuck
    assert ("it may be active" in issued["report"][0]["msg"]) is stuck
    assert len(active(simulator, "ci-")) == int(stuck)


@pytest.mark.promise(5)
@pytest.mark.parametrize("keeps_state", [False, True])
def test_the_list_of_a_commit_is_made_under_the_lock_of_its_state_file(
    simulator: Simulator,
    issue: Rotate,
    commit: Rotate,
    old: Any,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    keeps_state: bool,
) -> None:
    keeping = {"state_file": str(path)} if keeps_state else {}
    issued, requests_before = issue("ci", **keeping), len(simulator.requests)
    locked, seen = state_file.locked, []

    def locking(place: str) -> Any:
        seen.append((place, len(simulator.requests) - requests_before))
        return locked(place)

    monkeypatch.setattr(state_file, "locked", locking)
    commit(issued, **keeping)
    assert seen == ([(str(path), 0)] if keeps_state else [])


# What a former run left


@pytest.mark.promise(2)
def test_a_version_that_a_run_that_ended_left_is_replaced_at_once(
    simulator: Simulator, issue: Rotate, commit: Rotate, old: Any, path: Path
) -> None:
    here = process_of(1)
    ended = {
        "host": here.host,
        "pid": 2**30,
        "started": 1,
        "boot_id": here.boot_id,
        "pid_namespace": here.pid_namespace,
    }
    left = issue("ci", state_file=str(path), controller=ended)
    issued = issue("ci", state_file=str(path))
    assert issued["report"][0]["msg"].endswith("play had not confirmed it.")
    assert known(path)["found_unconfirmed"]["id"] == left["items"][0]["version"]["id"]
    commit(issued, state_file=str(path))
    assert active(simulator) == issued["issued"]
    assert "found_unconfirmed" not in known(path)


@pytest.mark.promise(5)
def test_a_version_that_another_run_delivers_is_not_called_unconfirmed(issue: Rotate, old: Any, path: Path) -> None:
    issue("ci", state_file=str(path), controller={"host": "elsewhere", "pid": 1})
    issue("ci", state_file=str(path), force=True)
    assert "found_unconfirmed" not in known(path)


@pytest.mark.promise(7)
def test_what_is_found_unconfirmed_a_second_time_is_refused_before_the_issue(
    simulator: Simulator, issue: Rotate, commit: Rotate, old: Any, path: Path
) -> None:
    for _day in range(2):
        assert issue("ci", state_file=str(path))["report"][0]["action"] == "issued"
        simulator.advance(days=1)
    simulator.reset_log()
    refused = issue("ci", state_file=str(path))
    assert refused["report"][0]["action"] == "failed"
    assert "was issued by a former run and never confirmed" in refused["report"][0]["msg"]
    assert (simulator.writes, len(active(simulator))) == ([], 3)
    commit(issue("ci", state_file=str(path), force=True), state_file=str(path))
    assert len(active(simulator)) == 1


# Destinations


DELIVERED = {
    "recipients": {"ci": [Recipient("file", options={"path": "/f"}, address="/f").as_json()]},
    "checked": ["ci"],
}
NOT_ASKED = {**DELIVERED, "checked": None}


@pytest.mark.promise(7)
def test_what_would_be_refused_is_looked_for_in_destinations_first(
    simulator: Simulator, issue: Rotate, old: Any, path: Path
) -> None:
    """A version that nobody got, then one that some destination took: its value ends the refusal."""
    for _day in range(2):
        left = issue("ci", state_file=str(path), **DELIVERED)
        simulator.advance(days=1)
    asked = issue("ci", state_file=str(path), **NOT_ASKED)
    assert (asked["to_check"], asked["to_fetch"], asked["items"]) == (["ci"], ["ci"], [])
    refused = issue("ci", state_file=str(path), **DELIVERED)
    assert "never confirmed" in refused["report"][0]["msg"]
    resumed = issue("ci", state_file=str(path), held={"ci": [left["secrets"]["ci"]]}, **DELIVERED)
    assert (resumed["resumed"], resumed["report"][0]["action"]) == (["ci"], "issued")
    assert len(active(simulator)) == 3


@pytest.mark.promise(1, 7)
def test_what_a_check_refuses_is_not_resumed_either(simulator: Simulator, issue: Rotate, old: Any, path: Path) -> None:
    left = issue("ci", state_file=str(path), **DELIVERED)
    simulator.advance(days=1)
    held = {"held": {"ci": [left["secrets"]["ci"]]}, "refused_if_due": {"ci": "web2 is down"}}
    refused = issue("ci", state_file=str(path), **held, **DELIVERED)
    assert (refused["resumed"], refused["report"][0]["action"]) == ([], "failed")
    assert refused["report"][0]["msg"] == "ci is due (unfinished), but web2 is down. Nothing was issued."


@pytest.mark.promise(8)
def test_what_a_destination_holds_of_somebody_else_is_not_sent_to_the_api(
    simulator: Simulator, issue: Rotate, old: Any, path: Path
) -> None:
    issue("ci", state_file=str(path), **DELIVERED)
    simulator.advance(days=1)
    simulator.reset_log()
    claims = base64.urlsafe_b64encode(b'{"jti": "of-another-service"}').decode()
    foreign = [f"h.{claims}.s", "a password"]
    issued = issue("ci", state_file=str(path), held={"ci": foreign}, validate=False, **DELIVERED)
    assert issued["report"][0]["action"] == "issued"
    assert [call for call in calls(simulator) if call == "validate"] == []


# The vault file


@pytest.mark.promise(7)
def test_a_stored_value_that_nobody_confirmed_is_resumed(
    simulator: Simulator, issue: Rotate, commit: Rotate, old: Any, path: Path
) -> None:
    keeping = {"state_file": str(path), "has_vault_file": True}
    left = issue("ci", stored={"ci": old.secret}, **keeping)
    stored, pending = left["secrets"], known(path)["pending"]
    for day in range(1, 4):
        simulator.advance(days=1)
        resumed = issue("ci", stored=stored, **keeping)
        assert (resumed["changed"], resumed["secrets"], resumed["resumed"]) == (True, {}, ["ci"])
        assert f"resumed {left['issued'][0]} (verified by validate)" in resumed["report"][0]["msg"]
        assert len(active(simulator)) == 2, day
    assert "found_unconfirmed" not in known(path)
    assert known(path)["pending"]["issued_at"] == pending["issued_at"]
    done = commit(resumed, state_file=str(path))
    assert (done["report"][0]["revoked"], active(simulator)) == (["ci"], left["issued"])
    assert simulator.alive(stored["ci"])


@pytest.mark.promise(2)
@pytest.mark.parametrize("why", ["it is rejected", "the state file cannot record it"])
def test_a_resumed_version_is_never_withdrawn(
    simulator: Simulator, issue: Rotate, old: Any, path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    stored = issue("ci")["secrets"]
    simulator.advance(days=1)
    if why == "it is rejected":
        simulator.faults.add("validate", faults.Status(401), times=None)
    else:
        monkeypatch.setattr(state_file, "write", lambda *_: (_ for _ in ()).throw(Refused("The disk is full.")))
    resumed = issue("ci", stored=stored, has_vault_file=True, state_file=str(path), validate=False)
    assert (resumed["report"][0]["action"], resumed["resumed"]) == ("failed", [])
    assert "withdrawn" not in resumed["report"][0]["msg"]
    assert simulator.alive(stored["ci"])


STORED: list[tuple[str, str | None, str | None]] = [
    ("the current one's", "young", None),
    ("nothing", None, "lost"),
    ("an older one's", "older", "lost"),
    ("a revoked one's", "revoked", "lost"),
    ("another token's", "other", "lost"),
]


@pytest.mark.promise(9)
@pytest.mark.parametrize(("held", "reason"), [row[1:] for row in STORED], ids=[row[0] for row in STORED])
def test_the_next_run_finds_a_stored_value_that_is_not_the_current_versions(
    simulator: Simulator, issue: Rotate, path: Path, held: str | None, reason: str | None
) -> None:
    made = {
        "older": simulator.given("ci-20260101t000000z-0001", organization="acme", age_days=40),
        "young": simulator.given("ci-20260201t000000z-0002", organization="acme", age_days=2),
        "revoked": simulator.given("gone", organization="acme"),
        "other": simulator.given("other", organization="acme"),
    }
    simulator.withdraw("gone")
    refs = {name: {"name": token.name, "id": token.id} for name, token in made.items()}
    part = {
        "pending": None,
        "current": {**refs["young"], "confirmed_at": "2026-01-01T00:00:00Z"},
        "previous": [{**refs["older"], "since": "2999-01-01T00:00:00Z"}],
        "events": [],
    }
    path.write_text(json.dumps({"format": 1, "tokens": {"ci": part}}))
    stored = {} if held is None else {"ci": made[held].secret}
    checked = issue("ci", check_mode=True, has_vault_file=True, stored=stored, state_file=str(path))
    assert checked["report"][0]["reason"] == reason


def test_a_stored_value_that_cannot_be_tried_fails_its_token_alone(
    simulator: Simulator, issue: Rotate, old: Any
) -> None:
    claims = base64.urlsafe_b64encode(b'{"jti": "x"}').decode()
    simulator.faults.add("validate", faults.Status(402))
    issued = issue("ci", "b", has_vault_file=True, stored={"ci": f"h.{claims}.s"})
    assert [entry["action"] for entry in issued["report"]] == ["failed", "issued"]
    assert "402" in issued["report"][0]["msg"]


@pytest.mark.promise(2)
@pytest.mark.parametrize("stuck", [False, True], ids=["", "and that fails"])
def test_what_nobody_took_is_withdrawn(
    simulator: Simulator, issue: Rotate, commit: Rotate, old: Any, path: Path, stuck: bool
) -> None:
    keeping = {"state_file": str(path)}
    issued = issue("ci", **keeping)
    taken = {
        "items": [{**issued["items"][0], "error": "The vault file is full"}, {**issued["items"][0], "version": None}]
    }
    if stuck:
        simulator.faults.add("DELETE /*", faults.Status(402), times=None)
    done = commit(taken, step="withdraw", **keeping)
    (report,) = done["report"]
    assert (report["action"], report["issued"]) == ("failed", None)
    name = issued["issued"][0]
    says = f"{name} could not be withdrawn" if stuck else f"ci: The vault file is full. {name} was withdrawn."
    assert says in report["msg"]
    assert (known(path)["pending"] is not None) is stuck
    assert len(active(simulator, "ci-")) == int(stuck)
    simulator.faults.clear()
    assert commit(taken, step="withdraw", **keeping)["report"][0]["msg"].endswith("was withdrawn.")  # again: no harm


def test_withdrawing_leaves_what_another_run_has_pending(
    simulator: Simulator, issue: Rotate, commit: Rotate, old: Any, path: Path
) -> None:
    first = issue("ci", state_file=str(path))
    second = issue("ci", state_file=str(path), force=True)
    commit(first, step="withdraw", state_file=str(path))
    assert known(path)["pending"]["name"] == second["issued"][0]
    assert simulator.alive(second["secrets"]["ci"])
    commit(second, step="withdraw")  # without a state file
    assert active(simulator) == ["ci"]


# A run that nobody waits for


@pytest.mark.promise(2)
@pytest.mark.parametrize("tellings", [0, 1], ids=["before the first create", "when the result is made"])
def test_what_nobody_will_get_is_not_issued_or_withdrawn(
    simulator: Simulator, issue: Rotate, old: Any, path: Path, monkeypatch: pytest.MonkeyPatch, tellings: int
) -> None:
    asked: list[int] = []

    def over(_lifetime: Lifetime) -> str | None:
        asked.append(1)
        return None if len(asked) <= tellings else "the module was told to stop"

    monkeypatch.setattr(Lifetime, "over", over)
    result = issue("ci", state_file=str(path))
    assert (result["failed"], result["error"]["kind"]) == (True, "refused")
    assert "The module could not return its result: the module was told to stop." in result["msg"]
    assert [method for method, _path in simulator.writes] == ["POST", "DELETE"][: 2 * tellings]
    assert active(simulator) == ["ci"]
    assert path.exists() is (tellings == 1)
    assert not path.exists() or known(path)["pending"] is None


@pytest.mark.promise(2)
def test_what_cannot_be_withdrawn_stays_in_the_state_file(
    simulator: Simulator, issue: Rotate, old: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def over(_lifetime: Lifetime) -> str | None:
        asked.append(1)
        return "told to stop" if len(asked) > 1 else None

    monkeypatch.setattr(Lifetime, "over", over)
    simulator.faults.add("DELETE /*", faults.Status(402), times=None)
    assert issue("ci", state_file=str(path))["failed"]
    (left,) = active(simulator, "ci-")
    assert known(path)["pending"]["name"] == left


@pytest.mark.promise(2)
def test_what_is_resumed_is_not_withdrawn_where_nobody_waits(
    simulator: Simulator, issue: Rotate, old: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = issue("ci")["secrets"]
    simulator.advance(days=1)
    monkeypatch.setattr(Lifetime, "over", lambda _lifetime: "nobody reads it")
    assert issue("ci", stored=stored, has_vault_file=True)["failed"]
    assert simulator.alive(stored["ci"])


# The running credential


@pytest.fixture
def robot(simulator: Simulator) -> dict[str, Any]:
    return {"api_token": simulator.given("robot", organization="acme", age_days=120).secret}


@pytest.mark.promise(4)
def test_the_credential_goes_by_its_new_version(
    simulator: Simulator, issue: Rotate, commit: Rotate, robot: dict[str, Any]
) -> None:
    issued = issue("robot", **robot)
    assert issued["items"][0]["is_running_credential"] is True
    done = commit(issued, running_secrets={"robot": issued["secrets"]["robot"]}, **robot)
    assert done["report"][0]["action"] == "rotated"
    assert not simulator.alive(robot["api_token"])
    assert simulator.alive(issued["secrets"]["robot"])


STAYS: dict[str, tuple[faults.Fault | None, str]] = {
    "nobody has its new version": (None, "only a new version may revoke it"),
    "its new version cannot list": (faults.Status(403), "its new version cannot list tokens"),
    "its new version does not see it": (faults.Status(200, {"tokens": []}), "does not see the token with the id"),
}


@pytest.mark.promise(4)
@pytest.mark.parametrize("why", STAYS)
def test_the_credential_stays_where(
    simulator: Simulator, issue: Rotate, commit: Rotate, robot: dict[str, Any], why: str
) -> None:
    fault, says = STAYS[why]
    left = simulator.given("robot-20260101t000000z-0001", organization="acme", age_days=300)
    issued = issue("robot", **robot)
    new = {}
    if fault:
        simulator.faults.add("list", fault, skip=1)
        new = {"running_secrets": {"robot": issued["secrets"]["robot"]}}
    done = commit(issued, **new, **robot)
    assert done["report"][0]["action"] == "failed"
    assert says in done["report"][0]["msg"]
    assert (simulator.alive(robot["api_token"]), simulator.alive(left.secret)) == (True, False)


@pytest.mark.promise(4)
def test_the_credential_stays_where_its_new_version_sees_only_the_previous_one(
    simulator: Simulator, issue: Rotate, commit: Rotate, robot: dict[str, Any]
) -> None:
    issued = issue("robot", **robot)
    previous = next(token for token in simulator.tokens if token.name == "robot")
    seen = {"tokens": [{"name": "robot", "id": previous.id, "organization": "acme"}]}
    simulator.faults.add("list", faults.Status(200, seen), skip=1)
    done = commit(issued, running_secrets={"robot": issued["secrets"]["robot"]}, **robot)
    assert f"does not see the token with the id {issued['items'][0]['version']['id']}" in done["report"][0]["msg"]
    assert simulator.alive(robot["api_token"])


@pytest.mark.promise(4)
def test_a_credential_that_does_not_tell_its_id_is_known_by_its_name_and_goes_last(
    simulator: Simulator, issue: Rotate, commit: Rotate
) -> None:
    robot = simulator.given("robot", organization="acme", age_days=120, carries_jti=False)
    simulator.given("ci", organization="acme", age_days=120)
    issued = issue("robot", "ci", api_token=robot.secret, credential_name="robot")
    assert [item["is_running_credential"] for item in issued["items"]] == [True, False]
    simulator.reset_log()
    done = commit(issued, api_token=robot.secret, running_secrets={"robot": issued["secrets"]["robot"]})
    assert [entry["action"] for entry in done["report"]] == ["rotated", "rotated"]
    assert not simulator.alive(robot.secret)
    last = simulator.requests[-1]
    assert (last.method, last.token_id) == ("DELETE", issued["items"][0]["version"]["id"])


@pytest.mark.promise(4)
def test_two_credentials_of_a_run_are_rotated_each_by_its_own_new_version(
    simulator: Simulator, run_module: RunModule, commit: Rotate
) -> None:
    alice = simulator.given("robot", organization="acme", age_days=120)
    bob = simulator.given("robot2", user="bob", organization="acme", age_days=120)
    wanted = [
        {"name": "robot", "organization": "acme"},
        {"name": "robot2", "organization": "acme", "credential": "bobs"},
    ]
    asked = {"api_token": alice.secret, "credentials": {"bobs": bob.secret}}
    issued = run_module(turso_rotation, {"step": "issue", "tokens": wanted, **asked})
    assert [item["is_running_credential"] for item in issued["items"]] == [True, True]
    done = commit(issued, running_secrets=issued["secrets"], **asked)
    assert [entry["revoked"] for entry in done["report"]] == [["robot"], ["robot2"]]
    assert all(simulator.alive(secret) for secret in issued["secrets"].values())


def test_what_the_credential_tells_of_itself_goes_before_the_name_that_is_given(
    simulator: Simulator, issue: Rotate, robot: dict[str, Any]
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    issued = issue("ci", "robot", credential_name="ci", **robot)
    assert [item["is_running_credential"] for item in issued["items"]] == [False, True]


def test_what_may_be_the_credential_is_swept_last(
    simulator: Simulator, issue: Rotate, commit: Rotate, path: Path
) -> None:
    robot = simulator.given("robot", organization="acme", age_days=120, carries_jti=False)
    simulator.given("ci", organization="acme", age_days=120)
    options = {"state_file": str(path), "grace_hours": 1, "credential_name": "robot", "api_token": robot.secret}
    issued = issue("robot", "ci", **options)
    commit(issued, state_file=str(path), api_token=robot.secret, running_secrets={"robot": issued["secrets"]["robot"]})
    simulator.advance(hours=2)
    swept = issue("robot", "ci", **options)
    simulator.reset_log()
    done = commit(swept, state_file=str(path), api_token=robot.secret)
    assert [(entry["action"], entry["revoked"]) for entry in done["report"]] == [
        ("swept", ["robot"]),
        ("swept", ["ci"]),
    ]
    assert robot.id in simulator.writes[-1][1]


@pytest.mark.promise(8)
def test_no_secret_but_where_it_belongs(
    simulator: Simulator, issue: Rotate, commit: Rotate, old: Any, path: Path
) -> None:
    issued = issue("ci", state_file=str(path))
    done = commit(issued, state_file=str(path))
    shown = json.dumps([{**issued, "secrets": {}}, done]) + path.read_text()
    assert not [secret for secret in simulator.canaries if secret in shown]
