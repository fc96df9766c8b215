# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a playbook against a fresh simulator, and tell what it took: the clock's seconds, and the processors'."""

from __future__ import annotations

import dataclasses
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.bench import jobs
from tests.playbooks import Playbooks
from tests.simulator.remote import RemoteSimulator
from tests.tools.checkout import ROOT, collections_path


@dataclasses.dataclass(frozen=True)
class Measured:
    """One run. cpu is user and system time of ansible-playbook and all that it started; the simulator is none of it."""

    seconds: float
    cpu: float
    requests: int
    peak_mib: float


def names_of(count: int) -> list[str]:
    return [f"service-{number:04}" for number in range(count)]


def run(
    latency_ms: int,
    count: int,
    plays: list[jobs.Play],
    *,
    age_days: int = 120,
    databases: bool = False,
    env: Mapping[str, str] | None = None,
) -> Measured:
    """Run a playbook against a fresh simulator that has so many tokens of that age, or so many databases.

    :param env: more variables of the environment.
    """
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        simulator, origin, credential = _start_simulator(folder, latency_ms)
        try:
            remote = RemoteSimulator(origin)
            remote.given("present", organization="acme")
            for name in names_of(count):
                if databases:
                    remote.add_database(name)
                else:
                    remote.given(name, organization="acme", age_days=age_days)
            playbooks = Playbooks(Path(sys.prefix), folder, api_url=origin, api_token=credential)
            started = time.perf_counter()
            process = playbooks.start(plays, env=dict(env or {}))
            output = process.stdout.read() if process.stdout else ""
            _pid, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                sys.exit(f"The playbook failed:\n{output[-3000:]}")
            cpu = usage.ru_utime + usage.ru_stime
            return Measured(seconds, cpu, len(remote.requests), usage.ru_maxrss / 1024)
        finally:
            simulator.terminate()
            simulator.wait()


def pairs(rounds: int, *runs: Callable[[], Measured]) -> list[list[Measured]]:
    """Run each in turn, so many times; return the runs of each."""
    taken = [[each() for each in runs] for _ in range(rounds)]
    return [list(column) for column in zip(*taken)]


def ratio(ours: Sequence[Measured], theirs: Sequence[Measured], figure: str) -> float:
    """Return the median of what one took in the time of the other, pair by pair."""
    ratios: list[float] = [getattr(a, figure) / getattr(b, figure) for a, b in zip(ours, theirs)]
    return statistics.median(ratios)


def middle(runs: Sequence[Measured]) -> Measured:
    return Measured(*(statistics.median(column) for column in zip(*map(dataclasses.astuple, runs))))


def least_cpu(runs: Sequence[Measured]) -> float:
    """Return the seconds of a processor of the run that took least: what else a machine does only adds."""
    return min(each.cpu for each in runs)


def import_ms(before: Sequence[str], step: str) -> float:
    """Return the milliseconds of a processor that an import takes after others."""
    code = "import time; {}start = time.process_time(); import {}; print(time.process_time() - start)"
    command = [sys.executable, "-c", code.format("".join(f"import {name}; " for name in before), step)]
    env = {**os.environ, "PYTHONPATH": str(collections_path())}
    took = [float(subprocess.run(command, env=env, capture_output=True, check=True).stdout) for _ in range(5)]
    return statistics.median(took) * 1000


PLAN = """
import re, sys, time
sys.path.insert(0, sys.argv[1])
from ansible_collections.community.turso.plugins.filter.rotation_plan import rotation_plan
names = [f"service-{number:05}" for number in range(int(sys.argv[2]))]
versions = [{"name": name, "id": f"id-{name}", "created_at": "2026-06-01T00:00:00Z", "organization": "acme"} for name in names]
wanted = [{"name": name, "organization": "acme", "deliver": [{"to": "play"}]} for name in names]
started = time.process_time()
plans = rotation_plan(versions, wanted, "2026-11-30T00:00:00Z")
seconds = time.process_time() - started
assert sum(plan["action"] == "issue" for plan in plans) == len(names)
with open("/proc/self/status") as status:
    print(seconds, int(re.search("VmHWM:\\s+([0-9]+)", status.read())[1]) / 1024)
"""


def plan(count: int) -> tuple[float, float]:
    """Plan so many entries, all due; return the seconds of a processor and the peak in MiB."""
    command = [sys.executable, "-c", PLAN, str(collections_path()), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, mib = map(float, done.stdout.split())
    return seconds, mib


def _start_simulator(folder: Path, latency_ms: int) -> tuple[subprocess.Popen[str], str, str]:
    command = [sys.executable, "-m", "tests.simulator", "--latency", str(latency_ms / 1000)]
    process = subprocess.Popen(
        [*command, "--credential-file", str(folder / "credential")], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    origin = (process.stdout.readline() if process.stdout else "").rpartition(" ")[2].strip()
    return process, origin, (folder / "credential").read_text().strip()
