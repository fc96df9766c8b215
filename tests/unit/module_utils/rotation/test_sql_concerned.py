# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which managed tokens an emergency concerns: of the database or group itself, and of the other level of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Name, Target
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_concerned import (
    concerned,
    names_written_in,
    places_to_end,
    plan_in_words,
)
from ansible_collections.community.turso.plugins.module_utils._sql_token.places import Place

SHOP = Place(Target(Name("acme", "database", "shop"), "id-shop"), "production")
PRODUCTION = Place(Target(Name("acme", "group", "production"), "id-production"), "production", ("shop", "blog"))


def entry(name: str, **parts: Any) -> dict[str, Any]:
    return {"name": name, "kind": "sql", "organization": "acme", **parts}


ENTRIES: list[Any] = [
    entry("shop", database="shop"),
    entry("blog", database="blog"),
    entry("elsewhere", database="shop", organization="other"),
    entry("ungrouped", database="lonely"),
    entry("production", group="production"),
    entry("staging", group="staging"),
    {"name": "api", "organization": "acme", "group": "production"},
    {"kind": "sql"},
    "no entry at all",
]


@pytest.mark.parametrize(
    ("places", "names"),
    [
        ([SHOP], ["shop", "production"]),
        ([PRODUCTION], ["shop", "blog", "production"]),
        ([SHOP, PRODUCTION], ["shop", "blog", "production"]),
        ([], []),
    ],
    ids=["a database and its group", "a group and its databases", "both", "nothing"],
)
def test_concerns(places: list[Place], names: list[str]) -> None:
    assert concerned(places, names_written_in(ENTRIES)) == names


def test_who_gets_a_new_token_for_certain_is_said_once() -> None:
    names = names_written_in(ENTRIES)
    assert plan_in_words([SHOP, PRODUCTION], names) == [
        "Every SQL token of the database 'shop' would end, also those in use.",
        "shop: gets a new token, delivered and confirmed.",
        "Every SQL token of the group 'production' would end, also those in use.",
        "production: gets a new token, delivered and confirmed.",
        "blog: gets a new token unless the database accepts the old one.",
    ]


def test_of_two_entries_with_one_name_neither_hides_the_other() -> None:
    with pytest.raises(InvalidRequest, match="one SQL name twice"):
        names_written_in([entry("shop", database="shop"), entry("shop", database="blog")])


@pytest.mark.parametrize("parts", [{"database": "shop"}, {"kind": "SQL", "group": "production"}, {"kind": None}])
def test_an_entry_that_may_be_for_a_sql_token_is_never_passed_over(parts: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=r"shop: it is not clear .* Set kind: sql, or remove database\."):
        names_written_in([{"name": "shop", "organization": "acme", **parts}])


def test_an_entry_of_an_api_token_concerns_nobody() -> None:
    assert names_written_in([{"name": "ci"}, {"name": "ops", "kind": "api", "group": "production"}]) == {}


def test_a_dry_run_says_whom_nobody_renews() -> None:
    assert plan_in_words([SHOP], {})[1:] == [
        "No entry of turso_rotate_tokens is for the database 'shop': give its applications new tokens by hand."
    ]


def test_what_is_to_end_is_read_as_it_was_returned_and_nothing_else_is() -> None:
    given = {"organization": "acme", "level": "group", "name": "production", "id": "id-production"}
    assert places_to_end([SHOP.as_result(), PRODUCTION.as_result()]) == [SHOP, PRODUCTION]
    assert places_to_end(None) == []
    for wrong in (None, {}, given, {**given, "group": "production"}):
        with pytest.raises(InvalidRequest, match=r"No SQL token was invalidated\."):
            places_to_end([wrong])
