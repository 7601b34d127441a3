"""Cloud Storage as far as images need it: list a folder; store, fetch, look up and delete an object. Free of charge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from airflow_provider_imagen.client.http_request import HttpRequest
from airflow_provider_imagen.client.object_streams import ObjectReader, ObjectWriter
from airflow_provider_imagen.client.session import Session
from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.protocols import endpoints
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse, Operation
from airflow_provider_imagen.core.storage import listing
from airflow_provider_imagen.core.storage import upload as uploads
from airflow_provider_imagen.core.storage.checksums import is_corrupted
from airflow_provider_imagen.core.storage.locations import CloudFolder
from airflow_provider_imagen.errors import (
    ImagenError,
    ObjectExistsError,
    PermissionDeniedError,
    ResponseLostError,
    StorageNotFoundError,
    UnexpectedResponseError,
)

ResultT = TypeVar("ResultT")


class CloudStorage:
    """The buckets that one connection reaches. Requests are repeated after every passing failure: they cost nothing.

    :param session: sends the requests.
    :param base: base URL of the Cloud Storage JSON API, None for Google's own.
    """

    def __init__(self, session: Session, base: str | None) -> None:
        self._session = session
        self._base = base or endpoints.STORAGE

    def upload(
        self, uri: str, data: bytes, mime_type: str, *, if_generation_match: int | str | None = None
    ) -> uploads.UploadedObject:
        """Store bytes as an object, proved by its checksum. An object of that name is replaced.

        :param uri: ``gs://bucket/name``.
        :param data: the content.
        :param mime_type: its content type.
        :param if_generation_match: store only if this generation is there now; 0: only if no object is.
        :raises ObjectExistsError: another generation is there. What is stored was not changed.
        :raises StorageNotFoundError: there is no such bucket.
        :raises ImagenError: the upload failed, or its checksum was not confirmed after several tries.
        """
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        content_type, body = uploads.encode_upload(name, mime_type, data)
        query = uploads.query(if_generation_match)
        url = endpoints.upload_url(self._base, bucket)
        request = HttpRequest("POST", url, query, None, body, content_type, free_of_charge=True)
        operation = _operation(f"Uploading {uri}", "storage.objects.create", "storage.objects.delete")
        sent = 0

        def send() -> uploads.UploadedObject:
            nonlocal sent
            sent += 1
            try:
                response = self._session.request(request, operation, once=True)
            except ObjectExistsError:
                # The response to an earlier try may have been lost: then what is there is what was sent.
                if sent > 1 and uploads.is_stored(there := self.metadata(uri), data):
                    return uploads.UploadedObject(uri, there.generation)
                raise
            return uploads.decode_upload(response.body, data, uri)

        return self._run(bucket, operation, lambda: self._session.retry(send))

    def download(self, uri: str, at_most_bytes: int) -> bytes:
        """Return the bytes of an object.

        :param uri: ``gs://bucket/name``.
        :param at_most_bytes: the largest size that is wanted.
        :raises StorageNotFoundError: there is no such object.
        :raises OutputError: it has more bytes than that; it is not read to its end.
        :raises ResponseLostError: its checksum was wrong several times.
        """
        url = self._object_url(uri)
        request = HttpRequest("GET", url, {"alt": "media"}, free_of_charge=True, at_most_bytes=at_most_bytes)
        operation = _operation(f"Fetching {uri}", "storage.objects.get")

        def fetch() -> bytes:
            response = self._session.request(request, operation, once=True)
            if is_corrupted(response.headers, response.body):
                raise ResponseLostError(
                    f"{operation.what}: what came differs from what Cloud Storage says that it stores. Fetching it "
                    "again is free of charge."
                )
            return response.body

        return self._run(_bucket_of(uri), operation, lambda: self._session.retry(fetch))

    def chunks(self, uri: str) -> Iterator[bytes]:
        """Yield the content of an object of any size, in pieces.

        :param uri: ``gs://bucket/name``.
        :raises StorageNotFoundError: there is no such object.
        """
        operation = _operation(f"Reading {uri}", "storage.objects.get")
        reader = ObjectReader(self._session, self._object_url(uri), operation)
        return self._explained(_bucket_of(uri), operation, reader.chunks())

    def upload_chunks(self, uri: str, chunks: Iterable[bytes], mime_type: str) -> int:
        """Store an object of any size, and return its size. An object of that name is replaced at the end.

        :param uri: ``gs://bucket/name``.
        :param chunks: the content in pieces.
        :param mime_type: its content type.
        :raises StorageNotFoundError: there is no such bucket.
        """
        bucket = _bucket_of(uri)
        operation = _operation(f"Uploading {uri}", "storage.objects.create", "storage.objects.delete")
        writer = ObjectWriter(self._session, endpoints.upload_url(self._base, bucket), uri, operation)
        return self._run(bucket, operation, lambda: writer.store(chunks, mime_type))

    def metadata(self, uri: str, *, once: bool = False) -> listing.StoredObject:
        """Return what is known about an object without its content.

        :param uri: ``gs://bucket/name``.
        :param once: do not ask again where another try may succeed.
        :raises StorageNotFoundError: there is no such object.
        """
        request = HttpRequest("GET", self._object_url(uri), {"fields": listing.OBJECT_FIELDS}, free_of_charge=True)
        operation = _operation(f"Looking up {uri}", "storage.objects.get")
        return listing.decode_object(self._request(_bucket_of(uri), request, operation, once=once).body)

    def delete(self, uri: str, *, if_generation_match: int | None = None) -> bool:
        """Delete an object, and say whether it was there. One that is gone counts as deleted.

        :param uri: ``gs://bucket/name``.
        :param if_generation_match: delete only this generation.
        :raises ObjectExistsError: another generation is there.
        :raises PermissionDeniedError: it may not be deleted, for example because a retention policy or hold keeps it.
        """
        query = {} if if_generation_match is None else {"ifGenerationMatch": str(if_generation_match)}
        request = HttpRequest("DELETE", self._object_url(uri), query, free_of_charge=True)
        try:
            self._request(_bucket_of(uri), request, _operation(f"Deleting {uri}", "storage.objects.delete"))
        except StorageNotFoundError:
            return False
        return True

    def list(
        self, folder: CloudFolder, *, name_prefix: str = "", page_size: int | None = None
    ) -> Iterator[listing.StoredObject]:
        """Yield the objects of a folder by name, with all below it. A page is fetched when it is needed.

        :param folder: the folder.
        :param name_prefix: only objects whose name, seen from the folder, begins so.
        :param page_size: how many objects a page may have, 1 to 1000. None: 1000.
        :raises StorageNotFoundError: there is no such bucket.
        """
        token, seen = "", set[str]()
        while True:
            request, operation = _listing(self._base, folder, name_prefix, page_size, token)
            page = listing.decode_page(self._request(folder.bucket, request, operation).body)
            yield from page.items
            token = page.next_page_token or ""
            if not token:
                return
            if token in seen:
                raise UnexpectedResponseError(
                    f"{operation.what}: the listing leads back to a page that was read already."
                )
            seen.add(token)

    def _request(
        self, bucket: str, request: HttpRequest, operation: _StorageOperation, *, once: bool = False
    ) -> HttpResponse:
        return self._run(bucket, operation, lambda: self._session.request(request, operation, once=once))

    def _explained(self, bucket: str, operation: _StorageOperation, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield pieces, and say which rights are missing when the first one is refused for lack of them."""
        if (first := self._run(bucket, operation, lambda: next(chunks, None))) is not None:
            yield first
            yield from chunks

    def _run(self, bucket: str, operation: _StorageOperation, action: Callable[[], ResultT]) -> ResultT:
        """Run an action, and say which rights are missing when it is refused for lack of them."""
        try:
            return action()
        except PermissionDeniedError as failure:
            if not failure.message.endswith(operation.when_forbidden) or not (hint := self._rights(bucket, operation)):
                raise
            raise PermissionDeniedError(f"{failure} {hint}") from failure

    def _rights(self, bucket: str, operation: _StorageOperation) -> str | None:
        """Say in words which of the rights the caller has on the whole bucket; None when that cannot be known."""
        url = endpoints.rights_url(self._base, bucket)
        request = HttpRequest("GET", url, {"permissions": operation.rights}, free_of_charge=True)
        try:
            granted = read_json(self._session.request(request, operation, once=True).body).get("permissions") or ()
            missing = [right for right in operation.rights if right not in granted]
        except (ImagenError, ValueError, AttributeError, TypeError):
            return None
        if missing:
            return f"On the whole bucket the caller does not have {' and '.join(missing)}."
        return "On the whole bucket the caller has it: a condition, a managed folder or a service perimeter forbids it."

    def _object_url(self, uri: str) -> str:
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        return endpoints.object_url(self._base, bucket, name)


@dataclass(frozen=True, slots=True)
class _StorageOperation(Operation):
    """An operation, with the rights that it needs."""

    rights: tuple[str, ...] = ()


def _operation(what: str, *rights: str) -> _StorageOperation:
    return _StorageOperation(
        what,
        StorageNotFoundError,
        "Create the bucket or correct the URI.",
        f"Give the caller the right {' and '.join(rights)} on the bucket.",
        rights,
    )


@lru_cache(maxsize=1024)
def _listing(
    base: str, folder: CloudFolder, name_prefix: str, page_size: int | None, page_token: str
) -> tuple[HttpRequest, _StorageOperation]:
    """Return the request for one page of a listing. A wait sends the same one again and again."""
    query = listing.query(folder, page_token, name_prefix=name_prefix, page_size=page_size)
    request = HttpRequest("GET", endpoints.listing_url(base, folder.bucket), query, free_of_charge=True)
    what = f"Listing gs://{folder.bucket}/{folder.prefix}{name_prefix}{'*' if name_prefix else ''}"
    return request, _operation(what, "storage.objects.list")


def _bucket_of(uri: str) -> str:
    return uri.removeprefix("gs://").partition("/")[0]
