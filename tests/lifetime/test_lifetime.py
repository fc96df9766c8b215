# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module whose controller ends, in whatever way, leaves no token whose value nobody has."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks import Playbooks, cases
from tests.simulator import Simulator
from tests.simulator.processes import descendants

NAMES = [f"service-{number:02}" for number in range(60)]
SLOW_SECONDS = 0.4  # a create
TASK: dict[str, Any] = {
    "community.turso.turso_tokens": {
        "tokens": [{"name": name, "organization": "acme"} for name in NAMES],
        "concurrency": 2,
    },
    "register": "made",
}
ROLE: dict[str, Any] = {
    "ansible.builtin.include_role": {"name": "community.turso.turso_rotate"},
    "vars": {"turso_rotate_tokens": [{"name": name, "organization": "acme"} for name in NAMES]},
}
CREATORS = {"turso_tokens": TASK, "the role": ROLE}
TIMEOUT_SECONDS = 6  # of a task: long enough for a busy machine to begin it
BEGIN_SECONDS = 60.0  # of a run: a busy machine takes 20 until it issues


def interrupt(process: subprocess.Popen[str]) -> None:
    """Do what Ctrl-C does: the terminal tells the whole process group."""
    os.killpg(process.pid, signal.SIGINT)


def terminate(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)


def kill_controller(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)


def wait_for_timeout(process: subprocess.Popen[str]) -> None:
    """Let the task's own timeout end it."""


ENDS = {"Ctrl-C": interrupt, "SIGTERM": terminate, "SIGKILL": kill_controller, "timeout of the task": wait_for_timeout}


def left(simulator: Simulator) -> list[str]:
    return [token.name for token in simulator.tokens if token.name.startswith("service-")]


@pytest.mark.parametrize(
    ("creator", "end"),
    cases(
        (
            (f"{creates}, {ends}", creator, end)
            for (creates, creator), (ends, end) in itertools.product(CREATORS.items(), ENDS.items())
        ),
        sample=("turso_tokens, Ctrl-C", "turso_tokens, SIGKILL", "the role, SIGTERM"),
    ),
)
def test_whoever_ends_the_controller_no_token_is_left_whose_value_nobody_has(
    simulator: Simulator,
    playbooks: Playbooks,
    creator: dict[str, Any],
    end: Callable[[subprocess.Popen[str]], None],
) -> None:
    simulator.behave(latency=SLOW_SECONDS)
    timeout = {"ANSIBLE_TASK_TIMEOUT": str(TIMEOUT_SECONDS)} if end is wait_for_timeout else {}
    playing = [{"hosts": "localhost", "gather_facts": False, "tasks": [creator]}]
    process = playbooks.start(playing, env=timeout)
    assert until(lambda: len(left(simulator)) >= 2, BEGIN_SECONDS)
    end(process)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0, output
    assert until(lambda: not left(simulator) and is_quiet(simulator)), left(simulator)
    # It stopped long before the end; the role issues eight at once, and may be through before it is told.
    assert len(simulator.revoked) < len(NAMES) or creator is ROLE
    assert not any(secret in output for secret in simulator.canaries)


def test_a_module_that_is_told_to_stop_says_what_it_did(simulator: Simulator, playbooks: Playbooks) -> None:
    """The controller goes on: what was created is withdrawn, the rest was not tried, and the result says so."""
    simulator.behave(latency=SLOW_SECONDS)
    process = playbooks.start([{"hosts": "localhost", "gather_facts": False, "tasks": [TASK]}])
    assert until(lambda: len(left(simulator)) >= 2, BEGIN_SECONDS)
    for pid in modules_below(process.pid):
        os.kill(pid, signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2, output
    assert left(simulator) == []
    told = " ".join(output.split())
    assert "60 of 60 tokens failed." in told
    assert "was not processed: the module was told to stop (SIGTERM). It was not changed." in told
    assert re.search(r"could not return the new token '\S+': the module was told to stop \(SIGTERM\)\.", told)
    assert "was revoked again." in told


def until(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.1)
    return False


def is_quiet(simulator: Simulator) -> bool:
    """Tell whether no request comes any more."""
    seen = len(simulator.requests)
    time.sleep(3 * SLOW_SECONDS)
    return len(simulator.requests) == seen


def modules_below(root: int) -> list[int]:
    """Return the processes of modules that a controller started, as far as /proc tells."""
    return [pid for pid in descendants(root) if is_module(pid)]


def is_module(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return len(words) > 1 and b"AnsiballZ_" in words[1]
