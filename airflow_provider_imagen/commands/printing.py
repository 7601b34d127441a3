"""Tables and JSON on standard output, and nothing else there."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any

Cell = str | Sequence[str]
"""The text of a cell, or its lines."""

GAP = "  "

COLUMNS = 80
"""What a line has room for on any terminal."""


def as_table(headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return an aligned table. A cell with several lines makes its row as high.

    :param headers: one word for each column.
    :param rows: as many cells each.
    """
    lines = [tuple(headers)]
    for row in rows:
        lines += zip_longest(*([cell] if isinstance(cell, str) else cell for cell in row), fillvalue="")
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a JSON list of objects; days are written YYYY-MM-DD."""
    return json.dumps(list(rows), indent=2, default=str)


def say(text: str) -> None:
    """Print a result."""
    print(text)  # noqa: T201


def remark(text: str) -> None:
    """Print something that is not the result."""
    print(text, file=sys.stderr)  # noqa: T201


@contextmanager
def standard_output_kept_clean() -> Iterator[None]:
    """Send what others print to standard error: DAG files, their subprocesses, and Airflow's log."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
