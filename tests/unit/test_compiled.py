# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What plays are spared: a source of an archive is compiled once, and runs as if it were compiled each time."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.playbooks import HOOKS
from tests.tools.checkout import CACHE


def kept_of(source: str) -> Path:
    return CACHE / "compiled" / f"{importlib.util.source_hash(source.encode()).hex()}-{sys.flags.optimize}"


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


@pytest.fixture
def source() -> Iterator[str]:
    """A source that nothing else has; what is kept of it goes with the test."""
    if not os.access(CACHE, os.W_OK):
        pytest.skip("needs a checkout that can be written to")
    text = f"'{uuid.uuid4()}'\ndef told():\n    return told.__code__.co_filename\n"
    yield text
    kept_of(text).unlink(missing_ok=True)


def test_a_source_is_compiled_once(source: str, tmp_path: Path) -> None:
    assert told_by(source, tmp_path / "first.zip") == str(tmp_path / "first.zip" / "packed.py")
    before = kept_of(source).stat().st_mtime_ns
    assert told_by(source, tmp_path / "second.zip") == str(tmp_path / "second.zip" / "packed.py")
    assert kept_of(source).stat().st_mtime_ns == before


def test_another_source_is_compiled_for_itself(source: str, tmp_path: Path) -> None:
    told_by(source, tmp_path / "first.zip")
    another = source + "told = lambda: 'another'\n"
    try:
        assert told_by(another, tmp_path / "second.zip") == "another"
    finally:
        kept_of(another).unlink(missing_ok=True)


@pytest.mark.parametrize("left", [b"", b"\xe3\x00", b"N"], ids=["nothing", "a part", "no code"])
def test_what_a_power_cut_left_is_compiled_anew(source: str, tmp_path: Path, left: bytes) -> None:
    kept_of(source).parent.mkdir(exist_ok=True)
    kept_of(source).write_bytes(left)
    assert told_by(source, tmp_path / "first.zip") == str(tmp_path / "first.zip" / "packed.py")
    assert kept_of(source).read_bytes() != left
