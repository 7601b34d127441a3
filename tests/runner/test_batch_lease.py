"""Of two runs of one batch the second waits; a run that says nothing for long is taken over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_imagen.core.batch.state import Lease, batch_folder
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity
from airflow_provider_imagen.errors import KeyInUseError, ObjectExistsError, ResponseLostError
from airflow_provider_imagen.runner.batch_lease import BatchLease
from airflow_provider_imagen.runner.store import StoredFile

MONDAY = TaskIdentity(dag_id="d", run_id="monday", task_id="t")
TUESDAY = MONDAY.model_copy(update={"run_id": "tuesday"})
FILE = f"{batch_folder('b')}lease.json"


class MemoryStore:
    """A store that keeps versions, in memory."""

    is_local = False

    def __init__(self, *, keeps_versions: bool = True) -> None:
        self.keeps_versions = keeps_versions
        self.content: dict[str, tuple[str, bytes]] = {}
        self.loses_answers = False
        self._written = 0

    def files(self, prefix: str) -> Iterator[StoredFile]:
        yield from (
            StoredFile(name, v, len(data)) for name, (v, data) in self.content.items() if name.startswith(prefix)
        )

    def read(self, name: str, at_most_bytes: int) -> bytes | None:
        return self.content[name][1] if name in self.content else None

    def write(self, name: str, data: bytes, mime_type: str, *, version: str | None = None) -> str:
        if version is not None and self.content.get(name, ("", b""))[0] != version:
            raise ObjectExistsError("another version is there")
        self._written += 1
        self.content[name] = (str(self._written), data)
        if self.loses_answers:
            raise ResponseLostError("no answer")
        return str(self._written)

    def remove(self, name: str, *, version: str | None = None) -> None:
        if version is not None and self.content.get(name, (version, b""))[0] != version:
            raise ObjectExistsError("another version is there")
        self.content.pop(name, None)


class FakeSession:
    """A session whose pauses take no time; what happens meanwhile is up to the test."""

    is_stopped = False

    def __init__(self, meanwhile: Callable[[int], object] = lambda pauses: None) -> None:
        self.pauses = 0
        self._meanwhile = meanwhile

    def now(self) -> datetime:
        return datetime(2026, 11, 26, tzinfo=UTC)

    def pause(self, seconds: float) -> None:
        self.pauses += 1
        self._meanwhile(self.pauses)


def lease(store: Any, task: TaskIdentity, session: Any = None) -> BatchLease:
    return BatchLease(store, "b", task, session or FakeSession())


def holder(store: MemoryStore) -> str:
    found = Lease.decode(store.content[FILE][1])
    assert found is not None
    return found.writer.run_id


def test_a_second_run_waits_until_the_first_gives_the_lease_back() -> None:
    store = MemoryStore()
    first = lease(store, MONDAY)
    first.acquire()
    session = FakeSession(lambda pauses: first.release() if pauses == 3 else None)

    lease(store, TUESDAY, session).acquire()

    assert session.pauses == 3
    assert holder(store) == "tuesday"


def test_a_lease_that_is_renewed_is_waited_for_as_long_as_it_takes() -> None:
    store = MemoryStore()
    first = lease(store, MONDAY)
    first.acquire()

    def meanwhile(pauses: int) -> None:
        if pauses < 100:
            first.renew()
        else:
            first.release()

    session = FakeSession(meanwhile)
    lease(store, TUESDAY, session).acquire()

    assert session.pauses == 100


def test_a_lease_of_which_nothing_is_heard_is_taken_over_and_its_old_holder_stops() -> None:
    store = MemoryStore()
    first = lease(store, MONDAY)
    first.acquire()
    session = FakeSession()

    lease(store, TUESDAY, session).acquire()

    assert session.pauses == 18
    with pytest.raises(KeyInUseError, match="has taken the batch over"):
        first.renew()
    assert first.is_lost
    first.release()
    assert holder(store) == "tuesday"


def test_one_that_was_taken_over_unnoticed_stays_when_its_old_holder_ends() -> None:
    store = MemoryStore()
    first = lease(store, MONDAY)
    first.acquire()
    lease(store, TUESDAY).acquire()

    first.release()

    assert holder(store) == "tuesday"


def renewed_unheard(store: MemoryStore, own: BatchLease) -> None:
    """Renew a lease, so that the new one is stored and the answer of the storage is lost."""
    store.loses_answers = True
    with pytest.raises(ResponseLostError):
        own.renew()
    store.loses_answers = False


def test_a_renewal_whose_answer_was_lost_is_no_other_run() -> None:
    store = MemoryStore()
    own = lease(store, MONDAY)
    own.acquire()
    renewed_unheard(store, own)

    own.renew()
    own.renew()

    assert not own.is_lost
    own.release()
    assert not store.content


def test_a_lease_whose_last_renewal_was_not_answered_is_given_back() -> None:
    store = MemoryStore()
    own = lease(store, MONDAY)
    own.acquire()
    renewed_unheard(store, own)

    own.release()

    assert not store.content


def test_after_a_renewal_that_was_not_answered_another_run_is_still_seen() -> None:
    store = MemoryStore()
    own = lease(store, MONDAY)
    own.acquire()
    renewed_unheard(store, own)
    lease(store, TUESDAY).acquire()

    with pytest.raises(KeyInUseError, match="has taken the batch over"):
        own.renew()

    assert holder(store) == "tuesday"


def test_the_lease_of_an_earlier_try_is_taken_at_once() -> None:
    store, session = MemoryStore(), FakeSession()
    lease(store, MONDAY).acquire()

    lease(store, MONDAY.model_copy(update={"try_number": 2}), session).acquire()

    assert session.pauses == 0


def test_a_lease_that_cannot_be_read_is_replaced() -> None:
    store, session = MemoryStore(), FakeSession()
    store.write(FILE, b"{", "")

    lease(store, MONDAY, session).acquire()

    assert (holder(store), session.pauses) == ("monday", 0)


def test_storage_without_versions_has_no_lease() -> None:
    store = MemoryStore(keeps_versions=False)
    own = lease(store, MONDAY)

    own.acquire()
    own.renew()
    own.release()

    assert not store.content
