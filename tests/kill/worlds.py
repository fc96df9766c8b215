# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens that are due, consumers that hold their values, and runs of the role that end in the middle."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.kill.servers import (
    GITHUB_SECRET,
    IN_KUBERNETES,
    IN_NEW_PODS,
    IN_PODS,
    IN_VAULT,
    KUBERNETES_SECRET,
    ON_GITHUB,
    VAULT_KV,
    Server,
    kill_at,
)
from tests.playbooks import Playbooks
from tests.role.plays import COMMIT, ROLE, Play, Task, confirm, deliver, entry, play, rotate, versions
from tests.simulator import Simulator, faults

CALLBACKS, HOOKS = Path(__file__).parent / "callbacks", Path(__file__).parent / "hooks"
AT_REQUESTS, AT_SERVER, AT_FILES = ("before", "after", "answered"), ("unserved", "served"), ("unwritten", "written")
PASSWORD = "correct horse"
STATE, VAULT = "state.json", "vault.yml"
UNMANAGED = "ci-deploy"
MOST_VERSIONS = 5
PATIENCE_SECONDS = 1800  # hours of kills should not be lost to a minute in which the machine is slow
TELL: Task = {"ansible.builtin.include_role": {"name": ROLE, "tasks_from": "tell"}}
STAMP = re.compile(r"-\d{8}t\d{6}z-[0-9a-f]{4}$")
HERE = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
STORED = {"to": "vault_file", "takes_effect_hours": 0}
ENV = "app.env"  # where consumers hold a value, besides files with nothing else in them and servers
IN_FILE = {"to": "file", "path": "delivered-ci", "takes_effect_hours": 0}
IN_ENV = {"to": "env_file", "path": ENV, "variable": "TOKEN", "takes_effect_hours": 0}


def copied(content: str, name: str, **keywords: Any) -> Task:
    """Return a task that writes a value for a consumer."""
    to = {"content": content, "dest": f"{{{{ playbook_dir }}}}/{name}", "mode": "0600"}
    return {"ansible.builtin.copy": to, "no_log": True, **keywords}


RESTART = {
    "name": "Restart",
    **copied("{{ lookup('ansible.builtin.file', playbook_dir ~ '/delivered-ci') }}", "restarted-ci"),
}
OWN_FILE = [
    copied("{{ turso_rotate_item.secret }}", "delivered-{{ turso_rotate_item.name }}"),
    {
        "ansible.builtin.set_fact": {
            "turso_rotate_read_back": {
                "ci": "{{ lookup('ansible.builtin.file', playbook_dir ~ '/delivered-' ~ turso_rotate_item.name) }}"
            }
        },
        "no_log": True,
    },
]
TAKE = copied(
    "{{ hostvars.localhost.turso_rotate_secrets.ci }}",
    "delivered-ci-{{ inventory_hostname }}",
    when="'ci' in hostvars.localhost.turso_rotate_secrets",
)
TAKEN = {"ci": "{{ lookup('ansible.builtin.file', playbook_dir ~ '/delivered-ci-' ~ inventory_hostname) }}"}


@dataclasses.dataclass(frozen=True)
class Scenario:
    """What is rotated, who gets it and who confirms.

    `held` are the files of the consumers by managed token. The last token is the credential of the run where
    `is_credential`. Where `can_be_read`, a consumer's value is taken from where it is, and delivered to the others. `server` is
    the fixture of the server that it is delivered to.
    """

    title: str
    plays: Sequence[Play]
    held: dict[str, tuple[str, ...]]
    is_credential: bool = False
    has_vault_file: bool = False
    grace_hours: int = 0
    can_be_read: bool = False
    server: str | None = None

    def __str__(self) -> str:
        return self.title

    @property
    def names(self) -> list[str]:
        return list(self.held)


def in_one_play(*names: str, **settings: Any) -> list[Play]:
    return [play(rotate(*names, **settings), deliver(*names), confirm(*names))]


def files(*names: str) -> dict[str, tuple[str, ...]]:
    return {name: (f"delivered-{name}",) for name in names}


BY_VALUE = Scenario("by value", in_one_play("ci"), files("ci"))
BY_WORD = Scenario(
    "by word, with a restart",
    [play(rotate("ci"), deliver("ci", notify="Restart"), confirm(), handlers=[RESTART])],
    {"ci": ("delivered-ci", "restarted-ci")},
)
STATE_FILE = Scenario("state file", in_one_play("ci", state_file=STATE), files("ci"))
GRACE = Scenario(
    "state file and grace", in_one_play("ci", state_file=STATE, grace_hours=24), files("ci"), grace_hours=24
)
STORE = Scenario(
    "vault file", [play(rotate(tokens=[entry("ci", STORED)], vault_file=VAULT))], {"ci": ()}, has_vault_file=True
)
STORE_AND_PLAY = Scenario(
    "vault file and play",
    in_one_play(
        "ci", vault_file=VAULT, state_file=STATE, api_token="{{ lookup('ansible.builtin.env', 'TURSO_API_TOKEN') }}"
    ),
    files("ci"),
    has_vault_file=True,
)
TASKS_FILE = Scenario("tasks file", [play(rotate(tokens=[entry("ci", {"tasks": "own.yml"})]))], files("ci"))
TARGETS = Scenario(
    "two targets",
    [
        play(rotate(tokens=[entry("ci", {"to": "play", "hosts": ["web"]})], tasks_from="issue", state_file=STATE)),
        play(TAKE, {**confirm(), "vars": {"turso_rotate_read_back": TAKEN}}, hosts="web"),
        play(COMMIT),
    ],
    {"ci": ("delivered-ci-web1", "delivered-ci-web2")},
)
CREDENTIAL = Scenario("the credential itself", in_one_play("robot"), files("robot"), is_credential=True)
CREDENTIAL_AMONG_OTHERS = Scenario(
    "the credential among others",
    in_one_play("ci", "robot", state_file=STATE),
    files("ci", "robot"),
    is_credential=True,
)
TWO = Scenario("two tokens", in_one_play("a", "b"), files("a", "b"))
TOLD = Scenario(
    "spread, notice and metrics",
    [
        play(
            {
                "block": [
                    rotate("ci", tasks_from="issue", state_file=STATE, spread_days=14),
                    deliver("ci"),
                    confirm("ci"),
                    COMMIT,
                ],
                "always": [TELL],
            },
            vars={"turso_rotate_notify": "notice.yml", "turso_rotate_metrics_file": "turso.prom"},
        )
    ],
    files("ci"),
)
TO_FILES = Scenario(
    "two destinations that are files",
    [play(rotate(tokens=[entry("ci", IN_FILE, IN_ENV)]))],
    {"ci": ("delivered-ci", ENV)},
    can_be_read=True,
)
TO_FILES_WITH_STATE = Scenario(
    "two destinations that are files, and state file",
    [play(rotate(tokens=[entry("ci", IN_FILE, IN_ENV)], state_file=STATE))],
    {"ci": ("delivered-ci", ENV)},
    can_be_read=True,
)
TO_GITHUB = Scenario(
    "a destination that nobody can read, and a file",
    [play(rotate(tokens=[entry("ci", GITHUB_SECRET, IN_FILE)], state_file=STATE))],
    {"ci": (ON_GITHUB, "delivered-ci")},
    grace_hours=24,  # GitHub takes effect that late
    can_be_read=True,
    server="github",
)
TO_VAULT = Scenario(
    "a secret in Vault, and a file",
    [play(rotate(tokens=[entry("ci", VAULT_KV, IN_FILE)], state_file=STATE))],
    {"ci": (IN_VAULT, "delivered-ci")},
    can_be_read=True,
    server="vault",
)
TO_KUBERNETES = Scenario(
    "a secret in Kubernetes that is rolled out, and a file",
    [play(rotate(tokens=[entry("ci", KUBERNETES_SECRET, IN_FILE)]))],
    {"ci": (IN_KUBERNETES, IN_PODS, IN_NEW_PODS, "delivered-ci")},
    can_be_read=True,
    server="kubernetes",
)

SCENARIOS = [
    BY_VALUE,
    BY_WORD,
    STATE_FILE,
    GRACE,
    STORE,
    STORE_AND_PLAY,
    TASKS_FILE,
    TARGETS,
    CREDENTIAL,
    CREDENTIAL_AMONG_OTHERS,
    TWO,
    TOLD,
    TO_FILES,
    TO_FILES_WITH_STATE,
    TO_GITHUB,
]
WITH_COLLECTIONS = [TO_VAULT, TO_KUBERNETES]  # what only a controller with the collections of others plays


@dataclasses.dataclass(frozen=True)
class Point:
    """Where to kill: at a request, before a task, or at the replacement of a file; numbers begin with 0.

    `when` is `task` (by number or name), `before`, `after` or `answered` (the effect of a request, and its answer; by number, or
    the first of a call), `unserved` or `served` (a request to the server of a destination), `unwritten` or `written`.
    """

    at: int | str
    when: str = "task"

    def __str__(self) -> str:
        kind = {"task": "", **dict.fromkeys(AT_FILES, " file")}.get(self.when, " request")
        return f"{self.when}{kind} {self.at}"


class World:
    """One scenario, from the day on which its tokens are due."""

    def __init__(
        self, simulator: Simulator, playbooks: Playbooks, scenario: Scenario, server: Server | None = None
    ) -> None:
        self.simulator, self.playbooks, self.scenario, self.server = simulator, playbooks, scenario, server
        for path in playbooks.directory.iterdir():
            if path.is_file():
                path.unlink()
        for token in simulator.tokens:
            if token.name != "main" or token.organization:
                simulator.withdraw(token.name)
        simulator.given(UNMANAGED, organization="acme", age_days=500)
        playbooks.write("password", PASSWORD)
        playbooks.write("own.yml", OWN_FILE)
        playbooks.write(
            "notice.yml", [{"name": "Say how it ended", "ansible.builtin.debug": {"var": "turso_rotate_outcome"}}]
        )
        playbooks.write("hosts.yml", {"web": {"hosts": {"web1": HERE, "web2": HERE}}})
        self.first = {name: self.given(name) for name in scenario.names}
        for name, paths in scenario.held.items():
            for held in paths:
                self.hold(held, self.first[name])
        if scenario.has_vault_file:
            playbooks.write(VAULT, {"turso_secrets": self.first})
            assert playbooks.run("ansible-vault", "encrypt", VAULT, env=self.environment()).ok

    def given(self, name: str) -> str:
        """Have a token that is due, and return its value."""
        return self.simulator.given(name, organization="acme", age_days=120).secret

    def is_accepted(self, value: str) -> bool:
        """Tell whether a value works where its consumers use it."""
        return self.simulator.alive(value)

    def hold(self, where: str, value: str) -> None:
        """Have a consumer hold a value."""
        if self.server and where in self.server.places:
            self.server.hold(where, value)
        else:
            self.playbooks.write(where, f"OTHER=kept\nTOKEN={value}\n" if where == ENV else value)

    def held_at(self, where: str) -> str:
        """Return the value that a consumer holds."""
        if self.server and where in self.server.places:
            return self.server.held_at(where)
        text = (self.playbooks.directory / where).read_text()
        return text.removeprefix("OTHER=kept\nTOKEN=").removesuffix("\n") if where == ENV else text

    @property
    def held_values(self) -> dict[str, str]:
        """Return what all consumers hold, by where."""
        return {where: self.held_at(where) for places in self.scenario.held.values() for where in places}

    def environment(self, point: Point | None = None) -> dict[str, str]:
        env = {
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_VAULT_PASSWORD_FILE": "password",
            "ANSIBLE_INVENTORY": "hosts.yml",
            "KILL_COUNT_FILE": str(self.playbooks.directory / "count"),
            "KILL_REPLACED": str(self.playbooks.directory / "replaced"),
            "PYTHONPATH": str(HOOKS),
        }
        if self.server:
            env |= self.server.environment
        if self.scenario.is_credential:
            (path,) = self.scenario.held[self.scenario.names[-1]]
            env["TURSO_API_TOKEN"] = (self.playbooks.directory / path).read_text()
        if point is not None and point.when == "task":
            env["KILL_BEFORE_TASK"] = str(point.at)
        if point is not None and point.when in AT_FILES:
            env["KILL_AT"] = f"{point.when} {point.at}"
        return env

    def run(self) -> str:
        """Run the rotation to its end and return what it printed."""
        played = self.playbooks.play(list(self.scenario.plays), env=self.environment(), timeout=PATIENCE_SECONDS)
        assert played.ok, played.output
        return played.output

    def run_until(self, point: Point, **env: str) -> str:
        """Run the rotation until it is killed, and return what it printed until then."""
        (self.playbooks.directory / "replaced").unlink(missing_ok=True)
        process = self.playbooks.start(list(self.scenario.plays), env={**self.environment(point), **env})
        rule = None
        if point.when in AT_REQUESTS:
            call, skip = ("*", point.at) if isinstance(point.at, int) else (point.at, 0)
            rule = self.simulator.faults.add(call, faults.Kill(process.pid), when=point.when, skip=skip)
        if self.server and point.when in AT_SERVER:
            kill_at(self.server.proxy, int(point.at), process.pid, is_served=point.when == "served")
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
        self.simulator.faults.clear()
        assert process.returncode == -9, f"not killed {point}: {output}"
        assert rule is None or rule.struck == 1
        return output

    def points(self) -> list[Point]:
        """Run the rotation undisturbed, and return where it could have been killed."""
        self.simulator.reset_log()
        (self.playbooks.directory / "replaced").unlink(missing_ok=True)
        if self.server:
            self.server.proxy.seen.clear()
        self.run()
        counts = {
            AT_REQUESTS: len(self.simulator.requests),
            AT_SERVER: len(self.server.proxy.seen) if self.server else 0,
            AT_FILES: _size(self.playbooks.directory / "replaced"),
            ("task",): int((self.playbooks.directory / "count").read_text()),
        }
        return [Point(number, when) for whens, count in counts.items() for number in range(count) for when in whens]

    # The promises

    def broken_promises(self) -> list[str]:
        """Return what is wrong at once: a value that somebody holds and that is revoked, too many versions, ..."""
        broken = self.rejected() + self.wrong_numbers()
        if UNMANAGED not in [token.name for token in self.simulator.tokens]:
            broken.append("an unmanaged token is revoked")
        return broken

    def rejected(self) -> list[str]:
        """Return which values that somebody holds do not work."""
        held = {f"what {where} holds": value for where, value in self.held_values.items()}
        stored = {f"what the vault file has of {name}": value for name, value in self.stored().items()}
        return [f"{what} is rejected" for what, value in {**held, **stored}.items() if not self.is_accepted(value)]

    def wrong_numbers(self) -> list[str]:
        """Return of which tokens there are too many versions, or none."""
        counts = {name: len(versions(self.simulator, name)) for name in self.scenario.names}
        return [f"{name} has {count} versions" for name, count in counts.items() if not 1 <= count <= MOST_VERSIONS]

    def broken_promises_of_the_next_runs(self) -> list[str]:
        """Run twice more: the first of these leaves one version of each token, the second does nothing."""
        self.simulator.advance(minutes=16)
        self.simulator.reset_log()
        resumes = self.holds_the_newest_value
        self.run()
        broken = self.broken_promises()
        if resumes and any(method == "POST" for method, _path in self.simulator.writes):
            broken.append("another version was issued, although the value of the newest one could be had")
        if self.scenario.grace_hours:
            self.simulator.advance(hours=self.scenario.grace_hours)
            self.run()
        for name in self.scenario.names:
            if len(versions(self.simulator, name)) != 1:
                broken.append(f"{name} has {len(versions(self.simulator, name))} versions after the next run")
        self.simulator.reset_log()
        output = self.run()
        if re.search(r"changed=[1-9]", output) or self.simulator.writes:
            broken.append("the run after the next one changes something")
        return broken + self.broken_promises()

    @property
    def holds_the_newest_value(self) -> bool:
        """Tell whether the vault file, or a consumer that can be read, holds what the killed run issued."""
        stored = self.stored()
        if self.scenario.can_be_read:
            newest = {versions(self.simulator, name)[-1] for name in self.scenario.names}
            readable = {value for where, value in self.held_values.items() if where != ON_GITHUB}
            return bool(newest & {self.names_by_secret.get(value) for value in readable - set(self.first.values())})
        return (
            bool(stored)
            and not stored.items() & self.first.items()
            and all(self.names_by_secret.get(stored[name]) == versions(self.simulator, name)[-1] for name in stored)
        )

    def stored(self) -> dict[str, str]:
        """Return the values in the vault file, which is there as a whole."""
        if not self.scenario.has_vault_file:
            return {}
        viewed = self.playbooks.run("ansible-vault", "view", VAULT, env=self.environment())
        assert viewed.ok, viewed.output
        kept: dict[str, str] = yaml.safe_load(viewed.output)["turso_secrets"]
        return kept

    @property
    def names_by_secret(self) -> dict[str, str]:
        return {token.secret: token.name for token in self.simulator.tokens}

    def left(self) -> str:
        """Return what a kill left, without what differs from run to run: two kills that leave the same go on alike."""
        numbers = {name: f"{index}" for index, name in enumerate(sorted(token.name for token in self.simulator.tokens))}
        named = {secret: numbers[name] for secret, name in self.names_by_secret.items()}
        held = {where: named.get(value) for where, value in self.held_values.items()}
        stored = {name: named.get(secret) for name, secret in self.stored().items()}
        path = self.playbooks.directory / STATE
        state = json.loads(path.read_text()) if path.exists() else {}
        managed = [(number, STAMP.sub("", name)) for name, number in numbers.items()]
        return json.dumps([managed, held, stored, _without_times(state, numbers)], sort_keys=True)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _without_times(part: Any, numbers: dict[str, str]) -> Any:
    """Return a part of a state file with versions by their number, and without times and processes."""
    if isinstance(part, dict):
        return {
            key: _without_times(value, numbers)
            for key, value in part.items()
            if key not in {"id", "at", "since", "issued_at", "confirmed_at", "pid", "started", "boot_id", "events"}
        }
    if isinstance(part, list):
        return [_without_times(value, numbers) for value in part]
    return numbers.get(part, part) if isinstance(part, str) else part
