# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on the control node, tested with every ansible-core at hand, in a process of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.tools.checkout import ROOT
from tests.tools.venvs import for_tests


@pytest.mark.long
@pytest.mark.parametrize("venv", for_tests(), ids=lambda venv: venv.resolve().name)
def test_the_tests_of_the_control_node_pass(request: pytest.FixtureRequest, venv: Path) -> None:
    """By hand: TURSO_TEST_CONTROLLER=1 pytest tests/on_control_node. The long ones run with the newest ansible-core alone."""
    command = [str(venv / "bin" / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/on_control_node"]
    if venv != for_tests()[-1]:
        command += ["-m", "not one_core"]
    if request.config.getoption("--full"):
        command += ["--full"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "TURSO_TEST_CONTROLLER": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
