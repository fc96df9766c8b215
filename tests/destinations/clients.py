# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have the vendors' own clients, from the npm registry: what they ask a stand-in is what a real service is asked."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.tools.checkout import CACHE, locked

CLIENTS = CACHE / "clients"
PACKAGES = ("@vercel/sdk@1.28.35", "cloudflare@7.3.0")


def ensure() -> Path:
    """Return the directory in which the clients are installed."""
    with locked(CLIENTS.name):
        if not are_there():
            npm = shutil.which("npm")
            if npm is None or shutil.which("node") is None:
                raise FileNotFoundError("there is no npm or no node")
            CLIENTS.mkdir(parents=True, exist_ok=True)
            command = [
                npm,
                "install",
                "--silent",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                "--prefix",
                str(CLIENTS),
            ]
            subprocess.run([*command, *PACKAGES], check=True)
    return CLIENTS


def run(script: str) -> None:
    """Run a script that uses the clients."""
    path = CLIENTS / "script.mjs"
    with locked(CLIENTS.name):
        path.write_text(script)
        done = subprocess.run(["node", str(path)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def are_there() -> bool:
    names = [package.rpartition("@")[0] for package in PACKAGES]
    return all((CLIENTS / "node_modules" / name / "package.json").is_file() for name in names)
