"""Fills the columns of an item into a prompt. It is no ``str.format``: only names of columns mean anything."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from airflow_provider_imagen.core.batch.rows import is_missing
from airflow_provider_imagen.core.text import quoted
from airflow_provider_imagen.errors import InvalidInputError

_BRACES = re.compile(r"\{([^{}\n]{1,200})\}")
MOST_NAMES = 30
"""Columns that an error lists."""


def fill(template: str, columns: Mapping[str, Any]) -> str:
    """Return a template with the values of its ``{column}`` filled in. Any other brace is text.

    A blank cell is filled in as nothing, so that one column of several may be left blank.

    :param template: a prompt such as ``Studio photo of {name}, {colour}``.
    :param columns: the values of an item by column.
    :raises InvalidInputError: a ``{word}`` is no column, a value is no text or number, or every cell that the template
        names is blank.
    """
    names = columns_in(template, columns)
    problems = [*_unknown(template, columns), *_unusable(names, columns)]
    if names and not problems and all(is_missing(columns[name]) for name in names):
        listed = ", ".join(sorted(names))
        problems.append(f"prompt names the columns {listed}, and all of them are blank. Fill one, or remove the row.")
    if problems:
        raise InvalidInputError(tuple(problems))
    return _BRACES.sub(lambda found: _text(columns[found[1]]) if found[1] in names else found[0], template)


def columns_in(template: str, columns: Collection[str]) -> set[str]:
    """Return the columns that a template names."""
    return {found for found in _BRACES.findall(template) if found in columns}


def _unknown(template: str, columns: Collection[str]) -> Iterator[str]:
    for found in dict.fromkeys(_BRACES.findall(template)):
        if found not in columns and (close := _meant(found, columns)) is not None:
            meant = f" Did you mean {{{close}}}?" if close else ""
            yield f"prompt holds {{{found}}}, which is no column. Columns are: {_listed(columns)}.{meant}"


def _meant(word: str, columns: Collection[str]) -> str | None:
    """Return the column that is meant by braces, empty for a word that is like none; None for braces that are text."""
    folded = {name.casefold(): name for name in columns}
    close = difflib.get_close_matches(word.strip().casefold(), folded, n=1, cutoff=0.8)
    if close:
        return folded[close[0]]
    return "" if re.fullmatch(r"\w+", word) else None


def _unusable(names: Collection[str], columns: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(names):
        if isinstance(columns[name], Mapping | list | tuple | set | frozenset | bytes | bytearray):
            yield f"prompt names the column {name}, which holds {quoted(columns[name])}. Allowed are text and numbers."


def _text(value: Any) -> str:
    return "" if is_missing(value) else str(value)


def _listed(columns: Collection[str]) -> str:
    names = list(columns)
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return (", ".join(names[:MOST_NAMES]) or "none") + more
