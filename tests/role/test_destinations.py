# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Destinations in the rotation, really played: asked before the issue, delivered to, looked at, and only then the old token goes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.playbooks import Playbooks, heavy, with_one_core
from tests.role.plays import (
    COMMIT,
    SHOW,
    Play,
    Task,
    confirm,
    created,
    delivered,
    entry,
    play,
    report_in,
    revoked,
    rotate,
    versions,
)
from tests.simulator import Simulator

HERE = "{{ playbook_dir }}"
CI = f"{HERE}/delivered-ci"
# Between the delivery and the commit somebody else writes there.
SPOIL: Task = {"ansible.builtin.copy": {"content": "somebody else's", "dest": CI, "mode": "0600"}}


def into(path: str = CI, **options: Any) -> dict[str, Any]:
    return {"to": "file", "path": path, "takes_effect_hours": 0, **options}


def rotation(*deliver: dict[str, Any], **settings: Any) -> Play:
    return play(rotate(tokens=[entry("ci", *deliver or (into(),))], **settings), SHOW)


@pytest.mark.promise(1, 6)
def test_the_role_delivers_looks_and_commits_by_itself(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    played = playbooks.play([rotation()])
    assert played.ok, played.output
    assert not simulator.alive(old.secret)
    assert simulator.alive(delivered(playbooks, "ci") or "")
    assert len(versions(simulator, "ci")) == 1
    assert report_in(played.output)["ci"]["evidence"] == [{"to": "file", "host": "localhost", "by": "read back"}]
    assert not any(secret in played.output for secret in simulator.canaries)
    again = playbooks.play([rotation()])
    assert (again.ok, again.recap["changed"]) == (True, 0), again.output


@heavy
@with_one_core
def test_a_tag_of_the_role_reaches_the_destinations(simulator: Simulator, playbooks: Playbooks) -> None:
    task = {**rotate(tokens=[entry("ci", into())], by="import_role"), "tags": "rotate"}
    played = playbooks.play([play(task)], "--tags", "rotate")
    assert played.ok, played.output
    assert simulator.alive(delivered(playbooks, "ci") or "")


@pytest.mark.promise(7)
def test_a_destination_that_would_refuse_is_found_out_before_the_issue(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    """The others go on."""
    old = simulator.given("ci", organization="acme", age_days=120)
    tokens = [entry("ci", into(), into(f"{HERE}/none/ci")), entry("cd", into(f"{HERE}/delivered-cd"))]
    played = playbooks.play([play(rotate(tokens=tokens))])
    assert not played.ok
    text = " ".join(played.output.split())
    assert "ci is due (aged), but file " in text
    assert "Nothing was issued." in text
    assert simulator.alive(old.secret)
    assert (len(versions(simulator, "ci")), len(versions(simulator, "cd"))) == (1, 1)
    assert simulator.alive(delivered(playbooks, "cd") or "")


@heavy
@with_one_core
def test_check_mode_asks_all_destinations_and_issues_nothing(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=1)
    played = playbooks.play([rotation(into(f"{HERE}/none/ci"))], "--check")
    assert f"file {playbooks.directory}/none/ci: " in " ".join(played.output.split())
    assert simulator.writes == []


@pytest.mark.promise(1)
def test_a_value_that_somebody_else_changed_before_the_commit_keeps_the_old_token(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    """With a recipient of the play, which confirms, and with the entry points of one's own order."""
    old = simulator.given("ci", organization="acme", age_days=120)
    mixed = [entry("ci", into(), {"to": "play"})]
    for playing in (
        play(rotate(tokens=mixed), SPOIL, confirm()),
        play(rotate(tokens=mixed, tasks_from="issue", force=True), confirm(), SPOIL, COMMIT),
    ):
        played = playbooks.play([playing])
        assert not played.ok
        assert "another value" in " ".join(played.output.split())
        assert revoked(simulator) == []
    assert simulator.alive(old.secret)


@pytest.mark.promise(1)
def test_destinations_and_the_play_confirm_together(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    played = playbooks.play([play(rotate(tokens=[entry("ci", into(), {"to": "play"})]), confirm())])
    assert played.ok, played.output
    assert not simulator.alive(old.secret)


@heavy
@pytest.mark.promise(1)
def test_a_destination_alone_does_not_confirm_for_the_play(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    played = playbooks.play([play(rotate(tokens=[entry("ci", into(), {"to": "play"})]))])
    assert not played.ok
    assert simulator.alive(old.secret)


@heavy
@pytest.mark.promise(1, 2, 7)
def test_a_destination_that_fails_for_days_costs_two_versions_and_is_served_by_the_next_run(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    """The value is had from the destination that took it."""
    old = simulator.given("ci", organization="acme", age_days=120)
    both = [into(), into(f"{HERE}/other", restart="there-is-no-such-service")]
    for _day in range(3):
        assert not playbooks.play([rotation(*both, state_file="state.json")]).ok
        assert simulator.alive(old.secret)
        assert len(versions(simulator, "ci")) == 2
        simulator.advance(days=1)
    mended = [into(), into(f"{HERE}/other")]
    played = playbooks.play([rotation(*mended, state_file="state.json")])
    assert played.ok, played.output
    assert report_in(played.output)["ci"]["reason"] == "unfinished"
    assert len(created(simulator)) == 1
    assert not simulator.alive(old.secret)
    state = json.loads((playbooks.directory / "state.json").read_text())["tokens"]["ci"]
    assert (state["pending"], state["current"]["name"]) == (None, versions(simulator, "ci")[0])


REFUSED: list[tuple[str, list[dict[str, Any]], str]] = [
    ("no such destination", [entry("ci", {"to": "fax"})], "there is no destination 'fax'"),
    ("no such option", [entry("ci", into(mod="0600"))], "to: file has no option mod"),
    ("an option is missing", [entry("ci", {"to": "file", "takes_effect_hours": 0})], "path"),
    ("when it takes effect", [entry("ci", {"to": "file", "path": "/x"})], "needs takes_effect_hours"),
    ("two tokens", [entry("ci", into()), entry("cd", into(f"{HERE}/./delivered-ci"))], "is delivered to for cd, too"),
    ("one twice", [entry("ci", into(), into("delivered-ci"))], "twice"),
    ("no such host", [entry("ci", into("/x", hosts=["nowhere"]))], "come to no host of the inventory"),
    ("a relative path there", [entry("ci", into("x", hosts=["localhost"]))], "path must be absolute"),
]


@with_one_core
def test_what_cannot_be_is_refused_before_any_request(simulator: Simulator, playbooks: Playbooks) -> None:
    plays = [
        play({"block": [rotate(tokens=tokens)], "rescue": [{"ansible.builtin.debug": {"msg": f"refused {title}"}}]})
        for title, tokens, _said in REFUSED
    ]
    played = playbooks.play(plays)
    text = " ".join(played.output.split())
    assert [said for _title, _tokens, said in REFUSED if said not in text] == []
    assert [title for title, _tokens, _said in REFUSED if f"refused {title}" not in text] == []
    assert simulator.requests == []
