# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that import ansible-core's control node. Each run of them is a process of its own.

Once its controller is imported, ansible-core reads the arguments of modules in another way, and the tests of modules in the
same process would fail. tests/unit/test_controller.py runs these.
"""

from __future__ import annotations

import os
from pathlib import Path

ALONE = "TURSO_TEST_CONTROLLER"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    return None if os.environ.get(ALONE) or collection_path.suffix != ".py" else True
