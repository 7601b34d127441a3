"""Runs a batch that a fault strikes, and its retry, over real sockets; compares both with the row, and adds up."""

from __future__ import annotations

import errno
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from faults.batch_matrix import ITEMS, BatchRow, Outcome
from support.emulated import images_in, model_requests
from support.task_instances import RecordingTaskInstance

from airflow_provider_imagen.core.batch.manifest import ManifestLine, read_lines
from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.operators.batch import ImagenBatchOperator

CLOUD = "gs://bucket/made/"


@dataclass
class Try:
    """What one try of the task came to."""

    state: str = "success"
    error: str = ""
    text: str = ""
    requests: int = 0
    lines: list[ManifestLine] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    @property
    def items(self) -> dict[str, int]:
        """How many items have which status."""
        return dict(Counter(line.status for line in self.lines))


@dataclass
class SeenBatch:
    """What both tries came to.

    :param accepted: requests that images were made for, in both tries.
    :param rescued: images that could not be stored and were kept on the worker.
    :param unnamed: images that are stored, or kept on the worker, and that no manifest names.
    """

    first: Try
    again: Try
    accepted: int
    fired: int
    rescued: int
    unnamed: list[str]


@dataclass
class BatchBench:
    """What batches run on."""

    emulator: Any
    monkeypatch: pytest.MonkeyPatch
    folder: Path

    def run(self, row: BatchRow, kind: str) -> SeenBatch:
        """Run one row in one kind of place."""
        place = CLOUD if kind == "gs" else str(self.folder / "made")
        self.monkeypatch.setattr(tempfile, "tempdir", str(self.folder))
        for strike in row.strike:
            self.emulator.order_fault(Fault(**strike))
        with self.monkeypatch.context() as patched:
            if row.full_after:
                patched.setattr(os, "fsync", _full_after(row.full_after))
            first = self._try(place, 1, 1)
        fired = self.emulator.fired_faults() + bool(row.full_after)
        self.emulator.clear_faults()
        # Airflow raises the bound of tries when a task is cleared.
        again = self._try(place, 2, max_tries=2 if first.state == "fail" else 1)
        rescued = [path for path in self.folder.glob("imagen-rescued-*/*") if path.suffix != ".jsonl"]
        unnamed = [*self._unnamed_images(place, again), *_unnamed_copies(rescued, first)]
        return SeenBatch(first, again, self.emulator.accepted, fired, len(rescued), unnamed)

    def _try(self, place: str, number: int, max_tries: int) -> Try:
        seen = Try()
        self.monkeypatch.setattr(ImagenHook, "client_options", {"sleep": seen.pauses.append, "jitter": lambda: 0.5})
        ti = RecordingTaskInstance(task_id="pictures", try_number=number, max_tries=max_tries)
        rows = [{"key": f"sku-{item:02}", "prompt": f"a red boat, number {item:02}"} for item in range(ITEMS)]
        task = ImagenBatchOperator(
            task_id="pictures", items=rows, output_uri=place, model="gemini-2.5-flash-image", max_concurrency=4
        )
        before = len(model_requests(self.emulator))
        try:
            task.execute({"ti": ti})
        except AirflowFailException as failure:
            seen.state, seen.error, seen.text = "fail", type(failure.imagen_error).__name__, str(failure)
        except Exception as failure:  # noqa: BLE001  # whatever it is, Airflow would try again
            seen.state, seen.error, seen.text = "retry", type(failure).__name__, str(failure)
        seen.requests = len(model_requests(self.emulator)) - before
        seen.lines = list(read_lines([self._manifest(place)]))
        return seen

    def _manifest(self, place: str) -> bytes:
        """Return the manifest in its place, else the one that was kept on the worker."""
        kept = self.folder.glob("imagen-rescued-*/manifest.jsonl")
        if place != CLOUD:
            found = [*Path(place).glob("_imagen/batches/*/manifest.jsonl"), *kept]
            return found[0].read_bytes() if found else b""
        names = self.emulator.list_objects("bucket", "made/_imagen/batches/")
        name = next((name for name in names if name.endswith("/manifest.jsonl")), None)
        if name is not None:
            return bytes(self.emulator.read_object("bucket", name))
        return next((path.read_bytes() for path in kept), b"")

    def _unnamed_images(self, place: str, seen: Try) -> Iterator[str]:
        named = {uri for line in seen.lines for uri in line.uris}
        return (uri for uri in images_in(place, self.emulator) if uri not in named)


def _unnamed_copies(rescued: list[Path], seen: Try) -> Iterator[str]:
    """Yield the images on the worker whose folder no reason in the manifest names."""
    said = " ".join(line.reason or "" for line in seen.lines)
    return (str(path) for path in rescued if str(path.parent) not in said)


def _full_after(files: int) -> Callable[[int], None]:
    """Return an ``os.fsync`` that finds the disk full after so many files."""
    written = iter(range(files))

    def fsync(descriptor: int) -> None:
        if next(written, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return fsync


def complaints(row: BatchRow, seen: SeenBatch) -> Iterator[str]:
    """Yield what is wrong with a cell, in words."""
    yield from _about_try("the first try", row.first, seen.first)
    yield from _about_try("the retry", row.again, seen.again)
    for which, each in (("first try", seen.first), ("retry", seen.again)):
        if len(each.lines) != ITEMS:
            yield f"the manifest of the {which} has {len(each.lines)} lines"
    if not seen.fired:
        yield "the fault never fired"
    if seen.unnamed:
        yield f"nothing names {', '.join(seen.unnamed)}"
    if over := duplicates(row, seen):
        yield f"{seen.accepted} requests were accepted, {over} too many"
    if seen.rescued > row.rescued:
        yield f"{seen.rescued} images could not be stored, at most {row.rescued} may be under way"
    if row.pause_at_least and max(seen.first.pauses, default=0.0) < row.pause_at_least:
        yield f"paused for {seen.first.pauses} s, at least {row.pause_at_least} s were asked for"


def duplicates(row: BatchRow, seen: SeenBatch) -> int:
    """Return how many requests were accepted, and would be billed, too many."""
    return max(0, seen.accepted - row.uncharged - row.empty - row.asked_again - seen.rescued - ITEMS)


def _about_try(which: str, expected: Outcome, seen: Try) -> Iterator[str]:
    if (seen.state, seen.error) != (expected.state, expected.error):
        yield f"{which} ends as {seen.state} {seen.error}, expected {expected.state} {expected.error}: {seen.text}"
    if seen.requests > expected.requests:
        yield f"{which}: {seen.requests - expected.requests} requests over the budget of {expected.requests}"
    if expected.items and seen.items != expected.items:
        yield f"{which}: the manifest says {seen.items}, expected {expected.items}"


@dataclass
class BatchTally:
    """Adds up cells."""

    cells: int = 0
    fired: int = 0
    requests_over: int = 0
    lost: int = 0
    duplicates: int = 0
    lines_missing: int = 0

    def add(self, row: BatchRow, seen: SeenBatch) -> list[str]:
        """Count a cell and return what is wrong with it."""
        self.cells += 1
        self.fired += seen.fired
        tries = ((row.first, seen.first), (row.again, seen.again))
        self.requests_over += sum(max(0, each.requests - expected.requests) for expected, each in tries)
        self.lost += len(seen.unnamed)
        self.duplicates += duplicates(row, seen)
        self.lines_missing += sum(abs(ITEMS - len(each.lines)) for each in (seen.first, seen.again))
        return list(complaints(row, seen))

    def closing_line(self) -> str:
        """Return the sum of all cells."""
        return (
            f"batches run: {self.cells}, faults fired: {self.fired}, requests over budget: {self.requests_over}, "
            f"images lost: {self.lost}, duplicates beyond budget: {self.duplicates}, manifest lines missing: "
            f"{self.lines_missing}"
        )
