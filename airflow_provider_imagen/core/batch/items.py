"""The items of a batch: the rows of a list, of a rendered text, or of a JSONL or CSV file.

Rows are read one after another and never kept. A row that cannot be read is a :class:`RowProblem` with its number, and
the rows behind it are read all the same, so that every mistake of a table is told at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Literal

from airflow_provider_imagen.core.batch.csv_rows import items_in_csv
from airflow_provider_imagen.core.batch.rows import (
    KEY,
    LONGEST_ROW,
    UTF_16_MARKS,
    Item,
    RowProblem,
    is_missing,
    names_in,
    problem_with_names,
)
from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.text import counted, quoted
from airflow_provider_imagen.errors import InvalidInputError

FileKind = Literal["jsonl", "csv"]

__all__ = [
    "FileKind",
    "Item",
    "RowProblem",
    "file_kind",
    "is_missing",
    "items_in_csv",
    "items_in_jsonl",
    "items_in_list",
    "items_in_text",
    "lines_in",
]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
ALLOWED = "Allowed are a text, which is the prompt, and an object (a dict) of column names and values."
WHAT_ITEMS_ARE = "Allowed are a list, its JSON text, and the URI of a .jsonl or .csv file."
TO_JSON = " A template writes a list as Python does: end it with '| tojson', or pass the output of the task itself."


def items_in_list(rows: Iterable[Any], item_columns: Sequence[str] | None = None) -> Iterator[Item | RowProblem]:
    """Return the items of a list.

    :param rows: texts (a prompt each), dicts, or with ``item_columns`` the tuples or lists that SQL operators return.
    :param item_columns: the column names of rows that are tuples or lists, in their order.
    :raises InvalidInputError: one of the names is blank, or there more than once.
    """
    names = names_in("item_columns", item_columns)
    if names is not None and (problem := problem_with_names("item_columns", names)):
        raise InvalidInputError((problem,))
    return (_item_of(number, row, names) for number, row in enumerate(rows, 1))


def items_in_jsonl(lines: Iterable[bytes]) -> Iterator[Item | RowProblem]:
    """Yield the items of a JSONL file: an object or a text in each line. Blank lines are passed over.

    :param lines: the lines of the file; :func:`lines_in` bounds their length.
    """
    number = 0
    for number, line in enumerate(lines, 1):
        content = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
        if number == 1 and content.startswith(UTF_16_MARKS):
            yield RowProblem(1, "The file is written in UTF-16; allowed is UTF-8. Save it as UTF-8.")
            return
        if content.strip():
            yield _item_in_line(number, content)
    if not number:
        yield RowProblem(1, "The file is empty (0 bytes). Check what writes it; a table without items is a blank line.")


def lines_in(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file. Of a line that is longer than ``LONGEST_ROW``, its beginning stands for the whole.

    :param stream: the open file; it is read in pieces, and not closed.
    """
    while line := stream.readline(LONGEST_ROW + 1):
        yield line
        piece = line
        while len(piece) > LONGEST_ROW and not piece.endswith(b"\n"):
            piece = stream.readline(LONGEST_ROW + 1)


def file_kind(items: Any) -> FileKind | None:
    """Return what kind of file ``items`` names by its ending, in upper or lower case; None where it names no file."""
    if not isinstance(items, str) or items.lstrip()[:1] in {"[", "{", '"'} or len(items.splitlines()) > 1:
        return None
    ending = items.strip().rpartition(".")[2].lower()
    return "jsonl" if ending == "jsonl" else "csv" if ending == "csv" else None


def items_in_text(text: str) -> list[Any]:
    """Return the list in a text that a template rendered.

    :param text: a JSON list.
    :raises InvalidInputError: it is none.
    """
    try:
        rows = read_json(text.encode())
    except ValueError:
        hint = TO_JSON if text.lstrip()[:1] in {"[", "{"} else ""
        raise InvalidInputError((f"items is {quoted(text)}, which is no JSON. {WHAT_ITEMS_ARE}{hint}",)) from None
    if not isinstance(rows, list):
        raise InvalidInputError((f"items is {quoted(text)}, which is JSON and no list. {WHAT_ITEMS_ARE}",))
    return rows


def _item_of(number: int, row: Any, names: Sequence[str] | None) -> Item | RowProblem:
    if isinstance(row, str):
        return Item(number, {"prompt": row})
    if isinstance(row, Mapping):
        return _item_of_dict(number, row)
    if not isinstance(row, Sequence) or isinstance(row, bytes | bytearray):
        return RowProblem(number, f"The row is {quoted(row)}. {ALLOWED}")
    values = counted(len(row), "value")
    if names is None:
        how = "Name them in their order, for example item_columns=['key', 'prompt']."
        return RowProblem(number, f"The row is a {type(row).__name__} of {values} without names. {how}")
    if len(row) != len(names):
        return RowProblem(number, f"The row has {values}, item_columns {counted(len(names), 'name')}. Name each value.")
    return Item(number, dict(zip(names, row, strict=True)))


def _item_of_dict(number: int, row: Mapping[Any, Any]) -> Item | RowProblem:
    if unnamed := [name for name in row if not isinstance(name, str) or is_missing(name)]:
        problem = f"The row has a column named {quoted(unnamed[0])}. Name it with a text."
        return RowProblem(number, problem, row.get(KEY))
    return Item(number, dict(row))


def _item_in_line(number: int, line: bytes) -> Item | RowProblem:
    if len(line) > LONGEST_ROW:
        return RowProblem(number, f"The line is longer than {LONGEST_ROW} bytes. Name pictures by their URI.")
    try:
        text = line.decode().strip()
    except UnicodeDecodeError:
        return RowProblem(number, "The line is not written in UTF-8. Save the file as UTF-8.")
    try:
        row = read_json(line)
    except ValueError:
        return RowProblem(number, f"The line is {quoted(text)}, which is no JSON. Write one object or text in a line.")
    if not isinstance(row, str | dict):
        return RowProblem(number, f"The line holds {quoted(row)}. {ALLOWED}")
    return _item_of(number, row, None)
