# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role leaks nothing either: to no output, cache or file but those that were asked for, and to no command line."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.no_leak.canaries import Canaries
from tests.no_leak.terminal import Mode, Terminal

EVERYTHING = Mode(verbosity=4, arguments=("--diff",))
MODES = (
    EVERYTHING,
    Mode("minimal", 3, "ssh"),
    Mode("oneline", 1),
    Mode("default", 4, "ssh, pipelined", "yaml", ("--diff",)),
)

# A hook as the README asks for: the one who prints or writes a secret is the one who hides it.
HOOK = """\
- name: Keep the secret of {{ turso_rotate_item.name }}
  ansible.builtin.copy:
    content: "{{ turso_rotate_item.secret }}"
    dest: "{{ asked_for }}/{{ turso_rotate_item.name }}"
    mode: "0600"
  no_log: true
"""
HOOK_THAT_FAILS = """\
- name: Fail
  ansible.builtin.fail:
    msg: the server of {{ turso_rotate_item.name }} is down
"""

ACME = {"organization": "acme"}
ROTATED = {"name": "rotated", **ACME}


def role(world: str | None, tokens: Sequence[dict[str, Any]], **variables: Any) -> dict[str, Any]:
    """Return a task that runs the role, and goes on with the play if the role fails."""
    if world:
        variables["turso_rotate_api_token"] = f"{{{{ lookup('env', 'TOKEN_{world.upper()}') }}}}"
        variables["turso_rotate_api_url"] = f"{{{{ urls.{world} }}}}"
    included = {
        "name": "Rotate",
        "ansible.builtin.include_role": {"name": "community.turso.turso_rotate"},
        "vars": {"turso_rotate_tokens": list(tokens), **variables},
    }
    failed = {"ansible.builtin.debug": {"msg": "the role failed: {{ ansible_failed_result.msg | default('') }}"}}
    return {"name": f"Rotate in {world or 'the default'}", "block": [included], "rescue": [failed]}


def play(mode: Mode, tasks: list[dict[str, Any]], **keywords: Any) -> dict[str, Any]:
    return {"name": "Rotate", "hosts": mode.host, "gather_facts": False, **keywords, "tasks": tasks}


SHOW = [
    {
        "name": "Use what was issued",
        "ansible.builtin.assert": {"that": "turso_rotate_secrets.rotated | length > 300", "quiet": True},
        "when": "not ansible_check_mode",
    },
    {"name": "Show the report", "ansible.builtin.debug": {"var": "turso_rotate_report"}},
    {"name": "Cache a fact", "ansible.builtin.set_fact": {"was_here": True, "cacheable": True}},
]


@pytest.fixture
def rotating(terminal: Terminal) -> Terminal:
    """A terminal with a hook, and with a vault file that holds what the environment does not: another credential."""
    terminal.playbooks.write("hook.yml", HOOK)
    terminal.playbooks.write("hook_that_fails.yml", HOOK_THAT_FAILS)
    terminal.playbooks.write("password", "correct horse battery staple")
    credentials = terminal.playbooks.write("credentials.yml", {"spare_credential": terminal.worlds["spare"].credential})
    terminal.playbooks.run("ansible-vault", "encrypt", "--vault-password-file", "password", str(credentials))
    assert credentials.read_text().startswith("$ANSIBLE_VAULT")
    return terminal


def delivering(terminal: Terminal) -> dict[str, Any]:
    return {
        "turso_rotate_deliver": str(terminal.top / "hook.yml"),
        "turso_rotate_vault_file": str(terminal.top / "vault.yml"),
        "turso_rotate_ledger": str(terminal.top / "ledger.json"),
        "asked_for": str(terminal.asked_for),
    }


WITH_VAULT = ("--vault-password-file", "password", "-e", "@credentials.yml")


@pytest.mark.promise(8)
@pytest.mark.parametrize("mode", MODES, ids=str)
def test_rotation(rotating: Terminal, mode: Mode, full: bool) -> None:
    if mode is not EVERYTHING and not full:
        pytest.skip("one of the modes that --full runs")
    spare = role(None, [ROTATED, {"name": "second", **ACME}, {"name": "main", **ACME}], **delivering(rotating))
    spare["block"][0]["vars"].update(
        turso_rotate_api_token="{{ spare_credential }}", turso_rotate_api_url="{{ urls.spare }}"
    )
    played = rotating.play(
        [
            play(mode, [{"name": "Prepare", "ansible.builtin.meta": "noop"}]),
            play(mode, [*spare["block"], *SHOW]),
            play(
                mode,
                [{"name": "Look at the hosts later", "ansible.builtin.debug": {"msg": "{{ turso_rotate_report }}"}}],
            ),
        ],
        mode,
        *WITH_VAULT,
    )
    rotating.assert_nothing_leaked(played)
    rotating.assert_passed(played)
    assert rotating.worlds.issued == 3
    delivered = [path.read_text() for path in rotating.asked_for.iterdir()]
    assert len(delivered) == 3
    assert all(rotating.worlds["spare"].alive(secret) for secret in delivered)
    assert (rotating.top / "vault.yml").read_text().startswith("$ANSIBLE_VAULT")
    rotating.assert_everything_was_written("turso_rotate_report")


@pytest.mark.promise(8)
def test_check_mode(rotating: Terminal) -> None:
    mode = Mode(verbosity=4, arguments=("--check", "--diff"))
    played = rotating.play(
        [play(mode, [*role(None, [ROTATED], **delivering(rotating))["block"], *SHOW])], mode, *WITH_VAULT
    )
    rotating.assert_nothing_leaked(played)
    rotating.assert_passed(played)
    assert not rotating.worlds.writes


@pytest.mark.promise(8)
def test_failures(rotating: Terminal) -> None:
    """Every way in which an issue fails, then commits that must not or cannot be made."""
    to = delivering(rotating)
    hook_fails = {**to, "turso_rotate_deliver": str(rotating.top / "hook_that_fails.yml")}
    tasks = [
        role("opaque", [ROTATED], **to),
        role("refusing", [ROTATED], **to),
        role("unreachable", [ROTATED], **to),
        role("garbled", [ROTATED], **to),
        role("unproven", [ROTATED], **to),
        role("stuck", [ROTATED], **to),
        role("unknown", [ROTATED], **to),
        role(None, [{"name": "one"}, {"name": "forbidden"}, {"name": "broken"}], **to),
        role("spare", [{"name": "two", "group": "default"}], **to),
        role("spare", [{"name": "three", "scopes": ["none-such"]}], **to),
        role(None, [{"name": "hooked"}], **hook_fails),
    ]
    played = rotating.play([play(EVERYTHING, tasks, force_handlers=True)], EVERYTHING, *WITH_VAULT)
    rotating.assert_nothing_leaked(played)
    assert not played.ok  # the handler revokes nothing, because a hook did not reach its end
    assert played.output.count("the role failed") >= 9
    assert "did not reach its end" in played.output
    assert rotating.worlds.issued >= 5


@pytest.mark.promise(8)
def test_processes(rotating: Terminal) -> None:
    """No command line holds a secret, and no environment but what the user put there."""
    mark = uuid.uuid4().hex
    mode = Mode(connection="ssh", settings={"NO_LEAK_MARK": mark})
    spare = role(None, [ROTATED, {"name": "second", **ACME}], **delivering(rotating))
    spare["block"][0]["vars"].update(
        turso_rotate_api_token="{{ spare_credential }}", turso_rotate_api_url="{{ urls.spare }}"
    )
    direct = {
        "community.turso.turso_token": {"name": "new"},
        "register": "made",
        "name": "Create",
    }
    with Processes(mark) as processes:
        played = rotating.play([play(mode, [direct, *spare["block"]])], mode, *WITH_VAULT)
    rotating.assert_passed(played)
    assert rotating.worlds.issued == 3
    assert any("AnsiballZ_turso_rotation" in line for line in processes.command_lines), "no module was seen at work"
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
