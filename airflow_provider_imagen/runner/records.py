"""The records of one request's place: reads what earlier tries left, and writes what this one leaves."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from airflow_provider_imagen.core.recovery.request_record import (
    LARGEST_BYTES,
    MIME_TYPE,
    SHORT_HEX,
    RecordName,
    RequestRecord,
    current_records,
    read_record,
    record_name,
    record_names,
    rivals_in,
)
from airflow_provider_imagen.core.storage.object_names import RECORDS
from airflow_provider_imagen.errors import PermissionDeniedError
from airflow_provider_imagen.runner.store import OutputStore

log: logging.Logger = logging.getLogger("airflow.task")
CREATE_ONLY = ""
REPLACE = None


class FoundRecords(NamedTuple):
    """What earlier tries recorded under one own name.

    :param records: the records.
    :param unreadable: the URIs of records that are there and cannot be read.
    """

    records: tuple[RequestRecord, ...]
    unreadable: tuple[str, ...]


class RecordFolder:
    """The folder ``_imagen`` below an ``output_uri``, as far as it concerns one own name and one fingerprint.

    :param store: the folder of the ``output_uri``.
    :param own_name: the name of the request's place.
    :param fingerprint: of the request.
    :param listed: the names of records that a listing has found already, each with its version, for the first time
        that records are asked for. None: they are listed each time.
    """

    def __init__(
        self, store: OutputStore, own_name: str, fingerprint: str, listed: Mapping[str, str] | None = None
    ) -> None:
        self._store = store
        self._own_name = own_name
        self._fingerprint = fingerprint
        self._listed = listed
        self._versions: dict[RecordName, str | None] = {}

    def find(self) -> FoundRecords:
        """Return the records of this own name.

        :raises ImagenError: the folder cannot be listed.
        """
        folder = f"{RECORDS}/"
        there, self._listed = self._listed, None
        if there is None:
            files = self._store.files(f"{folder}{self._own_name}.")
            there = {file.name.removeprefix(folder): file.version for file in files}
        records: list[RequestRecord] = []
        unreadable: list[str] = []
        self._versions = {}
        for name in record_names(self._own_name, there):
            content = self._store.read(f"{folder}{name.name}", LARGEST_BYTES)
            if content is None:
                continue  # removed since the listing
            self._versions[name] = there[name.name]
            record = read_record(content)
            if record is None:
                unreadable.append(self._store.uri(f"{folder}{name.name}"))
            else:
                records.append(record)
        return FoundRecords(tuple(records), tuple(unreadable))

    @property
    def has_intent(self) -> bool:
        """Whether an intent for this request is there."""
        return any(name.is_intent for name in self._of_this_request())

    def write_intent(self, record: RequestRecord) -> None:
        """Record that a request is about to be sent. What an earlier try recorded for the same request is replaced.

        :raises ObjectExistsError: another writer did so first.
        :raises ImagenError: the folder cannot be written; nothing was sent.
        """
        self._write(record, is_intent=True)

    def is_contested(self, record: RequestRecord, now: datetime) -> bool:
        """Say whether another writer recorded an intent under this own name before this one.

        Two requests of one key that differ have intents of different names, so that creating them tells nothing.

        :param record: the intent of this task, which is written.
        :param now: the time by this machine's clock.
        """
        mine = (record.sent_at, record.fingerprint)
        rivals = rivals_in(current_records(self.find().records), record.writer, now)
        return any((rival.sent_at, rival.fingerprint) < mine for rival in rivals)

    def mark_lost(self, record: RequestRecord) -> None:
        """Record that the response was lost. The error that is about to be raised says more than a failure here."""
        try:
            self._write(record.model_copy(update={"state": "lost"}), is_intent=True)
        except Exception:  # whatever a storage library raises
            log.warning("The record of the lost response could not be written.", exc_info=True)

    def finish(self, record: RequestRecord) -> None:
        """Record the result. A failure here costs a later try, not this one: its images are made and paid."""
        try:
            finished = self._write(record, is_intent=False)
        except Exception:  # whatever a storage library raises
            log.warning("The result could not be recorded; a later try of this task may send again.", exc_info=True)
        else:
            self._remove([name for name in self._versions if name != finished])

    def withdraw(self) -> None:
        """Remove the intent of this request: there is nothing to look for. Older results stay."""
        self._remove([name for name in self._of_this_request() if name.is_intent])

    def remove(self) -> None:
        """Remove every record of this own name."""
        self._remove(list(self._versions))

    def _write(self, record: RequestRecord, *, is_intent: bool) -> RecordName:
        """Write a record over the one that is there; beside it, under the next number, where that is refused."""
        known = [name for name in self._of_this_request() if name.is_intent == is_intent]
        number = max((name.number for name in known), default=1)
        name = self._named(number, is_intent=is_intent)
        version = self._versions.get(name, CREATE_ONLY if is_intent else REPLACE)
        try:
            return self._store_at(name, record, version)
        except (PermissionDeniedError, PermissionError) as failure:
            if name not in self._versions:
                raise
            log.warning("A record may not be replaced, so the next one lies beside it: %s", failure)
            return self._store_at(self._named(number + 1, is_intent=is_intent), record, CREATE_ONLY)

    def _store_at(self, name: RecordName, record: RequestRecord, version: str | None) -> RecordName:
        self._store.write(f"{RECORDS}/{name.name}", record.encode(), MIME_TYPE, version=version)
        self._versions[name] = REPLACE
        return name

    def _remove(self, names: list[RecordName]) -> None:
        for name in names:
            try:
                self._store.remove(f"{RECORDS}/{name.name}")
            except Exception as failure:  # noqa: BLE001  # whatever a storage library raises; the images matter more
                log.warning("A record could not be removed and stays: %s", failure)
            else:
                del self._versions[name]

    def _of_this_request(self) -> list[RecordName]:
        return [name for name in self._versions if name.fingerprint == self._fingerprint[:SHORT_HEX]]

    def _named(self, number: int, *, is_intent: bool) -> RecordName:
        name = record_name(self._own_name, self._fingerprint, is_intent=is_intent, number=number)
        return RecordName(name, self._fingerprint[:SHORT_HEX], is_intent, number)
