"""The images of one request in its own place: what lies there, and what is stored."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from airflow_provider_imagen.core.recovery.request_record import named_by
from airflow_provider_imagen.core.responses import GeneratedImage
from airflow_provider_imagen.core.result_document import ResultDocument
from airflow_provider_imagen.core.result_parts import StoredImage
from airflow_provider_imagen.core.storage.object_names import (
    OwnPlace,
    extension_of,
    in_order,
    mime_type_of,
    newest_complete,
)
from airflow_provider_imagen.core.text import counted
from airflow_provider_imagen.errors import OutputError, PermissionDeniedError
from airflow_provider_imagen.runner.failures import may_pass
from airflow_provider_imagen.runner.store import OutputStore, StoredFile

log: logging.Logger = logging.getLogger("airflow.task")
REFUSALS = (PermissionDeniedError, PermissionError)
PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0)
"""The pauses between the tries to store an image where the storage fails for a moment."""


class ImageFolder:
    """The images of one request. Safe to share between threads.

    :param store: the folder of the ``output_uri``.
    :param place: the request's own place below it.
    :param listed: the files that a listing has found already, for the first look. None: each look lists.
    :param pause: lets time pass between two tries to store an image. None: each is tried once.
    """

    def __init__(
        self,
        store: OutputStore,
        place: OwnPlace,
        listed: Sequence[StoredFile] | None = None,
        *,
        pause: Callable[[float], None] | None = None,
    ) -> None:
        self._store = store
        self._pause = pause
        self._place = place
        self._listed = listed
        self._taken: set[str] = set()
        self._numbers: set[int] = set()
        self._lock = threading.Lock()
        self.not_replaced: list[str] = []
        """URIs of older files that may not be replaced or removed."""

    def look(self) -> dict[str, str]:
        """Return the images that lie in the place now, each with its version."""
        files = list(self._store.files(self._place.prefix) if self._listed is None else self._listed)
        self._listed = None
        self._taken = self._place.owned([file.name for file in files])
        return {file.name: file.version for file in files if file.size and file.name in self._taken}

    def begin(self, before: Collection[str], *, replaces: bool) -> None:
        """Prepare to store images.

        :param before: names of files of earlier requests.
        :param replaces: files of the same number are replaced; else the numbers go on after theirs.
        """
        self._place = self._place if replaces else self._place.after(before)

    def new_since(self, before: Mapping[str, str]) -> list[str]:
        """Return the names of the images that came, or were replaced, since a look."""
        return [name for name, version in self.look().items() if before.get(name) != version]

    def choose(self, names: Sequence[str]) -> tuple[list[str], list[str]]:
        """Divide new files into those that count, at most as many as were asked for, and the rest."""
        written, googles = in_order([name for name in names if self._place.number_of(name) is not None]), names
        if written:
            others = [name for name in googles if name not in written]
            return written[: self._place.requested], [*written[self._place.requested :], *others]
        return newest_complete(googles, self._place.requested)

    def of_result(self, result: ResultDocument, there: Mapping[str, str]) -> tuple[GeneratedImage, ...]:
        """Return the images of a result that are still there. They are told by name: a folder has several spellings.

        :param result: the document of an earlier request.
        :param there: the files in the place.
        """
        images = {uri: name for name in there if (uri := named_by(result.uris, name))}
        if gone := [uri for uri in result.uris if uri not in images]:
            log.warning("Images of an earlier result are no longer there: %s.", ", ".join(gone))
        return tuple(
            GeneratedImage(image.mime_type, self._store.uri(images[image.uri]))
            for image in result.images
            if image.uri in images
        )

    def recorded(self, result: ResultDocument, kept: Sequence[GeneratedImage]) -> tuple[StoredImage, ...]:
        """Return what a result says of images that are still there, with the URIs that they have now."""
        names = {str(image.uri): str(image.uri).removeprefix(self._store.uri("")) for image in kept}
        found = {uri: named_by(result.uris, name) for uri, name in names.items()}
        described = {image.uri: image for image in result.images}
        return tuple(
            described[recorded].model_copy(update={"uri": uri})
            for uri, recorded in found.items()
            if recorded is not None
        )

    def uris(self, names: Collection[str]) -> list[str]:
        """Return the URIs of files."""
        return [self._store.uri(name) for name in names]

    def described(self, names: Sequence[str]) -> tuple[GeneratedImage, ...]:
        """Return files as images."""
        return tuple(GeneratedImage(mime_type_of(name), self._store.uri(name)) for name in names)

    def number_of(self, image: GeneratedImage) -> int | None:
        """Return which image of the request a stored image is, None for one that Google stored."""
        return self._place.number_of(str(image.uri).removeprefix(self._store.uri("")))

    def in_order(self, images: Collection[GeneratedImage]) -> tuple[GeneratedImage, ...]:
        """Return images sorted by their number; those that Google stored keep their order."""
        return tuple(sorted(images, key=lambda image: self.number_of(image) or 0))

    def save(self, number: int, image: GeneratedImage) -> GeneratedImage:
        """Store one image, and return it with its URI; or with its bytes and the reason why it has no URI.

        A file of that name is replaced; where that is refused, it stays and the image gets the next free name.

        :param number: which image of the request.
        """
        if image.data is None:
            return image  # Google stored it
        copy = 1
        while True:
            name = self._place.file_name(number, image.mime_type, copy)
            try:
                self._write(name, image.data, image.mime_type)
            except Exception as failure:  # noqa: BLE001  # storage libraries raise anything; a paid image must be accounted for
                if isinstance(failure, REFUSALS) and name in self._taken:
                    log.warning("%s may not be replaced and stays: %s", self._store.uri(name), failure)
                    self.not_replaced.append(self._store.uri(name))
                    copy += 1
                    continue
                why = f"{self._store.uri(name)} ({type(failure).__name__}: {failure})"
                return replace(image, why_not_stored=why)
            return replace(image, uri=self._store.uri(name), data=None)

    def _write(self, name: str, data: bytes, mime_type: str) -> None:
        """Store a file, in several tries where the storage fails for a moment: its image is paid."""
        pauses = iter(PAUSES_SECONDS)
        while True:
            try:
                self._store.write(name, data, mime_type)
            except Exception as failure:
                seconds = next(pauses, None)
                if seconds is None or self._pause is None or not may_pass(failure):
                    raise
                why = f"{type(failure).__name__}: {failure}"
                log.warning("%s could not be written (%s). Trying again in %g s.", self._store.uri(name), why, seconds)
                self._pause(seconds)
            else:
                return

    def save_all(self, numbers: Sequence[int], images: Sequence[GeneratedImage]) -> tuple[GeneratedImage, ...]:
        """Store the images of one response.

        :param numbers: the numbers that the response was asked for; more images get the next free ones.
        """
        given = iter(numbers)
        return tuple(self.save(self._claim(next(given, None)), image) for image in images)

    def _claim(self, number: int | None) -> int:
        with self._lock:
            if number is None or number in self._numbers:
                number = max(self._numbers, default=self._place.requested - 1) + 1
                number = max(number, self._place.requested)
            self._numbers.add(number)
            return number

    def remove_older(self, names: Collection[str], kept: Collection[str]) -> None:
        """Remove older files of a key once its new result is stored. What may not be removed stays.

        :param names: the files that lay there before the request.
        :param kept: URIs of the new result.
        """
        for name in names:
            uri = self._store.uri(name)
            if uri in kept or uri in self.not_replaced:
                continue
            try:
                self._store.remove(name)
            except Exception as failure:  # noqa: BLE001  # storage libraries raise anything; the new images are there
                log.warning("%s is of an earlier result and could not be removed: %s", uri, failure)
                self.not_replaced.append(uri)


def rescue(stored: Sequence[str], lost: Sequence[GeneratedImage]) -> OutputError:
    """Keep images that could not be stored on this machine, and return the error that says where.

    :param stored: the URIs of the images that could be stored.
    :param lost: the images that could not, with their bytes.
    """
    failures: list[str] = []
    folder = ""
    for number, image in enumerate(lost):
        try:
            folder = folder or tempfile.mkdtemp(prefix="imagen-rescued-")
            (Path(folder) / f"sample_{number}.{extension_of(image.mime_type)}").write_bytes(image.data or b"")
        except OSError as failure:
            failures.append(str(failure))
    kept = f"They were kept on this worker in {folder}." if len(failures) < len(lost) else ""
    gone = f"{len(failures)} of them are lost ({'; '.join(failures)})." if failures else ""
    return OutputError(
        f"{len(lost)} of {counted(len(stored) + len(lost), 'image')} could not be written: "
        f"{'; '.join(str(image.why_not_stored) for image in lost)}. Written: {', '.join(stored) or 'none'}. "
        f"{' '.join(filter(None, [kept, gone]))} "
        "Check that the worker may write to output_uri before you run the task again; that pays for new images."
    )
