# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of SQL tokens share: a client for them, and a database named shop."""

from __future__ import annotations

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import DataPlane
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import SqlTokens
from tests.simulator import Simulator
from tests.simulator.sql import Database


@pytest.fixture
def seen() -> list[str]:
    """Every secret that the client was told, in that order."""
    return []


@pytest.fixture
def sql(simulator: Simulator, waits: list[float], seen: list[str]) -> SqlTokens:
    return SqlTokens(Api(simulator.url, simulator.credential, timeout_seconds=2, retries=2), seen.append)


@pytest.fixture
def plane(sql: SqlTokens) -> DataPlane:
    return DataPlane(sql.api)


@pytest.fixture
def shop(simulator: Simulator) -> Database:
    return simulator.add_database("shop")
