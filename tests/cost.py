# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say what the tests cost in seconds of a processor, which a machine that has other things to do changes little.

    python -m pytest -p tests.cost tests/role

ends with a table of folders and one of the dearest tests. What a test starts counts once it has ended; most of it is
ansible-playbook, whose runs are counted too. COST_FILE names a file that gets a line of JSON as each test ends.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

DEAREST = 30

_plays = 0


@dataclass(frozen=True)
class Cost:
    """What was used by one test, or by many."""

    own: float = 0  # seconds, of this process
    started: float = 0  # seconds, of what it started
    plays: int = 0
    tests: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.own + other.own,
            self.started + other.started,
            self.plays + other.plays,
            self.tests + other.tests,
        )

    def __sub__(self, other: Cost) -> Cost:
        return self + Cost(-other.own, -other.started, -other.plays, -other.tests)

    @property
    def seconds(self) -> float:
        return self.own + self.started

    def __str__(self) -> str:
        return f"{self.seconds:8.1f} {self.own:8.1f} {self.started:8.1f} {self.plays:6} {self.tests:6}"


HEAD = f"{'seconds':>8} {'own':>8} {'started':>8} {'plays':>6} {'tests':>6}"


def _count(event: str, arguments: tuple[Any, ...]) -> None:
    global _plays  # noqa: PLW0603
    if event == "subprocess.Popen" and any("ansible-playbook" in str(word) for word in arguments[1]):
        _plays += 1


sys.addaudithook(_count)


def _now() -> Cost:
    own, started = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return Cost(own.ru_utime + own.ru_stime, started.ru_utime + started.ru_stime, _plays, 0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    item.stash[_began] = _now()
    return (yield)


_began = pytest.StashKey[Cost]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    if call.when == "teardown":
        cost = _now() - item.stash[_began]
        item.user_properties.append(("cost", [cost.own, cost.started, cost.plays]))
        if "COST_FILE" in os.environ:  # at once: a run may be ended
            with Path(os.environ["COST_FILE"]).open("a") as file:
                file.write(json.dumps({"test": item.nodeid, **vars(cost)}) + "\n")
    return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    costs = dict(_costs(terminalreporter))
    folders: dict[str, Cost] = defaultdict(Cost)
    for test, cost in costs.items():
        folders["/".join(test.split("::", 1)[0].split("/")[:-1])] += cost
    terminalreporter.write_line(HEAD)
    for folder, cost in sorted(folders.items(), key=lambda item: -item[1].seconds):
        terminalreporter.write_line(f"{cost} {folder}")
    terminalreporter.write_line(f"{sum(costs.values(), Cost())} all")
    for test, cost in sorted(costs.items(), key=lambda item: -item[1].seconds)[:DEAREST]:
        terminalreporter.write_line(f"{cost} {test}")


def _costs(terminalreporter: pytest.TerminalReporter) -> Iterator[tuple[str, Cost]]:
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == "cost" and report.when == "teardown":
                    own, started, plays = value
                    yield report.nodeid, Cost(own, started, plays, 1)
