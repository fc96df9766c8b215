# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commit proves its right to revoke: every way in which it has none, really played."""

from __future__ import annotations

from typing import Any

import pytest

from tests.playbooks import Playbooks
from tests.role.plays import (
    FAIL,
    FLUSH,
    ROLE,
    Play,
    Task,
    created,
    deliver,
    delivered,
    generations,
    play,
    revoked,
    rotate,
)
from tests.simulator import Simulator

WEB = {"all": {"hosts": {name: {"ansible_connection": "local"} for name in ("web1", "web2")}}}
RESCUED = {"block": [FAIL], "rescue": [{"ansible.builtin.debug": {"msg": "never mind"}}]}
CLEARED = {"block": [FAIL], "always": [{"ansible.builtin.meta": "clear_host_errors"}]}
TO_UNREACHABLE = {"ansible.builtin.command": "true", "delegate_to": "far"}
END_ROLE = [{"ansible.builtin.meta": "end_role"}]


def tagged(task: Task, *tags: str) -> Task:
    return {**task, "tags": list(tags)}


IMPORTED = tagged(rotate("ci", by="import_role"), "rotate")
FAILED = "Something failed on this host"
UNSEEN = ""  # no handler runs for a host that is unreachable
TAGS = "Tags were selected or skipped"

REFUSED = [  # what: the play, its arguments, what the handler says
    ("a failed delivery is followed by force_handlers", play(rotate("ci"), FAIL, force_handlers=True), [], FAILED),
    ("its failure is cleared", play(rotate("ci"), CLEARED, force_handlers=True), [], FAILED),
    ("a host delivered to is unreachable", play(rotate("ci"), TO_UNREACHABLE, force_handlers=True), [], UNSEEN),
    ("only some tags run", play(IMPORTED, tagged(deliver("ci"), "deliver")), ["--tags", "rotate"], TAGS),
    ("some tags are skipped", play(IMPORTED, tagged(deliver("ci"), "deliver")), ["--skip-tags", "deliver"], TAGS),
]


@pytest.mark.parametrize(
    ("playing", "arguments", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_nothing_is_revoked_where(
    simulator: Simulator, playbooks: Playbooks, playing: Play, arguments: list[str], says: str
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("hosts.yml", {"all": {"hosts": {"far": {"ansible_host": "127.0.0.1", "ansible_port": 1}}}})
    played = playbooks.play([playing], "-i", "hosts.yml", *arguments)
    assert not played.ok
    assert says in played.output
    assert ("Nothing was revoked" in played.output) is bool(says)
    assert len(generations(simulator, "ci")) == 2
    assert revoked(simulator) == []


HOOKS = [  # what the hook does, and whether the play excuses that
    ("fails", [FAIL], True),
    ("ends the role", END_ROLE, False),
    ("flushes the handlers", [FLUSH], False),
]


@pytest.mark.parametrize(("hook", "excused"), [row[1:] for row in HOOKS], ids=[row[0] for row in HOOKS])
def test_nothing_is_revoked_where_the_hook(
    simulator: Simulator, playbooks: Playbooks, hook: list[Task], excused: bool
) -> None:
    if hook is END_ROLE and playbooks.core < (2, 18):
        pytest.skip("meta: end_role came with ansible-core 2.18")
    simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("hook.yml", hook)
    task = rotate("ci", deliver="hook.yml")
    played = playbooks.play([play({**RESCUED, "block": [task]} if excused else task)])
    assert not played.ok
    assert "The deliver hook did not reach its end for ci-" in played.output
    assert len(generations(simulator, "ci")) == 2
    assert revoked(simulator) == []


SEVERAL: list[tuple[str, dict[str, Any], str | None]] = [
    ("has two hosts", {"hosts": "all"}, None),
    ("takes its hosts one by one", {"hosts": "all", "serial": 1}, None),
    ("runs the role once for all", {"hosts": "all", "run_once": True}, None),
    ("issues for two hosts", {"hosts": "all"}, "issue"),
]


@pytest.mark.parametrize(("keywords", "tasks_from"), [row[1:] for row in SEVERAL], ids=[row[0] for row in SEVERAL])
def test_nothing_is_asked_of_the_api_where_a_play(
    simulator: Simulator, playbooks: Playbooks, keywords: dict[str, Any], tasks_from: str | None
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("hosts.yml", WEB)
    played = playbooks.play([play(rotate("ci", tasks_from=tasks_from), **keywords)], "-i", "hosts.yml")
    assert not played.ok
    assert "this play has 2 hosts" in " ".join(played.output.split())
    assert simulator.requests == []


EXCUSED = [  # what: the play that ignores the errors of its own tasks, its arguments
    ("only some tags run", play(IMPORTED, tagged(deliver("ci"), "deliver")), ["--tags", "rotate"]),
    ("the hook fails", play(rotate("ci", deliver="hook.yml")), []),
    (
        "a host did not confirm",
        play(rotate("ci", tasks_from="issue"), rotate(tasks_from="revoke", delivered_to="web1")),
        [],
    ),
]


@pytest.mark.parametrize(("playing", "arguments"), [row[1:] for row in EXCUSED], ids=[row[0] for row in EXCUSED])
def test_a_play_that_ignores_errors_revokes_nothing_where(
    simulator: Simulator, playbooks: Playbooks, playing: Play, arguments: list[str]
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("hosts.yml", WEB)
    playbooks.write("hook.yml", [FAIL])
    played = playbooks.play([{**playing, "ignore_errors": True}], "-i", "hosts.yml", *arguments)
    assert not played.ok
    assert len(generations(simulator, "ci")) == 2
    assert revoked(simulator) == []


def test_a_play_of_two_hosts_that_ignores_errors_issues_nothing(simulator: Simulator, playbooks: Playbooks) -> None:
    playbooks.write("hosts.yml", WEB)
    assert not playbooks.play([play(rotate("ci"), hosts="all", ignore_errors=True)], "-i", "hosts.yml").ok
    assert simulator.requests == []


END_PLAY: Task = {"ansible.builtin.meta": "end_play"}
OTHERS_USES: list[tuple[str, list[Play]]] = [
    ("a use in the same play that leaves it to the playbook", [play(rotate("ci", revoke="manual"), rotate("b"))]),
    ("the entry point issue in an earlier play", [play(rotate("ci", tasks_from="issue")), play(rotate("b"))]),
    ("an earlier play that ended before its handler", [play(rotate("ci"), END_PLAY), play(rotate("b"))]),
    (
        "an earlier play that ended, by the entry point revoke",
        [play(rotate("ci"), END_PLAY), play(rotate("b", revoke="manual"), rotate(tasks_from="revoke"))],
    ),
]


@pytest.mark.parametrize("plays", [row[1] for row in OTHERS_USES], ids=[row[0] for row in OTHERS_USES])
def test_the_commit_of_one_use_does_not_commit_what_was_issued_by(
    simulator: Simulator, playbooks: Playbooks, plays: list[Play]
) -> None:
    ci, b = (simulator.given(name, organization="acme", age_days=120) for name in ("ci", "b"))
    played = playbooks.play(plays)
    assert played.ok, played.output
    assert simulator.alive(ci.secret)
    assert not simulator.alive(b.secret)
    assert len(generations(simulator, "ci")) == 2


@pytest.mark.parametrize("by", ["roles", "include_role", "import_role"])
def test_the_commit_comes_after_the_handlers_of_the_play(simulator: Simulator, playbooks: Playbooks, by: str) -> None:
    """They restart what holds the old value, which has to work until then."""
    old = simulator.given("ci", organization="acme", age_days=120)
    restart = {"name": "Restart", "ansible.builtin.assert": {"that": "turso_rotate_report[0].revoked == []"}}
    playing = play({**deliver("ci"), "notify": "Restart"}, handlers=[restart])
    if by == "roles":
        playing["roles"] = [{"role": ROLE, **rotate("ci")["vars"]}]
    else:
        playing["tasks"].insert(0, rotate("ci", by=by))
    played = playbooks.play([playing])
    assert played.ok, played.output
    assert "RUNNING HANDLER [Restart]" in played.output
    assert not simulator.alive(old.secret)


def test_a_failure_that_the_playbook_excuses_is_none(simulator: Simulator, playbooks: Playbooks) -> None:
    """A limit, told in the documentation: nobody can see what a rescue hides."""
    simulator.given("ci", organization="acme", age_days=120)
    assert playbooks.play([play(rotate("ci"), RESCUED)]).ok
    assert len(generations(simulator, "ci")) == 1


def test_a_play_that_ends_early_revokes_nothing_and_the_next_one_converges(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    early = [play(rotate("ci", in_flight_minutes=0), {"ansible.builtin.meta": "end_play"}, deliver("ci"))]
    assert playbooks.play(early).ok
    assert simulator.alive(old.secret)
    assert len(generations(simulator, "ci")) == 2
    assert playbooks.play([play(rotate("ci", in_flight_minutes=0), deliver("ci"))]).ok
    assert len(generations(simulator, "ci")) == 1
    assert simulator.alive(delivered(playbooks, "ci") or "")


def test_an_early_flush_commits_and_the_end_of_the_play_has_nothing_left_to_do(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    check = {"ansible.builtin.assert": {"that": "turso_rotate_report[0].revoked == ['ci']"}}
    revoke = rotate(tasks_from="revoke")
    played = playbooks.play([play(rotate("ci"), deliver("ci"), FLUSH, check, revoke)])
    assert played.ok, played.output
    assert not simulator.alive(old.secret)
    assert len(created(simulator)) == len(revoked(simulator)) == 1


VAULT = "{{ playbook_dir }}/vault.yml"
LOSSES = [
    ("gone", {"ansible.builtin.file": {"path": VAULT, "state": "absent"}}, "does not hold the successors any more"),
    (
        "no longer to be opened",
        {"ansible.builtin.copy": {"content": "$ANSIBLE_VAULT;1.1;AES256\n00", "dest": VAULT, "decrypt": False}},
        "opens the vault file",
    ),
]


@pytest.mark.parametrize(("lose", "says"), [row[1:] for row in LOSSES], ids=[row[0] for row in LOSSES])
def test_nothing_is_revoked_where_the_vault_file_is(
    simulator: Simulator, playbooks: Playbooks, lose: Task, says: str
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("password", "correct horse")
    played = playbooks.play([play(rotate("ci", vault_file="vault.yml"), lose)], "--vault-password-file", "password")
    assert not played.ok
    assert says in played.output
    assert revoked(simulator) == []
