# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two controllers at once, really side by side: the second starts while the first waits between issue and commit."""

from __future__ import annotations

import pytest

from tests.playbooks import Playbooks
from tests.role.plays import Play, generations, play, rotate
from tests.simulator import Simulator, faults


def deliver_to(path: str) -> dict[str, object]:
    content = "{{ turso_rotate_secrets.ci | default('') }}"
    return {"ansible.builtin.copy": {"content": content, "dest": f"{{{{ playbook_dir }}}}/{path}", "mode": "0600"}}


def controller(name: str, ledger: str | None) -> list[Play]:
    return [play(rotate("ci", **({"ledger": ledger} if ledger else {})), deliver_to(name))]


@pytest.mark.parametrize("ledger", [None, "ledger.json"], ids=["without a ledger", "with a ledger"])
@pytest.mark.parametrize("paused", [2, 3, 4], ids=["at the proof", "at the validation", "at the commit"])
def test_both_deliver_what_works_and_the_next_run_converges(
    simulator: Simulator, playbooks: Playbooks, request: pytest.FixtureRequest, ledger: str | None, paused: int
) -> None:
    if (ledger is None) is (paused == 4) and not request.config.getoption("--full"):
        pytest.skip("one of each kind in the sample; --full runs all")
    simulator.given("ci", organization="acme", age_days=120)
    rule = simulator.faults.add("*", faults.Pause(), skip=paused)
    playbooks.write("first.yml", controller("first", ledger))
    first = playbooks.start("first.yml")
    assert rule.wait(60)
    second = playbooks.play(controller("second", ledger))
    rule.resume()
    output, _ = first.communicate(timeout=60)
    assert second.ok, second.output
    assert first.returncode == 0, output
    for held in ("first", "second"):
        assert simulator.alive((playbooks.directory / held).read_text()), held

    simulator.advance(minutes=16)
    third = playbooks.play(controller("third", ledger))
    assert third.ok, third.output
    assert len(generations(simulator, "ci")) == 1
    assert simulator.alive((playbooks.directory / "third").read_text())


def test_a_commit_whose_successor_was_replaced_revokes_nothing_and_fails(
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
    assert "is gone. Nothing was revoked." in output
    assert len(simulator.writes) == writes
    assert simulator.alive((playbooks.directory / "second").read_text())
