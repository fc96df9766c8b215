# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether anybody still waits for a module's result, and what is done where nobody does."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.community.turso.plugins.module_utils._lifetime import SIGNALS, Lifetime
from tests.tools.checkout import collections_path

ENDED = "nobody reads the module's output any more"


@pytest.fixture
def pipe() -> Iterator[list[int]]:
    """Both ends of a pipe: the one that is read, the one that a module writes to."""
    ends = list(os.pipe())
    yield ends
    for end in ends:
        os.close(end)


def test_somebody_waits_as_long_as_the_pipe_is_open(pipe: list[int]) -> None:
    lifetime = Lifetime(stdout=pipe[1])
    assert lifetime.over() is None
    os.close(pipe.pop(0))
    assert lifetime.over() == ENDED


def test_a_file_is_always_read(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as file:
        assert Lifetime(stdout=file.fileno()).over() is None


def test_nobody_reads_what_is_closed(pipe: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    closed = os.dup(pipe[1])
    os.close(closed)
    assert Lifetime(stdout=closed).over() == ENDED
    monkeypatch.setattr(sys, "stdout", None)  # as Python has it where descriptor 1 is closed at the start
    assert Lifetime(stdout=pipe[1]).over() == ENDED


def test_another_parent_means_that_the_first_has_ended(pipe: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    lifetime = Lifetime(stdout=pipe[1])
    monkeypatch.setattr(os, "getppid", lambda: 1)
    assert lifetime.over() == "the process that started the module has ended"


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_noted_and_ends_nothing(pipe: list[int], number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with Lifetime(stdout=pipe[1]) as lifetime:
            os.kill(os.getpid(), number)
            assert lifetime.over() == f"the module was told to stop ({number.name})"
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_is_ignored_stays_so(pipe: list[int], number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with Lifetime(stdout=pipe[1]) as lifetime:
            os.kill(os.getpid(), number)
            assert lifetime.over() is None
            assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


class Broken(io.StringIO):
    def flush(self) -> None:
        raise BrokenPipeError


@pytest.mark.parametrize(
    ("ends_with", "stdout", "taken_back"),
    [
        (SystemExit(0), io.StringIO(), False),
        (SystemExit(0), Broken(), True),
        (OSError("No space left on device"), io.StringIO(), True),
    ],
    ids=["written", "not flushed", "not printed"],
)
def test_what_only_the_result_tells_of_is_taken_back_where_it_is_not_written(
    pipe: list[int],
    monkeypatch: pytest.MonkeyPatch,
    ends_with: BaseException,
    stdout: io.StringIO,
    taken_back: bool,
) -> None:
    reasons: list[str] = []
    monkeypatch.setattr(sys, "stdout", stdout)
    with pytest.raises(SystemExit) as caught, Lifetime(stdout=os.dup(pipe[1])).handing_over(reasons.append):
        raise ends_with
    assert reasons == (["the result could not be written"] if taken_back else [])
    assert caught.value.code == int(taken_back)


def test_a_bug_is_not_taken_for_a_result_that_is_not_written(pipe: list[int]) -> None:
    reasons: list[str] = []
    with pytest.raises(ZeroDivisionError), Lifetime(stdout=pipe[1]).handing_over(reasons.append):
        raise ZeroDivisionError
    assert reasons == []


def test_python_ends_quietly_after_a_result_that_nobody_read() -> None:
    code = textwrap.dedent(
        """
        import sys
        from ansible_collections.community.turso.plugins.module_utils._lifetime import Lifetime
        sys.stdin.readline()
        with Lifetime().handing_over(lambda reason: print(reason, file=sys.stderr)):
            print("x" * 1000)
            sys.exit(0)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(collections_path())},
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        process.stdout.close()
        process.stdin.write("\n")
        process.stdin.close()
        assert process.stderr.read() == "the result could not be written\n"
    assert process.returncode == 1
