# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have the collections that the delivery examples use, from the package `ansible` of the Python registry.

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
COLLECTIONS = ("amazon/aws", "community/aws", "community/hashi_vault", "community/sops", "kubernetes/core")

FOREIGN = CACHE / "foreign"
STAMP = FOREIGN / "stamp"
WANTED = "\n".join((PACKAGE, *COLLECTIONS))


def is_there() -> bool:
    return STAMP.is_file() and STAMP.read_text() == WANTED


def ensure(python: Path) -> Path:
    """Return a directory for ANSIBLE_COLLECTIONS_PATH; `python` is one that the package supports and that has pip."""
    with locked(FOREIGN.name):
        if not is_there():
            shutil.rmtree(FOREIGN, ignore_errors=True)
            FOREIGN.mkdir(parents=True)
            with tempfile.TemporaryDirectory(dir=CACHE) as directory:
                pip = [str(python), "-m", "pip", "-qq", "--disable-pip-version-check"]
                subprocess.run([*pip, "download", "--no-deps", "--dest", directory, PACKAGE], check=True)
                _unpack(next(Path(directory).glob("*.whl")))
            STAMP.write_text(WANTED)
    return FOREIGN


def _unpack(wheel: Path) -> None:
    wanted = tuple(f"ansible_collections/{name}/" for name in COLLECTIONS)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(FOREIGN, [name for name in archive.namelist() if name.startswith(wanted)])
