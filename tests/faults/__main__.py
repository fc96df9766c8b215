# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Play the matrix of faults and print it as a table: `python -m tests.faults`.

A row is a fault, a column a call. `before` and `after` the effect, `once` and for ever stand below each other in a
cell: what came of it, and how many requests wrote.
"""

from __future__ import annotations

import itertools
import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any

from tests.tools.checkout import collections_path

sys.path.insert(0, str(collections_path()))

from tests.faults import sql_matrix
from tests.faults.matrix import CALLS, FAULTS, TIMES, WHENS, Cell, broken_promises, cells, expected, play


def main() -> int:
    logging.disable()  # urllib3 warns of every odd answer
    wrong = {
        **show([call.name for call in CALLS], [play(cell) for cell in cells()], told, problems_of),
        **show(
            sql_matrix.CALLS, [sql_matrix.play(cell) for cell in sql_matrix.cells()], told_of_sql, sql_matrix.problems
        ),
    }
    for name, problems in wrong.items():
        print(f"  {name}: {'; '.join(problems)}")
    return 1 if wrong else 0


def show(
    calls: Sequence[str], cells: Sequence[Any], tell: Callable[[Any], str], judge: Callable[[Any], list[str]]
) -> dict[str, list[str]]:
    """Print a table, and return what is wrong in which cell."""
    played = {(cell.fault, cell.when, cell.times, cell.call): cell for cell in cells}
    headers = ["fault", "effect", "strikes", *calls]
    rows = [headers]
    for fault, when, times in itertools.product(FAULTS, WHENS, TIMES):
        row = [tell(played.get((fault, when, times, call))) for call in calls]
        if any(row):
            rows.append([fault, when, times, *row])
    widths = [max(len(row[column]) for row in rows) for column in range(len(headers))]
    for number, row in enumerate(rows):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
    wrong = {cell.id: problems for cell in played.values() if (problems := judge(cell))}
    print(
        f"\n{len(played)} cells: the kind of the error (+ writes, * tokens). {len(wrong)} are not as they should be.\n"
    )
    return wrong


def told_of_sql(cell: sql_matrix.Cell | None) -> str:
    if cell is None:
        return ""
    return (
        cell.kind
        + (f" +{cell.writes} *{cell.minted}" if cell.writes else "")
        + ("!" if sql_matrix.problems(cell) else "")
    )


def told(cell: Cell | None) -> str:
    if cell is None:
        return ""
    return (
        cell.kind
        + (f" +{len(cell.writes)} *{len(cell.alive)}" if cell.writes else "")
        + ("!" if problems_of(cell) else "")
    )


def problems_of(cell: Cell) -> list[str]:
    seen = (cell.kind, len(cell.alive), cell.writes)
    return broken_promises(cell) + ([] if seen == expected(cell) else [f"{seen} instead of {expected(cell)}"])


if __name__ == "__main__":
    sys.exit(main())
