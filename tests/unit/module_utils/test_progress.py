# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a module has come: two numbers in a file, and nothing else is read out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.community.turso.plugins.module_utils import _progress


def test_what_is_counted_is_read(tmp_path: Path) -> None:
    assert _progress.read(str(tmp_path)) is None
    progress = _progress.Progress(3, str(tmp_path))
    for done in (1, 2):
        progress.step()
        assert _progress.read(str(tmp_path)) == (done, 3)


@pytest.mark.parametrize("content", ["", "1", "1 2", "1 2\n3", "a b\n", "1 " + "2" * 99])
def test_what_is_no_count_is_not_read(tmp_path: Path, content: str) -> None:
    (tmp_path / _progress.FILE).write_text(content)
    assert _progress.read(str(tmp_path)) is None


def test_nobody_looks_or_the_folder_is_gone(tmp_path: Path) -> None:
    for directory in (None, str(tmp_path / "gone")):
        progress = _progress.Progress(2, directory)
        progress.step()
        progress.step()
    assert list(tmp_path.iterdir()) == []
