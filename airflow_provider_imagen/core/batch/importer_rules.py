"""The rules of the importer of batch prediction: it reads a file of requests like a table of BigQuery.

Online calls know none of them, and one line that breaks one fails the whole job after it was queued. Source: reports
on Vertex AI's error texts ("Cannot store struct ... with no fields", "Failed to import data"), read 2026-11-25.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

DEEPEST = 15
"""Levels of nesting that BigQuery's columns may have."""

COLUMN = re.compile(r"^[A-Za-z][A-Za-z0-9_]{0,127}\Z")
CAMEL_CASE = re.compile(r"^[a-z][A-Za-z0-9]*\Z")
LABELS = "request.labels"


class ImporterSchema:
    """The columns of one file: the first line that has a column decides its type."""

    def __init__(self) -> None:
        self._types: dict[str, str] = {}

    def problems_with(self, line: dict[str, Any]) -> list[str]:
        """Return what the importer would refuse in a line; take up its columns.

        :param line: one line of the file, as JSON values.
        """
        return list(self._walk(line, "", 1))

    def _walk(self, value: Any, path: str, level: int) -> Iterator[str]:
        if value is None:
            return
        kind = _type_of(value)
        known = self._types.setdefault(path, kind)
        if known != kind:
            yield f"{path} is {kind} here and {known} in a line before"
        if isinstance(value, dict):
            yield from self._walk_object(value, path, level)
        elif isinstance(value, list):
            for each in value:
                if isinstance(each, list):
                    yield f"{path} is a list of lists"
                yield from self._walk(each, f"{path}[]", level)

    def _walk_object(self, value: dict[str, Any], path: str, level: int) -> Iterator[str]:
        if not value:
            yield f"{path or 'the line'} is an object without fields"
        if level > DEEPEST:
            yield f"{path} is nested deeper than {DEEPEST} levels"
            return
        form = COLUMN if path == LABELS else CAMEL_CASE
        for name, each in value.items():
            inner = f"{path}.{name}" if path else name
            if not form.match(name):
                yield f"{inner} has a name that is no column of this file"
            yield from self._walk(each, inner, level + 1)


def problem_with_label(key: str) -> str | None:
    """Return what is wrong with the key of a label in a batch job, None when the importer takes it."""
    return None if COLUMN.match(key) else "must begin with a letter and have letters, digits and _ only"


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else "text"
