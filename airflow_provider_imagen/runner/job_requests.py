"""Writes the requests of open items as files for jobs: as a stream, cut where Google's limits end a file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO

from airflow_provider_imagen.core.batch.importer_rules import ImporterSchema
from airflow_provider_imagen.core.batch.job_files import LineOrigin, origins_in
from airflow_provider_imagen.core.batch.job_lines import FileSize, encode_line, line_key
from airflow_provider_imagen.core.batch.plan import ItemPlanner, PlannedItem
from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.requests import GenerateRequest

IN_MEMORY_BYTES = 1 << 20
CHUNK_BYTES = 1 << 16
WithPictures = Callable[[RequestPlan[GenerateRequest]], RequestPlan[GenerateRequest]]


def _spooled() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)


@dataclass(slots=True)
class RequestFile:
    """What one file of requests came to, once it was written to its end.

    :param items: for how many items.
    :param reserved_usd: what its lines cost by list price, None where no price is known.
    :param model: the model that is asked.
    :param location: the Google Cloud location of its model.
    :param size: its lines and bytes.
    """

    items: int = 0
    reserved_usd: float | None = 0.0
    model: str = ""
    location: str = ""
    size: FileSize = field(default_factory=FileSize)
    _origins: IO[bytes] = field(default_factory=_spooled)

    def add(self, item: PlannedItem, plan: RequestPlan[GenerateRequest]) -> None:
        """Take up one item."""
        self.items += 1
        self.model, self.location = plan.request.model, plan.location
        known = self.reserved_usd is not None and item.cost_usd is not None
        self.reserved_usd = (self.reserved_usd or 0.0) + (item.cost_usd or 0.0) if known else None

    def add_line(self, line: bytes, origin: LineOrigin) -> None:
        """Take up one line."""
        self.size = self.size.plus(line)
        self._origins.write(origin.encode())

    def origin_lines(self) -> Iterator[bytes]:
        """Yield what each line asks for, in pieces of a file."""
        self._origins.seek(0)
        while chunk := self._origins.read(CHUNK_BYTES):
            yield chunk

    def origins(self) -> Iterator[LineOrigin]:
        """Yield what each line asks for."""
        self._origins.seek(0)
        yield from origins_in(self._origins)

    def close(self) -> None:
        """Remove what lies on this machine's disk."""
        self._origins.close()


class RequestWriter:
    """Turns items of one model into the lines of one file after another. All lines of an item are in one file.

    :param items: the items.
    :param planner: makes their requests.
    :param with_pictures: adds the pictures of a request to its plan, those on a disk after they are uploaded.
    :param because: what Google said about their model, which it does not know; their fallback is asked.
    """

    def __init__(
        self,
        items: Iterator[PlannedItem],
        planner: ItemPlanner,
        with_pictures: WithPictures,
        because: str | None = None,
    ) -> None:
        self._items = items
        self._planner = planner
        self._with_pictures = with_pictures
        self._because = because
        self._next = next(items, None)
        self.last = self._next
        """The item that was written last."""

    @property
    def is_done(self) -> bool:
        """Whether every item is in a file."""
        return self._next is None

    def lines(self, file: RequestFile, most_items: int | None = None) -> Iterator[bytes]:
        """Yield the lines of the next file.

        :param file: takes up what is written.
        :param most_items: with so many items it is complete.
        :raises InvalidInputError: the importer would refuse a line.
        """
        schema = ImporterSchema()
        while self._next is not None and (most_items is None or file.items < most_items):
            item, plan = self._next, self._plan(self._next)
            first = file.size.lines + 1
            lines = [
                encode_line(
                    line_key(first + image, item.fingerprint), plan.protocol.encode(plan.request, image), schema
                )
                for image in range(item.images)
            ]
            if file.items and not _fits(file.size, lines):
                return
            file.add(item, plan)
            for image, line in enumerate(lines):
                file.add_line(line, LineOrigin(item.key, item.fingerprint, image))
                yield line
            self.last, self._next = item, next(self._items, None)

    def _plan(self, item: PlannedItem) -> RequestPlan[GenerateRequest]:
        fallback = None if self._because is None else self._planner.with_fallback(item, item.model, self._because)
        return self._with_pictures(fallback or self._planner.request_plan(item))


def _fits(size: FileSize, lines: list[bytes]) -> bool:
    for line in lines:
        if not size.has_room_for(line):
            return False
        size = size.plus(line)
    return True
