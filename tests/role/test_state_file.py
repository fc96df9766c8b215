# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state file, really played: grace periods, versions that nobody confirmed, runs that ended."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.playbooks import Playbooks, heavy, with_one_core
from tests.role.plays import confirm, created, deliver, entry, play, revoked, rotate, versions
from tests.simulator import Simulator

STATE = "state.json"
pytestmark = with_one_core


def state(playbooks: Playbooks) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((playbooks.directory / STATE).read_text())
    return content


def rotation(**settings: Any) -> list[dict[str, Any]]:
    return [play(rotate("ci", state_file=STATE, **settings), deliver("ci"), confirm("ci"))]


@heavy
def test_it_records_what_is_current_and_holds_no_secret(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    played = playbooks.play(rotation())
    assert played.ok, played.output
    (name,) = versions(simulator, "ci")
    known = state(playbooks)["tokens"]["ci"]
    assert (known["current"]["name"], known["pending"], known["previous"]) == (name, None, [])
    text = (playbooks.directory / STATE).read_text()
    assert not any(secret in text for secret in simulator.canaries)


@pytest.mark.promise(3)
def test_a_previous_version_stays_for_the_grace_period_and_is_swept_once_after_it(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    played = playbooks.play(rotation(grace_hours=24))
    assert played.ok, played.output
    assert "ci stays until " in played.output
    assert simulator.alive(old.secret)
    known = state(playbooks)["tokens"]["ci"]
    assert (known["current"]["name"], known["pending"]) == (versions(simulator, "ci")[1], None)
    assert [version["name"] for version in known["previous"]] == ["ci"]
    text = (playbooks.directory / STATE).read_text()
    assert not any(secret in text for secret in simulator.canaries)
    simulator.advance(hours=23)
    assert playbooks.play(rotation(grace_hours=24)).recap["changed"] == 0
    simulator.advance(hours=2)
    swept = playbooks.play(rotation(grace_hours=24))
    assert swept.ok, swept.output
    assert "0 to rotate, 1 to revoke, 0 unchanged" in swept.output
    assert swept.recap["changed"] == 1
    assert not simulator.alive(old.secret)
    known = state(playbooks)["tokens"]["ci"]
    assert (known["pending"], known["previous"]) == (None, [])
    assert playbooks.play(rotation(grace_hours=24)).recap["changed"] == 0


@heavy
@pytest.mark.promise(3)
def test_the_grace_period_covers_the_recipient_that_changes_over_last(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    tokens = [entry("ci", {"to": "play", "takes_effect_hours": 5})]
    tasks = [rotate(tokens=tokens, state_file=STATE), deliver("ci"), confirm("ci")]
    played = playbooks.play([play(*tasks)])
    assert played.ok, played.output
    assert simulator.alive(old.secret)
    simulator.advance(hours=6)
    assert playbooks.play([play(*tasks)]).ok
    assert not simulator.alive(old.secret)


@heavy
@pytest.mark.promise(7)
def test_a_version_that_nobody_confirms_is_told_once_and_refused_the_second_time(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    unconfirmed = [play(rotate("ci", state_file=STATE))]
    assert not playbooks.play(unconfirmed).ok
    simulator.advance(hours=24)
    second = playbooks.play(unconfirmed)
    assert not second.ok
    assert "had not confirmed it" in " ".join(second.output.split())
    simulator.advance(hours=24)
    issued = len(created(simulator))
    third = playbooks.play(unconfirmed)
    assert not third.ok
    said = " ".join(third.output.split())
    assert "was issued by a former run and never confirmed" in said
    assert "community.turso.revoke" in said
    assert len(created(simulator)) == issued == 2
    assert simulator.alive(old.secret)
    mended = playbooks.play(rotation(force=True))
    assert mended.ok, mended.output
    assert len(versions(simulator, "ci")) == 1


@heavy
@pytest.mark.promise(2)
def test_a_run_that_was_killed_is_known_to_have_ended(simulator: Simulator, playbooks: Playbooks) -> None:
    """No waiting for the pending minutes: the next run on the same machine sees that the process is gone."""
    simulator.given("ci", organization="acme", age_days=120)
    end = {"ansible.builtin.meta": "end_play"}
    assert playbooks.play([play(rotate("ci", state_file=STATE), end)]).ok
    assert state(playbooks)["tokens"]["ci"]["pending"]["pid"]
    played = playbooks.play(rotation())
    assert played.ok, played.output
    assert "ci: unfinished" in played.output or "ci: aged" in played.output
    assert len(versions(simulator, "ci")) == 1


@heavy
def test_a_state_file_in_the_way_refuses_the_run(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    (playbooks.directory / STATE).mkdir()
    played = playbooks.play(rotation())
    assert not played.ok
    assert "Nothing was issued." in played.output
    assert simulator.requests == []
    assert revoked(simulator) == []


@heavy
def test_who_confirmed_stands_there_when_somebody_else_did_not(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    here = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    playbooks.write("hosts.yml", {"web": {"hosts": {"web1": here, "web2": here}}})
    issue = rotate(tokens=[entry("ci", {"to": "play", "hosts": ["web"]})], tasks_from="issue", state_file=STATE)
    plays = [play(issue), play(confirm(), hosts="web1"), play(rotate(tasks_from="commit"))]
    assert not playbooks.play(plays, "-i", "hosts.yml").ok
    destinations = state(playbooks)["tokens"]["ci"]["pending"]["destinations"]
    assert (bool(destinations["play on web1"]), destinations["play on web2"]) == (True, None)


@heavy
@pytest.mark.promise(7)
def test_the_next_run_says_who_was_missing_and_not_who_confirmed(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("deliver.yml", [confirm()])
    tokens = [entry("ci", {"tasks": "deliver.yml"}, {"to": "play"})]
    task = rotate(tokens=tokens, state_file=STATE)
    assert not playbooks.play([play(task)]).ok
    simulator.advance(minutes=16)
    played = playbooks.play([play(task)])
    assert "; play had not confirmed it" in " ".join(played.output.split())
