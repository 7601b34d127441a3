"""Markdown out of values and of docstrings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table. A ``|`` in a cell is escaped, as GitHub wants it also in code."""
    lines = [_line(headers), "|" + "---|" * len(headers), *map(_line, rows)]
    return "\n".join(lines)


def _line(cells: Sequence[object]) -> str:
    escaped = (str(cell).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |".replace("|  |", "| |")


def code(values: Iterable[object]) -> str:
    """Return values as code, with commas between them."""
    return ", ".join(f"`{value}`" for value in values)


def from_docstring(text: str) -> str:
    """Return one paragraph of a docstring on one line, its code and references as Markdown."""
    text = re.sub(r":\w+:`[~.]?([^`]+)`", lambda found: f"`{found[1].rsplit('.', 1)[-1]}`", text)
    return " ".join(text.replace("``", "`").split())
