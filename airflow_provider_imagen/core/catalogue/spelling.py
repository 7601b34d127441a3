"""Distinguishes misspelt model ids from ids of models that are newer than the catalogue."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

MOST_EDITS = 2
"""Letters that are wrong, missing, too many or swapped in an id that counts as misspelt."""

LONGEST_ID = 100
SHORTEST_PART = 6
"""A shorter part of an id says too little about which one was meant."""

_VERSION = re.compile(r"(?<![0-9])[0-9]{2}-[0-9]{2}(?![0-9])|[1-9][0-9]*(\.[0-9]+)*|0+(?![0-9])|0[0-9]+")


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known id that looks most like a name, None if none looks much like it."""
    ids = list(known)
    plain = _plain(name)
    parts = [each for each in ids if len(plain) >= SHORTEST_PART and plain in _plain(each)]
    return next(iter(difflib.get_close_matches(plain, parts or ids, n=1, cutoff=0.0 if parts else 0.85)), None)


def misspelt(name: str, known: Iterable[str]) -> str | None:
    """Return the known id that a name is a misspelling of, None when it may be the id of another model.

    An id that differs in nothing but its versions (``imagen-4.0-generate-002``, ``gemini-4-pro-image``) is that of a
    new model. A version that lost or gained a zero (``imagen-4.0-generate-01``) is a misspelling, as is another case,
    another separator, a part of an id, or at most ``MOST_EDITS`` wrong letters.
    """
    ids = list(known)
    plain = _plain(name)
    if name in ids or not name or len(name) > LONGEST_ID:
        return None
    if same := [each for each in ids if _plain(each) == plain]:
        return same[0]
    if any(_without_version(each) == _without_version(name) for each in ids):
        return None
    meant = [
        each
        for each in ids
        if (len(plain) >= SHORTEST_PART and plain in _plain(each))
        or _edits(_without_version(each), _without_version(name)) <= MOST_EDITS
    ]
    return max(meant, key=lambda each: difflib.SequenceMatcher(None, plain, each).ratio(), default=None)


def _plain(name: str) -> str:
    return re.sub(r"[\s_/-]+", "-", name.strip().lower())


def _without_version(name: str) -> str:
    """Return a name in which versions are alike: ``#`` for ``2.1``, ``000`` for ``001``, ``00-00`` for a day."""
    return _VERSION.sub(lambda found: re.sub(r"[0-9]", "0", found[0]) if _is_fixed(found[0]) else "#", _plain(name))


def _is_fixed(version: str) -> bool:
    return version.startswith("0") or "-" in version


def _edits(one: str, other: str) -> int:
    """Return how many letters to change, add, leave out or swap with their neighbour (optimal string alignment)."""
    rows = [list(range(len(other) + 1))]
    for row, letter in enumerate(one, start=1):
        rows.append([row])
        for column, wanted in enumerate(other, start=1):
            change = rows[row - 1][column - 1] + (letter != wanted)
            least = min(change, rows[row - 1][column] + 1, rows[row][column - 1] + 1)
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                least = min(least, rows[row - 2][column - 2] + 1)
            rows[row].append(least)
    return rows[-1][-1]
