# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An endless token is ended over a bridge, as docs/database-tokens.md says: a token of the group carries the application meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.on_control_node.runs import Runs
from tests.simulator import Simulator


@pytest.mark.parametrize("carries", [True, False], ids=["the bridge carries", "the bridge is ended, too"])
def test_over_a_bridge(simulator: Simulator, waits: list[float], tmp_path: Path, *, carries: bool) -> None:
    simulator.behave(database_rotate_kills_group=not carries)
    simulator.add_database("shop")
    endless = simulator.given_sql(database="shop", age_days=400).secret
    deliver = [{"to": "file", "path": "/shop", "takes_effect_hours": 0}]
    of_database: dict[str, Any] = {"name": "shop-app", "kind": "sql", "organization": "acme", "database": "shop"}
    bridge = {"name": "shop-app", "kind": "sql", "organization": "acme", "group": "default", "expires_in": "7d"}
    runs = Runs(simulator, tmp_path, vault=False, state_file=str(tmp_path / "state.json"))
    runs.places.held["/shop"] = endless

    def run(entry: dict[str, Any]) -> tuple[str | None, str]:
        simulator.advance(minutes=20)
        ran = runs.run(tokens=[{**entry, "deliver": deliver}])
        assert ran.ok
        report = ran.report["shop-app"]
        return report["reason"], report["probed"]

    assert run(of_database) == ("endless", "accepted")
    assert run(bridge) == ("foreign", "accepted")
    simulator.invalidate(database="shop")
    assert not simulator.lets_in(endless, "shop")
    assert simulator.lets_in(runs.places.held["/shop"], "shop") is carries
    assert run(bridge) == ((None, "accepted") if carries else ("dead", "accepted"))
    assert run(of_database) == ("foreign", "accepted")
    assert simulator.lets_in(runs.places.held["/shop"], "shop")
    simulator.advance(days=8)
    assert run(of_database)[0] is None
