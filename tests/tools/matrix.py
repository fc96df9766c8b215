# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the tests on every supported ansible-core, and end with a table.

    python -m tests.tools.matrix                      # every minor, on one Python each
    python -m tests.tools.matrix --all-pythons        # every minor on every Python that its controller supports
    python -m tests.tools.matrix 2.16 2.22-py3.13     # these
    python -m tests.tools.matrix --no-sanity -- -k no_leak

What follows `--` goes to pytest. The output of every run is kept under .cache/matrix.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.tools.checkout import CACHE, ROOT
from tests.tools.venvs import CORES, TEST_VENVS_VARIABLE, Core, MissingPythonError, ensure, find_python

LOGS = CACHE / "matrix"

# One Python a minor, chosen so that every supported Python comes up.
SPREAD = {
    "2.16": "3.10",
    "2.17": "3.11",
    "2.18": "3.11",
    "2.19": "3.12",
    "2.20": "3.12",
    "2.21": "3.13",
    "2.22": "3.13",
}

# Sanity tests that can't be set up: this pre-release's pylint wants a commit of one of its dependencies, not a release.
UNAVAILABLE = {"2.22": ["pylint"]}


@dataclass(frozen=True)
class Row:
    """What came of one environment."""

    name: str
    tests: str = "not run"
    sanity: str = "not run"
    passed: bool = False
    seconds: float = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="MINOR|MINOR-pyVERSION")
    parser.add_argument("--all-pythons", action="store_true", help="run every pair of ansible-core and Python")
    parser.add_argument("--no-sanity", dest="sanity", action="store_false", help="leave ansible-test sanity out")
    ours, pytest_arguments = _split(sys.argv[1:])
    options = parser.parse_args(ours)
    names = options.names or [name for core in CORES for name in _names(core, all_pythons=options.all_pythons)]
    LOGS.mkdir(parents=True, exist_ok=True)
    rows = [run(name, pytest_arguments, sanity=options.sanity) for name in names]
    print(table(rows))
    sys.exit(not all(row.passed for row in rows))


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]


def _names(core: Core, *, all_pythons: bool) -> list[str]:
    pythons = sorted(core.pythons, key=lambda version: int(version.split(".")[1]))
    if all_pythons:
        return [f"{core.minor}-py{version}" for version in pythons]
    preferred = SPREAD[core.minor]
    return [f"{core.minor}-py{preferred}" if find_python(preferred) else core.minor]


def run(name: str, pytest_arguments: list[str], *, sanity: bool) -> Row:
    """Run everything in one environment; a missing Python is a row that says so, not the end."""
    started = time.monotonic()
    print(f"== ansible-core {name}", flush=True)
    try:
        venv = ensure(name)
    except MissingPythonError as exc:
        return Row(name, tests=str(exc))
    python = str(venv / "bin" / "python")
    # As `make test` runs them: unit, integration, role and secrecy, all with this one ansible-core.
    command = [python, "-m", "pytest", "-n", "2", "--dist", "loadgroup", *pytest_arguments]
    tested, output = _run(name, "tests", command, {TEST_VENVS_VARIABLE: str(venv)})
    closing = re.findall(r"^=* ?(.*\b(?:passed|failed|errors?|no tests ran)\b.*) in [\d.]+s", output, re.MULTILINE)
    checked, checks = _sanity(name, venv) if sanity else (True, "left out")
    return Row(
        venv.name,
        closing[-1] if closing else f"broke off: {_log(name, 'tests').relative_to(ROOT)}",
        checks,
        tested and checked,
        time.monotonic() - started,
    )


def _sanity(name: str, venv: Path) -> tuple[bool, str]:
    skipped = UNAVAILABLE.get(name.split("-", maxsplit=1)[0], [])
    command = [sys.executable, "-m", "tests.tools.ansible_test", str(venv), "sanity", "--venv", "--color", "no"]
    passed, _output = _run(name, "sanity", [*command, *(f"--skip-test={test}" for test in skipped)], {})
    if not passed:
        return False, f"failed: {_log(name, 'sanity').relative_to(ROOT)}"
    return True, " ".join(["passed", *(f"(without {test})" for test in skipped)])


def _run(name: str, what: str, command: list[str], environment: dict[str, str]) -> tuple[bool, str]:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    _log(name, what).write_text(done.stdout)
    if done.returncode:
        print(done.stdout[-4000:])
    return done.returncode == 0, done.stdout


def _log(name: str, what: str) -> Path:
    return LOGS / f"{name}-{what}.log"


def table(rows: list[Row]) -> str:
    """Return the rows in columns."""
    cells = [("environment", "tests", "sanity", "seconds")]
    cells += [(row.name, row.tests, row.sanity, f"{row.seconds:.0f}") for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells]
    return "\n".join(["", *lines, ""])


if __name__ == "__main__":
    main()
