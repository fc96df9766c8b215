# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tests a run takes: a case that is played costs seconds, so without --full some are left for `make test-all`.

- A case with the fixture `playbooks` is played by one of the ansible-cores at hand, some by the oldest and some by the
  newest; with --full by each, unless it is marked `with_one_core`. One marked `with_every_core` is always played by each.
- A case marked `heavy` runs with --full alone. Each test that has heavy cases has others that stand for them.

A test that is asked for by its whole name, core included, runs in any case.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from tests.tools.venvs import for_tests


def choose(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what this run leaves out."""
    if any("[" in argument for argument in config.args):
        return
    full = bool(config.getoption("full"))
    left_out = [item for item in items if not _runs(item, full=full)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _runs(item: pytest.Item, *, full: bool) -> bool:
    if item.get_closest_marker("heavy") and not full:
        return False
    callspec = getattr(item, "callspec", None)
    core = callspec.params.get("playbooks") if callspec else None
    is_for_each = item.get_closest_marker("every_core") or (full and not item.get_closest_marker("one_core"))
    return core is None or bool(is_for_each) or core == _the_one_for(item, core)


def _the_one_for(item: pytest.Item, core: Path) -> Path:
    """Return one of the cores, the same in every process, by the name of the case."""
    cores = for_tests()
    name = item.nodeid.replace(core.resolve().name, "")
    return cores[zlib.crc32(name.encode()) % len(cores)]
