# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each integration target, played by ansible-test against a simulator of its own.

A target finds `turso_api_url` and `turso_api_token` defined.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.simulator import Simulator
from tests.tools.ansible_test import run

# A folder without tasks is a helper of other targets.
TARGETS = sorted(path.parents[1].name for path in Path(__file__).parent.glob("targets/*/tasks/main.yml"))

# ansible-test runs once at a time anyway: let the other workers go on with something else.
pytestmark = pytest.mark.xdist_group("ansible-test")


@pytest.mark.parametrize("target", [name for name in TARGETS if not name.startswith(("setup_", "prepare_"))])
def test_target(target: str, simulator: Simulator) -> None:
    variables = {"turso_api_url": simulator.url, "turso_api_token": simulator.credential}
    assert run(Path(sys.prefix), ["integration", target, "--local", "--color", "no"], variables) == 0
