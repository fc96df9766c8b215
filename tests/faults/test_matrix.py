# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No fault of the network or the API loses a secret, doubles a token, or leaves one behind that nobody is told of."""

from __future__ import annotations

import pytest

from tests.faults import sql_matrix
from tests.faults.matrix import Cell, broken_promises, cells, expected, play


@pytest.mark.parametrize("cell", list(cells()), ids=lambda cell: cell.id)
def test_a_fault_loses_nothing(cell: Cell) -> None:
    play(cell)
    assert broken_promises(cell) == []
    assert (cell.kind, len(cell.alive), cell.writes) == expected(cell)


@pytest.mark.parametrize("cell", list(sql_matrix.cells()), ids=lambda cell: cell.id)
def test_a_fault_makes_no_sql_token_that_nobody_is_told_of(cell: sql_matrix.Cell) -> None:
    assert sql_matrix.problems(sql_matrix.play(cell)) == []
