"""The import of a job's input, whose rules are those of a table: one type for each key of the whole file.

Sources: Google's page on batch prediction for the limits; for the rest what users of the service measured and
reported: no object without fields, no list in one line and a single value in another, no number in one line and a text
in another, keys that are names of columns, at most 15 levels, values beside ``request`` that look like numbers come
back as numbers. The emulator's own: the texts apart from that of an object without fields, and that two spellings of
one key, which make two columns, are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

MOST_LINES = 200_000
MOST_BYTES = 1024**3
MOST_LEVELS = 15
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class ImportRefusedError(Exception):
    """The input cannot be imported."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Failed to import data. {reason}")


@dataclass(slots=True)
class Column:
    """What is known of the values of one key.

    :param kind: "object", "number", "text" or "boolean"; empty as long as every value was null.
    :param is_list: whether the values are lists.
    :param is_numeric: whether every text looks like a number.
    :param columns: the keys of the objects.
    :param spellings: the spelling of each of these keys.
    """

    kind: str = ""
    is_list: bool | None = None
    is_numeric: bool = True
    columns: dict[str, Column] = field(default_factory=dict)
    spellings: dict[str, str] = field(default_factory=dict)

    def add(self, value: Any, path: str, level: int = 0) -> None:
        """Take a value into account.

        :raises ImportRefusedError: it is not of the type of the others.
        """
        if value is None:
            return
        is_list = isinstance(value, list)
        if self.is_list not in {None, is_list}:
            raise ImportRefusedError(f"Field '{path}' is a list in one line and a single value in another.")
        self.is_list = is_list
        for each in value if is_list else [value]:
            self._add_one(each, path, level)

    def _add_one(self, value: Any, path: str, level: int) -> None:
        kind = _kind(value, path)
        if self.kind not in {"", kind}:
            raise ImportRefusedError(f"Field '{path}' has values of the types {self.kind} and {kind}.")
        self.kind = kind
        if kind == "object":
            self._add_fields(value, path, level + 1)
        elif kind == "text":
            self.is_numeric = self.is_numeric and bool(NUMBER.fullmatch(value))

    def _add_fields(self, value: dict[str, Any], path: str, level: int) -> None:
        if not value:
            raise ImportRefusedError(f"Cannot store struct '{path}' with no fields.")
        if level > MOST_LEVELS + 1:  # the line itself is no level
            raise ImportRefusedError(f"Field '{path}' is nested more than {MOST_LEVELS} levels deep.")
        for name, each in value.items():
            below = f"{path}.{name}".lstrip(".")
            if name not in self.columns:
                self._add_column(name, below)
            self.columns[name].add(each, below, level)

    def _add_column(self, name: str, path: str) -> None:
        if not NAME.fullmatch(name):
            raise ImportRefusedError(f"Invalid field name '{path}': use letters, digits and underscores.")
        spelling = self.spellings.setdefault(name.replace("_", "").lower(), name)
        if spelling != name:
            raise ImportRefusedError(f"Field '{path}' is spelt '{spelling}' elsewhere.")
        self.columns[name] = Column()

    def filled(self, value: Any) -> Any:
        """Return a value with null for every key that only others have, as the import reads it back."""
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {name: column.filled(value.get(name)) for name, column in self.columns.items()}

    def retyped(self, value: Any) -> Any:
        """Return a text as a number, if all texts of this key look like numbers."""
        if not (isinstance(value, str) and self.is_numeric):
            return value
        return float(value) if "." in value else int(value)


def read_lines(lines: Iterable[bytes], schema: Column) -> Iterator[bytes]:
    """Yield the lines that have content, and collect what is in them.

    :param schema: collects the keys and types.
    :raises ImportRefusedError: a line cannot be imported.
    """
    count, size = 0, 0
    for line in lines:
        size += len(line)
        if size > MOST_BYTES:
            raise ImportRefusedError(f"The input is larger than {MOST_BYTES} bytes.")
        if not line.strip():
            continue
        count += 1
        if count > MOST_LINES:
            raise ImportRefusedError(f"The input has more than {MOST_LINES} requests.")
        schema.add(_request_line(line, count), "")
        yield line
    if count == 0:
        raise ImportRefusedError("The input has no requests.")


def _request_line(line: bytes, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as failure:
        raise ImportRefusedError(f"Line {number} is not JSON: {failure}") from failure
    if not isinstance(value, dict) or not isinstance(value.get("request"), dict):
        raise ImportRefusedError(f"Line {number} is no object with a field 'request' that is one.")
    return value


def _kind(value: Any, path: str) -> str:
    if isinstance(value, bool):
        return "boolean"
    for kind, types in (("object", dict), ("number", (int, float)), ("text", str)):
        if isinstance(value, types):
            return kind
    raise ImportRefusedError(f"Field '{path}' has a list or null in a list.")
