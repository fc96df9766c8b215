# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run targets of the Makefile beside pytest, each with its output in one piece.

    python -m tests.tools.side_by_side lint docs -- pytest

runs `make pytest`, and beside it `make lint` and `make docs`, one after the other. What pytest says is shown at once;
what another target said is shown when it ends, between two lines of pytest's. The closing line of pytest is the last.
Exits with 0 if everything passed.

All start with the usual answers to signals (see tests.tools.signals). What is ignored here, as below nohup, ends nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from types import FrameType
from typing import IO

from tests.tools import signals
from tests.tools.checkout import ROOT

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# How long those who were told to end may take to clean up.
PATIENCE_SECONDS = 3


class Stopped(Exception):
    """A signal came that ends all of this."""


@dataclass(frozen=True)
class Outcome:
    """What came of a target."""

    name: str
    returncode: int
    seconds: float

    def __str__(self) -> str:
        verdict = "FAILED" if self.returncode else "passed"
        return f"== make {self.name}: {verdict} after {self.seconds:.0f} s"


class Screen:
    """Shows one output as it comes, and others in one piece between two of its lines."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._held = ""  # the last line, where it may be the closing one

    def line(self, text: str) -> None:
        """Show a line of the output that is shown as it comes."""
        with self._lock:
            ready, self._held = (self._held, text) if text.startswith("=") else (self._held + text, "")
            self._write(ready)

    def piece(self, text: str) -> None:
        """Show another output, whole."""
        with self._lock:
            self._write(text)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class Targets:
    """Starts targets of the Makefile, and can end those that run."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[str]] = []
        self._lock = threading.Lock()
        self._stopped = False

    def start(self, name: str) -> subprocess.Popen[str]:
        """Start a target in a process group of its own, or raise Stopped."""
        with self._lock:
            if self._stopped:
                raise Stopped
            process = subprocess.Popen(
                ["make", "--no-print-directory", name],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._running.append(process)
            return process

    def stop(self) -> None:
        """End what runs and all that it started, at first with the chance to clean up, and start nothing more."""
        with self._lock:
            self._stopped = True
        for number in (signal.SIGINT, signal.SIGKILL):
            until = time.monotonic() + PATIENCE_SECONDS
            left = [process for process in self._running if _signalled(process, number)]
            while left and time.monotonic() < until:
                time.sleep(0.1)
                left = [process for process in left if _signalled(process, 0)]


def _signalled(process: subprocess.Popen[str], number: int) -> bool:
    """Send a signal to the group that a process leads, and return whether anybody was left in it."""
    process.poll()
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    arguments = sys.argv[1:]
    if "--" not in arguments[:-1]:
        sys.exit("usage: python -m tests.tools.side_by_side TARGET [TARGET ...] -- TARGET")
    signals.ignore_in_this_process_alone()
    for number in ENDING_SIGNALS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _stop)
    sys.exit(run(arguments[: arguments.index("--")], arguments[-1], Targets(), Screen(sys.stdout)))


def run(beside: list[str], shown: str, targets: Targets, screen: Screen) -> int:
    """Run targets beside one that is shown as it goes; return 0 where all passed, 1 otherwise."""
    outcomes: list[Outcome] = []

    def run_beside() -> None:
        for name in beside:
            with contextlib.suppress(Stopped):
                started = time.monotonic()
                process = targets.start(name)
                output, _nothing = process.communicate()
                outcome = Outcome(name, process.returncode, time.monotonic() - started)
                outcomes.append(outcome)
                screen.piece(f"{outcome}\n{output}")

    lane = threading.Thread(target=run_beside)
    try:
        lane.start()
        process = targets.start(shown)
        for line in process.stdout or ():
            screen.line(line)
        returncode = process.wait()
        lane.join()
    except Stopped:
        targets.stop()
        lane.join()
        screen.piece("stopped\n")
        return 1
    failed = [outcome.name for outcome in outcomes if outcome.returncode]
    if failed:
        screen.piece(f"== FAILED beside {shown}: {', '.join(failed)}\n")
    screen.line("")
    return int(bool(failed or returncode))


def _stop(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise Stopped


if __name__ == "__main__":
    main()
