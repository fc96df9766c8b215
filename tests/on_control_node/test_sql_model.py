# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A database's token through all troubles at once, which Hypothesis shuffles: no call of a consumer is ever refused.

Runs a day, a week or a month apart on one or two control nodes, that share their files or have their own; runs that end anywhere,
or are overtaken by a run of the other node; destinations, the API and the data plane that fail. Nothing is revoked and everything
ends by itself, so what is checked is time: no trouble lasts longer than the schedule has runs to spare.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.on_control_node.runs import Places, Run, Runs
from tests.playbooks import heavy
from tests.simulator import Simulator, faults

OURS = "community.turso/"
TAKES_EFFECT = datetime.timedelta(hours=24)
PENDING_MINUTES = 15
MINTED = 3  # the place, from the first check of a destination, where a run has usually minted
RUNS = 20
FILES = ("/a", "/b")
BLIND = "github"


def into(path: str) -> dict[str, Any]:
    return {"to": "file", "path": path, "takes_effect_hours": 24}


STORED = {"to": "vault_file", "takes_effect_hours": 24}
GITHUB = {"to": "github_secret", "repository": "acme/shop", "name": "TOKEN", "takes_effect_hours": 24}
DELIVERIES = {  # which need a state file
    False: ([into("/a")], [into("/a"), into("/b")], [STORED], [into("/a"), STORED]),
    True: ([GITHUB], [GITHUB, into("/a")], [GITHUB, STORED], [into("/a"), into("/b")], [into("/a"), STORED]),
}
NONE, SHARED, OWN = "one control node", "two that share their files", "two with files of their own"


@dataclasses.dataclass(frozen=True)
class Schedule:
    """How far apart the runs of a control node are, how long a token lasts, and how many runs in a row may be in vain."""

    days: int
    expires_in: str
    renew_before: str
    spare: int

    @property
    def lasts_days(self) -> int:
        return int(self.expires_in.removesuffix("d"))


# A token that becomes due just after a run is found due by the next. Those of a month need the state file, which knows of the pauses.
DAILY, WEEKLY, MONTHLY = Schedule(1, "8d", "4d", 2), Schedule(7, "42d", "21d", 1), Schedule(30, "90d", "30d", 1)


@dataclasses.dataclass(frozen=True)
class Setting:
    schedule: Schedule
    deliver: list[dict[str, Any]]
    has_state_file: bool
    nodes: str


@st.composite
def settings_of_life(draw: st.DrawFn) -> Setting:
    has_state_file = draw(st.booleans())
    schedules = [DAILY, WEEKLY, MONTHLY] if has_state_file else [DAILY, WEEKLY]
    return Setting(
        draw(st.sampled_from(schedules)),
        draw(st.sampled_from(DELIVERIES[has_state_file])),
        has_state_file,
        draw(st.sampled_from([SHARED, NONE, OWN, SHARED])),
    )


FINE, KILLED, OVERTAKEN, DOWN, DARK, API, PLANE = "fine", "killed", "overtaken", "down", "dark", "API", "data plane"
# What happens to a run that finds something due, and where: by the number of the place, or of the destination.
TROUBLES = st.tuples(
    st.sampled_from([FINE, KILLED, KILLED, OVERTAKEN, OVERTAKEN, DOWN, DARK, API, PLANE]), st.integers(0, 11)
)


class Killed(Exception):
    """The end of a run, as a power cut would have it."""


class Life:
    """Everything around the entry `shop`."""

    def __init__(self, simulator: Simulator, folder: Path, setting: Setting) -> None:
        self.simulator, self.setting = simulator, setting
        simulator.add_database("shop")
        entry = {"name": "shop", "kind": "sql", "organization": "acme", "database": "shop", "deliver": setting.deliver}
        entry |= {"expires_in": setting.schedule.expires_in, "renew_before": setting.schedule.renew_before}
        self.places = Places()
        self.places.on_delivery = self._delivered
        self.nodes = [self._node(folder / name, entry) for name in self._folders()]
        self.in_vain = [0] * self.memories  # runs in a row; those of nodes that share their files are one schedule
        self.count_in_vain = self.overtaken = 0
        self.at_start: dict[str, str] = {}  # what consumers that read at their start have, by address
        self.restart_by: dict[str, datetime.datetime] = {}
        self.begun = simulator.clock.now()
        self._read: tuple[bytes, str] = (b"", "")

    def _folders(self) -> list[str]:
        return {NONE: ["east"], SHARED: ["east", "east"], OWN: ["east", "west"]}[self.setting.nodes]

    def _node(self, folder: Path, entry: dict[str, Any]) -> Runs:
        folder.mkdir(exist_ok=True)
        args = {"state_file": str(folder / "state.json")} if self.setting.has_state_file else {}
        runs = Runs(self.simulator, folder, entry, vault=STORED in self.setting.deliver, **args)
        runs.places = self.places
        return runs

    @property
    def memories(self) -> int:
        return len(set(self._folders()))

    def must_not_mint(self, trouble: str) -> bool:
        """Tell whether a token would be minted for nothing."""
        if trouble == DARK:
            return not self.setting.has_state_file and self.setting.deliver == [into("/a")]
        return trouble in {API, PLANE}

    @property
    def shares_the_state_file(self) -> bool:
        return self.setting.has_state_file and self.setting.nodes == SHARED

    # Consumers

    def _delivered(self, address: str) -> None:
        """One of them is restarted by its delivery, the others are as late as takes_effect_hours says."""
        if address == FILES[1]:
            self.at_start[address] = self.places.held[address]
        else:
            self.restart_by.setdefault(address, self.simulator.clock.now() + TAKES_EFFECT)

    def use(self) -> None:
        """Have every consumer use the database, the one that reads each time and the one that has read at its start."""
        for address, until in list(self.restart_by.items()):
            if until <= self.simulator.clock.now():
                self.at_start[address] = self.places.held[address]
                del self.restart_by[address]
        values = {**self.places.held, **{f"{address}, since its start": it for address, it in self.at_start.items()}}
        values |= {f"the vault file in {node.vault_file.parent.name}": self._stored(node) for node in self.nodes}
        refused = [where for where, value in values.items() if value and not self.simulator.lets_in(value, "shop")]
        assert refused == [], f"refused after {self.simulator.clock.now() - self.begun}"

    def _stored(self, node: Runs) -> str:
        if not node.vault_file.exists():
            return ""
        return node.stored()["shop"]

    def pass_time(self, days: float) -> None:
        for _part in range(4):
            self.use()
            self.simulator.advance(days=days / 4)
        self.use()

    # Runs

    def run(self, number: int, trouble: str = FINE, where: int = 0) -> None:
        """Run on a node, which has no trouble where its runs may not be in vain any more."""
        node, memory = self.nodes[number], number % self.memories
        if self.in_vain[memory] == self.setting.schedule.spare or not self.simulator.minted:
            trouble = FINE
        self.minted_before = len(self.simulator.minted)
        try:
            run = self._in_trouble(node, number, trouble, where)
        except Killed:
            run = None
        finally:
            node.at = lambda _what: None
            self.places.down, self.places.dark = set(), set()
            self.simulator.faults.clear()
            self.simulator.database("shop").keeps_out = ""
        if self.must_not_mint(trouble):
            assert len(self.simulator.minted) == self.minted_before, "minted what could not be tried, or need not be"
        is_in_vain = run is None or not run.ok
        assert trouble != FINE or not is_in_vain, run
        self.in_vain[memory] = self.in_vain[memory] + 1 if is_in_vain else 0
        self.count_in_vain += is_in_vain

    def _in_trouble(self, node: Runs, number: int, trouble: str, where: int) -> Run:
        addresses = sorted(self.places.held)
        one = {addresses[where % len(addresses)]} if addresses else set()
        if trouble == DOWN:
            self.places.down = one
        if trouble == DARK:
            self.places.dark = one
        if trouble == API:
            self.simulator.faults.add("* /v1/*", faults.Status(500), times=None)
        if trouble == PLANE:
            self.simulator.database("shop").keeps_out = OURS
        if trouble == KILLED:
            node.at = Point(self.simulator, where, self._kill)
        if trouble == OVERTAKEN and len(self.nodes) == 2:
            node.at = Point(
                self.simulator, where // 2, lambda: self._overtake(1 - number, minutes=1 + 39 * (where % 2))
            )
        return node.run()

    @staticmethod
    def _kill() -> None:
        raise Killed

    def _overtake(self, number: int, *, minutes: int) -> None:
        """Have a whole run of the other node come between; after 40 minutes it no longer leaves a pending token to this one."""
        self.overtaken += 1
        self.simulator.advance(minutes=minutes)
        before = len(self.simulator.minted)
        self.nodes[number].run()
        is_left_to_the_other = before > self.minted_before and minutes < PENDING_MINUTES and self.shares_the_state_file
        assert not is_left_to_the_other or len(self.simulator.minted) == before, "minted what the other run delivers"


class Point:
    """Does something once, at the n-th place of a run from where it has found something due."""

    def __init__(self, simulator: Simulator, number: int, what: Callable[[], None]) -> None:
        self._simulator, self._left, self._what = simulator, number, what
        self._minted, self._is_due = len(simulator.minted), False

    def __call__(self, place: str) -> None:
        self._is_due = self._is_due or place.endswith("_check") or len(self._simulator.minted) > self._minted
        self._left -= self._is_due
        if self._left == -1:
            self._left -= 1
            self._what()


def lived(life: Life, troubles: list[tuple[str, int]]) -> None:
    apart = life.setting.schedule.days / len(life.nodes)
    for turn, (trouble, where) in enumerate(troubles):
        life.run(turn % len(life.nodes), trouble, where)
        life.pass_time(apart)


@pytest.fixture(autouse=True)
def _nothing_is_synced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)  # nobody cuts the power of this machine


@pytest.mark.one_core
@pytest.mark.parametrize("lives", [15, pytest.param(200, marks=heavy)])
def test_no_call_is_refused_whatever_happens(waits: list[float], lives: int) -> None:
    @settings(
        max_examples=lives,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # a life is too long to be made shorter
        suppress_health_check=list(HealthCheck),
    )
    @given(setting=settings_of_life(), troubles=st.lists(TROUBLES, min_size=RUNS, max_size=RUNS))
    def live(setting: Setting, troubles: list[tuple[str, int]]) -> None:
        with Simulator() as simulator, tempfile.TemporaryDirectory() as folder:
            life = Life(simulator, Path(folder), setting)
            lived(life, troubles)
            days = (simulator.clock.now() - life.begun).days
            most = life.memories * (1 + days * 3 / setting.schedule.lasts_days) + life.count_in_vain + life.overtaken
            assert len(simulator.minted) <= most, "more tokens than its time asks for"
            for number in range(len(life.nodes)):
                life.run(number)
                simulator.advance(minutes=16)
                simulator.reset_log()
                life.run(number)
                assert simulator.writes == [], "the run after the next one changes something"

    live()
