# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the canary suite shares: the APIs, and a terminal in every ansible-core at hand."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.no_leak.terminal import Terminal
from tests.no_leak.worlds import Worlds
from tests.no_leak.worlds import worlds as running_worlds
from tests.playbooks import Playbooks


@pytest.fixture
def worlds() -> Iterator[Worlds]:
    with running_worlds() as running:
        yield running


@pytest.fixture
def terminal(playbooks: Playbooks, worlds: Worlds) -> Iterator[Terminal]:
    with tempfile.TemporaryDirectory() as tmp:
        yield Terminal(playbooks, worlds, Path(tmp))


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether the whole of a matrix is to be run, or a sample."""
    return bool(request.config.getoption("full"))
