# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests/no_leak takes out one by one is where it says: most of it is taken out with --full alone, and names move."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.no_leak.altered import altered
from tests.no_leak.test_protections import PROTECTIONS, ROLE_PROTECTIONS, Protection, RoleProtection


@pytest.mark.parametrize("protection", [*PROTECTIONS, *ROLE_PROTECTIONS], ids=lambda protection: protection.name)
def test_what_is_taken_out_is_there(protection: Protection | RoleProtection, tmp_path: Path) -> None:
    altered(tmp_path, protection.changes)
