# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL tokens of a vault file, tried on their databases for the audit."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import SqlTokens
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._audit.tried import tried
from tests.simulator import Simulator, faults

SHOP = {"probed": "accepted", "place": "database shop", "is_lost": False}
UNKNOWN = {"probed": "unknown", "place": "", "is_lost": False}
LOST = {"probed": "no", "place": "", "is_lost": True}


@pytest.fixture
def values(simulator: Simulator) -> dict[str, str]:
    """A token of a database, and of a database and a group that are in no list."""
    simulator.add_database("shop")
    with Simulator() as elsewhere:
        elsewhere.add_database("gone", group="production")
        gone, group = elsewhere.given_sql(database="gone"), elsewhere.given_sql(group="production")
    return {"shop": simulator.given_sql(database="shop").secret, "gone": gone.secret, "group": group.secret}


@pytest.mark.parametrize(
    ("organizations", "is_refused", "expected"),
    [
        pytest.param({"shop": "acme"}, False, {"shop": SHOP}, id="what has no organization is not"),
        pytest.param({"gone": "acme", "group": "acme"}, False, {"group": UNKNOWN, "gone": LOST}, id="what no list has"),
        pytest.param({"shop": "acme"}, True, {"shop": UNKNOWN}, id="where the list is refused"),
    ],
)
def test_is_tried(
    simulator: Simulator,
    tokens: Tokens,
    values: dict[str, str],
    organizations: dict[str, str],
    is_refused: bool,
    expected: dict[str, dict[str, Any]],
) -> None:
    if is_refused:
        simulator.faults.add("databases", faults.Status(403), times=None)
    assert tried(SqlTokens(tokens.api, print), values, organizations, 4) == expected
