# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A controller that has the collections and libraries that destinations use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.playbooks import Playbooks
from tests.simulator import Simulator
from tests.sinks import foreign
from tests.tools.venvs import VENVS, for_tests

SINKS = VENVS / "sinks"


@pytest.fixture
def controller(simulator: Simulator, tmp_path: Path) -> Playbooks:
    """Plays with every collection that a destination uses, on the one ansible-core that all of these support."""
    if not (SINKS / "stamp").is_file() or not foreign.is_there():
        pytest.skip("the collections and libraries are not here: make peers")
    playbooks = Playbooks(SINKS, tmp_path, api_url=simulator.url, api_token=simulator.credential)
    playbooks.env["ANSIBLE_COLLECTIONS_PATH"] += f"{os.pathsep}{foreign.FOREIGN}"
    playbooks.env["TMPDIR"] = str(tmp_path)
    return playbooks


@pytest.fixture
def newest(simulator: Simulator, tmp_path: Path) -> Playbooks:
    """Plays with the last of the ansible-cores at hand, where one is enough."""
    return Playbooks(for_tests()[-1], tmp_path, api_url=simulator.url, api_token=simulator.credential)
