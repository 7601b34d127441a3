"""Reads and quotes values: which count as not given, which are text, and how they stand in error texts and logs.

A prompt may be confidential and a template may render to a whole document; neither belongs into a log in full.
"""

from __future__ import annotations

import ast
import json
import math
import reprlib
from contextlib import suppress
from typing import Any, Self

LONGEST_QUOTE = 60
_LARGEST_NUMBER = 10**100

_short = reprlib.Repr()
_short.maxlevel = 3
_short.maxother = LONGEST_QUOTE


class ReadText(str):
    """A text that was read in another case or spelling than it was written in. Equal to what it was read as.

    :param written: how it was written; messages quote that.
    """

    __slots__ = ("written",)
    written: str

    def __new__(cls, text: str, written: str = "") -> Self:
        """Return the text that was read."""
        made = super().__new__(cls, text)
        made.written = written or text
        return made


def quoted(value: object) -> str:
    """Return the value as Python writes it, cut after ``LONGEST_QUOTE`` characters; a text as it was written.

    :param value: anything, also something deeply nested.
    """
    value = value.written if isinstance(value, ReadText) else value
    if isinstance(value, str) and len(value) > LONGEST_QUOTE:
        return f"{value[: LONGEST_QUOTE // 2]!r}... ({len(value)} characters)"
    if isinstance(value, str | int | float | bool | None):
        return repr(value) if not isinstance(value, int) or abs(value) < 10**LONGEST_QUOTE else "a number beyond bounds"
    return shortened(_short.repr(value))


def counted(number: int, noun: str, nouns: str | None = None) -> str:
    """Return a number with its noun, in the singular or the plural: ``1 image``, ``0 images``, ``2 images``.

    :param number: how many.
    :param noun: what, in the singular.
    :param nouns: the plural where it is not made with an ``s``.
    """
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"


def is_blank(value: object) -> bool:
    """Say whether an argument or an extra counts as not given: None, or text of blanks or ``None``.

    A template makes the text ``None`` of a missing value.
    """
    return value.strip() in {"", "None"} if isinstance(value, str) else value is None


def text_from(value: Any) -> Any:
    """Return the text that a template rendered, where Airflow made a value of it; anything else unchanged.

    With ``render_template_as_native_obj=True`` Airflow reads ``1984``, ``True`` and ``1, 2, 3`` as Python values.
    Numbers, switches and tuples of them are written as they were; what has more than one usual form is not.
    """
    if isinstance(value, tuple) and value and all(isinstance(each, int | float) for each in value):
        parts = [text_from(each) for each in value]
        return value if any(not isinstance(part, str) for part in parts) else ", ".join(parts)
    if isinstance(value, int) and abs(value) < _LARGEST_NUMBER:
        return str(value)
    if isinstance(value, float) and "e" not in (text := repr(value)) and math.isfinite(value):
        return text
    return value


def list_in_text(text: str) -> list[Any] | None:
    """Return the list that a template rendered as text, in JSON or as Python writes it; None where it is none.

    :param text: the text.
    """
    if text.strip().startswith("["):
        for read in (json.loads, ast.literal_eval):
            with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
                found = read(text.strip())
                return found if isinstance(found, list) else None
    return None


def shortened(text: str, most: int = 300) -> str:
    """Return a text, or its beginning when it has more than ``most`` characters."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"
