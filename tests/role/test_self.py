# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credential of the run is rotated itself: its predecessor goes last, and only if its successor can see to that."""

from __future__ import annotations

from typing import Any

import pytest

from tests.playbooks import Playbooks
from tests.role.plays import deliver, delivered, generations, play, rotate
from tests.simulator import Simulator, faults

ROBOT: dict[str, Any] = {"organization": "acme", "age_days": 120}


@pytest.mark.parametrize("others", [(), ("a", "b")], ids=["alone", "among others"])
def test_the_predecessor_goes_last_and_by_its_successor(
    simulator: Simulator, playbooks: Playbooks, others: tuple[str, ...]
) -> None:
    for name in others:
        simulator.given(name, organization="acme", age_days=120)
    robot = simulator.given("robot", **ROBOT)
    names = ("robot", *others)
    played = playbooks.play([play(rotate(*names), deliver(*names))], env={"TURSO_API_TOKEN": robot.secret})
    assert played.ok, played.output
    assert all(len(generations(simulator, name)) == 1 for name in names)
    assert simulator.alive(delivered(playbooks, "robot") or "")
    assert not simulator.alive(robot.secret)
    last = simulator.requests[-1]
    assert (last.method, last.token_id == robot.id) == ("DELETE", False)
    assert robot.id in last.path or last.decoded_path.endswith("/robot")
    assert [request.call for request in simulator.requests[-2:]] == ["list", "org_revoke"]


def test_the_predecessor_goes_last_of_all_uses(simulator: Simulator, playbooks: Playbooks) -> None:
    robot = simulator.given("robot", **ROBOT)
    simulator.given("a", **ROBOT)
    plays = [play(rotate("robot"), rotate("a"), deliver("robot", "a"))]
    played = playbooks.play(plays, env={"TURSO_API_TOKEN": robot.secret})
    assert played.ok, played.output
    assert len(generations(simulator, "robot")) == len(generations(simulator, "a")) == 1
    assert simulator.requests[-1].token_id != robot.id


def test_one_use_that_cannot_be_committed_does_not_keep_the_other_from_it(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    for name in ("a", "b"):
        simulator.given(name, organization="acme", age_days=120)
    broken = rotate("a", ledger="ledger.json")
    spoil = {"ansible.builtin.copy": {"content": "<html>", "dest": "{{ playbook_dir }}/ledger.json"}}
    played = playbooks.play([play(broken, rotate("b"), deliver("a", "b"), spoil)])
    assert not played.ok
    assert "is not JSON" in played.output
    assert "b: aged, issued b-" in played.output
    assert len(generations(simulator, "a")) == 2
    assert len(generations(simulator, "b")) == 1


def test_a_credential_that_does_not_tell_its_id_is_named(simulator: Simulator, playbooks: Playbooks) -> None:
    robot = simulator.given("robot", carries_jti=False, **ROBOT)
    simulator.given("a", **ROBOT)
    settings = {"self": "robot"}
    played = playbooks.play(
        [play(rotate("robot", "a", **settings), deliver("robot", "a"))], env={"TURSO_API_TOKEN": robot.secret}
    )
    assert played.ok, played.output
    assert len(generations(simulator, "robot")) == len(generations(simulator, "a")) == 1
    assert simulator.requests[-1].token_id != robot.id


def test_a_predecessor_whose_successor_may_not_list_stays_and_the_run_fails(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    robot = simulator.given("robot", **ROBOT)
    other = simulator.given("a", **ROBOT)
    simulator.faults.add("list", faults.Status(403, {"error": "not with this token"}), skip=3, times=None)
    played = playbooks.play([play(rotate("robot", "a"), deliver("robot", "a"))], env={"TURSO_API_TOKEN": robot.secret})
    assert not played.ok
    assert "its successor may not list tokens" in played.output
    assert "not with this token" in played.output
    assert simulator.alive(robot.secret)
    assert simulator.alive(delivered(playbooks, "robot") or "")
    assert not simulator.alive(other.secret)


def test_a_predecessor_that_its_successor_does_not_see_stays(simulator: Simulator, playbooks: Playbooks) -> None:
    robot = simulator.given("robot", **ROBOT)
    simulator.faults.add("list", faults.Status(200, {"tokens": []}), skip=3, times=None)
    played = playbooks.play([play(rotate("robot"), deliver("robot"))], env={"TURSO_API_TOKEN": robot.secret})
    assert not played.ok
    assert "its successor does not see the token with the id" in played.output
    assert simulator.alive(robot.secret)
