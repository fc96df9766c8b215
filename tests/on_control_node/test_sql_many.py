# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two hundred SQL tokens in one rotation file: as many tasks and lists as for a few, and one request more for each that is minted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.on_control_node.runs import Runs
from tests.simulator import Simulator

MANY = 200
AT_ONCE = 8


@pytest.mark.one_core
def test_two_hundred_entries_are_one_task_of_the_module(
    simulator: Simulator, waits: list[float], tmp_path: Path
) -> None:
    names = [f"shop-{number}" for number in range(MANY)]
    for name in names:
        simulator.add_database(name)
    entries = [
        {
            "name": name,
            "kind": "sql",
            "organization": "acme",
            "database": name,
            "deliver": [{"to": "file", "path": f"/{name}", "takes_effect_hours": 0}],
        }
        for name in names
    ]
    runs = Runs(simulator, tmp_path, *entries, vault=False, state_file=str(tmp_path / "state.json"), validate=False)
    places: Counter[str] = Counter()
    runs.at = lambda place: places.update([place])

    first = runs.run()
    assert first.ok
    before_and_after = 2
    plan, issue, commit = 1, 1, 1
    assert places["module"] == before_and_after * (plan + issue + commit)
    assert Counter(request.call for request in simulator.requests) == {"databases": plan + issue, "mint": MANY}
    assert 1 < simulator.max_concurrent <= AT_ONCE
    assert all(simulator.lets_in(runs.places.held[f"/{name}"], name) for name in names)

    places.clear()
    simulator.reset_log()
    again = runs.run()
    assert {entry["action"] for entry in again.report.values()} == {"unchanged"}
    assert places["module"] == before_and_after * plan
    assert [request.call for request in simulator.requests] == ["databases"]
