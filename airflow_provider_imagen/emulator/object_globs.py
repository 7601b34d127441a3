"""``matchGlob`` of object listings: ``*`` and ``?`` stay within a folder, ``**`` does not; ``[a-z]``, ``{a,b}``.

Source: "List objects and prefixes using glob" in the documentation of Cloud Storage (2026-11).
"""

from __future__ import annotations

import re

from airflow_provider_imagen.emulator.storage_errors import StorageError, invalid

WILDCARD = re.compile(r"\*\*|\*|\?|\[(?P<set>\^?!?\]?[^\]]*)\]|\{(?P<choice>[^{}]*)\}|.", re.DOTALL)


def compiled(glob: str) -> re.Pattern[str]:
    """Return a pattern that matches the names of a glob as a whole.

    :raises StorageError: the glob cannot be read.
    """
    try:
        return re.compile(_pattern(glob), re.DOTALL)
    except re.error as failure:
        raise _invalid(glob) from failure


def _pattern(glob: str) -> str:
    return "".join(_translated(found, glob) for found in WILDCARD.finditer(glob)) + r"\Z"


def _translated(found: re.Match[str], glob: str) -> str:
    text = found[0]
    if text in {"**", "*", "?"}:
        return {"**": ".*", "*": "[^/]*", "?": "[^/]"}[text]
    if found["set"] is not None:
        members = found["set"]
        negated = members[:1] in {"!", "^"}
        return f"[{'^' if negated else ''}{re.escape(members[negated:]).replace(chr(92) + '-', '-')}]"
    if found["choice"] is not None:
        return f"(?:{'|'.join(_pattern(each).removesuffix(chr(92) + 'Z') for each in found['choice'].split(','))})"
    if text in "[]{}":
        raise _invalid(glob)
    return re.escape(text)


def _invalid(glob: str) -> StorageError:
    return invalid(f"Invalid glob: {glob}", "matchGlob")
