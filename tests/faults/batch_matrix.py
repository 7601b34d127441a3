"""Faults in batches as data: what strikes, how the task ends, and what its retry comes to once the fault is over.

A row of ``batches.toml`` has ``what`` (in words), ``strike`` (orders to the emulator) or ``full_after`` (so many files
are written until the disk is full), and two outcomes ``[state, error, requests, items]``:

* ``first``: the try that the fault strikes. ``again``: the next one, once the fault is over: a retry, or after a
  ``fail`` a clear. Without it the next one finds everything made.
* state and error: as in :mod:`faults.matrix`.
* requests: how many to a model may arrive at most.
* items: how many have which status in the manifest; empty where it depends on the moment.

``uncharged``: accepted requests that Google answers with an error of its own; ``empty``: accepted ones without an
image; ``rescued``: how many images at most may be under way when their place cannot be written any more. They are kept
on the worker, and so is the manifest; the next try pays for them again. ``asked_again``: how many items a clear may pay
for again, because their response was lost.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ITEMS = 12
PLACES = {"gs": "`gs://`", "local": "a local folder"}
FILE = Path(__file__).with_name("batches.toml")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a try must come to."""

    state: str
    error: str
    requests: int
    items: dict[str, int]


ALL_REUSED = Outcome("success", "", 0, {"reused": ITEMS})


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One fault."""

    name: str
    what: str
    first: Outcome
    again: Outcome = ALL_REUSED
    strike: list[dict[str, Any]] = field(default_factory=list)
    full_after: int = 0
    places: tuple[str, ...] = tuple(PLACES)
    pause_at_least: float = 0.0
    uncharged: int = 0
    empty: int = 0
    rescued: int = 0
    asked_again: int = 0


def batch_rows() -> Iterator[BatchRow]:
    """Yield every row."""
    for name, entry in tomllib.loads(FILE.read_text(encoding="utf-8")).items():
        outcomes = {each: Outcome(*entry.pop(each)) for each in ("first", "again") if each in entry}
        places = tuple(entry.pop("places", PLACES))
        yield BatchRow(name, places=places, **outcomes, **entry)
