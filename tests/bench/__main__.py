# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure the role against the same job written with ansible.builtin.uri, and what its parts take.

    python -m tests.bench [--quick] [--write docs/performance.md]

Figures of one machine mean little, so every comparison is a ratio of runs that took turns.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench import chart, jobs
from tests.bench.measured import Measured, import_ms, least_cpu, middle, names_of, pairs, plan, ratio, run
from tests.bench.profile import NOTHING, profile
from tests.bench.report import REPORT

LATENCIES_MS = (20, 100)
COUNTS = (1, 10, 100, 1000)
URI_UP_TO = 100
TASKS = 4
ROUNDS = {1: 3}
ROUNDS_OF_PARTS = 2
MANY = 1000
PLANNED = 10_000
AUDITED = 5000
PICTURE = "images/performance.svg"
OF_RUN = ("processor", "requests", "peak")
COLUMNS = ("latency", "tokens", "role", *OF_RUN, "uri", *OF_RUN, "uri / role", "by processor", "floor", "role / floor")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="20 ms only")
    parser.add_argument("--tokens", type=int, nargs="+", default=COUNTS, help="how many are rotated")
    parser.add_argument("--write", type=Path, metavar="FILE", help="replace this file with the report, and its chart")
    options = parser.parse_args()
    report, picture = measure(LATENCIES_MS[:1] if options.quick else LATENCIES_MS, options.tokens)
    if options.write:
        options.write.write_text(report)
        (options.write.parent / PICTURE).write_text(picture)
    print(report)


def measure(latencies_ms: tuple[int, ...], counts: Sequence[int]) -> tuple[str, str]:
    """Return the report, and the chart of the first latency."""
    load = os.getloadavg()[0]
    parts = measure_parts()
    quiet = measure_quiet_day()
    parts_of_runs = measure_profile()
    audit = measure_audit()
    sql = compare_sql()
    seconds, mib = plan(PLANNED)
    say(f"{PLANNED} planned: {seconds:.1f} s, {mib:.0f} MiB")
    rows: list[str] = []
    bars: list[chart.Bar] = []
    for latency_ms in latencies_ms:
        for count in counts:
            row, drawn = compare(latency_ms, count)
            say(row)
            rows.append(row)
            bars += drawn if latency_ms == latencies_ms[0] else []
    report = REPORT.format(
        machine=f"{os.cpu_count()} cores, Python {platform.python_version()}, {core_version()}",
        load=f"{statistics.mean((load, os.getloadavg()[0])):.0f}",
        picture=PICTURE,
        head=f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|",
        rows="\n".join(rows),
        parts=parts,
        profile=parts_of_runs,
        many=f"{MANY:,}",
        audited=f"{AUDITED:,}",
        audit=audit,
        sql=sql,
        quiet=quiet,
        plan=f"{PLANNED:,} entries, all due, are planned in {seconds:.1f} s of a processor, with a peak of {mib:.0f} MiB.",
        imports=compare_imports(),
    )
    return report, chart.drawn(f"Rotate so many tokens, {latencies_ms[0]} ms a request", bars)


def compare(latency_ms: int, count: int) -> tuple[str, list[chart.Bar]]:
    """Return the row of one latency and number of tokens, and the bars of it."""
    names = names_of(count)
    runs = [lambda: run(latency_ms, 0, jobs.nothing()), lambda: run(latency_ms, count, jobs.rotation_with_role(names))]
    if count <= URI_UP_TO:
        runs.append(lambda: run(latency_ms, count, jobs.rotation_with_uri(names)))
    idle, with_role, *with_uri = pairs(ROUNDS.get(count, 1), *runs)
    role = middle(with_role)
    floor = role.requests * latency_ms / 1000 / min(jobs.CONCURRENCY, count) + middle(idle).seconds
    cells = [f"{latency_ms} ms", f"{count:,}", *shown(role)]
    bars: list[chart.Bar] = [(f"{count:,}, role", "role", role.seconds)]
    if with_uri:
        uri = middle(with_uri[0])
        cells += shown(uri)
        cells += [f"{ratio(with_uri[0], with_role, figure):.2f}" for figure in ("seconds", "cpu")]
        bars.append((f"{count:,}, uri", "uri", uri.seconds))
    else:
        cells += [""] * 6
    cells += [f"{floor:.1f} s", f"{role.seconds / floor:.2f}"]
    return f"| {' | '.join(cells)} |", bars


def shown(done: Measured) -> list[str]:
    return [f"{done.seconds:.1f} s", f"{done.cpu:.1f} s", f"{done.requests:,.0f}", f"{done.peak_mib:.0f} MiB"]


def measure_parts() -> str:
    """Return the rows of what Ansible takes for what a rotation is made of, in seconds of a processor."""
    idle, facts, uri = pairs(
        ROUNDS_OF_PARTS,
        lambda: run(0, 0, jobs.nothing()),
        lambda: run(0, 0, jobs.facts(TASKS)),
        lambda: run(0, 0, jobs.get_requests(TASKS)),
    )
    nothing = least_cpu(idle)
    rows = [
        (NOTHING, nothing),
        ("a task without a module (set_fact)", (least_cpu(facts) - nothing) / TASKS),
        ("a task with a module (uri)", (least_cpu(uri) - nothing) / TASKS),
    ]
    text = "\n".join(f"| {name} | {max(seconds, 0):.2f} s |" for name, seconds in rows)
    say(text)
    return text


def measure_profile() -> str:
    """Return the rows of where the processor time goes: of one token and of many, of a day with nothing due, and of an audit."""
    nothing = least_cpu([run(0, 0, jobs.nothing()) for _ in range(ROUNDS_OF_PARTS)])
    names = names_of(MANY)
    rotated, all_rotated = jobs.rotation_with_role(names[:1]), jobs.rotation_with_role(names)
    quiet = jobs.rotation_with_role(names, confirms=False)
    rotation, audit = "community.turso.turso_rotation", "community.turso.turso_audit"
    runs = [
        profile(lambda env: run(0, 1, rotated, env=env), rotation, nothing, ROUNDS_OF_PARTS),
        profile(lambda env: run(0, MANY, all_rotated, env=env), rotation, nothing, ROUNDS_OF_PARTS),
        profile(lambda env: run(0, MANY, quiet, age_days=10, env=env), rotation, nothing, ROUNDS_OF_PARTS),
        profile(lambda env: run(0, AUDITED, jobs.audit(), age_days=10, env=env), audit, nothing, ROUNDS_OF_PARTS),
    ]
    rows = {name: [parts[name] for parts in runs] for name in runs[0]}
    rows["all of it"] = [sum(parts.values()) for parts in runs]
    text = "\n".join(f"| {name} | {' | '.join(f'{part:.2f} s' for part in parts)} |" for name, parts in rows.items())
    say(text)
    return text


def measure_audit() -> str:
    """Return the row of the audit of many tokens, against a playbook that does nothing."""
    audits, idle = pairs(
        ROUNDS_OF_PARTS, lambda: run(0, AUDITED, jobs.audit(), age_days=10), lambda: run(0, 0, jobs.nothing())
    )
    audit, nothing = least_cpu(audits), least_cpu(idle)
    row = (
        f"| {AUDITED:,} | {audit:.1f} s | {nothing:.1f} s | {audit / nothing:.1f} | {middle(audits).peak_mib:.0f} MiB |"
    )
    say(row)
    return row


def measure_quiet_day() -> str:
    """Return the row of a day on which nothing is due, against a playbook that does nothing."""
    names = names_of(MANY)
    quiet, idle = pairs(
        ROUNDS_OF_PARTS,
        lambda: run(20, MANY, jobs.rotation_with_role(names, confirms=False), age_days=10),
        lambda: run(20, 0, jobs.nothing()),
    )
    done, nothing = middle(quiet), middle(idle)
    cells = [
        f"{MANY:,}",
        f"{done.seconds:.1f} s",
        f"{done.cpu:.1f} s",
        f"{nothing.seconds:.1f} s",
        f"{nothing.cpu:.1f} s",
    ]
    cells += [f"{ratio(quiet, idle, figure):.2f}" for figure in ("seconds", "cpu")]
    say(" ".join(cells))
    return f"| {' | '.join(cells)} |"


def compare_sql() -> str:
    """Return the row of many SQL tokens, against as many API tokens."""
    names, latency_ms = names_of(MANY), LATENCIES_MS[0]
    sql, api = pairs(
        ROUNDS_OF_PARTS,
        lambda: run(latency_ms, MANY, jobs.rotation_of_sql_tokens(names), databases=True),
        lambda: run(latency_ms, MANY, jobs.rotation_with_role(names)),
    )
    cells = [f"{MANY:,}"]
    for done in (middle(sql), middle(api)):
        cells += shown(done)
    cells += [f"{ratio(sql, api, figure):.2f}" for figure in ("seconds", "cpu")]
    say(" ".join(cells))
    return f"| {' | '.join(cells)} |"


def compare_imports() -> str:
    """Return the rows of what importing costs: Ansible's own base of every module, requests, and ours on top."""
    prefix = "ansible_collections.community.turso.plugins.modules."
    base = ["ansible.module_utils.basic", "requests"]
    steps = [*base, *(prefix + name for name in ("turso_token", "turso_tokens", "turso_rotation"))]
    return "\n".join(
        f"| {step.removeprefix(prefix)} | {import_ms(base[:number], step):.0f} ms |"
        for number, step in enumerate(steps)
    )


def core_version() -> str:
    code = "from ansible.release import __version__; print('ansible-core', __version__)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
