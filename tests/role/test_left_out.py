# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliveries that were left out or went wrong without a failure, really played: nothing is revoked for want of one."""

from __future__ import annotations

import subprocess

import pytest

from tests.playbooks import Playbooks, Played, heavy, with_one_core
from tests.role.plays import (
    Play,
    Task,
    confirm,
    created,
    deliver,
    delivered,
    entry,
    play,
    revoked,
    rotate,
)
from tests.simulator import Simulator

QUESTION = "(N)o/(y)es/(c)ontinue: "
DELIVER: Task = {"name": "Deliver", **deliver("ci")}
CONFIRM: Task = {"name": "Confirm", **confirm("ci")}


def step_through(playbooks: Playbooks, playing: Play, *left_out: str) -> tuple[Played, list[str]]:
    """Play with --step: no to each task of these names, yes to all others; return also what was answered with no."""
    command = [
        str(playbooks.venv / "bin" / "ansible-playbook"),
        str(playbooks.write("playbook.yml", [playing])),
        "--step",
    ]
    said, refused = "", []
    with subprocess.Popen(
        command,
        cwd=playbooks.directory,
        env=playbooks.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        while more := process.stdout.read(1):
            said += more
            if said.endswith(QUESTION) and said.count(QUESTION) % 2:  # a banner repeats each question
                asked = said.rpartition("Perform task: ")[2]
                is_left_out = any(f"TASK: {name} (" in asked for name in left_out)
                refused += [asked] if is_left_out else []
                process.stdin.write("n\n" if is_left_out else "y\n")
                process.stdin.flush()
    return Played(process.returncode, said), refused


STEPS: list[tuple[str, tuple[str, ...], str]] = [
    ("its delivery, confirmed by value", ("Deliver",), "localhost has another value of ci"),
    ("its delivery and its confirmation", ("Deliver", "Confirm"), "Not confirmed: ci (localhost)"),
]


@heavy
@pytest.mark.promise(1)
@with_one_core
@pytest.mark.parametrize(("left_out", "says"), [pytest.param(*row[1:], id=row[0]) for row in STEPS])
def test_a_run_in_steps_revokes_nothing_without(
    simulator: Simulator, playbooks: Playbooks, left_out: tuple[str, ...], says: str
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("delivered-ci", old.secret)
    played, refused = step_through(playbooks, play(rotate("ci"), DELIVER, CONFIRM), *left_out)
    assert len(refused) == len(left_out), played.output
    assert not played.ok, played.output
    assert says in " ".join(played.output.split())
    assert len(created(simulator)) == 1
    assert simulator.alive(old.secret)
    assert revoked(simulator) == []


def write(value: str) -> Task:
    copied = {"content": value, "dest": "{{ playbook_dir }}/delivered-ci", "mode": "0600"}
    return {"ansible.builtin.copy": copied, "no_log": True}


MISSPELT_ITEM = write("{{ turso_rotate_item.secert }}")
DIGEST: list[Task] = [
    {
        "ansible.builtin.stat": {"path": "{{ playbook_dir }}/delivered-ci", "checksum_algorithm": "sha256"},
        "register": "there",
    },
    {
        "ansible.builtin.set_fact": {
            "turso_rotate_read_back": "{{ {turso_rotate_item.name: 'sha256:' ~ there.stat.checksum} }}"
        }
    },
]
MISSPELT: list[tuple[str, list[Task], list[Task], str]] = [
    ("a tasks file, read back", [MISSPELT_ITEM, confirm("ci")], [], "turso_rotate_item.secert"),
    ("a tasks file, by its digest", [MISSPELT_ITEM, *DIGEST], [], "turso_rotate_item.secert"),
    ("the play", [], [write("{{ turso_rotate_secrets.cii }}"), confirm("ci")], "turso_rotate_secrets.cii"),
]


@heavy
@pytest.mark.promise(1)
@pytest.mark.parametrize(("file", "tasks", "written"), [pytest.param(*row[1:], id=row[0]) for row in MISSPELT])
def test_a_misspelt_variable_that_ansible_passes_over_is_noticed_by_value_in(
    simulator: Simulator, playbooks: Playbooks, file: list[Task], tasks: list[Task], written: str
) -> None:
    if playbooks.core >= (2, 19):
        pytest.skip("ansible-core fails for what is undefined, whatever its configuration says")
    old = simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("deliver.yml", file)
    recipients = [{"tasks": "deliver.yml"}] if file else []
    playing = play(rotate(tokens=[entry("ci", *recipients)]), *tasks)
    played = playbooks.play([playing], env={"ANSIBLE_ERROR_ON_UNDEFINED_VARS": "False"})
    assert delivered(playbooks, "ci") == f"{{{{ {written} }}}}"
    assert not played.ok, played.output
    assert "localhost has another value of ci" in " ".join(played.output.split())
    assert simulator.alive(old.secret)
    assert revoked(simulator) == []


SAYS = (
    "Not confirmed: ci (localhost)",
    "play had not confirmed it",
    "was issued by a former run and never confirmed",
)


@heavy
@pytest.mark.promise(7)
@with_one_core
def test_tags_that_leave_the_delivery_out_are_told_and_then_refused(simulator: Simulator, playbooks: Playbooks) -> None:
    """A rotation that is started so each day is refused before it issues, once it has found its own version unconfirmed."""
    old = simulator.given("ci", organization="acme", age_days=120)
    tagged: Task = {**rotate("ci", by="import_role", state_file="state.json"), "tags": "rotate"}
    playbooks.write("rotate.yml", [play(tagged, deliver("ci"), confirm("ci"))])
    for says in SAYS:
        played = playbooks.play("rotate.yml", "--tags", "rotate")
        assert not played.ok
        assert says in " ".join(played.output.split())
        simulator.advance(hours=24)
    assert "Nothing was issued." in played.output
    assert len(created(simulator)) == 2
    assert simulator.alive(old.secret)
    assert revoked(simulator) == []
