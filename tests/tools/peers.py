# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have what the tests meet besides ansible-core: what tokens are delivered to, AWX's runner, the vendor's own client.

    python -m tests.tools.peers

makes the environment `.cache/venvs/sinks` (tests/requirements-sinks.txt), unpacks the collections that the destinations use,
fetches OpenBao and SOPS, what vendors publish of their APIs and their own clients, the TypeScript clients, and the
accessibility checker. Done once. What cannot be had is told and is no failure: the tests that need it are skipped, and say so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.destinations import clients, descriptions
from tests.sinks import foreign, programs
from tests.tools import venvs
from tests.tools.checkout import CACHE, locked

TYPESCRIPT_CLIENT = "@tursodatabase/api"
DATABASE_CLIENT = "@libsql/client"
AXE = "axe-core"
NODE_PACKAGES = {TYPESCRIPT_CLIENT: "2.0.5", DATABASE_CLIENT: "0.18.0", AXE: "4.11.0"}
NODE = CACHE / "node"


def main() -> None:
    # At once: they wait for the network, and for a processor each at other times.
    with ThreadPoolExecutor() as threads:
        threads.submit(have, "destinations and AWX", sinks)
        threads.submit(have, "a real OpenBao and the real SOPS", real_programs)
        threads.submit(have, "the TypeScript clients and the accessibility checker", node_packages)
        threads.submit(have, "requests to GitHub", descriptions.ensure)
        threads.submit(have, "requests to Vercel and Cloudflare", clients.ensure)


def have(what: str, ensure: Callable[[], Path]) -> None:
    """Print where something is, or that it cannot be had."""
    try:
        print(ensure())
    except (venvs.MissingPythonError, FileNotFoundError, subprocess.CalledProcessError) as exc:
        print(f"the tests of {what} will be skipped: {exc}", file=sys.stderr)


def real_programs() -> Path:
    return programs.ensure(venvs.ensure("sinks") / "bin" / "python")


def sinks() -> Path:
    """Return the environment with the libraries that destinations use; their collections are beside it."""
    environment = venvs.ensure("sinks")
    foreign.ensure(environment / "bin" / "python")
    return environment


def node_packages() -> Path:
    """Return the directory in which the packages of npm are installed."""
    packages = [NODE / "node_modules" / name / "package.json" for name in NODE_PACKAGES]
    with locked(NODE.name):
        if not all(package.is_file() for package in packages):
            npm = shutil.which("npm")
            if npm is None or shutil.which("node") is None:
                raise FileNotFoundError("there is no npm or no node")
            NODE.mkdir(parents=True, exist_ok=True)
            command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(NODE)]
            wanted = [f"{name}@{version}" for name, version in NODE_PACKAGES.items()]
            subprocess.run([*command, *wanted], check=True)
    return NODE


if __name__ == "__main__":
    main()
