# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Four hundred days of a rotation file with an API token and SQL tokens, with consumers that use the databases all the time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.on_control_node.runs import Run, Runs
from tests.simulator import Simulator

DAYS = 400
STORED = {"to": "vault_file", "takes_effect_hours": 24}
OURS = "community.turso/"


def into(path: str) -> dict[str, Any]:
    return {"to": "file", "path": path, "takes_effect_hours": 24}


def secret(name: str) -> dict[str, Any]:
    return {"to": "github_secret", "repository": "acme/shop", "name": name, "takes_effect_hours": 24}


ENTRIES = (
    {"name": "ci", "organization": "acme", "deliver": [into("/ci"), STORED]},
    {"name": "shop", "kind": "sql", "organization": "acme", "database": "shop", "deliver": [into("/shop"), STORED]},
    {
        "name": "all",
        "kind": "sql",
        "organization": "acme",
        "group": "default",
        "deliver": [secret("ALL"), into("/all")],
    },
)


class Consumers:
    """Applications that use a database at every hour that they are asked to.

    `each` read their value at each use; `at_start` once, and again only where the delivery restarts them.
    """

    def __init__(self, runs: Runs) -> None:
        self._runs, self._at_start = runs, dict[str, str]()
        runs.places.on_delivery = self._restarted
        self.refused: list[str] = []

    def _restarted(self, address: str) -> None:
        self._at_start[address] = self._runs.places.held[address]

    def use(self, when: str) -> None:
        places, simulator = self._runs.places, self._runs.simulator
        for address in places.held:
            for value in (places.held[address], self._at_start[address]):
                is_api = address == "/ci"
                is_let_in = simulator.alive(value) if is_api else simulator.lets_in(value, "shop")
                if not is_let_in:
                    self.refused.append(f"{address} {when}")


@pytest.fixture
def runs(simulator: Simulator, waits: list[float], tmp_path: Path) -> Runs:
    simulator.add_database("shop")
    return Runs(simulator, tmp_path, *ENTRIES, state_file=str(tmp_path / "state.json"))


def _live(runs: Runs, every: int, troubles: dict[str, tuple[int, int]]) -> tuple[list[tuple[int, Run]], Consumers]:
    """Live through the days with a run every so many of them.

    :param troubles: the first day of each and the day on which it is over.
    """
    consumers, seen, backup = Consumers(runs), [], b""
    for day in range(DAYS):
        runs.places.down = {"/shop"} if _is_on(troubles, "destination", day) else set()
        runs.simulator.database("shop").keeps_out = OURS if _is_on(troubles, "data plane", day) else ""
        if day == troubles.get("restored", (-1, 0))[0]:
            backup = runs.vault_file.read_bytes()
        if day == troubles.get("restored", (0, -1))[1]:
            runs.vault_file.write_bytes(backup)
        if day % every == 0:
            seen.append((day, runs.run()))
        for hour in (0, 6, 12, 18):
            consumers.use(f"on day {day} at {hour}")
            runs.simulator.advance(hours=6)
    return seen, consumers


def _is_on(troubles: dict[str, tuple[int, int]], what: str, day: int) -> bool:
    first, over = troubles.get(what, (0, 0))
    return first <= day < over


@pytest.mark.one_core
@pytest.mark.parametrize(
    ("every", "most"), [(1, {"shop": 8, "all": 9}), (30, {"shop": 14, "all": 14})], ids=["daily", "every 30 days"]
)
def test_no_call_is_refused_in_four_hundred_days(runs: Runs, every: int, most: dict[str, int]) -> None:
    """A destination fails for 20 days when the token is due, the database cannot be reached from here for 20 days when it is due
    again, and a vault file is restored that is older than the last renewal.
    """
    troubles = {"destination": (58, 78), "data plane": (115, 135), "restored": (170, 200)}
    seen, consumers = _live(runs, every, troubles)
    assert consumers.refused == []
    minted = runs.simulator.minted
    of_shop = sum(token.database == "shop" for token in minted)
    counts = {"shop": of_shop, "all": len(minted) - of_shop}
    assert all(counts[name] <= most[name] for name in most), counts
    red = [day for day, run in seen if not run.ok]
    in_trouble = [day for day in red if any(first <= day <= over for first, over in troubles.values())]
    assert red == in_trouble
    if every > 1:
        return
    of_day = dict(seen)
    assert set(red) >= {*range(60, 78), *range(120, 135)}  # a deadline that nears is told by every run
    assert "16 runs failed" in of_day[75].report["shop"]["msg"]
    assert of_day[78].report["shop"]["reason"] == "unfinished"
    assert (of_day[200].report["all"]["reason"], of_day[200].report["shop"]["reason"]) == ("lost", None)
