"""The rows of a CSV file as spreadsheets write it, read as a stream.

Read are UTF-8 with or without a byte order mark, commas, semicolons or tabs between the cells, line breaks in quotes,
any line ends, and blank rows, which are passed over. What would have to be guessed (another encoding, a row of another
width than the header, a quote that is never closed) is a problem of its row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO, NamedTuple

from airflow_provider_imagen.core.batch.rows import KEY, LONGEST_ROW, UTF_16_MARKS, Item, RowProblem, problem_with_names
from airflow_provider_imagen.core.text import counted, quoted

SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
SAVE_AS = "Save the table as 'CSV UTF-8'."
UTF_16 = f"The file is written in UTF-16; allowed is UTF-8. {SAVE_AS}"
NO_HEADER = "The file has no row. Its first row has to hold the names of the columns."
UNCLOSED = 'A quote (") opens in this row and is not closed, or a cell is too long. Close the quote.'

_SEPARATOR_LINE = re.compile(r"sep=([,;\t])\r?\n?\Z")
"""The first line by which Excel is told the separator. It is no row."""
_QUOTED = re.compile(r'"[^"]*"')
_NOT_UTF_8 = re.compile("[\ud800-\udfff]")
"""What the decoder makes of a byte that belongs to another encoding."""


class _Row(NamedTuple):
    """A row as it stands in the file, or why it cannot be read. Nothing can be read after one that is ``is_last``."""

    cells: Sequence[str] = ()
    problem: str = ""
    is_last: bool = False


class _LineTooLong(Exception):  # noqa: N818  # it never leaves this module
    pass


def items_in_csv(stream: BinaryIO) -> Iterator[Item | RowProblem]:
    """Yield the items of a CSV file. Its first row holds the names of the columns; every value is text.

    :param stream: the open file; it is read in pieces, and not closed.
    """
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        yield from _items_in(_lines_in(text))
    finally:
        text.detach()


def _items_in(lines: Iterator[str]) -> Iterator[Item | RowProblem]:
    rows = enumerate(_rows_in(lines), 1)
    number, header = next(((number, row) for number, row in rows if _is_filled(row)), (1, _Row(problem=NO_HEADER)))
    names = [name.strip() for name in header.cells]
    if problem := header.problem or _problem_with_text(names) or problem_with_names("The header", names):
        yield RowProblem(number, problem)
        return
    for number, row in rows:
        if _is_filled(row):
            yield _item(number, row, names)
        if row.is_last:
            return


def _is_filled(row: _Row) -> bool:
    return bool(row.problem) or any(cell.strip() for cell in row.cells)


def _item(number: int, row: _Row, names: Sequence[str]) -> Item | RowProblem:
    # In front of all others it is certain, however many cells there are.
    key = row.cells[0] if row.cells and names[0] == KEY else None
    if problem := row.problem or _problem_with_text(row.cells):
        return RowProblem(number, problem, key)
    if len(row.cells) != len(names):
        return RowProblem(
            number,
            f"The row has {counted(len(row.cells), 'cell')}, the header {len(names)}. Put cells that hold the "
            "separator into quotes, and give every row a cell for each column.",
            key,
        )
    return Item(number, dict(zip(names, row.cells, strict=True)))


def _problem_with_text(cells: Sequence[str]) -> str | None:
    for number, cell in enumerate(cells, 1):
        if _NOT_UTF_8.search(cell):
            return f"Column {number} holds bytes that are not UTF-8, as of an older encoding. {SAVE_AS}"
        if "\0" in cell:
            return f"Column {number} holds a NUL character, as in a file of another encoding. {SAVE_AS}"
    return None


def _rows_in(lines: Iterator[str]) -> Iterator[_Row]:
    """Yield every row that a spreadsheet shows, blank ones too."""
    try:
        beginning = _first_row(lines)
        separator = _SEPARATOR_LINE.match(beginning[0]) if beginning else None
        found = separator[1] if separator else _separators_in("".join(beginning))
        if len(found) != 1:
            yield _Row(problem=found, is_last=True)
            return
        reader = csv.reader(chain(beginning[1:] if separator else beginning, lines), delimiter=found, strict=True)
        yield from _read(reader)
    except _LineTooLong:
        yield _Row(problem=f"A line is longer than {LONGEST_ROW} characters. {UNCLOSED}", is_last=True)


def _read(reader: Iterator[list[str]]) -> Iterator[_Row]:
    while True:
        try:
            yield _Row(next(reader))
        except StopIteration:
            return
        except csv.Error as failure:
            if "field larger" in str(failure) or "end of data" in str(failure):
                yield _Row(problem=UNCLOSED, is_last=True)
                return
            yield _Row(problem=f"The row is no CSV: {failure}. Write a quote inside quotes twice.")


def _first_row(lines: Iterator[str]) -> list[str]:
    """Return the lines of the first row that is not blank, and those before it."""
    taken: list[str] = []
    for line in lines:
        taken.append(line)
        text = "".join(taken)
        if (text.strip() and text.count('"') % 2 == 0) or len(text) > LONGEST_ROW:
            break
    return taken


def _separators_in(row: str) -> str:
    """Return the separator of a header, or a sentence when it has none that is clear."""
    if row.startswith(tuple(mark.decode("utf-8", "surrogateescape") for mark in UTF_16_MARKS)) or "\0" in row:
        return UTF_16
    bare = _QUOTED.sub("", row)
    counts = {separator: bare.count(separator) for separator in SEPARATORS if separator in bare}
    most = [separator for separator, count in counts.items() if count == max(counts.values())]
    if len(most) > 1:
        words = " and ".join(SEPARATORS[separator] for separator in most)
        return (
            f"The header {quoted(row.strip())} has {words} between its names. Put names that hold one of them into "
            "quotes."
        )
    return most[0] if most else ","


def _lines_in(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(LONGEST_ROW + 1):
        if len(line) > LONGEST_ROW:
            raise _LineTooLong
        yield line
