# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How `make test` runs its parts, with a program in make's place that does what each test wants."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tools.checkout import ROOT

SIGNALS = (signal.SIGINT, signal.SIGHUP)


def started(tmp_path: Path, script: str, *before: str) -> subprocess.Popen[str]:
    """Start `lint` and `docs` beside `pytest`; the script is given a target's name as $1."""
    make = tmp_path / "make"
    make.write_text(f'#!/usr/bin/env bash\nshift\ncd "{tmp_path}"\n{script}\n')
    make.chmod(0o755)
    return subprocess.Popen(
        [*before, sys.executable, "-m", "tests.tools.side_by_side", "lint", "docs", "--", "pytest"],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_outputs_stay_whole_and_the_closing_line_of_pytest_is_the_last(tmp_path: Path) -> None:
    script = """
    case "$1" in
        pytest) echo ===== begins; echo "first test"; touch begun; echo "===== 2 passed" ;;
        *) until [ -e begun ]; do sleep 0.05; done; echo "$1 begins"; sleep 0.1; echo "$1 ends" ;;
    esac
    """
    output, _nothing = started(tmp_path, script).communicate(timeout=30)
    assert [line.split(" after")[0] for line in output.splitlines()] == [
        "===== begins",
        "first test",
        "== make lint: passed",
        "lint begins",
        "lint ends",
        "== make docs: passed",
        "docs begins",
        "docs ends",
        "===== 2 passed",
    ]


@pytest.mark.parametrize(
    ("fails", "returncode"),
    [
        pytest.param("nobody", 0, id="all pass"),
        pytest.param("pytest", 1, id="pytest fails"),
        pytest.param("lint", 1, id="the first beside it fails"),
        pytest.param("docs", 1, id="the last beside it fails"),
    ],
)
def test_any_failure_is_a_failure(tmp_path: Path, fails: str, returncode: int) -> None:
    process = started(tmp_path, f'echo "said $1"; [ "$1" != {fails} ]')
    output, _nothing = process.communicate(timeout=30)
    assert process.returncode == returncode
    assert [name for name in ("lint", "docs", "pytest") if f"said {name}" not in output] == []
    assert (f"FAILED beside pytest: {fails}" in output) is (fails in ("lint", "docs"))


IGNORING = ("bash", "-c", 'trap \'\' INT HUP; exec "$0" "$@"')
PROBE = f"""
import signal
print([signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler) for number in {[*map(int, SIGNALS)]}])
"""


def test_signals_mean_to_the_parts_what_they_usually_mean(tmp_path: Path) -> None:
    """A shell's background job ignores SIGINT, and what nohup starts ignores SIGHUP."""
    (tmp_path / "probe.py").write_text(PROBE)
    output, _nothing = started(tmp_path, f'"{sys.executable}" probe.py', *IGNORING).communicate(timeout=30)
    assert output.count("[True, True]") == 3


def test_so_do_they_to_what_a_test_starts(tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(PROBE)
    run = f"import conftest, subprocess; subprocess.run([{sys.executable!r}, {str(tmp_path / 'probe.py')!r}])"
    done = subprocess.run([*IGNORING, sys.executable, "-c", run], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[True, True]\n"


@pytest.mark.parametrize(
    ("script", "number"),
    [
        pytest.param('echo $$ > "$1.pid"; exec sleep 60', signal.SIGINT, id="Ctrl-C"),
        pytest.param('echo $$ > "$1.pid"; exec sleep 60', signal.SIGTERM, id="as kill sends it"),
        pytest.param('sleep 60 & echo $! > "$1.pid"; wait', signal.SIGINT, id="a background job ignores SIGINT"),
    ],
)
def test_a_signal_ends_all(tmp_path: Path, script: str, number: signal.Signals) -> None:
    process = started(tmp_path, script)
    files = [tmp_path / "lint.pid", tmp_path / "pytest.pid"]
    while not all(file.exists() and file.read_text() for file in files):
        time.sleep(0.05)
    process.send_signal(number)
    output, _nothing = process.communicate(timeout=30)
    assert process.returncode == 1
    assert output.endswith("stopped\n")
    assert not (tmp_path / "docs.pid").exists()
    assert [file.name for file in files if runs(int(file.read_text()))] == []


def runs(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")
