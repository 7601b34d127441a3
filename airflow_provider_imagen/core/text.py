"""Reads and quotes values: which count as not given, and how they stand in error texts and logs.

A prompt may be confidential and a template may render to a whole document; neither belongs into a log in full.
"""

from __future__ import annotations

import reprlib

LONGEST_QUOTE = 60

_short = reprlib.Repr()
_short.maxlevel = 3
_short.maxother = LONGEST_QUOTE


def quoted(value: object) -> str:
    """Return the value as Python writes it, cut after ``LONGEST_QUOTE`` characters.

    :param value: anything, also something deeply nested.
    """
    if isinstance(value, str) and len(value) > LONGEST_QUOTE:
        return f"{value[: LONGEST_QUOTE // 2]!r}... ({len(value)} characters)"
    if isinstance(value, str | int | float | bool | None):
        return repr(value) if not isinstance(value, int) or abs(value) < 10**LONGEST_QUOTE else "a number beyond bounds"
    return shortened(_short.repr(value))


def is_blank(value: object) -> bool:
    """Say whether an argument or an extra counts as not given: None, or text of blanks or ``None``.

    A template makes the text ``None`` of a missing value.
    """
    return value.strip() in {"", "None"} if isinstance(value, str) else value is None


def shortened(text: str, most: int = 300) -> str:
    """Return a text, or its beginning when it has more than ``most`` characters."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"
