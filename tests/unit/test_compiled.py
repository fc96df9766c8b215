# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What plays are spared: a source of an archive is compiled once, and runs as if it were compiled each time."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import uuid
import zipfile
from pathlib import Path

from tests.playbooks import HOOKS
from tests.tools.checkout import CACHE


def kept_of(source: str) -> Path:
    return CACHE / "compiled" / importlib.util.source_hash(source.encode()).hex()


def told_by(source: str, archive: Path) -> str:
    """Import a source from an archive in a process of its own."""
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("packed.py", source)
    code = f"import sys; sys.path.insert(0, {str(archive)!r}); import packed; print(packed.told())"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(HOOKS)}, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_a_source_is_compiled_once_and_another_for_itself(tmp_path: Path) -> None:
    source = f"'{uuid.uuid4()}'\ndef told():\n    return told.__code__.co_filename\n"
    another = source + "told = lambda: 'another'\n"
    try:
        assert told_by(source, tmp_path / "first.zip") == str(tmp_path / "first.zip" / "packed.py")
        before = kept_of(source).stat().st_mtime_ns
        assert told_by(source, tmp_path / "second.zip") == str(tmp_path / "second.zip" / "packed.py")
        assert kept_of(source).stat().st_mtime_ns == before
        assert told_by(another, tmp_path / "third.zip") == "another"
    finally:
        for text in (source, another):
            kept_of(text).unlink(missing_ok=True)
