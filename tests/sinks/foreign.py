# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have the collections that destinations and notices use, from the package `ansible` of the Python registry.

Galaxy need not be reached: that package holds every collection, and a few of them are unpacked into `.cache`.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from tests.tools.checkout import CACHE, locked

PACKAGE = "ansible>=14.5,<15"
COLLECTIONS = (
    "amazon/aws",
    "community/aws",
    "community/general",
    "community/hashi_vault",
    "community/sops",
    "kubernetes/core",
)

FOREIGN = CACHE / "foreign"
STAMP = FOREIGN / "stamp"


def is_there() -> bool:
    return _is_of_the_package() and all(map(Path.is_dir, map(_folder, COLLECTIONS)))


def ensure(python: Path) -> Path:
    """Return a directory for ANSIBLE_COLLECTIONS_PATH; `python` is one that the package supports and that has pip."""
    with locked(FOREIGN.name):
        if not is_there():
            if not _is_of_the_package():
                shutil.rmtree(FOREIGN, ignore_errors=True)
            FOREIGN.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=CACHE) as directory:
                pip = [str(python), "-m", "pip", "-qq", "--disable-pip-version-check"]
                subprocess.run([*pip, "download", "--no-deps", "--dest", directory, PACKAGE], check=True)
                _unpack(next(Path(directory).glob("*.whl")), Path(directory))
            if not _is_of_the_package():
                STAMP.write_text(PACKAGE)
    return FOREIGN


def _is_of_the_package() -> bool:
    return STAMP.is_file() and STAMP.read_text().splitlines()[:1] == [PACKAGE]


def _folder(name: str) -> Path:
    return FOREIGN / "ansible_collections" / name


def _unpack(wheel: Path, directory: Path) -> None:
    """Unpack what is missing; a collection that is there is there as a whole."""
    missing = [name for name in COLLECTIONS if not _folder(name).is_dir()]
    wanted = tuple(f"ansible_collections/{name}/" for name in missing)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory, [name for name in archive.namelist() if name.startswith(wanted)])
    for name in missing:
        _folder(name).parent.mkdir(parents=True, exist_ok=True)
        (directory / "ansible_collections" / name).rename(_folder(name))
