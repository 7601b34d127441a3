"""Every cell of the fault matrix, over real sockets."""

from __future__ import annotations

import pytest
from faults.matrix import OPERATIONS, Cell, Row, rows
from faults.running import Bench
from faults.tally import Tally

CELLS = [(row, name) for row in rows() for name in OPERATIONS if isinstance(row.cells[name], Cell)]


@pytest.mark.parametrize(("row", "name"), [pytest.param(*each, id=f"{each[1]}/{each[0].name}") for each in CELLS])
def test_what_follows_is_what_the_matrix_says(bench: Bench, tally: Tally, row: Row, name: str) -> None:
    assert tally.add(row, name, bench.run(row, name)) == []
