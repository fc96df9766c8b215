# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Databases and groups are looked up once each, or by one list where many tokens share an organization."""

from __future__ import annotations

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Name, SqlTokens, Target
from ansible_collections.community.turso.plugins.module_utils._errors import ApiError, Forbidden, NotFound, TursoError
from ansible_collections.community.turso.plugins.module_utils._sql_token.look_up import MOST_SINGLE, Known, look_up
from tests.simulator import Simulator, faults

LIST = "/v1/organizations/acme/databases"
GROUPS = "/v1/organizations/acme/groups"


def databases(count: int) -> list[Name]:
    return [Name("acme", "database", f"d{number}") for number in range(count)]


@pytest.fixture
def many(simulator: Simulator) -> list[Name]:
    names = databases(MOST_SINGLE + 1)
    for name in names:
        simulator.add_database(name.name)
    return names


def ids(known: Known) -> dict[str, str]:
    return {name.name: found[0].id for name, found in known.items() if not isinstance(found, TursoError)}


def page_of(simulator: Simulator, count: int) -> faults.Fault:
    """Return the answer of an API that says that its list goes on, and not where."""
    listed = [simulator.database(f"d{number}") for number in range(count)]
    entries = [{"Name": each.name, "DbId": each.id, "Hostname": each.hostname, "group": each.group} for each in listed]
    return faults.Status(200, {"databases": entries, "has_more": True})


def asked(simulator: Simulator) -> list[tuple[str, dict[str, str]]]:
    return [(request.path, request.query) for request in simulator.requests]


def test_few_are_looked_up_one_by_one_and_each_once(simulator: Simulator, sql: SqlTokens, many: list[Name]) -> None:
    names = [*many[:2], *many[:1]] * 6
    assert len(names) < MOST_SINGLE
    assert set(ids(look_up(sql, names))) == {"d0", "d1"}
    assert asked(simulator) == [(f"{LIST}/d0", {}), (f"{LIST}/d1", {})]


def test_many_are_looked_up_by_one_list(simulator: Simulator, sql: SqlTokens, many: list[Name]) -> None:
    known = look_up(sql, many, concurrency=4)
    assert ids(known) == {name.name: simulator.database(name.name).id for name in many}
    assert asked(simulator) == [(LIST, {})]
    found = known[many[0]]
    assert not isinstance(found, TursoError)
    target, clock = found
    assert target == Target(many[0], simulator.database("d0").id, (simulator.database("d0").hostname,))
    assert clock.is_told


def test_as_many_as_one_by_one_is_worth_are_not_listed(simulator: Simulator, sql: SqlTokens, many: list[Name]) -> None:
    look_up(sql, many[:MOST_SINGLE])
    assert len(asked(simulator)) == MOST_SINGLE


def test_each_organization_is_counted_by_itself(simulator: Simulator, sql: SqlTokens, many: list[Name]) -> None:
    simulator.add_organization("other", ["default"])
    simulator.add_database("d0", organization="other")
    known = look_up(sql, [*many, Name("other", "database", "d0")])
    assert len(known) == len(many) + 1
    assert asked(simulator) == [(LIST, {}), ("/v1/organizations/other/databases/d0", {})]


def test_what_a_list_does_not_show_is_asked_for_by_name(simulator: Simulator, sql: SqlTokens, many: list[Name]) -> None:
    simulator.faults.add("databases", page_of(simulator, MOST_SINGLE), times=None)
    missing = Name("acme", "database", "nowhere")
    known = look_up(sql, [*many, missing])
    assert len(ids(known)) == len(many)
    assert isinstance(known[missing], NotFound)
    assert asked(simulator) == [(LIST, {}), (f"{LIST}/d{MOST_SINGLE}", {}), (f"{LIST}/nowhere", {})]


def test_what_may_not_be_listed_may_be_looked_up(simulator: Simulator, sql: SqlTokens, many: list[Name]) -> None:
    simulator.faults.add("databases", faults.Status(403))
    assert len(ids(look_up(sql, many))) == len(many)


def test_a_list_that_fails_is_not_followed_by_hundreds_of_requests(
    simulator: Simulator, sql: SqlTokens, many: list[Name]
) -> None:
    simulator.faults.add("databases", faults.Status(500), times=None)
    known = look_up(sql, many)
    assert all(isinstance(found, ApiError) for found in known.values())
    assert {path for path, _query in asked(simulator)} == {LIST}


def test_one_that_is_not_there_stops_no_other(sql: SqlTokens, many: list[Name]) -> None:
    missing = Name("acme", "database", "nowhere")
    known = look_up(sql, [missing, many[0]])
    assert isinstance(known[missing], NotFound)
    assert list(ids(known)) == ["d0"]


GROUP = Name("acme", "group", "production")


@pytest.mark.parametrize(("with_hosts", "hosts"), [(True, 3), (False, 0)], ids=["to try tokens", "without"])
def test_a_group_is_looked_up_with_a_few_of_its_databases(
    simulator: Simulator, sql: SqlTokens, with_hosts: bool, hosts: int
) -> None:
    made = [simulator.add_database(f"p{number}", group="production") for number in range(4)]
    found = look_up(sql, [GROUP], with_hosts=with_hosts)[GROUP]
    assert not isinstance(found, TursoError)
    assert found[0] == Target(GROUP, simulator.group_id("production"), tuple(each.hostname for each in made[:hosts]))
    assert asked(simulator) == [(f"{GROUPS}/production", {}), (LIST, {"group": "production"})][: 1 + with_hosts]


def test_an_empty_group_has_no_hosts(sql: SqlTokens) -> None:
    found = look_up(sql, [GROUP])[GROUP]
    assert not isinstance(found, TursoError)
    assert found[0].hostnames == ()


@pytest.mark.parametrize("is_cut", [False, True], ids=["in the list", "beyond what the list shows"])
def test_the_databases_of_a_group_are_taken_from_the_list_of_all(
    simulator: Simulator, sql: SqlTokens, many: list[Name], is_cut: bool
) -> None:
    made = simulator.add_database("p", group="production")
    if is_cut:
        simulator.faults.add("databases", page_of(simulator, MOST_SINGLE), times=1)
    found = look_up(sql, [*many[:MOST_SINGLE], GROUP])[GROUP]
    assert not isinstance(found, TursoError)
    assert found[0].hostnames == (made.hostname,)
    assert asked(simulator) == [
        (LIST, {}),
        (f"{GROUPS}/production", {}),
        *([(LIST, {"group": "production"})] if is_cut else []),
    ]


def test_a_group_that_may_not_be_looked_up_says_why(simulator: Simulator, sql: SqlTokens) -> None:
    simulator.faults.add("group", faults.Status(403))
    assert isinstance(look_up(sql, [GROUP])[GROUP], Forbidden)
