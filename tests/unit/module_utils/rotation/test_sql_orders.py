# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which managed tokens an emergency concerns: of the database or group itself, and of the other level of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Name
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_concerned import concerned
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_orders import Order
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_orders_in_words import plan_in_words

SHOP = Order(Name("acme", "database", "shop"), "id-shop", "production")
PRODUCTION = Order(Name("acme", "group", "production"), "id-production", "production", ("shop", "blog"))


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
    ("orders", "names"),
    [
        ([SHOP], ["shop", "production"]),
        ([PRODUCTION], ["shop", "blog", "production"]),
        ([SHOP, PRODUCTION], ["shop", "blog", "production"]),
        ([], []),
    ],
    ids=["a database and its group", "a group and its databases", "both", "nothing"],
)
def test_concerns(orders: list[Order], names: list[str]) -> None:
    assert concerned(orders, ENTRIES) == names


def test_a_dry_run_says_whom_nobody_renews() -> None:
    assert plan_in_words([SHOP], {})[1:] == [
        "No entry of turso_rotate_tokens is for the database 'shop': whoever uses it needs a new token by hand."
    ]


def test_an_order_is_read_as_it_was_returned_and_nothing_else_is() -> None:
    given = {"organization": "acme", "level": "group", "name": "production", "id": "id-production"}
    assert Order.of({**given, "group": "production", "databases": ["shop", "blog"]}) == PRODUCTION
    for wrong in (None, {}, given, {**given, "group": "production"}):
        with pytest.raises(InvalidRequest, match=r"Nothing was ended\."):
            Order.of(wrong)
