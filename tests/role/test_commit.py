# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commit by handlers, really played: last of all however the role came in, and never without a confirmation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.playbooks import Playbooks, cases, heavy, with_one_core
from tests.role.plays import (
    COMMIT,
    FAIL,
    FLUSH,
    ROLE,
    SHOW,
    Play,
    Task,
    confirm,
    created,
    deliver,
    delivered,
    entry,
    play,
    report_in,
    revoked,
    rotate,
    versions,
)
from tests.simulator import Simulator, faults

STATIC = {"name": ROLE, "vars": rotate("ci")["vars"]}
# Says, when it runs, whether the old value still works: a restart has to come before the old one is revoked.
RESTART: Task = {
    "name": "Restart the consumer",
    "ansible.builtin.debug": {
        "msg": "{{ lookup('ansible.builtin.url', asked, headers={'Authorization': 'Bearer ' ~ old}) }}"
    },
    "vars": {
        "asked": "{{ lookup('ansible.builtin.env', 'TURSO_API_BASEURL') }}/v1/auth/validate",
        "old": "{{ lookup('ansible.builtin.file', playbook_dir ~ '/old') }}",
    },
}
DELIVER = deliver("ci", notify="Restart the consumer")
RESTARTS: dict[str, Any] = {"handlers": [RESTART]}


def dependency(playbooks: Playbooks, *tasks: Task, depth: int = 1) -> None:
    """Write a role `app` that depends on the rotation, by as many roles as `depth` says."""
    names = ["app", *(f"between{index}" for index in range(1, depth))]
    for name, below in zip(names, [*names[1:], None]):
        needed: dict[str, Any] = {"role": below} if below else {"role": ROLE, "vars": rotate("ci")["vars"]}
        playbooks.write(f"roles/{name}/meta/main.yml", {"dependencies": [needed]})
    playbooks.write("roles/app/tasks/main.yml", list(tasks))
    playbooks.write("roles/app/handlers/main.yml", [RESTART])


def by_roles(*confirming: Task) -> Play:
    return play(DELIVER, *confirming, roles=[STATIC], **RESTARTS)


WAYS: list[tuple[str, Play]] = [
    ("roles", by_roles(confirm("ci"))),
    ("import_role", play(rotate("ci", by="import_role"), DELIVER, confirm("ci"), **RESTARTS)),
    ("include_role", play(rotate("ci"), DELIVER, confirm("ci"), **RESTARTS)),
    ("include_role, confirmed by word", play(rotate("ci"), DELIVER, confirm(), **RESTARTS)),
    ("an imported confirmation", play(rotate("ci"), DELIVER, confirm("ci", by="import_role"), **RESTARTS)),
    ("pre_tasks, confirmed in tasks", play(DELIVER, confirm("ci"), pre_tasks=[rotate("ci")], **RESTARTS)),
    ("pre_tasks alone", {**play(), "pre_tasks": [rotate("ci"), DELIVER, confirm("ci")], **RESTARTS}),
    ("an early flush", play(rotate("ci"), FLUSH, DELIVER, confirm("ci"), **RESTARTS)),
    ("confirmed in post_tasks", {**by_roles(), "post_tasks": [confirm("ci")]}),
]


@pytest.mark.promise(1)
@pytest.mark.parametrize("playing", cases(WAYS, sample=("include_role",)))
def test_the_old_token_is_revoked_after_the_restart_by(
    simulator: Simulator, playbooks: Playbooks, playing: Play
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("old", old.secret)
    played = playbooks.play([playing])
    assert played.ok, played.output
    assert "RUNNING HANDLER [Restart the consumer]" in played.output
    assert not simulator.alive(old.secret)
    assert simulator.alive(delivered(playbooks, "ci") or "")
    assert len(versions(simulator, "ci")) == 1


@pytest.mark.promise(1)
@with_one_core
@pytest.mark.parametrize("strategy", ["free", pytest.param("host_pinned", marks=heavy)])
def test_the_commit_comes_last_with_the_strategy(simulator: Simulator, playbooks: Playbooks, strategy: str) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("old", old.secret)
    playing = play(rotate("ci"), DELIVER, confirm("ci"), strategy=strategy, **RESTARTS)
    played = playbooks.play([playing])
    assert played.ok, played.output
    assert not simulator.alive(old.secret)


@heavy
@with_one_core
def test_a_strategy_that_was_never_tried_is_refused(simulator: Simulator, playbooks: Playbooks) -> None:
    source = "from ansible.plugins.strategy.linear import StrategyModule\n"
    playbooks.write("strategies/other_linear.py", source)
    env = {"ANSIBLE_STRATEGY_PLUGINS": str(playbooks.directory / "strategies"), "ANSIBLE_STRATEGY": "other_linear"}
    played = playbooks.play([play(rotate("ci"))], env=env)
    assert not played.ok
    assert "The strategy other_linear is not supported" in " ".join(played.output.split())
    assert simulator.requests == []


@heavy
@pytest.mark.promise(1)
@pytest.mark.parametrize("depth", [pytest.param(1, marks=heavy), 2])
def test_the_old_token_is_revoked_after_the_restart_of_a_role_that_depends_on_the_rotation(
    simulator: Simulator, playbooks: Playbooks, depth: int
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("old", old.secret)
    dependency(playbooks, DELIVER, confirm("ci"), depth=depth)
    played = playbooks.play([{**play(), "roles": ["app"]}])
    assert played.ok, played.output
    assert not simulator.alive(old.secret)
    assert simulator.alive(delivered(playbooks, "ci") or "")


def excused(*tasks: Task) -> Task:
    return {"block": list(tasks), "rescue": [{"ansible.builtin.debug": {"msg": "never mind"}}]}


TAGGED: Task = {**rotate("ci", by="import_role"), "tags": "rotate"}
WITHOUT: list[tuple[str, Play, list[str]]] = [
    ("nobody confirms", play(rotate("ci"), DELIVER, **RESTARTS), []),
    ("the role in roles is all there is", {**play(), "roles": [STATIC]}, []),
    ("tags leave the rest out", play(TAGGED, DELIVER, confirm("ci"), **RESTARTS), ["--tags", "rotate"]),
    ("a condition leaves it out", play(rotate("ci"), {**DELIVER, "when": False}, confirm("ci", when=False), **RESTARTS), []),
    ("its failure is excused", play(rotate("ci"), excused(FAIL, confirm("ci")), ignore_errors=True), []),
    ("an early flush is followed by nothing", play(rotate("ci"), FLUSH), []),
    ("the play flushes twice before", play(rotate("ci"), FLUSH, FLUSH, DELIVER, confirm("ci"), **RESTARTS), []),
    ("the host failed after it", play(rotate("ci"), DELIVER, confirm("ci"), FAIL, force_handlers=True, **RESTARTS), []),
]  # fmt: skip


@pytest.mark.promise(1)
@pytest.mark.parametrize(
    ("playing", "arguments"),
    cases(WITHOUT, sample=("nobody confirms", "tags leave the rest out")),
)
def test_nothing_is_revoked_and_the_run_fails_where(
    simulator: Simulator, playbooks: Playbooks, playing: Play, arguments: list[str]
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("old", old.secret)
    played = playbooks.play([playing], *arguments)
    assert not played.ok, played.output
    assert simulator.alive(old.secret)
    assert revoked(simulator) == []
    assert "Nothing" in played.output
    assert "revoked" in played.output


@heavy
def test_the_failure_says_who_is_missing_and_what_to_add(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    played = playbooks.play([play(rotate("ci"), deliver("ci"))])
    said = " ".join(played.output.split())
    assert "Not confirmed: ci (localhost)" in said
    assert "tasks_from: confirm" in said


@pytest.mark.promise(1)
@with_one_core
def test_a_play_that_ends_revokes_nothing_and_the_next_run_goes_on(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    played = playbooks.play([play(rotate("ci"), {"ansible.builtin.meta": "end_play"})])
    assert played.ok
    assert simulator.alive(old.secret)
    assert len(versions(simulator, "ci")) == 2
    simulator.advance(minutes=16)
    played = playbooks.play([play(rotate("ci"), deliver("ci"), confirm("ci"))])
    assert played.ok, played.output
    assert len(versions(simulator, "ci")) == 1
    assert simulator.alive(delivered(playbooks, "ci") or "")


@with_one_core
def test_in_post_tasks_main_refuses_a_due_token_that_the_play_confirms(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    simulator.given("young", organization="acme", age_days=1)
    played = playbooks.play([{**play(), "post_tasks": [rotate("ci", "young")]}])
    assert not played.ok
    assert "post_tasks have one flush of handlers only" in " ".join(played.output.split())
    assert created(simulator) == []


@heavy
@with_one_core
def test_in_post_tasks_a_token_that_is_not_due_is_no_failure(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=1)
    played = playbooks.play([{**play(), "post_tasks": [rotate("ci")]}])
    assert played.ok, played.output


@heavy
@with_one_core
def test_several_uses_in_one_play_are_committed_together(simulator: Simulator, playbooks: Playbooks) -> None:
    for name in ("a", "b"):
        simulator.given(name, organization="acme", age_days=120)
    tasks = [rotate("a"), deliver("a"), rotate("b"), deliver("a", "b"), confirm("a", "b")]
    played = playbooks.play([play(*tasks)])
    assert played.ok, played.output
    for name in ("a", "b"):
        assert len(versions(simulator, name)) == 1
        assert simulator.alive(delivered(playbooks, name) or "")


@pytest.mark.promise(1)
@with_one_core
def test_the_one_that_nobody_confirms_keeps_no_other_from_its_commit(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    _a, b = (simulator.given(name, organization="acme", age_days=120) for name in ("a", "b"))
    played = playbooks.play([play(rotate("a", "b"), deliver("a", "b"), confirm("a"))])
    assert not played.ok
    assert "Not confirmed: b (localhost)" in " ".join(played.output.split())
    assert len(versions(simulator, "a")) == 1
    assert len(versions(simulator, "b")) == 2
    assert simulator.alive(b.secret)


TWICE: list[tuple[str, list[Task]]] = [
    ("confirmed", [rotate("ci"), deliver("ci"), confirm("ci"), confirm("ci")]),
    ("confirmed and committed", [rotate("ci", tasks_from="issue"), deliver("ci"), confirm("ci"), COMMIT, COMMIT]),
]


@heavy
@with_one_core
@pytest.mark.parametrize("tasks", cases(TWICE, sample=("confirmed and committed",)))
def test_it_does_no_harm_to_be(simulator: Simulator, playbooks: Playbooks, tasks: list[Task]) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    played = playbooks.play([play(*tasks)])
    assert played.ok, played.output
    assert len(revoked(simulator)) == 1


@with_one_core
def test_after_issue_the_commit_fails_for_whoever_is_missing_and_can_be_tried_again(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    first = excused(COMMIT)
    played = playbooks.play([play(rotate("ci", tasks_from="issue"), first, deliver("ci"), confirm("ci"), COMMIT)])
    assert played.ok, played.output
    assert "not confirmed by localhost" in played.output
    assert not simulator.alive(old.secret)


@heavy
@with_one_core
def test_what_failed_before_is_told_with_the_last_of_the_plays_tokens(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    for index in range(2):
        simulator.given(f"full-2026010{index + 1}t000000z-000{index}", organization="acme", age_days=120)
    tasks = [rotate("ci", "full", max_versions=2), deliver("ci"), confirm("ci")]
    played = playbooks.play([play(*tasks)])
    assert not played.ok
    assert "2 versions are active and turso_rotate_max_versions is 2" in " ".join(played.output.split())
    assert len(versions(simulator, "ci")) == 1


@heavy
@with_one_core
def test_each_play_commits_what_it_issued(simulator: Simulator, playbooks: Playbooks) -> None:
    for name in ("a", "b"):
        simulator.given(name, organization="acme", age_days=120)
    plays = [play(rotate(name), deliver(name), confirm(name)) for name in ("a", "b")]
    played = playbooks.play(plays)
    assert played.ok, played.output
    assert [len(versions(simulator, name)) for name in ("a", "b")] == [1, 1]


@heavy
@with_one_core
def test_a_vault_file_alone_needs_no_handler(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("password", "correct horse")
    tokens = [entry("ci", {"to": "vault_file", "takes_effect_hours": 0})]
    task = rotate(tokens=tokens, vault_file="vault.yml")
    played = playbooks.play([play(task, {"ansible.builtin.meta": "end_play"})], "--vault-password-file", "password")
    assert played.ok, played.output
    assert "RUNNING HANDLER" not in played.output
    assert not simulator.alive(old.secret)


USED: list[tuple[str, str, str]] = [("the first is due", "a", "b"), ("the second is due", "b", "a")]


@heavy
@with_one_core
@pytest.mark.parametrize(("due", "young"), cases(USED, sample=("the second is due",)))
def test_uses_are_merged_whichever_is_due(simulator: Simulator, playbooks: Playbooks, due: str, young: str) -> None:
    simulator.given(due, organization="acme", age_days=120)
    simulator.given(young, organization="acme", age_days=1)
    playbooks.write(f"delivered-{young}", "not looked at")
    tasks = [rotate("a"), rotate("b"), deliver("a", "b"), confirm("a", "b")]
    played = playbooks.play([play(*tasks), play(SHOW)])
    assert played.ok, played.output
    assert {name: entry["action"] for name, entry in report_in(played.output).items()} == {
        due: "rotated",
        young: "unchanged",
    }


@heavy
@with_one_core
def test_a_name_is_used_once_in_a_play_even_where_it_is_not_due(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("a", organization="acme", age_days=1)
    played = playbooks.play([play(rotate("a"), rotate("a"))])
    assert not played.ok
    assert "it is used twice in this play" in " ".join(played.output.split())


@heavy
@with_one_core
def test_what_the_role_cannot_commit_keeps_the_play_from_no_delivery(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    for name in ("ci", "web"):
        simulator.given(name, organization="acme", age_days=120)
    playbooks.write("password", "correct horse")
    simulator.faults.add("org_revoke", faults.Status(403, {"error": "forbidden"}), times=2)
    simulator.faults.add("revoke", faults.Status(403, {"error": "forbidden"}), times=1)
    tokens = [entry("ci"), entry("web", {"to": "vault_file", "takes_effect_hours": 0})]
    tasks = [rotate(tokens=tokens, vault_file="vault.yml"), deliver("ci"), confirm("ci")]
    played = playbooks.play([play(*tasks)], "--vault-password-file", "password")
    assert not played.ok
    assert len(versions(simulator, "ci")) == 1
    assert simulator.alive(delivered(playbooks, "ci") or "")


@heavy
@with_one_core
def test_main_leaves_to_commit_what_issue_issued(simulator: Simulator, playbooks: Playbooks) -> None:
    for name in ("ci", "web"):
        simulator.given(name, organization="acme", age_days=120)
    playbooks.write("password", "correct horse")
    stored = {"to": "vault_file", "takes_effect_hours": 0}
    left = rotate(tokens=[entry("ci", stored)], vault_file="vault.yml", tasks_from="issue")
    main = rotate(tokens=[entry("web", stored)], vault_file="vault.yml")
    played = playbooks.play([play(left, main)], "--vault-password-file", "password")
    assert played.ok, played.output
    assert [len(versions(simulator, name)) for name in ("ci", "web")] == [2, 1]


@heavy
@with_one_core
def test_main_tells_what_failed_though_what_issue_issued_waits_to_be_confirmed(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    for index in range(2):
        simulator.given(f"full-2026010{index + 1}t000000z-000{index}", organization="acme", age_days=120)
    plays = [play(rotate("ci", tasks_from="issue")), play(rotate("full", max_versions=2))]
    played = playbooks.play(plays)
    assert not played.ok, played.output
    assert "2 versions are active and turso_rotate_max_versions is 2" in " ".join(played.output.split())


@heavy
@pytest.mark.promise(1)
@with_one_core
def test_the_commit_runs_where_it_was_issued(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    here = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    playbooks.write("hosts.yml", {"web": {"hosts": {"web1": here}}})
    plays = [play(rotate("ci", tasks_from="issue"), deliver("ci"), confirm("ci"), hosts="web1"), play(COMMIT)]
    played = playbooks.play(plays, "-i", "hosts.yml")
    assert not played.ok
    assert "The commit has to run on web1" in " ".join(played.output.split())
    assert simulator.alive(old.secret)


@heavy
@with_one_core
def test_the_handler_has_the_credential_that_stood_at_the_role(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    token = playbooks.env.pop("TURSO_API_TOKEN")
    role = {**STATIC, "environment": {"TURSO_API_TOKEN": token}}
    played = playbooks.play([play(deliver("ci"), confirm("ci"), roles=[role])])
    assert played.ok, played.output
    assert not simulator.alive(old.secret)
