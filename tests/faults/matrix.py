"""The fault matrix as data: one row for each fault, one column for each operation, what must follow in each cell.

A row of the TOML files has ``what`` (in words), how the fault is made (``strike``: an order to the emulator; or
``network``: a broken server, see ``gate.py``), and what follows: a list ``[state, error, requests, files, text]`` for
an operation or a group of operations, the closest name wins.

* state: ``success``; ``retry``: an ordinary exception, Airflow tries the task again if it has retries; ``fail``:
  ``AirflowFailException``, it does not; ``waits``: the sensor goes on waiting.
* error: our class. It is the exception itself, or the cause of an ``AirflowFailException``.
* requests: how many may arrive at most.
* files: how many images are in the output folder afterwards: ``"all"`` that were asked for, or a number.
* text: what the error says, among other things; for ``waits``, what the log says.

A text in place of the list says why a cell does not exist.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
CHAPTERS = {
    "connections": "The connection",
    "statuses": "Google refuses",
    "answers": "The answer is spoiled",
}
STORED = ("generate-imagen-gcs", "upscale-gcs")
BYTES = ("generate-imagen-local", "generate-gemini-local", "generate-gemini-gcs", "upscale-local")
LISTING = ("sensor", "list-folder")
OPERATIONS = {
    "generate-imagen-gcs": "Two images of an Imagen model, which Google writes to `gs://`",
    "generate-imagen-local": "Two images of an Imagen model into a local folder",
    "generate-gemini-gcs": "One image of a Gemini model, which the worker uploads to `gs://`",
    "generate-gemini-local": "One image of a Gemini model into a local folder",
    "generate-gemini-three": "Three images of a Gemini model to `gs://`: one of three requests side by side is struck",
    "upscale-gcs": "One image enlarged, which Google writes to `gs://`",
    "upscale-local": "One image enlarged, into a local folder",
    "record": "The record that is written to `gs://` before a Gemini model is asked",
    "upload": "The upload of a Gemini image that was made",
    "sensor": "One look of `ImagenOutputSensor`",
    "list-folder": "`ImagenHook().client.storage.list` in a task of your own",
}
GROUPS = {"stored": STORED, "bytes": BYTES, "asking": STORED + BYTES, "listing": LISTING, "any": tuple(OPERATIONS)}
"""From the closest to the widest."""
STATES = ("success", "retry", "fail", "waits")


@dataclass(frozen=True, slots=True)
class Cell:
    """What must follow when a fault strikes an operation."""

    state: str
    error: str
    requests: int
    files: int | str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One fault, and what follows: a cell for each operation, or the reason why there is none."""

    name: str
    chapter: str
    what: str
    cells: dict[str, Cell | str]
    strike: dict[str, Any] = field(default_factory=dict)
    network: str = ""
    forever: bool = False
    slow: bool = False
    pause_at_least: float = 0.0
    retry_after_date_in: float = 0.0
    tokens: int = 0
    uncharged: int = 0
    """How many accepted requests are not charged, because Google answers them with an error of its own."""


def rows() -> Iterator[Row]:
    """Yield every row.

    :raises ValueError: a row has no answer for an operation, or one that cannot be read.
    """
    for chapter in CHAPTERS:
        for name, entry in tomllib.loads((FOLDER / f"{chapter}.toml").read_text(encoding="utf-8")).items():
            yield row_from(name, chapter, entry)


def row_from(name: str, chapter: str, entry: dict[str, Any]) -> Row:
    """Return a row as its TOML says."""
    named = {*OPERATIONS, *GROUPS}
    settings = {key: value for key, value in entry.items() if key not in named}
    cells = {operation: _cell(name, entry, operation) for operation in OPERATIONS}
    return Row(name, chapter, cells=cells, **settings)


def _cell(name: str, entry: dict[str, Any], operation: str) -> Cell | str:
    scopes = [operation, *(group for group, members in GROUPS.items() if operation in members)]
    said = next((entry[scope] for scope in scopes if scope in entry), None)
    if isinstance(said, str) and said:
        return said
    if not isinstance(said, list) or len(said) != len(Cell.__slots__) or said[0] not in STATES:
        raise ValueError(f"{name} says {said!r} of {operation}; expected is [state, error, requests, files, text]")
    return Cell(*said)
