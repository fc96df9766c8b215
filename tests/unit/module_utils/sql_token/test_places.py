# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What leaked tokens are for is found by one list, and groups are looked up only where a token is for one."""

from __future__ import annotations

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.claims import Claims
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import SqlTokens
from ansible_collections.community.turso.plugins.module_utils._sql_token.places import places_of
from tests.simulator import Simulator, faults

LIST = "/v1/organizations/acme/databases"
GROUPS = "/v1/organizations/acme/groups"
BOTH = [f"{GROUPS}/default", f"{GROUPS}/production"]
OF_DATABASE = Claims("sql", database_id="d")
OF_GROUP = Claims("sql", group_id="g")


@pytest.fixture(autouse=True)
def _databases(simulator: Simulator) -> None:
    simulator.add_database("shop", group="default")
    simulator.add_database("p", group="production")


WANTED = {
    "none": ([], []),
    "a database's": ([OF_DATABASE], []),
    "a group's": ([OF_GROUP], BOTH),
    "both": ([OF_DATABASE, OF_GROUP], BOTH),
}


@pytest.mark.parametrize(("wanted", "groups"), WANTED.values(), ids=WANTED)
def test_groups_are_looked_up_only_where_a_token_is_for_one(
    simulator: Simulator, sql: SqlTokens, wanted: list[Claims], groups: list[str]
) -> None:
    places = places_of(sql, "acme", wanted)
    assert [request.path for request in simulator.requests] == [LIST, *groups]
    found = [name for name in ("shop", "p") if places.of(Claims("sql", database_id=simulator.database(name).id))]
    assert found == ["shop", "p"]
    of_group = places.of(Claims("sql", group_id=simulator.group_id("production")))
    assert (of_group is not None and of_group.databases) == (("p",) if groups else False)


def test_a_group_that_is_out_of_reach_hides_no_other(simulator: Simulator, sql: SqlTokens) -> None:
    simulator.faults.add(f"GET {BOTH[0]}", faults.Status(403), times=None)
    places = places_of(sql, "acme", [OF_GROUP])
    assert [level for level, _id in places.found].count("group") == 1
