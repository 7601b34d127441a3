"""Reads fields of Google's answers, whatever type a field has.

Null, absent and of another type are the same: no value. One value and an array of it are the same too, so an image that
is paid for is not lost because something beside it, or around it, has an undocumented form.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from airflow_provider_imagen.core.text import shortened

DEEPEST_SHAPE = 8
"""Levels that the shape of a value shows; Google's documented answers have seven."""

MOST_MEMBERS = 12
LONGEST_KEY = 40
LONGEST_SHAPE = 600

_BASE64 = TypeAdapter(bytes, config=ConfigDict(val_json_bytes="base64"))
"""Takes a fifth of the time of :mod:`binascii`, whose decoding takes longer than any other step for an image."""
QUICK_CHARACTERS = 4 << 20
"""It holds the bytes twice for a moment, so longer texts are left to :mod:`binascii`."""


def leaves(value: Any) -> Iterator[Any]:
    """Yield a value, or the members of an array at any depth."""
    if isinstance(value, list):
        for each in value:
            yield from leaves(each)
    else:
        yield value


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects in a value."""
    yield from (each for each in leaves(value) if isinstance(each, dict))


def field(item: dict[str, Any], name: str) -> Any:
    """Return a field by its name in camelCase, or as the original name in the proto file has it (snake_case)."""
    value = item.get(name)
    return item.get(_original(name)) if value is None else value


@cache
def _original(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def text_of(value: Any) -> str:
    """Return the first text in a value without the blanks around it, an empty one if there is none."""
    return next((each.strip() for each in leaves(value) if isinstance(each, str) and each.strip()), "")


def enum_of(value: Any, numbers: dict[int, str]) -> str:
    """Return the name of an enum value in upper case; empty when it is not set.

    :param value: the name, or the number, which proto3 JSON allows as well.
    :param numbers: the names by number, as far as they are published.
    """
    for each in leaves(value):
        if isinstance(each, int | float) and not isinstance(each, bool):
            name = numbers.get(int(each), str(int(each))) if each else ""
        else:
            name = text_of(each).upper()
        if name and not name.endswith("_UNSPECIFIED"):
            return name
    return ""


def is_set(value: Any) -> bool:
    """Say whether a flag is set. What is no flag counts as one that is set."""
    return any(bool(each) and each != "false" for each in leaves(value))


def bytes_of(value: Any) -> bytes | None:
    """Return the bytes in a field of base64, None when it is empty.

    :raises ValueError: it holds something that is no base64, however leniently it is read.
    """
    filled = [each for each in leaves(value) if each is not None and each != ""]
    for each in filled:
        try:
            return _decoded(each) or None
        except (TypeError, ValueError):
            continue
    if filled:
        raise ValueError("no base64")
    return None


def _decoded(text: str) -> bytes:
    """Decode base64: also URL-safe, without padding, with blanks and line breaks, or as a ``data:`` URL."""
    if isinstance(text, str) and len(text) <= QUICK_CHARACTERS:
        with suppress(ValidationError):  # what this refuses may still be read leniently
            return _BASE64.validate_python(text)
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        plain = text.partition(";base64,")[2] if text.startswith("data:") else text
        plain = "".join(plain.split()).replace("-", "+").replace("_", "/").rstrip("=")
        return binascii.a2b_base64(plain + "=" * (-len(plain) % 4), strict_mode=True)


def shape_of(value: Any) -> str:
    """Return keys and types of a JSON value, and none of its values."""
    return shortened(_shape(value, DEEPEST_SHAPE), LONGEST_SHAPE)


def _shape(value: Any, levels: int) -> str:
    if isinstance(value, dict | list) and levels == 0:
        return "..."
    if isinstance(value, dict):
        members = [f"{_key(key)}: {_shape(each, levels - 1)}" for key, each in list(value.items())[:MOST_MEMBERS]]
        return f"{{{', '.join([*members, *(['...'] if len(value) > MOST_MEMBERS else [])])}}}"
    if isinstance(value, list):
        members = list(dict.fromkeys(_shape(each, levels - 1) for each in value[:MOST_MEMBERS]))
        return f"[{', '.join([*members, *(['...'] if len(value) > MOST_MEMBERS else [])])}]"
    if isinstance(value, str):
        return "string" if value else "empty string"
    return "null" if value is None else "boolean" if isinstance(value, bool) else "number"


def _key(key: str) -> str:
    """Return a key that reads like one of a schema; any other may itself be a value."""
    return key if key.isidentifier() and len(key) <= LONGEST_KEY else f"({len(key)} characters)"
