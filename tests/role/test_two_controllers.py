# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs at once, really played: what either delivered works, and the next run leaves one version."""

from __future__ import annotations

import pytest

from tests.playbooks import Playbooks, cases, heavy, with_one_core
from tests.role.plays import Play, confirm, play, rotate, versions
from tests.simulator import Simulator, faults

pytestmark = [pytest.mark.promise(5), with_one_core]


def controller(name: str, state_file: str | None) -> list[Play]:
    content = "{{ turso_rotate_secrets.ci | default('') }}"
    copy = {"content": content, "dest": f"{{{{ playbook_dir }}}}/{name}", "mode": "0600"}
    settings = {"state_file": state_file} if state_file else {}
    return [play(rotate("ci", **settings), {"ansible.builtin.copy": copy}, confirm())]


@pytest.mark.parametrize(
    ("paused", "state_file"),
    cases(
        [
            ("at the list, without a state file", 2, None),
            ("at the list, with a state file", 2, "state.json"),
            ("at the validation, without a state file", 3, None),
            ("at the validation, with a state file", 3, "state.json"),
            ("at the commit, without a state file", 4, None),
            ("at the commit, with a state file", 4, "state.json"),
        ],
        sample=("at the commit, with a state file",),
    ),
)
def test_both_deliver_what_works_and_the_next_run_converges(
    simulator: Simulator, playbooks: Playbooks, state_file: str | None, paused: int
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    rule = simulator.faults.add("*", faults.Pause(), skip=paused)
    playbooks.write("first.yml", controller("first", state_file))
    first = playbooks.start("first.yml")
    assert rule.wait(60)
    second = playbooks.play(controller("second", state_file))
    rule.resume()
    output, _ = first.communicate(timeout=60)
    done = [name for name, ok in (("first", first.returncode == 0), ("second", second.ok)) if ok]
    assert done, output + second.output
    for held in done:
        assert simulator.alive((playbooks.directory / held).read_text() or simulator.credential), held

    simulator.advance(minutes=16)
    third = playbooks.play(controller("third", state_file))
    assert third.ok, third.output
    assert len(versions(simulator, "ci")) == 1


@heavy
def test_a_commit_whose_own_version_was_replaced_revokes_nothing_and_fails(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    rule = simulator.faults.add("*", faults.Pause(), skip=4)
    playbooks.write("first.yml", controller("first", None))
    first = playbooks.start("first.yml")
    assert rule.wait(60)
    simulator.advance(minutes=16)
    second = playbooks.play(controller("second", None))
    assert second.ok, second.output
    writes = len(simulator.writes)
    rule.resume()
    output, _ = first.communicate(timeout=60)
    assert first.returncode != 0
    assert "is not active any more. Nothing was revoked" in " ".join(output.split())
    assert len(simulator.writes) == writes
    assert simulator.alive((playbooks.directory / "second").read_text())


@heavy
def test_a_commit_that_sees_a_younger_version_revokes_nothing_and_fails(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    rule = simulator.faults.add("*", faults.Pause(), skip=4)
    playbooks.write("first.yml", controller("first", None))
    first = playbooks.start("first.yml")
    assert rule.wait(60)
    simulator.advance(minutes=1)
    younger = simulator.given("ci-20991231t000000z-0001", organization="acme")
    rule.resume()
    output, _ = first.communicate(timeout=60)
    assert first.returncode != 0
    assert "was issued after" in " ".join(output.split())
    assert simulator.alive(old.secret)
    assert simulator.alive(younger.secret)
