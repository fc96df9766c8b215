# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge mutants: run in the environment `mutants`, by tests.tools.mutants, with the arguments of pytest.

mutmut makes the mutants, keeps the verdicts and shows them. It would start pytest anew for each, which takes seconds;
here the tests are collected once, and each mutant is judged in a fork of that process: by the tests that call its
function, the likeliest first, until one fails. What a table of cases calls was called when it was collected, by code that
nothing had broken yet: a survivor that only such a call could tell is none.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from mutmut.__main__ import collect_source_file_mutation_data, create_mutants
from mutmut.configuration import config
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import (
    change_cwd,
    copy_also_copy_files,
    copy_src_dir,
    setup_source_paths,
    walk_source_files,
)
from mutmut.utils.format_utils import mangled_name_from_mutant_name
from mutmut.workers.isolation import run_in_fork, run_in_fork_with_result

MUTANTS = Path("mutants")

# Verdicts as mutmut keeps them.
SURVIVED, KILLED, NO_TESTS, TIMEOUT = 0, 1, 33, 36

# What waits, tries a great many values, or comes late judges nobody: each survivor would pay for it.
SECONDS_OF_A_JUDGE = 1.0
MOST_JUDGES = 100


def main() -> None:
    make_mutants()
    with change_cwd(MUTANTS):
        quick = ["-q", "--capture=no", "--assert=plain", "--tb=native", "-p", "no:cacheprovider"]
        options = [*quick, f"--basetemp={Path.cwd() / 'tmp'}"]
        sys.exit(pytest.main([*sys.argv[1:], *options], plugins=[Court()]))


def make_mutants() -> None:
    """Write the mutants, and have Python import what is there. Files that did not change keep theirs, which takes a while."""
    set_mutant_under_test("mutant_generation")
    for path in walk_source_files():
        copy = MUTANTS / path
        spans = copy.with_name(f"{copy.name}.spans")
        if not (spans.is_file() and config().should_mutate(path)):  # else mutmut takes a mere copy for broken already
            copy.unlink(missing_ok=True)
            spans.unlink(missing_ok=True)
    copy_src_dir()
    copy_also_copy_files()
    setup_source_paths()
    create_mutants(1)


class Court:
    """Judges the mutants, instead of running the tests that were collected. Tests are named by their numbers among those."""

    def __init__(self) -> None:
        self._seconds: list[float] = []
        self._judges: dict[str, list[int]] = {}
        self._calls: Counter[int] = Counter()
        self._kills: Counter[int] = Counter()
        self._running = multiprocessing.Value("i", lock=False)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._seconds, self._judges = run_in_fork_with_result(find_judges, session)
        self._calls.update(test for judges in self._judges.values() for test in judges)
        with change_cwd(".."):
            every = collect_source_file_mutation_data(mutant_names=())[0]
            rest = [(data, name) for data, name, verdict in every if verdict != KILLED]
        gc.freeze()  # A fork would copy what the collector looks at.
        for number, (data, name) in enumerate(rest, 1):
            begin = time.monotonic()
            verdict = self._judge(session, name)
            seconds = time.monotonic() - begin
            print(f"{number}/{len(rest)} {seconds:.1f} s: {status_by_exit_code[verdict]} {name}", flush=True)
            with change_cwd(".."):
                data.exit_code_by_key[name] = verdict
                data.save()
        report({str(data.path): data for data, _name, _verdict in every})
        return True

    def _judge(self, session: pytest.Session, mutant: str) -> int:
        tests = self._nearest(session, mangled_name_from_mutant_name(mutant))
        if not tests:
            return NO_TESTS
        code = run_in_fork(self._run, session, mutant, tests)
        if code == SURVIVED:
            return SURVIVED
        self._kills[self._running.value] += 1
        return TIMEOUT if code == -signal.SIGALRM else code

    def _nearest(self, session: pytest.Session, function: str) -> list[int]:
        """Return tests that call a function: first what killed most, then those of its file, and those that call few others."""
        own_file = f"test_{function.split('.')[-2].strip('_')}.py"

        def distance(test: int) -> tuple[int, bool, int, float]:
            is_elsewhere = session.items[test].path.name != own_file
            return -self._kills[test], is_elsewhere, self._calls[test], self._seconds[test]

        return sorted(self._judges.get(function, ()), key=distance)[:MOST_JUDGES]

    def _run(self, session: pytest.Session, mutant: str, tests: list[int]) -> int:
        """Run tests until one fails; for a fork, which ends where a test takes many times what it did."""
        set_mutant_under_test(mutant)
        silence()
        for test in tests:
            self._running.value = test
            signal.setitimer(signal.ITIMER_REAL, 5 + 10 * self._seconds[test])
            run(session, test)
            if session.testsfailed:
                return KILLED
        return SURVIVED


def find_judges(session: pytest.Session) -> tuple[list[float], dict[str, list[int]]]:
    """Run all tests once; return the seconds of each, and the judges of each function that is called; for a fork.

    A test that fails where nothing is broken judges nobody: looking for mutants on every call takes its time.
    """
    set_mutant_under_test("stats")
    silence()
    seconds = []
    judges: dict[str, list[int]] = defaultdict(list)
    for test in range(len(session.items)):
        state()._stats.clear()
        failed, begin = session.testsfailed, time.monotonic()
        run(session, test)
        seconds.append(time.monotonic() - begin)
        if session.testsfailed == failed and seconds[test] <= SECONDS_OF_A_JUDGE:
            for function in state()._stats:
                judges[function].append(test)
    return seconds, dict(judges)


def run(session: pytest.Session, test: int) -> None:
    """Run a test; failures are counted in `session.testsfailed`."""
    session.config.hook.pytest_runtest_protocol(item=session.items[test], nextitem=None)


def silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def report(by_path: dict[str, SourceFileMutationData]) -> None:
    """Print by file how many mutants ended how, then those that nothing killed."""
    for path, data in sorted(by_path.items()):
        verdicts = Counter(status_by_exit_code[verdict] for verdict in data.exit_code_by_key.values())
        print(f"{path.partition('module_utils/')[2]}: {', '.join(f'{n} {verdict}' for verdict, n in verdicts.items())}")
    for data in by_path.values():
        for name, verdict in data.exit_code_by_key.items():
            if verdict != KILLED:
                print(f"{status_by_exit_code[verdict]}: {name}")


if __name__ == "__main__":
    main()
