# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge mutants: run in the environment `mutants`, by tests.tools.mutants, with the arguments of pytest.

mutmut makes the mutants, keeps the verdicts and shows them. It would start pytest anew for each, which takes seconds;
here the tests are collected once, and each mutant is judged in a fork of that process: by the tests that run the statement
that it breaks, the likeliest first, until one fails. Nearly every test runs some statements: those are judged by all tests in
the file that is named like theirs, and by some of each other file. What a table of cases calls was called when it was
collected, by code that nothing had broken yet: a survivor that only such a call could tell is none.
"""

from __future__ import annotations

import ast
import gc
import itertools
import multiprocessing
import os
import signal
import sys
import textwrap
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from coverage import Coverage
from mutmut.__main__ import collect_source_file_mutation_data, create_mutants
from mutmut.configuration import config
from mutmut.mutation.data import MutantLineSpans, SourceFileMutationData
from mutmut.mutation.diff_apply import generated_function_names
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import (
    change_cwd,
    copy_also_copy_files,
    copy_src_dir,
    setup_source_paths,
    walk_mutatable_files,
    walk_source_files,
)
from mutmut.workers.isolation import run_in_fork, run_in_fork_with_result

MUTANTS = Path("mutants")

# Verdicts as mutmut keeps them.
SURVIVED, KILLED, NO_TESTS, TIMEOUT = 0, 1, 33, 36

# What keeps a processor busy, trying a great many values, judges nobody: each survivor would pay for it.
PROCESSOR_SECONDS_OF_A_JUDGE = 1.0
MOST_JUDGES_ELSEWHERE = 100

# A line of a file, and the tests that run it, by their numbers.
Judges = dict[tuple[str, int], list[int]]


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
        self._judges: Judges = {}
        self._lines: Counter[int] = Counter()  # how many each test runs
        self._kills: Counter[int] = Counter()
        self._running = multiprocessing.Value("i", lock=False)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._seconds, self._judges = run_in_fork_with_result(find_judges, session)
        self._lines.update(test for judges in self._judges.values() for test in judges)
        with change_cwd(".."):
            every = collect_source_file_mutation_data(mutant_names=())[0]
            rest = [(data, name) for data, name, verdict in every if verdict != KILLED]
        gc.freeze()  # A fork would copy what the collector looks at.
        for number, (data, name) in enumerate(rest, 1):
            begin = time.monotonic()
            verdict = self._judge(session, name, data.path)
            seconds = time.monotonic() - begin
            print(f"{number}/{len(rest)} {seconds:.1f} s: {status_by_exit_code[verdict]} {name}", flush=True)
            with change_cwd(".."):
                data.exit_code_by_key[name] = verdict
                data.save()
        report({str(data.path): data for data, _name, _verdict in every})
        return True

    def _judge(self, session: pytest.Session, mutant: str, path: Path) -> int:
        with change_cwd(".."):
            lines = broken_lines(mutant, path)
        tests = self._nearest(session, path, lines)
        if not tests:
            return NO_TESTS
        code = run_in_fork(self._run, session, mutant, tests)
        if code == SURVIVED:
            return SURVIVED
        self._kills[self._running.value] += 1
        return TIMEOUT if code == -signal.SIGALRM else code

    def _nearest(self, session: pytest.Session, path: Path, lines: range) -> list[int]:
        """Return tests that run some of these lines: what killed most, then what runs few others, its own file before others."""
        own_file = f"test_{path.stem.strip('_')}.py"
        judges = {test for line in lines for test in self._judges.get((str(path), line), ())}
        by_file: dict[Path, list[int]] = defaultdict(list)
        for test in sorted(judges, key=lambda test: (-self._kills[test], self._lines[test], self._seconds[test])):
            by_file[session.items[test].path].append(test)
        own = [test for file, tests in by_file.items() if file.name == own_file for test in tests]
        rounds = itertools.zip_longest(*(tests for file, tests in by_file.items() if file.name != own_file))
        others = [test for tests in rounds for test in tests if test is not None]
        return sorted(own + others[:MOST_JUDGES_ELSEWHERE], key=lambda test: -self._kills[test])

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


def broken_lines(mutant: str, path: Path) -> range:
    """Return the lines of the statement that a mutant breaks, as the file of the mutants numbers them where it is whole.

    Of a statement that holds others these are its head. What stands in the head of a function breaks all of it.
    """
    index = MutantLineSpans.load(path)
    names = generated_function_names(mutant)
    whole, mutated = index.read_function_sources(names)
    before = index.span_by_function_name[names[0]].start - 1
    pairs = zip(whole.splitlines(), mutated.replace(names[1], names[0], 1).splitlines())
    broken_at = next(number for number, (line, other) in enumerate(pairs, 1) if line != other)
    (function,) = ast.parse(textwrap.dedent(whole)).body
    statements = (node for node in ast.walk(function) if isinstance(node, ast.stmt))
    broken = max((node for node in statements if broken_at in lines_of(node)), key=lambda node: node.lineno)
    lines = lines_of(broken)
    held = [] if broken is function else getattr(broken, "body", [])
    return range(before + lines.start, before + (held[0].lineno if held else lines.stop))


def lines_of(statement: ast.stmt) -> range:
    return range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)


def find_judges(session: pytest.Session) -> tuple[list[float], Judges]:
    """Run all tests once; return the seconds of each, and the judges of each line; for a fork.

    A test that fails where nothing is broken judges nobody: looking for lines takes its time.
    """
    set_mutant_under_test("")
    silence()
    paths = {str(path.resolve()): str(path) for path in walk_mutatable_files()}
    watch = Coverage(data_file=None, config_file=False, include=list(paths))
    watch.start()
    seconds = []
    judges = set()
    for test in range(len(session.items)):
        watch.switch_context(str(test))
        failed, begin, begin_busy = session.testsfailed, time.monotonic(), time.process_time()
        run(session, test)
        seconds.append(time.monotonic() - begin)
        is_quick = time.process_time() - begin_busy <= PROCESSOR_SECONDS_OF_A_JUDGE
        if session.testsfailed == failed and is_quick:
            judges.add(str(test))
    watch.stop()
    tests_by_line = {
        (path, line): [int(test) for test in tests if test in judges]
        for real_path, path in paths.items()
        for line, tests in watch.get_data().contexts_by_lineno(real_path).items()
    }
    return seconds, tests_by_line


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
