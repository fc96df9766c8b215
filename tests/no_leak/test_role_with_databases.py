# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role leaks no SQL token: not one that it mints, not one that it finds in a file, and none of the one-minute trials."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.no_leak.plays import EVERYTHING, MODES, ROLE, STORED, WITH_VAULT, delivering, excused, into, play, role, sql
from tests.no_leak.terminal import Mode, Terminal
from tests.no_leak.worlds import OPAQUE
from tests.playbooks import cases, heavy

pytestmark = pytest.mark.promise(8)


IN_ENV = {
    "to": "env_file",
    "path": "{{ asked_for }}/app.env",
    "variable": "TURSO_AUTH_TOKEN",
    "takes_effect_hours": 0,
}
# By all ways of delivery, and one that the play confirms only in its second run.
ENTRIES = (
    sql("due", into("due")),
    sql("kept", into("kept")),
    sql("foreign", into("foreign"), database="other"),
    sql("else", into("else")),
    sql("on-a-host", into("on-a-host", hosts=["there"])),
    sql("in-env", IN_ENV, authorization="read-only"),
    sql("stored", STORED),
    sql("of-tasks", "by_value.yml"),
    sql("of-all", into("of-all"), group="default"),
    sql("granted", into("granted"), permissions=[{"tables": ["*"], "actions": ["data_read"]}]),
    sql("late", {"to": "play"}, into("late")),
)
CONFIRM = {
    "name": "Confirm",
    "ansible.builtin.include_role": {"name": ROLE, "tasks_from": "confirm"},
    "vars": {"turso_rotate_read_back": {"late": "{{ lookup('ansible.builtin.file', asked_for ~ '/late') }}"}},
}
SHOW: list[dict[str, Any]] = [
    {"name": "Show the report", "ansible.builtin.debug": {"var": "turso_rotate_report"}},
    {"name": "Cache a fact", "ansible.builtin.set_fact": {"was_here": True, "cacheable": True}},
]


@heavy
@pytest.mark.parametrize("mode", MODES, ids=str)
def test_rotation(rotating: Terminal, mode: Mode) -> None:
    """A run that mints, with one token that nobody confirms; then one that delivers this once more and reads all others."""
    worlds, asked_for = rotating.worlds, rotating.asked_for
    held = {"due": worlds.held["DUE"], "kept": worlds.held["HELD"], "foreign": worlds.held["HELD"], "else": OPAQUE}
    for name, value in held.items():
        (asked_for / name).write_text(value)
    (asked_for / "app.env").write_text(f"TURSO_AUTH_TOKEN={worlds.held['DUE']}\n")
    tasks = role(None, *ENTRIES)
    unconfirmed = rotating.play([play(mode, [*tasks, *SHOW], vars=delivering(rotating))], mode, *WITH_VAULT)
    rotating.assert_nothing_leaked(unconfirmed)
    assert "Not confirmed: late" in " ".join(unconfirmed.output.split()), rotating.cleaned(unconfirmed)
    played = rotating.play([play(mode, [*tasks, CONFIRM, *SHOW], vars=delivering(rotating))], mode, *WITH_VAULT)
    rotating.assert_nothing_leaked(played)
    rotating.assert_passed(played)
    trials = 1
    assert worlds.issued == len(ENTRIES) - len(["kept"]) + trials
    files = {path.name: path.read_text() for path in asked_for.iterdir()}
    values = {name: text.removeprefix("TURSO_AUTH_TOKEN=").strip() for name, text in files.items()}
    assert {name for name, value in held.items() if values[name] == value} == {"kept"}
    databases = {"foreign": "other"}
    assert all(worlds["plain"].lets_in(value, databases.get(name, "shop")) for name, value in values.items())
    assert (rotating.top / "vault.yml").read_text().startswith("$ANSIBLE_VAULT")
    state = (rotating.top / "state.json").read_text()
    assert all(hashlib.sha256(value.encode()).hexdigest() in state for value in values.values())
    rotating.assert_everything_was_written("turso_rotate_report")


@heavy
def test_check_mode(rotating: Terminal) -> None:
    (rotating.asked_for / "due").write_text(rotating.worlds.held["DUE"])
    mode = Mode(verbosity=4, arguments=("--check", "--diff"))
    played = rotating.play([play(mode, [*role(None, *ENTRIES), *SHOW], vars=delivering(rotating))], mode, *WITH_VAULT)
    rotating.assert_nothing_leaked(played)
    rotating.assert_passed(played)
    assert not rotating.worlds.writes


FAILURES: dict[str, list[tuple[str | None, dict[str, Any]]]] = {  # what fails, by the world
    "that the API or the database tells of": [
        (None, sql("echo", into("echo"), database="echo")),
        (None, sql("lost", into("lost"), database="lost-again")),
        (None, sql("closed", into("closed"), database="closed")),
        ("rejecting", sql("rejected", into("rejected"))),
        ("opaque", sql("opaque", into("opaque"))),
        ("garbled", sql("garbled", into("garbled"))),
    ],
    "of this side": [
        (None, sql("nowhere", into("no/such/folder"))),
        (None, sql("soon", into("soon"), expires_in="{{ lookup('env', 'SQL_DUE') }}")),
    ],
}


@pytest.mark.parametrize("failures", cases(FAILURES.items(), sample=("of this side",)))
def test_failures(rotating: Terminal, failures: list[tuple[str | None, dict[str, Any]]]) -> None:
    """Besides one token whose confirmation fails, when handlers run."""
    for name in ("opaque", "garbled"):
        (rotating.asked_for / name).write_text(rotating.worlds.held["HELD"])
    tries = [excused(*role(world, item)) for world, item in failures]
    tries += role(None, sql("another_value", "another_value.yml"))
    played = rotating.play([play(EVERYTHING, tries, vars=delivering(rotating))], EVERYTHING, *WITH_VAULT)
    rotating.assert_nothing_leaked(played)
    said = " ".join(played.output.split())
    assert said.count('"the role failed: ') == len(failures), rotating.cleaned(played)
    assert "Not confirmed: another_value" in said
    assert rotating.worlds.issued >= 1
