"""Reads docstrings in the form that this package writes them: paragraphs, then ``:param x:`` and ``:raises E:``."""

from __future__ import annotations

import inspect
import re
from typing import NamedTuple

from pages.markdown import from_docstring

_FIELD = re.compile(r"^:(param|raises|return)s? ?([^:]*):", re.MULTILINE)


class Docstring(NamedTuple):
    """A docstring in its parts, as Markdown."""

    paragraphs: list[str]
    params: dict[str, str]
    raises: dict[str, str]


def docstring_of(thing: object) -> Docstring:
    """Return the docstring of a class or function in its parts."""
    text = inspect.getdoc(thing) or ""
    found = list(_FIELD.finditer(text))
    head = text[: found[0].start()] if found else text
    ends = [*(each.start() for each in found[1:]), len(text)][: len(found)]
    fields = [(each[1], each[2], from_docstring(text[each.end() : end])) for each, end in zip(found, ends, strict=True)]
    return Docstring(
        [from_docstring(part) for part in head.strip().split("\n\n")],
        {name: what for kind, name, what in fields if kind == "param"},
        {name.rsplit(".", 1)[-1]: what for kind, name, what in fields if kind == "raises"},
    )
