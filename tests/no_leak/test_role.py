# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role leaks nothing either: to no output, cache or file but those that were asked for, and to no command line."""

from __future__ import annotations

import os
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.no_leak.canaries import Canaries
from tests.no_leak.plays import EVERYTHING, MODES, ROLE, STORED, WITH_VAULT, delivering, entry, excused, play, role
from tests.no_leak.terminal import Mode, Terminal
from tests.playbooks import cases, heavy

SHOW: list[dict[str, Any]] = [
    {
        "name": "Use what was issued",
        "ansible.builtin.assert": {"that": "turso_rotate_secrets.rotated | length > 300", "quiet": True},
        "when": "not ansible_check_mode",
    },
    {"name": "Show the report", "ansible.builtin.debug": {"var": "turso_rotate_report"}},
    {"name": "Cache a fact", "ansible.builtin.set_fact": {"was_here": True, "cacheable": True}},
]
# The play's own tasks deliver this one.
PLAYED: list[dict[str, Any]] = [
    {
        "name": "Deliver",
        "ansible.builtin.copy": {
            "content": "{{ turso_rotate_secrets.played }}",
            "dest": "{{ asked_for }}/played",
            "mode": "0600",
        },
        "when": "'played' in turso_rotate_secrets",
        "no_log": True,
    },
    {
        "name": "Confirm",
        "ansible.builtin.include_role": {"name": ROLE, "tasks_from": "confirm"},
        "vars": {
            "turso_rotate_read_back": {"played": "{{ lookup('ansible.builtin.file', asked_for ~ '/played') }}"},
        },
    },
]


SPARE = {
    "turso_rotate_api_token": "{{ spare_credential }}",
    "turso_rotate_api_url": "{{ urls.spare }}",
    "turso_rotate_credentials": "{{ spare_credentials }}",
}
# By all ways of delivery and confirmation, the credential of the run among them.
ENTRIES = (
    entry("rotated", "by_value.yml"),
    entry("second", "by_word.yml", "by_digest.yml"),
    entry("played"),
    entry("stored", STORED),
    entry("bobs-own", "by_value.yml", credential="bobs") | {"organization": "umbrella"},
    entry("main", "by_value.yml"),
)


@pytest.mark.promise(8)
@pytest.mark.parametrize("mode", cases(((str(mode), mode) for mode in MODES), sample=(str(EVERYTHING),)))
def test_rotation(rotating: Terminal, mode: Mode) -> None:
    variables = delivering(rotating)
    look = {"name": "Look at the hosts later", "ansible.builtin.debug": {"msg": "{{ turso_rotate_report }}"}}
    played = rotating.play(
        [
            play(mode, [{"name": "Prepare", "ansible.builtin.meta": "noop"}]),
            play(mode, [*role(None, *ENTRIES, **SPARE), *PLAYED, *SHOW], vars=variables),
            play(mode, [look]),
        ],
        mode,
        *WITH_VAULT,
    )
    rotating.assert_nothing_leaked(played)
    rotating.assert_passed(played)
    assert rotating.worlds.issued == len(ENTRIES)
    kept = {path.name: path.read_text() for path in rotating.asked_for.iterdir()}
    assert sorted(kept) == sorted(item["name"] for item in ENTRIES if item["name"] != "stored")
    assert all(rotating.worlds["spare"].alive(secret) for secret in kept.values())
    assert (rotating.top / "vault.yml").read_text().startswith("$ANSIBLE_VAULT")
    assert "current" in (rotating.top / "state.json").read_text()
    rotating.assert_everything_was_written("turso_rotate_report")


@pytest.mark.promise(8)
def test_check_mode(rotating: Terminal) -> None:
    mode = Mode(verbosity=4, arguments=("--check", "--diff"))
    tasks = [*role(None, *ENTRIES, **SPARE), *PLAYED[1:], *SHOW]
    played = rotating.play([play(mode, tasks, vars=delivering(rotating))], mode, *WITH_VAULT)
    rotating.assert_nothing_leaked(played)
    rotating.assert_passed(played)
    assert not rotating.worlds.writes


FAILING_WORLDS = ("opaque", "refusing", "unreachable", "garbled", "unproven", "unknown")
NOT_CONFIRMED = ("another_value", "another_word", "another_name", "no_lookup", "fails", "nothing")


def play_failures(terminal: Terminal, *tries: list[dict[str, Any]]) -> str:
    """Play tasks that fail, see that nothing leaks, and return the output as one line."""
    tasks = [excused(*tasks) for tasks in tries]
    played = terminal.play([play(EVERYTHING, tasks, vars=delivering(terminal))], EVERYTHING, *WITH_VAULT)
    terminal.assert_nothing_leaked(played)
    assert played.output.count('"the role failed: ') == len(tries), terminal.cleaned(played)
    return " ".join(played.output.split())


@heavy
@pytest.mark.promise(8)
def test_issues_and_commits_that_fail(rotating: Terminal) -> None:
    said = play_failures(
        rotating,
        *(role(world, entry(f"in-{world}", STORED)) for world in FAILING_WORLDS),
        role("stuck", entry("rotated-stuck", STORED), turso_rotate_validate=False),
        role(None, *(entry(name, STORED) for name in ("one", "forbidden", "broken"))),
        role("spare", entry("two", STORED, group="default")),
        role("spare", entry("three", STORED, scopes=["none-such"])),
        role("spare", {"name": "{{ lookup('env', 'TOKEN_SPARE') }}", "organisation": "acme"}),
    )
    assert "Supported parameters include" in said
    assert "Could not revoke the token with the id" in said
    assert rotating.worlds.issued >= 4


@pytest.mark.promise(8)
def test_deliveries_and_confirmations_that_fail(rotating: Terminal) -> None:
    entries = [entry(name, f"{name}.yml") for name in NOT_CONFIRMED]
    said = play_failures(rotating, [*role("spare", *entries, tasks_from="issue"), *role(None, tasks_from="commit")])
    for name in NOT_CONFIRMED:
        assert f"not confirmed by tasks {name}.yml" in said
    assert "another_value: here has another value" in said
    assert rotating.worlds.issued == len(entries)


@heavy
@pytest.mark.promise(8)
def test_processes(rotating: Terminal) -> None:
    """No command line holds a secret, and no environment but what the user put there."""
    mark = uuid.uuid4().hex
    mode = Mode(connection="ssh", settings={"NO_LEAK_MARK": mark})
    direct = {"community.turso.turso_token": {"name": "new"}, "register": "made", "name": "Create"}
    tasks = [direct, *role(None, *ENTRIES[:2], **SPARE)]
    with Processes(mark) as processes:
        played = rotating.play([play(mode, tasks, vars=delivering(rotating))], mode, *WITH_VAULT)
    rotating.assert_passed(played)
    assert rotating.worlds.issued == 3
    assert any("AnsiballZ_turso_token" in line for line in processes.command_lines), "no module was seen at work"
    canaries = Canaries(rotating.worlds.secrets)
    assert [canaries.cleaned(line) for line in processes.command_lines if any(canaries.find(line))] == []
    own = set(rotating.worlds.environment.values())
    others = Canaries(secret for secret in rotating.worlds.secrets if secret not in own)
    foreign = [variables for variables in processes.environments if any(others.find(_without(variables, own)))]
    assert len(foreign) == 0


def _without(text: str, parts: set[str]) -> str:
    for part in parts:
        text = text.replace(part, "")
    return text


class Processes:
    """Collects the command lines and environments of all processes that inherit a mark, as often as it can."""

    def __init__(self, mark: str) -> None:
        self.command_lines: set[str] = set()
        self.environments: set[str] = set()
        self._mark = mark.encode()
        self._looks: dict[str, int] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Processes:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.005):
            pids = {name for name in os.listdir("/proc") if name.isdigit()}
            # A process that was just forked still shows what its parent was; one that stays without the mark is not ours.
            self._looks = {pid: self._looks.get(pid, 0) for pid in pids}
            for pid in pids:
                if self._looks[pid] < 5:
                    self._look_at(pid)

    def _look_at(self, pid: str) -> None:
        try:
            environment = Path("/proc", pid, "environ").read_bytes()
            command_line = Path("/proc", pid, "cmdline").read_bytes()
        except OSError:
            return
        if self._mark in environment:
            self.environments.add(environment.decode("latin-1").replace("\0", "\n"))
            self.command_lines.add(command_line.decode("latin-1").replace("\0", " "))
        else:
            self._looks[pid] += 1
