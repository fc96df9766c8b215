# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tests a run takes: a case that is played costs seconds, so without --full some are left for `make test-all`.

The marks are in tests/playbooks.py.

- A case with the fixture `playbooks` is played by one of the ansible-cores at hand, some by the oldest and some by the
  newest; with --full by each, unless it is marked `with_one_core`. One marked `with_every_core` is always played by each.
- A case marked `heavy` runs with --full alone. Others stand for it: rows of the same table, or tests beside it.

A test that is asked for by its whole name, core included, runs in any case.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence

import pytest

from tests.tools.venvs import for_tests


def choose(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what this run leaves out."""
    if any("[" in argument for argument in config.args):
        return
    full = bool(config.getoption("full"))
    left_out = [item for item in items if not runs(_marks_of(item), has_its_core=_has_its_core(item), full=full)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = begun_in_order([item for item in items if item not in set(left_out)])


def begun_in_order(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return what runs for long first, so that no worker is left with it when the others have nothing to do."""
    return sorted(items, key=lambda item: "long" not in _marks_of(item))


def runs(marks: Collection[str], *, has_its_core: bool, full: bool) -> bool:
    """Tell whether a case runs.

    :param has_its_core: whether it has the ansible-core that plays it where only one does, or needs none.
    """
    if "heavy" in marks and not full:
        return False
    return has_its_core or "every_core" in marks or (full and "one_core" not in marks)


def core_for(name: str, cores: Sequence[str]) -> str:
    """Return one of the cores for a case by its name, in which its core stands or does not: the same in every process."""
    for core in cores:
        name = name.replace(core, "")
    return cores[zlib.crc32(name.encode()) % len(cores)]


def _marks_of(item: pytest.Item) -> set[str]:
    return {mark.name for mark in item.iter_markers()}


def _has_its_core(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    core = callspec.params.get("playbooks") if callspec else None
    return core is None or core.resolve().name == core_for(item.nodeid, [venv.resolve().name for venv in for_tests()])
