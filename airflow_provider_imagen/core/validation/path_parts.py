"""What no part of an output path may be, so that a rendered value cannot lead out of its folder.

A path is checked as it stands and as others may read it: with percent signs decoded, and with look-alike characters in
their plain form (Unicode NFKC turns fullwidth dots and slashes into ``../``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote

LONGEST_PART_BYTES = 255
"""Of one name on the usual file systems."""

LONGEST_OBJECT_BYTES = 1024
"""Of an object's whole name in Cloud Storage."""

OUR_PART_BYTES = 140
"""What is added below the folder at most: a key of 100 characters, and the names of a record or of Google behind it."""

LONGEST_PATH_BYTES = 4096
"""Of a path on Linux."""

INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories of what is not seen or turns the reading direction round."""


@lru_cache(maxsize=256)
def problem_with_path(path: str, *, in_cloud: bool) -> str | None:
    """Return why a path is not written to, None when it may be.

    :param path: the path without scheme and without the slash that makes it absolute.
    :param in_cloud: it is a bucket and the name of a folder in Cloud Storage.
    """
    if too_long := _problem_with_length(path, in_cloud=in_cloud):
        return too_long
    for reading in _readings(path):
        if any(unicodedata.category(character) in INVISIBLE for character in reading):
            return "invisible characters are not allowed"
        if "\\" in reading:
            return "a backslash is not allowed"
        parts = reading.rstrip("/").split("/")
        if {".", ".."} & set(parts):
            return "'.' and '..' are not allowed, in whatever way they are written"
        if "" in parts and reading.strip("/"):
            return "an empty part ('//') is not allowed; a value in it may have rendered to nothing"
    return None


def _readings(path: str) -> Iterator[str]:
    """Yield the path, and every form that something on its way may turn it into by decoding it, even repeatedly."""
    reading: str | None = None
    while path != reading:
        yield path
        reading = path
        path = unicodedata.normalize("NFKC", unquote(unicodedata.normalize("NFKC", path)))


def _problem_with_length(path: str, *, in_cloud: bool) -> str | None:
    length = len((path.partition("/")[2] if in_cloud else path).encode(errors="surrogatepass"))
    most = (LONGEST_OBJECT_BYTES if in_cloud else LONGEST_PATH_BYTES) - OUR_PART_BYTES
    if length > most:
        return f"it has {length} bytes, allowed are {most}"
    longest = max(len(part.encode(errors="surrogatepass")) for part in path.split("/"))
    if not in_cloud and longest > LONGEST_PART_BYTES:
        return f"a part of it has {longest} bytes, allowed are {LONGEST_PART_BYTES}"
    return None
