# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers that scenarios deliver to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.destinations import serving
from tests.destinations.bao import Bao
from tests.destinations.conftest import bao, openbao
from tests.destinations.github import GitHub
from tests.destinations.proxy import Proxy, proxied
from tests.kill.servers import InKubernetes, InVault, OnGitHub, Server
from tests.kill.worlds import Scenario
from tests.sinks import standins
from tests.sinks.conftest import controller

__all__ = ["bao", "controller", "openbao"]


@pytest.fixture
def server(request: pytest.FixtureRequest, scenario: Scenario) -> Server | None:
    """The server that the scenario of a test delivers to, if it does."""
    return request.getfixturevalue(scenario.server) if scenario.server else None


@pytest.fixture
def github() -> Iterator[OnGitHub]:
    hub = GitHub()
    with serving.serving(hub) as address, proxied(address) as proxy:
        yield OnGitHub(hub, proxy)


@pytest.fixture
def vault(openbao: Proxy, bao: Bao) -> InVault:
    return InVault(bao, openbao)


@pytest.fixture
def kubernetes() -> Iterator[InKubernetes]:
    cluster = standins.Cluster()
    with standins.serving(cluster) as address, proxied(address) as proxy:
        yield InKubernetes(cluster, proxy)
