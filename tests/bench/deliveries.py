# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure what it takes to deliver many tokens into files: each into its own, and all into one file of variables.

    python -m tests.bench.deliveries [--quick]

The figures are the seconds above a play that does nothing, and how many tasks of it worked on files.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.playbooks import Playbooks
from tests.tools.venvs import for_tests

COUNTS = (1, 10, 100)
VERBS = ("check", "deliver", "read_back")
ROLE = "community.turso.turso_deliver"
WORKED = "turso_deliver : On the control node"
Items = list[dict[str, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1 and 10 tokens")
    counts = COUNTS[:2] if parser.parse_args().quick else COUNTS
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.0f}")
    print("| tokens | into | check, deliver and read back | tasks |")
    print("|---:|---|---:|---:|")
    with tempfile.TemporaryDirectory() as directory:
        idle, _worked = measured(Path(directory), "file", [], ())
        for count in counts:
            for to, into in (("file", "files of their own"), ("env_file", "one file of variables")):
                seconds, worked = measured(Path(directory), to, items(Path(directory), to, count), VERBS)
                print(f"| {count} | {into} | {max(seconds - idle, 0):.1f} s | {worked} |")
                sys.stdout.flush()


def items(directory: Path, to: str, count: int) -> Items:
    """Return items for so many tokens, with the file of variables that they need."""
    names = [f"TOKEN_{number}" for number in range(count)]
    env = directory / f"{count}.env"
    env.write_text("".join(f"{name}=\n" for name in names))
    where: Callable[[str], dict[str, Any]] = {
        "file": lambda name: {"path": str(directory / f"{count}-{name}")},
        "env_file": lambda name: {"path": str(env), "variable": name},
    }[to]
    return [
        {"name": name, "secret": f"value-of-{name}", "options": {**where(name), "takes_effect_hours": 0}}
        for name in names
    ]


def measured(directory: Path, to: str, given: Items, verbs: tuple[str, ...]) -> tuple[float, int]:
    """Return the seconds of a play with these verbs, and how many tasks worked on files."""
    playbooks = Playbooks(for_tests()[-1], directory, api_url="http://127.0.0.1:9", api_token="none")
    tasks = [
        {
            "ansible.builtin.include_role": {"name": ROLE, "tasks_from": f"{to}_{verb}", "rolespec_validate": False},
            "vars": {"turso_deliver_items": given},
        }
        for verb in verbs
    ]
    started = time.monotonic()
    played = playbooks.play([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], timeout=900)
    if not played.ok:
        raise SystemExit(played.output)
    return time.monotonic() - started, played.output.count(WORKED)


if __name__ == "__main__":
    main()
