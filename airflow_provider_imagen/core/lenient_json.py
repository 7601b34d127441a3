"""Reads JSON from outside: whatever comes, it becomes plain values or one ``ValueError``.

What would only fail later (half characters, numbers that are none, endless nesting) is dealt with here, so
that an image in the same answer, which is paid for, is not lost over it.
"""

from __future__ import annotations

import json
import math
from typing import Any

from pydantic_core import from_json

DEEPEST = 100
"""Levels of nesting. Google's documented answers have fewer than ten."""

LONGEST_NUMBER = 300
"""Digits. More would not fit a float, and Python refuses to read very long ones."""
LARGEST_NUMBER = 10**LONGEST_NUMBER


def read_json(body: bytes) -> Any:
    """Return the value of a JSON text in UTF-8.

    Numbers that are not finite, or too long to be meant, become None. Half a surrogate pair becomes a question mark in
    a box, because such a text can be neither logged nor stored.

    :raises ValueError: it is no JSON, no UTF-8, or nested too deep.
    """
    try:
        # Unlike json.loads it makes no text of the whole body first, which may be 100 MB.
        value = from_json(body)
    except ValueError:
        value = _read_leniently(body)
    return _clean(value, DEEPEST)


def _read_leniently(body: bytes) -> Any:
    """Read what a strict reader refuses: half characters, a byte order mark."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_none, parse_int=_whole)
    except RecursionError as failure:
        raise ValueError("nested too deep") from failure


def _none(_word: str) -> None:
    return None


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= LONGEST_NUMBER else None


def _clean(value: Any, levels: int) -> Any:
    if levels == 0:
        raise ValueError("nested too deep")
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if abs(value) < LARGEST_NUMBER else None
    if isinstance(value, list):
        return [_clean(each, levels - 1) for each in value]
    if isinstance(value, dict):
        return {_clean(key, levels - 1): _clean(each, levels - 1) for key, each in value.items()}
    return value
