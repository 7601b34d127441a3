"""The images of a request in its place: what counts, what is replaced, what is kept when nothing can be written."""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_imagen.core.responses import GeneratedImage
from airflow_provider_imagen.core.storage.object_names import OwnPlace
from airflow_provider_imagen.errors import NotSentError, PermissionDeniedError
from airflow_provider_imagen.runner.images import ImageFolder, rescue
from airflow_provider_imagen.runner.store import StoredFile

KEY = OwnPlace("sku1", is_key=True, requested=1)
OWN = OwnPlace("task-1", is_key=False, requested=2)


class MemoryStore:
    """A store in a dict. ``locked`` names may be neither replaced nor removed; ``full``: nothing can be written."""

    is_local = False

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.versions: dict[str, int] = {}
        self.locked: set[str] = set()
        self.full = False
        self.outages: list[Exception] = []

    def uri(self, name: str) -> str:
        return f"gs://b/{name}"

    def google_writes_to(self, folder: str) -> str | None:
        return self.uri(folder)

    def files(self, prefix: str) -> Iterator[StoredFile]:
        for name, data in sorted(self.content.items()):
            if name.startswith(prefix):
                yield StoredFile(name, str(self.versions[name]), len(data))

    def read(self, name: str, at_most_bytes: int) -> bytes | None:
        return self.content.get(name)

    def write(self, name: str, data: bytes, mime_type: str, *, version: str | None = None) -> None:
        if self.outages:
            raise self.outages.pop(0)
        if self.full:
            raise OSError(28, "No space left on device")
        if name in self.locked:
            raise PermissionDeniedError("a retention policy keeps it")
        self.content[name] = data
        self.versions[name] = self.versions.get(name, 0) + 1

    def remove(self, name: str, *, version: str | None = None) -> None:
        if name in self.locked:
            raise PermissionDeniedError("a retention policy keeps it")
        self.content.pop(name, None)


def png(data: bytes = b"new") -> GeneratedImage:
    return GeneratedImage("image/png", data=data)


def folder(store: Any, place: OwnPlace = KEY, *, replaces: bool = True) -> ImageFolder:
    images = ImageFolder(store, place)
    images.begin(images.look(), replaces=replaces)
    return images


def test_a_stored_image_has_its_uri_and_lets_go_of_its_bytes() -> None:
    stored = folder(MemoryStore()).save(0, png())

    assert (stored.uri, stored.data) == ("gs://b/sku1.png", None)


def test_an_image_that_google_stored_stays_where_it_is() -> None:
    image = GeneratedImage("image/png", uri="gs://b/sku1/1733000000000/sample_0.png")

    assert folder(MemoryStore()).save(0, image) == image


def test_a_file_that_may_not_be_replaced_stays_and_the_next_free_name_is_taken() -> None:
    store = MemoryStore()
    for name in ("sku1.png", "sku1~2.png"):
        store.write(name, b"old", "image/png")
    store.locked = {"sku1.png", "sku1~2.png"}
    images = folder(store)

    assert images.save(0, png()).uri == "gs://b/sku1~3.png"
    assert images.not_replaced == ["gs://b/sku1.png", "gs://b/sku1~2.png"]


def test_a_right_that_is_missing_for_every_file_is_no_reason_to_try_other_names() -> None:
    store = MemoryStore()
    store.locked = {"sku1.png"}
    stored = folder(store).save(0, png())

    assert stored.uri is None
    assert "sku1.png (PermissionDeniedError" in str(stored.why_not_stored)


class LibraryError(Exception):
    """What a library for object storage raises when it finds no connection."""


@pytest.mark.parametrize(
    "failure",
    [OSError(errno.EIO, "Input/output error"), TimeoutError(), OSError("no answer"), LibraryError()],
    ids=repr,
)
def test_an_image_is_stored_after_a_short_outage(failure: Exception) -> None:
    store, pauses = MemoryStore(), list[float]()
    store.outages = [failure] * 4

    stored = ImageFolder(store, KEY, pause=pauses.append).save(0, png())

    assert (stored.uri, store.content) == ("gs://b/sku1.png", {"sku1.png": b"new"})
    assert pauses == [1.0, 2.0, 4.0, 8.0]


def test_an_outage_that_goes_on_is_the_reason_why_an_image_is_not_stored() -> None:
    store, pauses = MemoryStore(), list[float]()
    store.outages = [TimeoutError("planted")] * 9

    stored = ImageFolder(store, KEY, pause=pauses.append).save(0, png())

    assert "sku1.png (TimeoutError: planted)" in str(stored.why_not_stored)
    assert (len(pauses), len(store.outages)) == (4, 4)


@pytest.mark.parametrize(
    "failure",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        PermissionError("Access Denied"),
        FileNotFoundError("no such bucket"),
        NotSentError("tried for ten minutes"),
    ],
    ids=repr,
)
def test_what_stays_is_not_waited_for(failure: Exception) -> None:
    store, pauses = MemoryStore(), list[float]()
    store.outages = [failure]

    assert ImageFolder(store, KEY, pause=pauses.append).save(0, png()).uri is None
    assert pauses == []


def test_more_images_than_were_asked_for_get_the_next_free_numbers() -> None:
    images = folder(MemoryStore(), OWN)
    first = images.save_all([0], [png(), png()])
    second = images.save_all([1], [png(), png()])

    names = [str(image.uri).rpartition("/")[2] for image in (*first, *second)]
    assert names == ["sample_0.png", "sample_2.png", "sample_1.png", "sample_3.png"]


def test_where_files_stay_the_numbers_go_on_after_them() -> None:
    store = MemoryStore()
    store.write("task-1/sample_4.png", b"old", "image/png")

    assert folder(store, OWN, replaces=False).save(0, png()).uri == "gs://b/task-1/sample_5.png"
    assert folder(store, OWN).save(0, png()).uri == "gs://b/task-1/sample_0.png"


def test_new_is_what_came_or_was_replaced_since_a_look() -> None:
    store = MemoryStore()
    for name in ("task-1/sample_0.png", "task-1/sample_1.png"):
        store.write(name, b"old", "image/png")
    images = ImageFolder(store, OWN)
    before = images.look()
    store.write("task-1/sample_1.png", b"new", "image/png")
    store.write("task-1/sample_2.png", b"new", "image/png")
    store.write("task-1/sample_3.png", b"", "image/png")
    store.write("task-1/notes.txt", b"x", "text/plain")

    assert images.new_since(before) == ["task-1/sample_1.png", "task-1/sample_2.png"]


def test_older_files_are_removed_and_what_may_not_be_removed_is_named() -> None:
    store = MemoryStore()
    for name in ("sku1.jpg", "sku1/1.png", "sku1.png"):
        store.write(name, b"old", "image/png")
    store.locked = {"sku1/1.png"}
    images = folder(store)
    before = images.look()
    stored = images.save(0, png())
    images.remove_older(before, [str(stored.uri)])

    assert sorted(store.content) == ["sku1.png", "sku1/1.png"]
    assert images.not_replaced == ["gs://b/sku1/1.png"]


def test_images_that_cannot_be_stored_are_kept_on_the_worker_and_the_error_says_where() -> None:
    store = MemoryStore()
    images = folder(store, OWN)
    stored = images.save(0, png(b"first"))
    store.full = True
    lost = images.save(1, png(b"second"))

    error = rescue([str(stored.uri)], [lost])

    assert re.search(r"1 of 2 images could not.*No space left.*Written: gs://b/task-1/sample_0.png", str(error))
    (kept,) = re.findall(r"kept on this worker in (\S+)\. ", str(error))
    assert [path.read_bytes() for path in Path(kept).iterdir()] == [b"second"]
    shutil.rmtree(kept)


def test_images_that_can_be_kept_nowhere_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **options: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)

    assert re.search("1 of them are lost .*No space left", str(rescue([], [png()])))
