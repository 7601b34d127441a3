"""Writes the page about faults from the matrix: ``python -m faults.docs`` in the folder ``tests``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from faults.batch_matrix import ITEMS, PLACES, Outcome, batch_rows
from faults.matrix import CHAPTERS, OPERATIONS, Cell, Row, rows
from pages.markdown import table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
INTRODUCTION = """\
# When something breaks

What a task does when the network, Google or something in between fails, fault by fault. Every cell of these tables is
run as a test, over real sockets (`make faults`). This page is written from the same data (`make docs`).

{summary}

A cell of the tables below says how the task ends, how many requests were sent at most, and how many images are in the
output folder then.

- **success**: the task succeeds. Where there is more than one request, the client asked again by itself.
- **retry**: an ordinary error. Airflow tries the task again if it has retries; nothing is billed for this try.
- **fail**: `AirflowFailException`. Airflow does not try again, because that cannot help or might pay twice.
- **waits**: the look does not count, the sensor goes on waiting.

20 requests are those that fit into the ten minutes for which the client tries. After an upload that failed for good the
images are kept on the worker; the error names the folder. `Retry-After` is obeyed, in seconds and as a date. No error
leaves an image in Cloud Storage that it does not name, by itself or by its folder.

An error answer in Google's own words (its JSON error body, also with 500, 502, 504, 499 and 408) is not charged: the
price page of generative AI on Vertex AI says that only requests that return 200 are (confirmed 2026-09-23). So it is
asked again. A page that a proxy made, and an answer that never came, leave open whether Google made and billed images.
"""


SUMMARY = (
    (
        "what fails",
        "an Imagen model that writes to `gs://`",
        "every other generating task",
        "a sensor's look",
        "billed",
    ),
    ("no connection was made", "tried for ten minutes, then Airflow's retry", "the same", "does not count", "no"),
    ("Google refuses for now (429, 503)", "tried for ten minutes, then a retry", "the same", "does not count", "no"),
    ("Google fails and says so (5xx)", "looked for, then asked again", "asked again", "does not count", "no"),
    ("Google refuses for good (400 to 404)", "fails at once", "the same", "ends the wait", "no"),
    ("the response is lost", "looked for, then asked once more", "`on_lost` decides", "does not count", "perhaps"),
    ("images cannot be stored", "Google refuses before it makes any", "kept on the worker, then fails", "-", "yes"),
)


def page() -> str:
    """Return the page."""
    return "\n".join(
        [
            INTRODUCTION.format(summary=table(SUMMARY[0], SUMMARY[1:])),
            *_operations(),
            *_tables(),
            *_batches(),
            *_reasons(),
        ]
    )


def _operations() -> Iterator[str]:
    yield "| column | what is done |"
    yield "|---|---|"
    yield from (f"| {name} | {what} |" for name, what in OPERATIONS.items())
    yield ""


def _tables() -> Iterator[str]:
    for chapter, title in CHAPTERS.items():
        yield f"## {title}\n"
        yield f"| fault | {' | '.join(OPERATIONS)} |"
        yield f"|---|{'---|' * len(OPERATIONS)}"
        for row in (row for row in rows() if row.chapter == chapter):
            yield f"| {row.what} | {' | '.join(_in_words(row.cells[name]) for name in OPERATIONS)} |"
        yield ""


BATCHES = f"""\
## A batch

A batch of {ITEMS} rows, four requests side by side, and the next try of its task once the fault is over: a retry, or
a clear where the task ended with **fail**. It finds what is made and asks only for the rest. Images whose place cannot
be written any more are kept on the worker, as is the manifest; the error names both, and a clear pays for these images
again.
"""


def _batches() -> Iterator[str]:
    yield BATCHES
    yield "| fault | where | ends as | the next try |"
    yield "|---|---|---|---|"
    for row in batch_rows():
        places = " and ".join(PLACES[place] for place in row.places)
        yield f"| {row.what} | {places} | {_try_in_words(row.first)} | {_try_in_words(row.again)} |"
    yield ""


def _try_in_words(outcome: Outcome) -> str:
    error = f" `{outcome.error}`" if outcome.error else ""
    items = ", ".join(f"{number} {status.replace('_', ' ')}" for status, number in outcome.items.items())
    return f"**{outcome.state}**{error}, {outcome.requests or 'no'} requests{f': {items}' if items else ''}"


def _in_words(cell: Cell | str) -> str:
    if isinstance(cell, str):
        return "not applicable"
    error = f" `{cell.error}`" if cell.error else ""
    requests = "1 request" if cell.requests == 1 else f"{cell.requests} requests"
    return f"**{cell.state}**{error}, {requests}, {cell.files or 'no'} images"


def _reasons() -> Iterator[str]:
    yield "## What does not apply\n"
    for row in rows():
        for reason, names in _reasons_of(row).items():
            yield f"- {row.what}, {' and '.join(names)}: {reason}."
    yield ""


def _reasons_of(row: Row) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for name, cell in row.cells.items():
        if isinstance(cell, str):
            reasons.setdefault(cell, []).append(f"`{name}`")
    return reasons


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} is written\n")
