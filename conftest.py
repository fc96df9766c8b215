# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let a plain pytest import `ansible_collections.community.turso` from this checkout, wherever it lies and runs."""

from __future__ import annotations

import sys

import pytest

from tests.tools.checkout import collections_path
from tests.tools.signals import ignore_in_this_process_alone

sys.path.insert(0, str(collections_path()))
ignore_in_this_process_alone()
sys.dont_write_bytecode = False  # or every worker, and every run, would rewrite and compile all tests anew


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run whole matrices, of which otherwise a sample is run")
