"""Batches that a fault strikes, and their retries, over real sockets."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.batch_matrix import ITEMS, BatchRow, Outcome, batch_rows
from faults.batch_running import BatchBench, BatchTally

CELLS = [(row, kind) for row in batch_rows() for kind in row.places]


@pytest.fixture
def batch_bench(
    running_emulator: Any, set_connection: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[BatchBench]:
    """What batches run on. It counts itself whether a fault fired, so the ``emulator`` fixture is not for it."""
    running_emulator.reset()
    set_connection(**running_emulator.connection["extra"])
    yield BatchBench(running_emulator, monkeypatch, tmp_path)
    running_emulator.reset()


@pytest.mark.parametrize(("row", "kind"), [pytest.param(*each, id=f"{each[1]}/{each[0].name}") for each in CELLS])
def test_a_batch_ends_as_the_row_says_and_its_retry_does_the_rest(
    batch_bench: BatchBench, batch_tally: BatchTally, row: BatchRow, kind: str
) -> None:
    assert batch_tally.add(row, batch_bench.run(row, kind)) == []


def test_every_row_says_what_strikes_and_where() -> None:
    rows = list(batch_rows())

    assert all(row.what and (row.strike or row.full_after) and row.places for row in rows)
    assert all(sum(each.items.values()) in {0, ITEMS} for row in rows for each in (row.first, row.again))


def test_what_is_wrong_with_a_batch_is_said_and_counted(batch_bench: BatchBench) -> None:
    row = next(row for row in batch_rows() if row.name == "no-image")
    strict = dataclasses.replace(row, first=Outcome("fail", "", 12, {"made": 11}), empty=0, pause_at_least=99.0)
    tally = BatchTally()

    said = tally.add(strict, batch_bench.run(strict, "local"))

    assert [each.split(":")[0] for each in said] == [
        "the first try ends as success , expected fail ",
        "the first try",
        "the first try",
        "13 requests were accepted, 1 too many",
        "paused for [] s, at least 99.0 s were asked for",
    ]
    assert tally.closing_line() == (
        "batches run: 1, faults fired: 1, requests over budget: 1, images lost: 0, duplicates beyond budget: 1, "
        "manifest lines missing: 0"
    )
