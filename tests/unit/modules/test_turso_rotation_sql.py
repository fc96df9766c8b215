# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of the role with SQL tokens: what is minted, proven, remembered, and given up, against the API and the databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._lifetime import Lifetime
from ansible_collections.community.turso.plugins.module_utils._rotation import state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import digest_of
from ansible_collections.community.turso.plugins.module_utils._rotation.metrics import from_one_text
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_outcome import of_sql_refusal
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction
from ansible_collections.community.turso.plugins.modules import turso_rotation
from tests.conftest import RunModule
from tests.simulator import Simulator, faults

Rotate = Callable[..., dict[str, Any]]
PLAY: dict[str, Any] = {
    "to": "play",
    "hosts": None,
    "tasks": None,
    "takes_effect_hours": 0,
    "options": {},
    "address": None,
}


@pytest.fixture(autouse=True)
def _shop(simulator: Simulator) -> None:
    simulator.add_database("shop")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


@pytest.fixture
def issue(run_module: RunModule, path: Path) -> Rotate:
    def run(*entries: dict[str, Any], check_mode: bool = False, **options: Any) -> dict[str, Any]:
        base = {"kind": "sql", "organization": "acme"}
        tokens = [{**base, **given} for given in entries or ({"name": "app", "database": "shop"},)]
        asked = {"recipients": {token["name"]: [PLAY] for token in tokens}, "state_file": str(path), **options}
        return run_module(turso_rotation, {"step": "issue", "tokens": tokens, **asked}, check_mode=check_mode)

    return run


@pytest.fixture
def commit(run_module: RunModule, path: Path) -> Rotate:
    def run(issued: dict[str, Any], step: str = "commit", **changes: Any) -> dict[str, Any]:
        items = [Item.from_json({**raw, **changes}) for raw in issued["items"]]
        asked = {"step": step, "items": Transaction.carrying(items).as_text(), "state_file": str(path)}
        return run_module(turso_rotation, asked)

    return run


def known(path: Path, name: str = "app") -> dict[str, Any]:
    part: dict[str, Any] = json.loads(path.read_text())["tokens"][name]
    return part


def calls(simulator: Simulator) -> list[str]:
    return [request.call for request in simulator.requests]


def test_a_token_is_minted_proven_remembered_and_committed(
    simulator: Simulator, issue: Rotate, commit: Rotate, path: Path
) -> None:
    issued = issue()
    (report,) = issued["report"]
    assert (issued["changed"], issued["summary"]) == (True, "1 to rotate, 0 to revoke, 0 unchanged")
    assert (report["action"], report["reason"], report["probed"]) == ("issued", "missing", "accepted")
    secret = issued["secrets"]["app"]
    assert simulator.lets_in(secret, "shop")
    assert (known(path)["pending"]["id"], known(path)["current"]) == (digest_of(secret), None)
    assert known(path)["sql"]["attempts"] == 1
    assert (issued["tokens"]["app"]["database"], issued["tokens"]["app"]["kind"]) == ("shop", "sql")
    assert secret not in path.read_text()
    simulator.reset_log()
    done = commit(issued)
    assert (done["changed"], done["report"][0]["action"], done["report"][0]["revoked"]) == (True, "rotated", [])
    assert "renewed, ends 20" in done["report"][0]["msg"]
    assert calls(simulator) == []
    assert (known(path)["pending"], known(path)["current"]["id"]) == (None, digest_of(secret))
    assert known(path)["sql"]["attempts"] == 0
    again = issue(stored={"app": secret}, has_vault_file=True)
    assert (again["changed"], again["report"][0]["reason"], again["items"]) == (False, None, [])
    (figures,) = from_one_text(again["figures"])
    assert figures["expires_at"] > figures["issued_at"]
    assert "app" in again["next_due"]


def test_an_api_token_and_sql_tokens_are_reported_in_the_order_of_the_entries(issue: Rotate) -> None:
    api = {"name": "ci", "kind": "api"}
    issued = issue({"name": "b", "database": "shop"}, api, {"name": "a", "group": "default"})
    assert [entry["name"] for entry in issued["report"]] == ["b", "ci", "a"]
    assert [entry["action"] for entry in issued["report"]] == ["issued"] * 3
    assert issued["summary"].startswith("3 to rotate")


def test_check_mode_mints_nothing(simulator: Simulator, issue: Rotate, path: Path) -> None:
    planned = issue(check_mode=True)
    assert planned["changed"] is True
    assert "due (missing)" in planned["report"][0]["msg"]
    assert simulator.minted == []
    assert not path.exists()


def test_two_entries_for_one_database_never_share_a_token(issue: Rotate, simulator: Simulator) -> None:
    """Tokens with equal claims of one second are the same one, and a confirmation of it would count for both."""
    simulator.clock.freeze(simulator.clock.now())
    issued = issue({"name": "a", "database": "shop"}, {"name": "b", "database": "shop"}, concurrency=1, validate=False)
    actions = {entry["name"]: entry["action"] for entry in issued["report"]}
    assert (actions, list(issued["secrets"])) == ({"a": "issued", "b": "failed"}, ["a"])


def test_what_is_at_hand_is_delivered_once_more(
    simulator: Simulator, issue: Rotate, commit: Rotate, path: Path
) -> None:
    first = issue(pending_minutes=0)
    again = issue(held={"app": [first["secrets"]["app"]]}, pending_minutes=0)
    assert (again["resumed"], again["secrets"], again["report"][0]["reason"]) == (["app"], {}, "unfinished")
    assert len(simulator.minted) == 1
    assert known(path)["sql"]["attempts"] == 2
    done = commit(again)
    assert "delivered again" in done["report"][0]["msg"]


def test_a_later_commit_of_an_older_token_leaves_the_newer_one_current(
    simulator: Simulator, issue: Rotate, commit: Rotate, path: Path
) -> None:
    first = issue(pending_minutes=0)
    simulator.advance(minutes=1)
    second = issue(pending_minutes=0)
    commit(second)
    commit(first)
    assert known(path)["current"]["id"] == digest_of(second["secrets"]["app"])


def test_what_nobody_took_is_given_up_and_said(issue: Rotate, commit: Rotate, path: Path) -> None:
    issued = issue()
    done = commit(issued, step="withdraw", error="no destination took the new value")
    assert "It cannot be revoked" not in done["report"][0]["msg"]
    assert "ends by itself" in done["report"][0]["msg"]
    assert (done["report"][0]["action"], done["report"][0]["issued"]) == ("failed", None)
    assert (known(path)["pending"], len(known(path)["sql"]["mints"])) == (None, 1)


FAILURES: list[tuple[str, dict[str, Any], str, int]] = [
    ("there is no such database", {"entry": {"database": "none"}}, "could not find database", 0),
    ("the API refuses", {"fault": ("mint", faults.Status(403))}, "db:mint-token", 0),
    ("the data plane is out of reach", {"keeps_out": "*"}, "could not be tried", 0),
    ("the vault file holds something else", {"stored": {"app": "a-password"}}, "is not a SQL token", 0),
    ("a destination refuses", {"refused_if_due": {"app": "file /x: no space"}}, "but file /x: no space", 0),
    ("it is not known what is in use", {"unread": {"app": "it could not be read"}}, "it could not be read", 0),
]


@pytest.mark.parametrize(("trouble", "says", "minted"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES])
def test_a_failure_of_one_stops_no_other(
    simulator: Simulator, issue: Rotate, path: Path, trouble: dict[str, Any], says: str, minted: int
) -> None:
    simulator.add_database("other")
    entry = {"name": "app", "database": "shop", **trouble.pop("entry", {})}
    if "fault" in trouble:
        call, fault = trouble.pop("fault")
        simulator.faults.add(call, fault)
    simulator.database("shop").keeps_out = trouble.pop("keeps_out", "")
    if "stored" in trouble:
        trouble["has_vault_file"] = True
    issued = issue(entry, {"name": "zz", "database": "other"}, concurrency=1, **trouble)
    reports = {report["name"]: report for report in issued["report"]}
    assert (reports["app"]["action"], reports["zz"]["action"]) == ("failed", "issued")
    assert says in reports["app"]["msg"]
    assert list(issued["secrets"]) == ["zz"]
    assert [item["name"] for item in issued["items"]] == ["app", "zz"]
    assert known(path)["sql"]["attempts"] == 1
    assert sum(token.database == "shop" for token in simulator.minted) == minted


def test_a_state_file_that_cannot_be_written_delivers_nothing(monkeypatch: pytest.MonkeyPatch, issue: Rotate) -> None:
    def full(*_args: Any) -> None:
        raise Refused("The disk is full.")

    monkeypatch.setattr(state_file, "write", full)
    issued = issue({"name": "app", "database": "shop"}, {"name": "zz", "database": "none"})
    assert (issued["secrets"], issued["report"][0]["action"]) == ({}, "failed")
    assert "The disk is full" in issued["report"][0]["msg"]


def test_a_module_that_is_told_to_stop_mints_nothing(
    monkeypatch: pytest.MonkeyPatch, simulator: Simulator, issue: Rotate, path: Path
) -> None:
    monkeypatch.setattr(Lifetime, "over", lambda _self: "it was told to stop")
    stopped = issue()
    assert (stopped["failed"], simulator.minted) == (True, [])


def test_what_was_invalidated_is_replaced_by_a_token_of_a_later_second(
    simulator: Simulator, issue: Rotate, commit: Rotate, path: Path
) -> None:
    commit(issue())
    state = json.loads(path.read_text())
    moment = simulator.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    state["tokens"]["app"]["sql"]["invalidated_at"] = moment
    path.write_text(json.dumps(state))
    simulator.invalidate(database="shop")
    simulator.clock.freeze(simulator.clock.now())
    stuck = issue(validate=False)
    assert "No usable token could be minted" in stuck["report"][0]["msg"]
    assert len(known(path)["sql"]["mints"]) == 1  # what was given up may work; the first is known to be ended
    simulator.advance(seconds=2)
    issued = issue()
    assert issued["report"][0]["reason"] == "dead"
    assert simulator.lets_in(issued["secrets"]["app"], "shop")


def test_nothing_is_minted_that_would_count_as_dead_for_longer_than_a_minute(
    simulator: Simulator, issue: Rotate, commit: Rotate, path: Path
) -> None:
    commit(issue())
    state, minted = json.loads(path.read_text()), len(simulator.minted)
    state["tokens"]["app"]["sql"]["invalidated_at"] = "2999-01-01T00:00:00Z"
    path.write_text(json.dumps(state))
    refused = issue()["report"][0]
    assert (refused["action"], len(simulator.minted)) == ("failed", minted)
    assert str(path) in refused["msg"]


FILE = {**PLAY, "to": "file", "options": {"path": "/srv/app"}, "address": "/srv/app"}
APP = {"app": [FILE]}


def test_nothing_is_minted_before_destinations_were_asked_nor_for_what_was_not_due_then(
    simulator: Simulator, issue: Rotate
) -> None:
    asked = issue(recipients=APP)
    assert (asked["to_check"], asked["changed"], asked["secrets"]) == (["app"], False, {})
    later = issue(recipients=APP, checked=[])
    assert (later["report"][0]["action"], simulator.minted) == ("unchanged", [])
    assert issue(recipients=APP, checked=["app"])["report"][0]["action"] == "issued"


def test_without_a_state_file_nothing_is_written(
    issue: Rotate, commit: Rotate, path: Path, run_module: RunModule
) -> None:
    issued = issue(recipients=APP, checked=["app"], state_file=None)
    items = Transaction.carrying(Item.from_json(raw) for raw in issued["items"]).as_text()
    assert run_module(turso_rotation, {"step": "commit", "items": items})["report"][0]["action"] == "rotated"
    assert run_module(turso_rotation, {"step": "withdraw", "items": items})["report"][0]["action"] == "failed"
    assert not path.exists()


def test_a_run_leaves_alone_what_another_one_may_be_delivering(simulator: Simulator, issue: Rotate) -> None:
    issue()
    other = issue()
    assert (other["report"][0]["action"], len(simulator.minted)) == ("unchanged", 1)
    assert "another run may be delivering" in other["notes"][0]


def test_what_cannot_be_tried_is_kept_and_said(simulator: Simulator, issue: Rotate, commit: Rotate) -> None:
    first = issue()
    commit(first)
    simulator.database("shop").keeps_out = "*"
    again = issue(stored=first["secrets"], has_vault_file=True)
    assert (again["report"][0]["action"], again["report"][0]["probed"]) == ("unchanged", "unknown")
    assert "it is not known whether it works" in again["notes"][0]


def test_a_new_token_that_cannot_be_tried_is_given_up(simulator: Simulator, issue: Rotate) -> None:
    simulator.faults.add("POST /v2/pipeline", faults.Status(503), skip=1, times=None)
    issued = issue()
    assert (issued["report"][0]["action"], issued["secrets"], len(simulator.minted)) == ("failed", {}, 1)
    assert "It is not returned, and it cannot be revoked." in issued["report"][0]["msg"]


def test_a_token_of_another_database_is_replaced(simulator: Simulator, issue: Rotate) -> None:
    simulator.add_database("other")
    foreign = simulator.given_sql(database="other", expiration="90d")
    issued = issue(stored={"app": foreign.secret}, has_vault_file=True)
    assert (issued["report"][0]["reason"], issued["report"][0]["action"]) == ("foreign", "issued")


def test_a_group_without_databases_is_taken_by_what_its_token_claims(simulator: Simulator, issue: Rotate) -> None:
    simulator.add_organization("empty", ["default"])
    issued = issue({"name": "app", "organization": "empty", "group": "default"})
    assert (issued["report"][0]["action"], issued["report"][0]["probed"]) == ("issued", "no")
    assert "only its claims were checked" in issued["report"][0]["msg"]
    assert "only its claims were checked" in issued["notes"][0]


def test_what_the_state_file_does_not_name_is_not_forgotten(
    simulator: Simulator, issue: Rotate, commit: Rotate, path: Path
) -> None:
    first = issue(pending_minutes=0)
    simulator.advance(minutes=1)
    second = issue(force=True)
    commit(first, step="withdraw", error="nobody took it")
    assert known(path)["pending"]["id"] == digest_of(second["secrets"]["app"])


def test_a_refusal_of_the_commit_says_what_the_next_run_does() -> None:
    said = of_sql_refusal({"name": "app", "deadline": "app ends soon."}, ["not confirmed by app1"])
    assert said["msg"] == "app: not confirmed by app1. The next run delivers the new token again. app ends soon."
    assert said["action"] == "failed"


def test_a_result_that_nobody_gets_is_given_up(monkeypatch: pytest.MonkeyPatch, issue: Rotate, path: Path) -> None:
    answers = iter([None])
    monkeypatch.setattr(Lifetime, "over", lambda _self: next(answers, "nobody reads it"))
    lost = issue()
    assert (lost["failed"], "secrets" in lost) == (True, False)
    assert (known(path)["pending"], len(known(path)["sql"]["mints"])) == (None, 1)
