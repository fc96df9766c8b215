# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tests a run takes, and that CONTRIBUTING.md says so."""

from __future__ import annotations

import re
from unittest import mock

import pytest

from tests.playbooks import cases
from tests.selection import begun_in_order, core_for, runs
from tests.tools.checkout import ROOT

CORES = ["core-2.16-py3.12", "core-2.21-py3.13"]


@pytest.mark.parametrize(
    ("marks", "has_its_core", "full", "expected"),
    [
        pytest.param((), True, False, True, id="by its own core"),
        pytest.param((), False, False, False, id="not by the other core"),
        pytest.param((), False, True, True, id="by the other core with --full"),
        pytest.param(("one_core",), False, True, False, id="not by the other core where all answer alike"),
        pytest.param(("one_core",), True, True, True, id="by one core where all answer alike"),
        pytest.param(("every_core",), False, False, True, id="by each core where they differ"),
        pytest.param(("heavy",), True, False, False, id="not if it is heavy"),
        pytest.param(("heavy", "every_core"), True, False, False, id="not if it is heavy, whatever its core"),
        pytest.param(("heavy",), True, True, True, id="if it is heavy with --full"),
    ],
)
def test_a_case_runs(marks: tuple[str, ...], has_its_core: bool, full: bool, expected: bool) -> None:
    assert runs(marks, has_its_core=has_its_core, full=full) is expected


def test_what_runs_for_long_begins_first() -> None:
    quick, long = (mock.create_autospec(pytest.Item, instance=True) for _ in range(2))
    quick.iter_markers.return_value = [pytest.mark.promise(1).mark]
    long.iter_markers.return_value = [pytest.mark.long.mark]
    assert begun_in_order([quick, long, quick]) == [long, quick, quick]


def test_a_case_has_one_core_whichever_stands_in_its_name() -> None:
    names = [f"tests/role/test_x.py::test[{{}}-case {number}]" for number in range(40)]
    chosen = [{core_for(name.format(core), CORES) for core in CORES} for name in names]
    assert {len(cores) for cores in chosen} == {1}
    assert set.union(*chosen) == set(CORES)
    assert core_for(names[0], CORES[:1]) == CORES[0]


def test_rows_out_of_the_sample_are_heavy() -> None:
    listed = cases([("a", 1), ("b", 2)], sample=("a",))
    assert [(case.id, case.values, [mark.name for mark in case.marks]) for case in listed] == [
        ("a", (1,), []),
        ("b", (2,), ["heavy"]),
    ]
    with pytest.raises(AssertionError, match="no part of the rows"):
        cases([("a", 1)], sample=("renamed",))


# A fault in one of these is a fault in what "@heavy", "cases(" or "full" stands for.
SAMPLED = re.compile(r"^@heavy|marks=heavy|\bcases\(|\"(--)?full\"", re.MULTILINE)


def test_contributing_names_what_is_sampled() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text().partition("| tests | `make test` takes |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(tests/\w+)`", table))
    files = [path for path in (ROOT / "tests").glob("*/**/*.py") if path.name != "test_selection.py"]
    sources = [path for path in files if path.relative_to(ROOT / "tests").parts[0] != "output"]
    sampled = {
        f"tests/{path.relative_to(ROOT / 'tests').parts[0]}" for path in sources if SAMPLED.search(path.read_text())
    }
    assert sampled <= named
    assert {folder for folder in named if not (ROOT / folder).is_dir()} == set()
