# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have what vendors publish of their APIs, from packages of the npm registry: one file of each in `.cache`."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tests.tools.checkout import CACHE, locked

DESCRIPTIONS = CACHE / "descriptions"
# A package, and where in it the document lies.
GITHUB = ("@octokit/openapi@23.0.2", "package/generated/api.github.com.json")
WANTED = (GITHUB,)


def ensure() -> Path:
    """Return the directory of the documents."""
    with locked(DESCRIPTIONS.name):
        for package, inside in WANTED:
            if not path_of(package).is_file():
                _take(package, inside)
    return DESCRIPTIONS


def path_of(package: str) -> Path:
    return DESCRIPTIONS / f"{package.strip('@').replace('/', '-')}.json"


def _take(package: str, inside: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("there is no npm")
    DESCRIPTIONS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as directory:
        subprocess.run([npm, "pack", "--silent", package], cwd=directory, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(directory).glob("*.tgz"))) as archive:
            source = archive.extractfile(inside)
            assert source is not None
            part = Path(directory, "part")
            part.write_bytes(source.read())
        part.rename(path_of(package))
