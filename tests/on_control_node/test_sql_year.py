# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Four hundred days of a rotation file with an API token and SQL tokens, with consumers that use the databases all the time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.on_control_node.runs import Run, Runs
from tests.simulator import Simulator

DAYS = 400
NOON = 12
STORED = {"to": "vault_file", "takes_effect_hours": 24}
OURS = "community.turso/"
QUERY = {"requests": [{"type": "execute", "stmt": {"sql": "SELECT 1"}}, {"type": "close"}]}


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
    """Applications that use their value at every hour that they are asked to, at noon by a query of the database itself.

    `each` read their value at each use; `at_start` once, and again only where the delivery restarts them.
    """

    def __init__(self, runs: Runs, shop: HTTPConnection) -> None:
        self._runs, self._shop, self._at_start = runs, shop, dict[str, str]()
        runs.places.on_delivery = self._restarted
        self.queries = 0
        self.refused: list[str] = []

    def _restarted(self, address: str) -> None:
        self._at_start[address] = self._runs.places.held[address]

    def use(self, day: int, hour: int) -> None:
        held, simulator = self._runs.places.held, self._runs.simulator
        for address in held:
            for value in {held[address], self._at_start[address]}:
                if address == "/ci":
                    is_let_in = simulator.alive(value)
                elif hour == NOON:
                    is_let_in = self._is_answered(value)
                else:
                    is_let_in = simulator.lets_in(value, "shop")
                if not is_let_in:
                    self.refused.append(f"{address} on day {day} at {hour}")

    def _is_answered(self, value: str) -> bool:
        """Ask the data plane, as an application does: what keeps the control node out lets it in."""
        headers = {"Authorization": f"Bearer {value}", "User-Agent": "shop/1.0"}
        self._shop.request("POST", "/v2/pipeline", json.dumps(QUERY), headers)
        with self._shop.getresponse() as response:
            answer = response.read()
        self.queries += 1
        return response.status == 200 and json.loads(answer)["results"][0]["type"] == "ok"


@pytest.fixture
def runs(simulator: Simulator, waits: list[float], tmp_path: Path) -> Runs:
    simulator.add_database("shop")
    return Runs(simulator, tmp_path, *ENTRIES, state_file=str(tmp_path / "state.json"))


@pytest.fixture
def consumers(runs: Runs) -> Iterator[Consumers]:
    with closing(HTTPConnection(runs.simulator.database("shop").hostname.removeprefix("http://"))) as shop:
        yield Consumers(runs, shop)


def _live(runs: Runs, consumers: Consumers, every: int, troubles: dict[str, tuple[int, int]]) -> list[tuple[int, Run]]:
    """Live through the days with a run every so many of them.

    :param troubles: the first day of each and the day on which it is over.
    """
    seen, backup = [], b""
    for day in range(DAYS):
        runs.places.down = {"/shop"} if _is_on(troubles, "destination", day) else set()
        runs.simulator.database("shop").keeps_out = OURS if _is_on(troubles, "data plane", day) else ""
        if day == troubles.get("restored", (-1, 0))[0]:
            backup = runs.vault_file.read_bytes()
        if day == troubles.get("restored", (0, -1))[1]:
            runs.vault_file.write_bytes(backup)
        if day % every == 0:
            seen.append((day, runs.run()))
            runs.simulator.advance(minutes=1)  # what a run takes; 90 days on, its token is 90 days old
        for hour in (0, 6, NOON, 18):
            consumers.use(day, hour)
            runs.simulator.advance(hours=6)
    return seen


def _is_on(troubles: dict[str, tuple[int, int]], what: str, day: int) -> bool:
    first, over = troubles.get(what, (0, 0))
    return first <= day < over


@pytest.mark.one_core
@pytest.mark.parametrize("every", [1, 30], ids=["daily", "every 30 days"])
def test_no_call_is_refused_in_four_hundred_days(runs: Runs, consumers: Consumers, every: int) -> None:
    """A destination fails for 20 days when the token is due, the database cannot be reached from here for 20 days when it is due
    again, and a vault file is restored that is older than the last renewal.
    """
    troubles = {"destination": (58, 78), "data plane": (115, 135), "restored": (170, 200)}
    seen = _live(runs, consumers, every, troubles)
    assert consumers.refused == []
    assert consumers.queries >= DAYS * len(["/shop", "ALL", "/all"])
    minted = runs.simulator.minted
    of_shop = sum(token.database == "shop" for token in minted)
    counts = {"shop": of_shop, "all": len(minted) - of_shop}
    red = [day for day, run in seen if not run.ok]
    of_day = dict(seen)
    if every == 1:
        assert counts == {"shop": 8, "all": 7}
        in_trouble = [day for day in red if any(first <= day <= over for first, over in troubles.values())]
        assert red == in_trouble
        assert set(red) >= {*range(60, 78), *range(120, 135)}  # a deadline that nears is told by every run
        assert "16 runs failed" in of_day[75].report["shop"]["msg"]
        assert of_day[78].report["shop"]["reason"] == "unfinished"
        assert (of_day[200].report["all"]["reason"], of_day[200].report["shop"]["reason"]) == ("lost", None)
        return
    # Each of the 14 runs renews, but the one that cannot try the token in use. What was not taken is given again, or replaced.
    assert counts == {"shop": 13, "all": 13}
    assert red == [60, 120]
    # What was restored had been renewed since; a SQL token is due at every run of such a schedule, lost or not.
    assert _reasons(of_day[180]) == {"ci": "aged", "shop": "expiring", "all": "expiring"}
    assert _reasons(of_day[210]) == {"ci": "lost", "shop": "expiring", "all": "expiring"}


def _reasons(run: Run) -> dict[str, Any]:
    return {name: entry["reason"] for name, entry in run.report.items()}
