"""One row of a table of prompts, and what its cells and column names may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from airflow_provider_imagen.core.text import is_blank, list_in_text, quoted
from airflow_provider_imagen.errors import InvalidInputError

KEY = "key"
"""The column that holds an item's ``image_key``."""
LONGEST_ROW = 1 << 20
"""Bytes of a line in a JSONL file, characters of one in a CSV file. A longer line is refused, not read."""

UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")

MISSING = {"nan", "nat", "<na>"}
"""What pandas writes for a missing value, in lower case. Blanks and ``None`` are missing in any argument."""


class Item(NamedTuple):
    """One row of a table.

    :param row: in a list its position, from 1; in a JSONL file its line; in a CSV file the row that a spreadsheet
        shows, where the header is row 1.
    :param columns: its values by column.
    """

    row: int
    columns: Mapping[str, Any]


class RowProblem(NamedTuple):
    """A row that cannot be read.

    :param row: as in :class:`Item`.
    :param problem: what is wrong, what is allowed and what to do, as a sentence.
    :param key: what it has in the column ``key``, as far as that can be read.
    """

    row: int
    problem: str
    key: object = None


def row_in_words(row: int, key: object) -> str:
    """Return how messages name a row, after the word ``row``: by its number, and by its key where it has one.

    :param row: as in :class:`Item`.
    :param key: what it has in the column ``key``.
    """
    return str(row) if is_missing(key) else f"{row} (key {quoted(key)})"


def is_missing(value: object) -> bool:
    """Say whether a cell holds nothing: None, blanks, NaN, or what Jinja and pandas write for a missing value."""
    if isinstance(value, str):
        return is_blank(value) or value.strip().lower() in MISSING
    is_nan = isinstance(value, float) and value != value  # noqa: PLR0124  # only NaN differs from itself
    return value is None or is_nan or type(value).__name__ in {"NaTType", "NAType"}


def names_in(argument: str, value: Any) -> list[str] | None:
    """Return the names of columns that an argument lists; None where it is not given.

    :param argument: its name.
    :param value: a list; or a text of names with commas, or of a list, as templates render it.
    :raises InvalidInputError: it is neither.
    """
    if value is None or is_blank(value):
        return None
    listed = value
    if isinstance(value, str):
        rendered = list_in_text(value)
        listed = value.split(",") if rendered is None else rendered
    if not isinstance(listed, list | tuple | set | frozenset):
        problem = f"{argument} is {quoted(value)} and must be a list of names of columns, such as ['key', 'prompt']."
        raise InvalidInputError((problem,))
    return [each.strip() if isinstance(each, str) else str(each) for each in listed]


def problem_with_names(where: str, names: Sequence[str]) -> str | None:
    """Return what is wrong with the names of columns, None when nothing is.

    :param where: where they stand, as the subject of the sentence.
    :param names: the names in their order.
    """
    if blank := [number for number, name in enumerate(names, 1) if is_missing(name)]:
        return f"{where} has no name for column {blank[0]} of {len(names)}. Name the column, or remove it."
    if twice := sorted({name for name in names if names.count(name) > 1}):
        return f"{where} has {', '.join(map(quoted, twice))} more than once. Rename a column, or remove it."
    return None
