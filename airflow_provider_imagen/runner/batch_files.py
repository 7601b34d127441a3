"""The files of a batch below ``<output_uri>/_imagen/batches/<name>/``: plan, state, manifest."""

from __future__ import annotations

import logging
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from airflow_provider_imagen.core.batch.manifest import ManifestLine, read_lines
from airflow_provider_imagen.core.batch.plan import PlannedItem
from airflow_provider_imagen.core.batch.state import LARGEST_BYTES, BatchState, batch_folder
from airflow_provider_imagen.errors import OutputError, RecordUnreadableError
from airflow_provider_imagen.runner.store import OutputStore

log: logging.Logger = logging.getLogger("airflow.task")
LARGEST_TABLE_BYTES = 1 << 30
JSON_LINES = "application/jsonl"
JSON = "application/json"
PLAN = "plan.jsonl"
IN_MEMORY_BYTES = 1 << 20
"""A plan that is larger lies on this machine's disk, not in memory."""


class PlanSpool:
    """The plan of a batch while it runs: a temporary file that is read as a stream."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115  # see close
        self._starts = array("Q")

    def write(self, items: Iterable[PlannedItem]) -> Iterator[PlannedItem]:
        """Write items, and yield them."""
        for item in items:
            self._starts.append(self._file.tell())
            self._file.write(item.encode())
            yield item

    def content(self) -> bytes:
        """Return the whole plan."""
        self._file.seek(0)
        return self._file.read()

    def items(self) -> Iterator[PlannedItem]:
        """Yield the items from the beginning. One reader at a time."""
        self._file.seek(0)
        for line in self._file:
            yield PlannedItem.decode(line)

    def item(self, number: int) -> PlannedItem:
        """Return one item by its number."""
        self._file.seek(self._starts[number])
        return PlannedItem.decode(self._file.readline())

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


class BatchFiles:
    """The files of one batch.

    :param store: the folder of the ``output_uri``.
    :param name: the batch's name.
    """

    def __init__(self, store: OutputStore, name: str) -> None:
        self._store = store
        self._folder = batch_folder(name)

    @property
    def manifest_uri(self) -> str:
        """The URI of the manifest."""
        return self._store.uri(f"{self._folder}manifest.jsonl")

    def state(self) -> BatchState | None:
        """Return what an earlier try or run left, None if there was none.

        :raises RecordUnreadableError: it is there and cannot be read.
        """
        content = self._store.read(f"{self._folder}state.json", LARGEST_BYTES)
        if content is None:
            return None
        state = BatchState.decode(content)
        if state is None:
            uri = self._store.uri(f"{self._folder}state.json")
            raise RecordUnreadableError(
                f"The state of the batch cannot be read: {uri}. Nothing was sent, because images may be there and paid "
                "for. Remove this file, then clear the task: what is finished is found all the same."
            )
        return state

    def write_state(self, state: BatchState) -> None:
        """Keep the state."""
        self._store.write(f"{self._folder}state.json", state.encode(), JSON)

    def plan(self, name: str = PLAN) -> Iterator[PlannedItem]:
        """Yield the items of an earlier try's plan, none where there is no plan of the batch.

        :param name: of the plan: that of the batch, or of one run.
        :raises RecordUnreadableError: it cannot be read, or the plan of a run is not there.
        """
        content = self._store.read(f"{self._folder}{name}", LARGEST_TABLE_BYTES)
        if content is None and name != PLAN:
            raise RecordUnreadableError(
                f"The plan of this run is not there: {self._store.uri(f'{self._folder}{name}')}. Clear the task: it "
                "plans its items again, and finds the jobs and images that are there."
            )
        for number, line in enumerate((content or b"").splitlines(), 1):
            try:
                item = PlannedItem.decode(line)
            except (ValueError, TypeError) as failure:
                raise RecordUnreadableError(
                    f"Line {number} of the plan of an earlier try cannot be read: "
                    f"{self._store.uri(f'{self._folder}{name}')}. Nothing was sent, because its images may be "
                    "there and paid for. Look for them below output_uri, remove this file, then clear the task."
                ) from failure
            yield item

    def write_plan(self, content: bytes, name: str = PLAN) -> None:
        """Keep the plan: what is asked for, before anything is sent.

        :param content: the plan.
        :param name: of the plan: that of the batch, or of one run.
        """
        self._store.write(f"{self._folder}{name}", content, JSON_LINES)

    def remove_plan(self, name: str) -> None:
        """Remove the plan of a run that is over. Where that fails, it stays."""
        try:
            self._store.remove(f"{self._folder}{name}")
        except Exception as failure:  # noqa: BLE001  # whatever a storage library raises; the images are stored
            log.warning("The plan of the run could not be removed: %s", failure)

    def manifest(self) -> Iterator[ManifestLine]:
        """Yield the lines of the manifest that is there, as far as they can be read: records say what is paid."""
        content = self._store.read(f"{self._folder}manifest.jsonl", LARGEST_TABLE_BYTES)
        try:
            yield from read_lines([content] if content else [])
        except RecordUnreadableError as failure:
            log.warning("%s Items that were filtered before may be asked for again.", failure)

    def write_manifest(self, lines: Iterable[ManifestLine]) -> None:
        """Replace the manifest."""
        self._store.write(f"{self._folder}manifest.jsonl", b"".join(line.encode() for line in lines), JSON_LINES)


def rescued_manifest(lines: Iterable[ManifestLine], uri: str, problem: Exception, failure: str | None) -> OutputError:
    """Keep a manifest that could not be written on this machine, and return the error that says where.

    :param lines: the manifest.
    :param uri: where it could not be written.
    :param problem: why.
    :param failure: what else the task has to say.
    """
    try:
        path = Path(tempfile.mkdtemp(prefix="imagen-rescued-")) / "manifest.jsonl"
        path.write_bytes(b"".join(line.encode() for line in lines))
        kept = f"It was kept on this worker: {path}."
    except OSError as second:
        kept = f"It could not be kept on this worker either ({second})."
    return OutputError(
        f"The manifest could not be written: {uri} ({type(problem).__name__}: {problem}). {kept} Images that were "
        "stored are found by another try. Check that the worker may write to output_uri before you run the task "
        f"again.{f' {failure}' if failure else ''}"
    )
