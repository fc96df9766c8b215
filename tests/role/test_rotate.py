# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rotation, really played: what it changes, what it asks of the API, what it tells, and what it refuses beforehand."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.playbooks import Playbooks, with_one_core
from tests.role.plays import (
    FLUSH,
    ROLE,
    SHOW,
    Task,
    created,
    deliver,
    delivered,
    generations,
    play,
    report_in,
    revoked,
    rotate,
)
from tests.simulator import Simulator, faults

STATIC = {"name": ROLE, "vars": rotate("ci")["vars"]}
WAYS: list[tuple[str, dict[str, Any]]] = [
    ("roles", {**play(deliver("ci")), "roles": [STATIC]}),
    ("import_role", play(rotate("ci", by="import_role"), deliver("ci"))),
    ("include_role", play(rotate("ci"), deliver("ci"))),
    ("pre_tasks", {**play(), "pre_tasks": [rotate("ci"), deliver("ci")]}),
]


@pytest.mark.parametrize("playing", [row[1] for row in WAYS], ids=[row[0] for row in WAYS])
def test_a_token_is_rotated_through(simulator: Simulator, playbooks: Playbooks, playing: dict[str, Any]) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    simulator.given("ci-other", organization="acme", age_days=500)
    played = playbooks.play([playing])
    assert played.ok, played.output
    (name,) = generations(simulator, "ci")
    assert re.fullmatch(r"ci-\d{8}t\d{6}z-[0-9a-f]{4}", name)
    assert simulator.alive(delivered(playbooks, "ci") or "")
    assert not simulator.alive(old.secret)
    assert generations(simulator, "ci-other") == ["ci-other"]
    assert [request.call for request in simulator.requests] == [
        "list",
        "create",
        "list",
        "validate",
        "list",
        "org_revoke",
    ]


def test_what_is_not_due_changes_nothing_and_costs_one_request(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=12)
    empty = {"ansible.builtin.assert": {"that": "turso_rotate_secrets == {}"}}
    played = playbooks.play([play(rotate("ci"), empty, SHOW)])
    assert played.ok, played.output
    assert played.recap["changed"] == 0
    assert [request.call for request in simulator.requests] == ["list"]
    told = report_in(played.output)["ci"]
    assert re.fullmatch(r"ci: not due: ci is in use, 1[12] days old", told.pop("msg"))
    assert told == {"name": "ci", "action": "unchanged", "reason": None, "issued": None, "revoked": [], "kept": ["ci"]}


def test_check_mode_shows_the_plan_and_writes_nothing(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    empty = {"ansible.builtin.assert": {"that": "turso_rotate_secrets == {}"}}
    played = playbooks.play([play(rotate("ci", ledger="ledger.json"), empty, SHOW)], "--check", "--diff")
    assert played.ok, played.output
    assert report_in(played.output)["ci"]["action"] == "rotated"
    assert report_in(played.output)["ci"]["reason"] == "aged"
    assert [request.call for request in simulator.requests] == ["list"]
    assert not (playbooks.directory / "ledger.json").exists()


def test_many_tokens_cost_no_more_lists_than_one(simulator: Simulator, playbooks: Playbooks) -> None:
    names = [f"t{number}" for number in range(12)]
    for name in names:
        simulator.given(name, organization="acme", age_days=120)
    played = playbooks.play([play(rotate(*names), deliver(*names), SHOW)])
    assert played.ok, played.output
    calls = [request.call for request in simulator.requests]
    assert {call: calls.count(call) for call in set(calls)} == {
        "list": 3,
        "create": 12,
        "validate": 12,
        "org_revoke": 12,
    }
    assert all(simulator.alive(delivered(playbooks, name) or "") for name in names)
    assert list(report_in(played.output)) == names


def test_the_commit_can_be_left_to_the_playbook(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    count = {"ansible.builtin.assert": {"that": "turso_rotate_report[0].revoked == []"}}
    manual = rotate("ci", revoke="manual")
    commit = rotate(tasks_from="revoke")
    played = playbooks.play([play(manual, FLUSH, count, deliver("ci"), commit, commit, SHOW)])
    assert played.ok, played.output
    assert report_in(played.output)["ci"]["action"] == "rotated"
    assert len(revoked(simulator)) == 1


def test_two_uses_in_one_play_are_merged(simulator: Simulator, playbooks: Playbooks) -> None:
    for name in ("a", "b"):
        simulator.given(name, organization="acme", age_days=120)
    both = {"ansible.builtin.assert": {"that": "turso_rotate_secrets | sort == ['a', 'b']"}}
    again = [FLUSH, SHOW]
    played = playbooks.play([play(rotate("a"), rotate("b"), both, deliver("a", "b"), *again)])
    assert played.ok, played.output
    assert {name: entry["action"] for name, entry in report_in(played.output).items()} == {
        "a": "rotated",
        "b": "rotated",
    }
    assert len(generations(simulator, "a")) == len(generations(simulator, "b")) == 1


TWICE: list[tuple[str, int, list[Task]]] = [
    ("that are both due", 120, [rotate("ci"), rotate("ci", force=True)]),
    ("the first of which is not due", 1, [rotate("ci"), rotate("ci", force=True)]),
    ("the first of which is committed", 120, [rotate("ci"), FLUSH, rotate("ci", force=True)]),
]


@pytest.mark.parametrize(("age_days", "uses"), [row[1:] for row in TWICE], ids=[row[0] for row in TWICE])
def test_one_name_is_refused_in_two_uses(
    simulator: Simulator, playbooks: Playbooks, age_days: int, uses: list[Task]
) -> None:
    simulator.given("ci", organization="acme", age_days=age_days)
    played = playbooks.play([play(*uses)])
    assert not played.ok
    assert "A logical name is used twice in this run: ci." in " ".join(played.output.split())
    assert len(created(simulator)) == int(age_days > 90)
    assert len(revoked(simulator)) == int(FLUSH in uses)


@pytest.mark.parametrize("arguments", [[], ["--check"]], ids=["for real", "check mode"])
@pytest.mark.parametrize("age_days", [120, None], ids=["aged", "missing"])
def test_a_name_may_come_again_in_a_later_play(
    simulator: Simulator, playbooks: Playbooks, age_days: int | None, arguments: list[str]
) -> None:
    """Its facts are those of the later play alone."""
    if age_days is not None:
        simulator.given("ci", organization="acme", age_days=age_days)
    empty = {"ansible.builtin.assert": {"that": ["turso_rotate_secrets == {}", "turso_rotate_report | length == 1"]}}
    played = playbooks.play([play(rotate("ci"), deliver("ci")), play(rotate("ci"), empty, SHOW)], *arguments)
    assert played.ok, played.output
    assert report_in(played.output)["ci"]["action"] == ("rotated" if arguments else "unchanged")


def test_the_hook_gets_each_successor_once(simulator: Simulator, playbooks: Playbooks) -> None:
    for name in ("a", "b"):
        simulator.given(name, organization="acme", age_days=120)
    simulator.given("c", organization="acme", age_days=1)
    content = "{{ {'item': turso_rotate_item, 'token': turso_rotate_item.token.name} | to_json }}"
    put = {"content": content, "dest": "{{ playbook_dir }}/hooked-{{ turso_rotate_item.name }}", "mode": "0600"}
    playbooks.write("hooks/deliver.yml", [{"ansible.builtin.copy": put, "no_log": True}])
    played = playbooks.play([play(rotate("a", "b", "c", deliver="hooks/deliver.yml"))])
    assert played.ok, played.output
    assert sorted(path.name for path in playbooks.directory.glob("hooked-*")) == ["hooked-a", "hooked-b"]
    for name in ("a", "b"):
        told = json.loads((playbooks.directory / f"hooked-{name}").read_text())
        assert set(told["item"]) == {"name", "token", "secret"}
        assert simulator.alive(told["item"]["secret"])
        assert [told["token"]] == generations(simulator, name)


# What goes wrong with some of the tokens


def test_what_could_not_be_issued_is_left_as_it_was_and_the_rest_goes_on(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    olds = {name: simulator.given(name, organization="acme", age_days=120) for name in ("a", "b")}
    simulator.faults.add("POST /v1/auth/api-tokens/a-*", faults.Status(402, {"error": "upgrade your plan"}))
    played = playbooks.play([play(rotate("a", "b"), deliver("a", "b"))])
    assert not played.ok
    assert "upgrade your plan" in played.output
    assert generations(simulator, "a") == ["a"]
    assert simulator.alive(olds["a"].secret)
    assert not simulator.alive(olds["b"].secret)
    assert simulator.alive(delivered(playbooks, "b") or "")


def test_where_all_fail_the_role_fails_at_once(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    simulator.faults.add("validate", faults.Status(401), times=None)
    played = playbooks.play([play(rotate("ci"), deliver("ci"))])
    assert not played.ok
    assert "No successor could be issued. Everything was left as it was." in played.output
    assert "was revoked again" in played.output
    assert generations(simulator, "ci") == ["ci"]
    assert delivered(playbooks, "ci") is None


def test_a_revocation_that_fails_is_told_and_mended_by_the_next_run(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    simulator.faults.add("DELETE /v1/*", faults.Status(402, {"error": "no revoking on Sundays"}), times=None)
    played = playbooks.play([play(rotate("ci"), deliver("ci"))])
    assert not played.ok
    assert "no revoking on Sundays" in played.output
    assert simulator.alive(delivered(playbooks, "ci") or "")
    simulator.faults.clear()
    assert playbooks.play([play(rotate("ci", in_flight_minutes=0), deliver("ci"))]).ok
    assert len(generations(simulator, "ci")) == 1


# What is refused before any request

CI = {"name": "ci", "organization": "acme"}
ARGUMENTS: list[tuple[str, dict[str, Any], str]] = [
    ("one name twice", {"tokens": [CI, CI]}, "turso_rotate_tokens[1] (ci): the name is used more than once"),
    ("a group without scopes", {"tokens": [CI, {**CI, "name": "b", "group": "default"}]}, "turso_rotate_tokens[1] (b): group needs scopes"),
    ("grace longer than age", {"tokens": [CI], "grace_hours": 48, "max_age_days": 1, "ledger": "l.json"}, "(ci): grace_hours is longer"),
    ("grace without a ledger", {"tokens": [CI], "grace_hours": 1}, "turso_rotate_tokens[0] (ci): grace_hours needs turso_rotate_ledger"),
    ("a ledger in a folder that is not there", {"tokens": [CI], "ledger": "no/ledger.json"}, "no/ledger.json"),
    ("a hook that is not there", {"tokens": [CI], "deliver": "no.yml"}, "no.yml is not a file"),
    ("a vault file without a vault secret", {"tokens": [CI], "vault_file": "vault.yml"}, "No vault secret is loaded"),
    ("an unknown key", {"tokens": [{**CI, "grace": 1}]}, "grace"),
    ("no tokens", {}, "turso_rotate_tokens"),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "says"), [row[1:] for row in ARGUMENTS], ids=[row[0] for row in ARGUMENTS])
@with_one_core
def test_nothing_is_asked_of_the_api_for(
    simulator: Simulator, playbooks: Playbooks, settings: dict[str, Any], says: str
) -> None:
    played = playbooks.play([play(rotate(**settings))])
    assert not played.ok
    assert says in " ".join(played.output.split())
    assert simulator.requests == []


def test_a_name_too_long_for_the_server_is_told_in_its_words(simulator: Simulator, playbooks: Playbooks) -> None:
    refusal = {"error": "name must be between 1 and 32 characters"}
    simulator.faults.add("create", faults.Status(400, refusal), times=None)
    played = playbooks.play([play(rotate("a-name-of-thirty-two-characters"))])
    assert not played.ok
    assert refusal["error"] in played.output


def test_too_many_generations_are_refused_before_any_write(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("fine", organization="acme", age_days=120)
    alive = [simulator.given(f"ci-20260101t00000{n}z-000{n}", organization="acme", age_days=200) for n in range(3)]
    played = playbooks.play([play(rotate("fine", "ci", max_generations=3))])
    assert not played.ok
    assert "turso_rotate_tokens[1] (ci): 3 generations are alive" in played.output
    assert all(token.id in played.output for token in alive)
    assert simulator.writes == []


# The playbook of the collection


def test_the_collection_s_playbook_takes_a_vars_file(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("password", "correct horse")
    task: Task = rotate("ci", vault_file=str(playbooks.directory / "secrets.yml"))
    playbooks.write("rotation.yml", task["vars"])
    arguments = ("-e", "@rotation.yml", "--vault-password-file", "password")
    played = playbooks.play("community.turso.rotate", *arguments)
    assert played.ok, played.output
    assert not simulator.alive(old.secret)
    assert re.search(r"ci: aged, issued ci-\S+, revoked ci\b", played.output)
    again = playbooks.play("community.turso.rotate", *arguments)
    assert again.ok, again.output
    assert again.recap["changed"] == 0
    assert "ci: not due" in again.output


@pytest.mark.parametrize("settings", [{}, {"deliver": "", "vault_file": ""}, {"deliver": None}])
def test_the_collection_s_playbook_refuses_what_nobody_would_receive(
    simulator: Simulator, playbooks: Playbooks, settings: dict[str, Any]
) -> None:
    playbooks.write("rotation.yml", rotate("ci", **settings)["vars"])
    played = playbooks.play("community.turso.rotate", "-e", "@rotation.yml")
    assert not played.ok
    assert "turso_rotate_vault_file or turso_rotate_deliver" in played.output
    assert simulator.requests == []
