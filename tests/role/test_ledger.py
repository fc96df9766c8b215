# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger as files on a disk: grace, sweeping, and ledgers that were lost, broken, or restored from a backup."""

from __future__ import annotations

import json
from typing import Any

from tests.playbooks import Playbooks
from tests.role.plays import SHOW, Play, deliver, delivered, generations, play, report_in, rotate
from tests.simulator import Simulator

LEDGER = "ledger.json"


def rotation(**settings: Any) -> list[Play]:
    return [play(rotate("ci", ledger=LEDGER, in_flight_minutes=0, **settings), deliver("ci"), SHOW)]


def content(playbooks: Playbooks) -> dict[str, Any]:
    ledger: dict[str, Any] = json.loads((playbooks.directory / LEDGER).read_text())
    return ledger


def test_a_superseded_generation_lives_as_long_as_its_grace(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    first = playbooks.play(rotation(grace_hours=24))
    assert first.ok, first.output
    assert simulator.alive(old.secret)
    (successor,) = set(generations(simulator, "ci")) - {"ci"}
    assert content(playbooks)["ci"]["current"]["name"] == successor
    assert [item["name"] for item in content(playbooks)["ci"]["superseded"]] == ["ci"]

    simulator.advance(hours=23)
    second = playbooks.play(rotation(grace_hours=24))
    assert second.ok, second.output
    assert second.recap["changed"] == 0
    assert simulator.alive(old.secret)

    simulator.advance(hours=2)
    checked = playbooks.play(rotation(grace_hours=24), "--check")
    assert report_in(checked.output)["ci"]["action"] == "swept"
    assert simulator.alive(old.secret)
    third = playbooks.play(rotation(grace_hours=24))
    assert third.ok, third.output
    assert third.recap["changed"] > 0
    assert "ci: not due, revoked ci" in third.output
    assert generations(simulator, "ci") == [successor]
    assert content(playbooks)["ci"]["superseded"] == []
    assert [event["event"] for event in content(playbooks)["ci"]["events"]] == ["handed_over", "revoked"]


def test_a_ledger_that_is_broken_is_refused_and_left_as_it_is(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    path = playbooks.write(LEDGER, '{"ci": {"current": ')
    played = playbooks.play(rotation())
    assert not played.ok
    assert f"The ledger {path} is not JSON" in played.output
    assert path.read_text() == '{"ci": {"current": '
    assert simulator.requests == []


def test_a_ledger_that_breaks_before_the_commit_revokes_nothing(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    spoil = {"ansible.builtin.copy": {"content": "<html>", "dest": f"{{{{ playbook_dir }}}}/{LEDGER}"}}
    played = playbooks.play([play(rotate("ci", ledger=LEDGER), deliver("ci"), spoil)])
    assert not played.ok
    assert "is not JSON" in played.output
    assert simulator.alive(old.secret)
    assert simulator.alive(delivered(playbooks, "ci") or "")


def test_an_old_ledger_from_a_backup_costs_no_delivered_secret(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    assert playbooks.play(rotation()).ok
    backup = (playbooks.directory / LEDGER).read_text()
    simulator.advance(days=100)
    assert playbooks.play(rotation(grace_hours=24)).ok
    held = delivered(playbooks, "ci") or ""
    playbooks.write(LEDGER, backup)
    simulator.advance(hours=30)

    unharmed = [play(rotate("ci", ledger=LEDGER, in_flight_minutes=0, grace_hours=24), {"ansible.builtin.fail": {}})]
    assert not playbooks.play(unharmed).ok
    assert simulator.alive(held)

    mended = playbooks.play(rotation(grace_hours=0))
    assert mended.ok, mended.output
    assert len(generations(simulator, "ci")) == 1
    assert simulator.alive(delivered(playbooks, "ci") or "")


def test_with_a_ledger_a_successor_that_was_never_handed_over_is_replaced(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    stopped = [play(rotate("ci", ledger=LEDGER, in_flight_minutes=0), {"ansible.builtin.meta": "end_play"})]
    assert playbooks.play(stopped).ok
    (lost,) = generations(simulator, "ci")
    played = playbooks.play(rotation())
    assert played.ok, played.output
    (found,) = generations(simulator, "ci")
    assert found != lost
    assert simulator.alive(delivered(playbooks, "ci") or "")
    again = playbooks.play(rotation())
    assert again.recap["changed"] == 0


def test_a_commit_that_comes_after_the_window_revokes_nothing(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    late = {
        "ansible.builtin.uri": {
            "url": f"{simulator.url}/_simulator/clock",
            "method": "POST",
            "body_format": "json",
            "body": {"minutes": 16},
        }
    }
    played = playbooks.play([play(rotate("ci", ledger=LEDGER), deliver("ci"), late)])
    assert not played.ok
    assert "is older than turso_rotate_in_flight_minutes" in played.output
    assert simulator.alive(old.secret)
    assert simulator.alive(delivered(playbooks, "ci") or "")
    assert content(playbooks) == {}
