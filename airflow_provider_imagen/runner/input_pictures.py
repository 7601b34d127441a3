"""The pictures that a request names: what identifies each, and what of it is sent.

A picture in Cloud Storage is passed on by its URI and never downloaded; any other is read, and sent with the request
or, where it is too large for that, uploaded first.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from airflow_provider_imagen.core.catalogue import Model, PictureLimits
from airflow_provider_imagen.core.image_format import extension_of_picture, type_of_name
from airflow_provider_imagen.core.picture_bytes import picture_type
from airflow_provider_imagen.core.requests import GenerateRequest, ImageRequest, InputPicture, UpscaleRequest
from airflow_provider_imagen.core.storage.listing import StoredObject
from airflow_provider_imagen.core.storage.locations import is_object, problem_with_source
from airflow_provider_imagen.core.storage.object_names import RECORDS
from airflow_provider_imagen.core.text import list_in_text
from airflow_provider_imagen.core.validation.input_pictures import (
    ReadPicture,
    picture_name,
    problem_with_all,
    problems_with_content,
    problems_with_picture,
    those_to_upload,
)
from airflow_provider_imagen.core.validation.source_image import LARGEST_SOURCE_BYTES, problems_with_source
from airflow_provider_imagen.errors import (
    InvalidInputError,
    NotSentError,
    PermissionDeniedError,
    ResponseLostError,
    StorageNotFoundError,
)
from airflow_provider_imagen.runner.failures import is_passing
from airflow_provider_imagen.runner.store import OpenPath, OutputStore

log: logging.Logger = logging.getLogger("airflow.task")
INPUTS = f"{RECORDS}/inputs"
"""Where pictures are uploaded to, below the ``output_uri``."""


class ObjectLookup(Protocol):
    """Looks up what is known of an object: the buckets of the connection, or what a listing has found of them."""

    def metadata(self, uri: str) -> StoredObject:
        """Return what is known about an object without its content."""


@dataclass(slots=True)
class KnownPictures:
    """Pictures that several requests of one task name, each looked at once. Safe to share between threads.

    :param most_bytes: how many bytes of pictures are kept; those beyond it are read again.
    """

    most_bytes: int = 64 << 20
    _read: dict[str, ReadPicture] = field(default_factory=dict)
    _problems: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _bytes: int = 0

    def get(self, uri: str) -> ReadPicture | None:
        """Return a picture that was read before.

        :raises InvalidInputError: it could not be read.
        """
        if uri in self._problems:
            raise InvalidInputError(self._problems[uri])
        return self._read.get(uri)

    def keep(self, uri: str, read: ReadPicture | None, problems: tuple[str, ...] = ()) -> None:
        """Keep what came of reading a picture."""
        if read is None:
            self._problems[uri] = problems
        elif self._bytes + read.inline_bytes <= self.most_bytes:
            self._bytes += read.inline_bytes
            self._read[uri] = read


@dataclass(frozen=True, slots=True)
class PictureReader:
    """Reads the pictures of requests.

    :param storage: the buckets that the connection reaches.
    :param open_path: opens any other URI.
    :param known: keeps what was read. None: each request reads its pictures anew.
    """

    storage: ObjectLookup
    open_path: OpenPath
    known: KnownPictures | None = None

    def read(self, request: ImageRequest, model: Model, *, can_upload: bool) -> tuple[list[ReadPicture], list[str]]:
        """Return the pictures of a request, and every mistake in them.

        :param request: names the pictures. Those whose URI cannot be one are passed over: its rules say so.
        :param model: the model that is asked.
        :param can_upload: those that are too large to be sent with the request can be uploaded.
        """
        if isinstance(request, UpscaleRequest):
            return self._read_source(request, model)
        if model.pictures is None:
            return [], []  # the rules of the model say that it takes none
        pictures, problems = list[ReadPicture](), list[str]()
        for number, uri in enumerate(request.sources):
            if problem_with_source(uri):
                continue
            name = picture_name(number, len(request.sources), uri)
            try:
                read = self._read_known(name, uri, model.pictures.object_bytes)
            except InvalidInputError as failure:
                problems.extend(failure.problems)
            else:
                pictures.append(read)
        if not problems:
            problems = problems_with_pictures(pictures, request, model, can_upload=can_upload)
        return pictures, problems

    def _read_known(self, name: str, uri: str, most_bytes: int) -> ReadPicture:
        if self.known is None:
            return self._read_one(name, uri, most_bytes)
        if (read := self.known.get(uri)) is None:
            try:
                read = self._read_one(name, uri, most_bytes)
            except InvalidInputError as failure:
                self.known.keep(uri, None, failure.problems)
                raise
            self.known.keep(uri, read)
        return replace(read, name=name)

    def _read_one(self, name: str, uri: str, most_bytes: int) -> ReadPicture:
        if is_object(uri):
            return self._look_up(name, uri)
        data = self._read_file(name, uri, most_bytes)
        if problems := problems_with_content(name, data):
            raise InvalidInputError(tuple(problems))
        picture = InputPicture(data=data, mime_type=picture_type(data))
        return ReadPicture(name, picture, f"sha256:{hashlib.sha256(data).hexdigest()}", len(data))

    def _read_source(self, request: UpscaleRequest, model: Model) -> tuple[list[ReadPicture], list[str]]:
        """Return the image to upscale, and what is wrong with it."""
        if problem_with_source(request.image):
            return [], []
        name = f"image {request.image}"
        try:
            if is_object(request.image):
                found = self._look_up(name, request.image)
                # Google finds out by itself what type it has.
                return [replace(found, picture=InputPicture(gcs_uri=request.image))], []
            data = self._read_file(name, request.image, LARGEST_SOURCE_BYTES)
        except InvalidInputError as failure:
            return [], list(failure.problems)
        picture = InputPicture(data=data, mime_type=picture_type(data))
        read = ReadPicture(name, picture, f"sha256:{hashlib.sha256(data).hexdigest()}", len(data))
        return [read], problems_with_source(data, request, model)

    def _look_up(self, name: str, uri: str) -> ReadPicture:
        """Return what the metadata of an object says. Where they may not be read, its URI has to do."""
        try:
            stored = self.storage.metadata(uri)
        except PermissionDeniedError as failure:
            log.warning(
                "%s is told from others by its URI only, because its metadata may not be read: %s", name, failure
            )
            stored = None
        except StorageNotFoundError as failure:
            problem = f"{name} is not there: the bucket or the object does not exist. Correct the URI."
            raise InvalidInputError((problem,)) from failure
        except ResponseLostError as failure:
            raise NotSentError(f"{failure} No model was asked.") from failure
        return picture_in_cloud(name, uri, stored)

    def _read_file(self, name: str, uri: str, most_bytes: int) -> bytes:
        """Return a file's bytes; one byte more than is allowed is read, so that a huge file is noticed, not loaded."""
        try:
            with self.open_path(uri).open("rb") as file:
                return bytes(file.read(most_bytes + 1))
        except Exception as failure:  # storage libraries raise anything
            if is_passing(failure):
                raise NotSentError(
                    f"{name} could not be read now ({type(failure).__name__}: {failure}). No model was asked, so "
                    "another try costs nothing."
                ) from failure
            problem = (
                f"{name} could not be read ({type(failure).__name__}: {failure}). Check that the file is there, that "
                "this worker may read it, and that the provider for its scheme is installed."
            )
            raise InvalidInputError((problem,)) from failure


def picture_in_cloud(name: str, uri: str, stored: StoredObject | None) -> ReadPicture:
    """Return a picture in Cloud Storage by its metadata: its MD5, else its CRC and size; never its generation.

    :param name: how it stands in error texts.
    :param uri: its URI.
    :param stored: its metadata; None where they may not be read.
    """
    if stored is None:
        return ReadPicture(name, InputPicture(gcs_uri=uri, mime_type=type_of_name(uri)), uri)
    picture = InputPicture(gcs_uri=uri, mime_type=stored.mime_type)
    identity = f"crc32c:{stored.crc32c}:{stored.size}" if stored.crc32c else uri
    return ReadPicture(name, picture, f"md5:{stored.md5_hash}" if stored.md5_hash else identity, stored.size)


def problems_with_pictures(
    pictures: Sequence[ReadPicture], request: ImageRequest, model: Model, *, can_upload: bool
) -> list[str]:
    """Return what a model does not take about pictures that were read.

    :param pictures: the pictures.
    :param request: names them.
    :param model: the model.
    :param can_upload: those that are too large to be sent with the request can be uploaded.
    """
    if not isinstance(request, GenerateRequest) or model.pictures is None:
        return []
    limits = model.pictures
    if can_upload:
        limits = limits.model_copy(update={"inline_bytes": limits.object_bytes})
    each = [problem for read in pictures for problem in problems_with_picture(read, limits, request.model)]
    return each or ([] if can_upload else problem_with_all(pictures, request.service_tier))


def upload_large(
    pictures: Sequence[ReadPicture], limits: PictureLimits | None, service_tier: str | None, store: OutputStore
) -> list[ReadPicture]:
    """Upload the pictures that are too large to be sent with the request, each once, and return all as they are sent.

    :param pictures: the pictures as they were read.
    :param limits: what the model takes. None: everything is sent as it was read.
    :param service_tier: the request's.
    :param store: the folder of the ``output_uri``, which Google can read from.
    """
    sent = list(pictures)
    for number in those_to_upload(pictures, limits, service_tier) if limits else ():
        read = pictures[number]
        data, mime_type = read.picture.data or b"", str(read.picture.mime_type)
        name = f"{INPUTS}/{read.identity.removeprefix('sha256:')}.{extension_of_picture(mime_type)}"
        if not any(file.name == name and file.size == len(data) for file in store.files(name)):
            log.info("%s has %d bytes and is uploaded to %s first.", read.name, len(data), store.uri(name))
            store.write(name, data, mime_type)
        sent[number] = replace(read, picture=InputPicture(gcs_uri=store.uri(name), mime_type=mime_type))
    return sent


def only_item(image: Any) -> Any:
    """Return the one item of a list with one item, anything else as it is; a list also where it was rendered as text.

    A generate task that made one image returns such a list.
    """
    rendered = list_in_text(image) if isinstance(image, str) else None
    listed = image if rendered is None else rendered
    return listed[0] if isinstance(listed, list | tuple) and len(listed) == 1 else listed
