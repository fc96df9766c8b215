# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where files are, and what the tasks of all places come to."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._delivery.places import Place, places_of, verdicts_of
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Item, Verdict


def item(name: str, *hosts: str, become: bool = False) -> Item:
    return Item(name, "file", f"/srv/{name}", {"path": f"/srv/{name}", "become": become}, hosts=hosts)


ITEMS = [
    item("a", "web1", "web2"),
    item("b"),
    item("c", "web2", become=True),
    item("d", "web2"),
    item("e", become=True),
]


def test_each_host_and_user_is_one_place_and_the_control_node_comes_first() -> None:
    places = places_of(ITEMS)
    assert [(place.host, place.become, [named["name"] for named in place.items]) for place in places] == [
        ("", False, ["b"]),
        ("", True, ["e"]),
        ("web1", False, ["a"]),
        ("web2", False, ["a", "d"]),
        ("web2", True, ["c"]),
    ]
    assert [Place.from_json(place.as_json()) for place in places] == places
    assert [place.holds(ITEMS[0]) for place in places] == [False, False, True, True, False]


def test_localhost_that_is_named_is_another_place_than_the_control_node() -> None:
    assert [place.host for place in places_of([item("a", "localhost"), item("b")])] == ["", "localhost"]


def test_the_verdicts_of_all_places_are_put_together() -> None:
    here, there, down = (place.as_json() for place in places_of([item("b"), item("a", "web1", "web2")]))
    done = [Verdict.of(item(name), "x", "delivered").as_json() for name in ("b", "a")]
    results: list[dict[str, Any]] = [
        {"place": here, "verdicts": done[:1], "read": ["secret"]},
        {"place": there, "verdicts": done[1:]},
        {"place": down, "unreachable": True, "msg": "No route to host.\n"},
    ]
    found = verdicts_of("deliver", results)
    assert found[:2] == [(done[0], "secret"), (done[1], None)]
    lost, value = found[2]
    assert (lost["name"], lost["host"], lost["verdict"], value) == ("a", "web2", "lost", None)
    assert lost["msg"].startswith("web2: No route to host. It is not known whether the value arrived.")


@pytest.mark.parametrize(("verb", "verdict"), [("check", "refused"), ("deliver", "lost"), ("read_back", "unreadable")])
def test_a_task_without_verdicts_is_one_for_each_of_its_items(verb: str, verdict: str) -> None:
    (place,) = places_of([item("a"), item("b")])
    found = [each for each, _value in verdicts_of(verb, [{"place": place.as_json(), "failed": True}])]
    assert [(each["name"], each["to"], each["address"], each["host"], each["verdict"]) for each in found] == [
        ("a", "file", "/srv/a", "localhost", verdict),
        ("b", "file", "/srv/b", "localhost", verdict),
    ]
    assert "the task did not finish" in found[0]["msg"]
