# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure the role against the same job written with ansible.builtin.uri, and one module task against one uri task.

    python -m tests.bench [--quick] [--write docs/performance.md]

Figures of one machine mean little, so every comparison is a ratio of runs that took turns.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import jobs
from tests.playbooks import Playbooks
from tests.simulator.remote import RemoteSimulator
from tests.tools.checkout import ROOT, collections_path

LATENCIES_MS = (20, 100)
COUNTS = (1, 10, 100, 1000)
URI_UP_TO = 100
TASKS = 10
ROUNDS = {1: 5, 10: 3}


@dataclasses.dataclass(frozen=True)
class Measured:
    seconds: float
    requests: int
    peak_mib: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="20 ms, up to 100 tokens")
    parser.add_argument("--write", type=Path, metavar="FILE", help="replace this file with the report")
    options = parser.parse_args()
    report = measure((20,) if options.quick else LATENCIES_MS, COUNTS[:3] if options.quick else COUNTS)
    if options.write:
        options.write.write_text(report)
    print(report)


def measure(latencies_ms: tuple[int, ...], counts: tuple[int, ...]) -> str:
    rows = []
    for latency_ms in latencies_ms:
        idle = statistics.median(run(latency_ms, 0, jobs.nothing()).seconds for _ in range(5))
        for count in counts:
            rows.append(compare(latency_ms, count, idle))
            say(rows[-1])
    tasks = compare_tasks()
    say(tasks)
    return REPORT.format(
        machine=f"{os.cpu_count()} cores, Python {platform.python_version()}, {core_version()}",
        rows="\n".join(rows),
        tasks=tasks,
        imports=compare_imports(),
    )


def compare(latency_ms: int, count: int, idle: float) -> str:
    """Return the row of one latency and number of tokens."""
    names = [f"service-{number:04}" for number in range(count)]
    with_role, with_uri = [], []
    for _ in range(ROUNDS.get(count, 1)):
        with_role.append(run(latency_ms, count, jobs.rotation_with_role(names)))
        if count <= URI_UP_TO:
            with_uri.append(run(latency_ms, count, jobs.rotation_with_uri(names)))
    role = middle(with_role)
    floor = role.requests * latency_ms / 1000 / min(jobs.CONCURRENCY, max(count, 1)) + idle
    cells = [
        f"{latency_ms} ms",
        f"{count:,}",
        f"{role.seconds:.1f} s",
        f"{role.requests:,}",
        f"{role.peak_mib:.0f} MiB",
    ]
    if with_uri:
        uri = middle(with_uri)
        cells += [f"{uri.seconds:.1f} s", f"{uri.requests:,}", f"{uri.peak_mib:.0f} MiB"]
        cells.append(f"{uri.seconds / role.seconds:.2f}")
    else:
        cells += ["", "", "", ""]
    cells += [f"{floor:.1f} s", f"{role.seconds / floor:.2f}"]
    return f"| {' | '.join(cells)} |"


def compare_tasks() -> str:
    """Return the row of one unchanged turso_token against one uri that does the same GET."""
    idle, module, uri = [], [], []
    for _ in range(5):
        idle.append(run(0, 0, jobs.nothing()).seconds)
        module.append(run(0, 0, jobs.unchanged_tokens(TASKS)).seconds)
        uri.append(run(0, 0, jobs.get_requests(TASKS)).seconds)
    per_task = [(statistics.median(whole) - statistics.median(idle)) / TASKS for whole in (module, uri)]
    return f"| {per_task[0]:.3f} s | {per_task[1]:.3f} s | {per_task[0] / per_task[1]:.2f} |"


def compare_imports() -> str:
    """Return the rows of what importing costs: Ansible's own base of every module, requests, and ours on top."""
    prefix = "ansible_collections.community.turso.plugins.modules."
    steps = ["ansible.module_utils.basic", "requests", *(prefix + name for name in ("turso_token", "turso_tokens"))]
    rows = []
    for number, step in enumerate(steps):
        before = "".join(f"import {name}; " for name in steps[: min(number, 2)])
        code = f"import time; {before}start = time.perf_counter(); import {step}; print(time.perf_counter() - start)"
        env = {**os.environ, "PYTHONPATH": str(collections_path())}
        took = [
            float(subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True).stdout)
            for _ in range(5)
        ]
        rows.append(f"| {step.removeprefix(prefix)} | {statistics.median(took) * 1000:.0f} ms |")
    return "\n".join(rows)


def run(latency_ms: int, count: int, plays: list[jobs.Play]) -> Measured:
    """Run a playbook against a fresh simulator whose tokens are 120 days old."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        simulator, origin, credential = start_simulator(folder, latency_ms)
        try:
            remote = RemoteSimulator(origin)
            remote.given("present", organization="acme")
            for number in range(count):
                remote.given(f"service-{number:04}", organization="acme", age_days=120)
            playbooks = Playbooks(Path(sys.prefix), folder, api_url=origin, api_token=credential)
            started = time.perf_counter()
            process = playbooks.start(plays)
            output = process.stdout.read() if process.stdout else ""
            _pid, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                sys.exit(f"The playbook failed:\n{output[-3000:]}")
            return Measured(seconds, len(remote.requests), usage.ru_maxrss / 1024)
        finally:
            simulator.terminate()
            simulator.wait()


def start_simulator(folder: Path, latency_ms: int) -> tuple[subprocess.Popen[str], str, str]:
    command = [sys.executable, "-m", "tests.simulator", "--latency", str(latency_ms / 1000)]
    process = subprocess.Popen(
        [*command, "--credential-file", str(folder / "credential")], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    origin = (process.stdout.readline() if process.stdout else "").rpartition(" ")[2].strip()
    return process, origin, (folder / "credential").read_text().strip()


def middle(runs: list[Measured]) -> Measured:
    return sorted(runs, key=lambda one: one.seconds)[len(runs) // 2]


def core_version() -> str:
    code = "from ansible.release import __version__; print('ansible-core', __version__)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: E731

REPORT = """\
<!--
Copyright (c) 2026 the community.turso contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->

# Performance

Made by `make bench`; do not edit. Machine: {machine}. The API is the simulator, with a latency added to every request.
Times are of whole runs of `ansible-playbook`. What counts are the ratios: both sides took turns in one run.

## A rotation: the role against the same job with ansible.builtin.uri

The job is to list, to create a new token for every one that is older than 90 days, to try its value, and to revoke the old one.
The role also plans, verifies by a list, waits for the confirmation of the play, and reports.

The floor is what no implementation can go below: requests x latency / requests under way at once (8, or the number of
tokens), and an `ansible-playbook` that does nothing. Peak memory is that of the largest process.

| latency | tokens | role | requests | peak | uri | requests | peak | uri / role | floor | role / floor |
|---|---|---|---|---|---|---|---|---|---|---|
{rows}

## One task: an unchanged turso_token against one GET with ansible.builtin.uri

| turso_token | uri | turso_token / uri |
|---|---|---|
{tasks}

## Imports

What each import adds to those above it. Every module of Ansible pays for the first one.

| import | time |
|---|---|
{imports}
"""


if __name__ == "__main__":
    main()
