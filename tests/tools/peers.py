# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have what the tests meet besides ansible-core: what tokens are delivered to, AWX's runner, the vendor's own client.

    python -m tests.tools.peers

makes the environment `.cache/venvs/sinks` (tests/requirements-sinks.txt), unpacks the collections that the delivery
examples use, fetches OpenBao and SOPS, and installs the TypeScript client and the accessibility checker. Done once. What
cannot be had is told and is no failure: the tests that need it are skipped, and say so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.sinks import foreign, programs
from tests.tools import venvs
from tests.tools.checkout import CACHE, locked

TYPESCRIPT_CLIENT = "@tursodatabase/api"
TYPESCRIPT_CLIENT_VERSION = "2.0.5"
AXE, AXE_VERSION = "axe-core", "4.11.0"
NODE = CACHE / "node"


def main() -> None:
    have("the delivery examples and AWX", sinks)
    have("a real OpenBao and the real SOPS", lambda: programs.ensure(venvs.ensure("sinks") / "bin" / "python"))
    have("the TypeScript client", lambda: node_package(TYPESCRIPT_CLIENT, TYPESCRIPT_CLIENT_VERSION))
    have("what the audit's page is to people who don't see it", lambda: node_package(AXE, AXE_VERSION))


def have(what: str, ensure: Callable[[], Path]) -> None:
    """Print where something is, or that it cannot be had."""
    try:
        print(ensure())
    except (venvs.MissingPythonError, FileNotFoundError, subprocess.CalledProcessError) as exc:
        print(f"the tests of {what} will be skipped: {exc}", file=sys.stderr)


def sinks() -> Path:
    """Return the environment with the libraries of the delivery examples; their collections are beside it."""
    environment = venvs.ensure("sinks")
    foreign.ensure(environment / "bin" / "python")
    return environment


def node_package(name: str, version: str) -> Path:
    """Return the directory in which a package of npm is installed, beside others."""
    with locked(NODE.name):
        if not (NODE / "node_modules" / name / "package.json").is_file():
            npm = shutil.which("npm")
            if npm is None or shutil.which("node") is None:
                raise FileNotFoundError("there is no npm or no node")
            NODE.mkdir(parents=True, exist_ok=True)
            command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(NODE)]
            subprocess.run([*command, f"{name}@{version}"], check=True)
    return NODE


if __name__ == "__main__":
    main()
