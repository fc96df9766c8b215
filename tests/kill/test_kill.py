# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kill a rotation anywhere: SIGKILL at every request and between every two tasks, then the promises, then once more.

After a kill every secret that consumers hold works, be it in a file or in a vault file; the next run leaves one generation
of each token; the run after that has nothing to do. By default a sample is killed, with --full every point.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbooks import Playbooks
from tests.role.plays import Play, Task, deliver, delivered, generations, play, rotate
from tests.simulator import Simulator, faults

CALLBACKS = Path(__file__).parent / "callbacks"
WHEN = ("before", "after", "answered")
PASSWORD = "correct horse"
LEDGER_FILE, VAULT_FILE = "ledger.json", "vault.yml"
HOOK: Task = {
    "ansible.builtin.copy": {
        "content": "{{ turso_rotate_item.secret }}",
        "dest": "{{ playbook_dir }}/delivered-{{ turso_rotate_item.name }}",
        "mode": "0600",
    },
    "no_log": True,
}


@dataclasses.dataclass(frozen=True)
class Scenario:
    """What is rotated, and how it is delivered: by `tasks`, a vault file and a `hook`, or across `plays`.

    The last token is the credential of the run where `is_self`.
    """

    names: tuple[str, ...]
    ledger: bool = False
    is_self: bool = False
    grace_hours: int = 0
    by: str = "tasks"

    def __str__(self) -> str:
        parts = [f"{len(self.names)} {'token' if len(self.names) == 1 else 'tokens'}"]
        parts += ["the credential itself"] if self.is_self else []
        parts += ["with a ledger" if self.ledger else "without a ledger"]
        parts += [f"{self.grace_hours} hours of grace"] if self.grace_hours else []
        parts += [f"delivered by {self.by}"] if self.by != "tasks" else []
        return ", ".join(parts)

    @property
    def plays(self) -> list[Play]:
        settings: dict[str, Any] = {"ledger": LEDGER_FILE, "grace_hours": self.grace_hours} if self.ledger else {}
        if self.by == "hook":
            return [play(rotate(*self.names, vault_file=VAULT_FILE, deliver="hook.yml", **settings))]
        if self.by == "plays":
            return [
                play(rotate(*self.names, tasks_from="issue", **settings)),
                play(deliver(*self.names), rotate(tasks_from="delivered")),
                play(rotate(tasks_from="revoke", delivered_to=["localhost"])),
            ]
        return [play(rotate(*self.names, **settings), deliver(*self.names))]


SCENARIOS = [
    Scenario(("ci",)),
    Scenario(("ci",), ledger=True),
    Scenario(("a", "b", "c")),
    Scenario(("a", "b", "c"), ledger=True),
    Scenario(("robot",), is_self=True),
    Scenario(("robot",), is_self=True, ledger=True),
    Scenario(("a", "b", "robot"), is_self=True, ledger=True),
    Scenario(("ci",), ledger=True, grace_hours=24),
    Scenario(("ci",), ledger=True, by="hook"),
    Scenario(("a", "b"), ledger=True, by="plays"),
]


@dataclasses.dataclass(frozen=True)
class Point:
    """Where to kill: at a request, or before a task; counted from 0."""

    number: int
    when: str = "task"

    def __str__(self) -> str:
        return f"before task {self.number}" if self.when == "task" else f"{self.when} request {self.number}"


class World:
    """Tokens that are due, consumers that hold their secrets, and runs of the role on them."""

    def __init__(self, simulator: Simulator, playbooks: Playbooks, scenario: Scenario) -> None:
        self.simulator, self.playbooks, self.scenario = simulator, playbooks, scenario
        for path in (*playbooks.directory.glob(f"{LEDGER_FILE}*"), *playbooks.directory.glob(VAULT_FILE)):
            path.unlink()
        playbooks.write("password", PASSWORD)
        playbooks.write("hook.yml", [HOOK])
        for name in scenario.names:
            for token in simulator.tokens:
                if token.name == name or token.name.startswith(f"{name}-"):
                    simulator.withdraw(token.name)
            held = simulator.given(name, organization="acme", age_days=120)
            playbooks.write(f"delivered-{name}", held.secret)

    def held(self, name: str) -> str:
        return delivered(self.playbooks, name) or ""

    def environment(self, point: Point | None = None) -> dict[str, str]:
        env = {
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_VAULT_PASSWORD_FILE": "password",
            "KILL_COUNT_FILE": str(self.playbooks.directory / "count"),
        }
        if self.scenario.is_self:
            env["TURSO_API_TOKEN"] = self.held(self.scenario.names[-1])
        if point is not None and point.when == "task":
            env["KILL_BEFORE_TASK"] = str(point.number)
        return env

    def run(self) -> str:
        """Run the rotation to its end and return what it printed."""
        played = self.playbooks.play(self.scenario.plays, env=self.environment())
        assert played.ok, played.output
        return played.output

    def run_until(self, point: Point) -> bool:
        """Run the rotation until it is killed, and tell whether it was."""
        process = self.playbooks.start(self.scenario.plays, env=self.environment(point))
        rule = None
        if point.when != "task":
            rule = self.simulator.faults.add("*", faults.Kill(process.pid), when=point.when, skip=point.number)
        process.communicate(timeout=120)
        self.simulator.faults.clear()
        return process.returncode == -9 and (rule is None or rule.struck == 1)

    def broken_promises(self) -> list[str]:
        alive, kept = self.simulator.alive, self.kept_in_vault()
        return [
            *(
                f"what the consumers of {name} hold is dead"
                for name in self.scenario.names
                if not alive(self.held(name))
            ),
            *(f"what the vault file has of {name} is dead" for name, secret in kept.items() if not alive(secret)),
        ]

    def kept_in_vault(self) -> dict[str, str]:
        """Return the secrets in the vault file, which is there as a whole or not at all."""
        path = self.playbooks.directory / VAULT_FILE
        if not path.exists():
            return {}
        viewed = self.playbooks.run("ansible-vault", "view", VAULT_FILE, env=self.environment())
        assert viewed.ok, viewed.output
        kept: dict[str, str] = yaml.safe_load(viewed.output)["turso_secrets"]
        return kept

    def broken_promises_of_the_next_runs(self) -> list[str]:
        self.simulator.advance(minutes=16)
        self.run()
        broken = self.broken_promises()
        if self.scenario.grace_hours:
            self.simulator.advance(hours=self.scenario.grace_hours)
            self.run()
        for name in self.scenario.names:
            if len(generations(self.simulator, name)) != 1:
                broken.append(f"{name} has {len(generations(self.simulator, name))} generations")
        self.simulator.reset_log()
        if "changed=0" not in self.run() or self.simulator.writes:
            broken.append("the run after the next one is not idle")
        return broken + self.broken_promises()


def killed_at(simulator: Simulator, playbooks: Playbooks, scenario: Scenario, point: Point) -> list[str]:
    world = World(simulator, playbooks, scenario)
    assert world.run_until(point), f"not killed {point}"
    broken = world.broken_promises()
    return broken + world.broken_promises_of_the_next_runs()


def all_points(simulator: Simulator, playbooks: Playbooks, scenario: Scenario) -> list[Point]:
    world = World(simulator, playbooks, scenario)
    simulator.reset_log()
    world.run()
    requests = range(len(simulator.requests))
    tasks = range(int((playbooks.directory / "count").read_text()))
    return [Point(number, when) for number in requests for when in WHEN] + [Point(number) for number in tasks]


ONE, LEDGER, ITSELF = SCENARIOS[0], SCENARIOS[1], SCENARIOS[5]
SAMPLE = [
    (ONE, Point(1, "after"), "a successor that nobody received"),
    (ONE, Point(5, "before"), "delivered, and nothing revoked yet"),
    (LEDGER, Point(1, "answered"), "a successor that the ledger does not name"),
    (LEDGER, Point(5, "before"), "the ledger knows, and nothing revoked yet"),
    (LEDGER, Point(9), "between two tasks, issued and not delivered"),
    (ITSELF, Point(6, "after"), "the credential is gone, by its successor"),
]


@pytest.mark.parametrize(("scenario", "point"), [row[:2] for row in SAMPLE], ids=[row[2] for row in SAMPLE])
def test_a_kill_breaks_no_promise(simulator: Simulator, playbooks: Playbooks, scenario: Scenario, point: Point) -> None:
    assert killed_at(simulator, playbooks, scenario, point) == []


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_no_kill_breaks_a_promise(
    simulator: Simulator,
    playbooks: Playbooks,
    request: pytest.FixtureRequest,
    tell: Callable[[str], None],
    scenario: Scenario,
) -> None:
    if not request.config.getoption("--full"):
        pytest.skip("the whole matrix takes half an hour: --full")
    points = all_points(simulator, playbooks, scenario)
    broken = {str(point): killed_at(simulator, playbooks, scenario, point) for point in points}
    told = {point: promises for point, promises in broken.items() if promises}
    tell(f"{playbooks.venv.resolve().name}, {scenario}: {len(points)} points killed, promises broken: {len(told)}")
    assert told == {}
