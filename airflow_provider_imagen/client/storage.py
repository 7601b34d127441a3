"""Cloud Storage as far as images need it: list a folder, store, fetch and look up an object. All free of charge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from airflow_provider_imagen.client.transport import HttpRequest
from airflow_provider_imagen.core.protocols import endpoints
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse, Operation
from airflow_provider_imagen.core.storage import listing
from airflow_provider_imagen.core.storage import upload as uploading
from airflow_provider_imagen.core.storage.locations import CloudFolder
from airflow_provider_imagen.errors import StorageNotFoundError, UnexpectedResponseError


class Asker(Protocol):
    """Sends requests for one connection, as patiently as it allows."""

    def ask(self, request: HttpRequest, asked: Operation) -> HttpResponse:
        """Return the answer with status 200, or raise what another one means; tries again where that is safe."""

    def ask_once(self, request: HttpRequest, asked: Operation) -> HttpResponse:
        """As :meth:`ask`, without trying again."""

    def retry(self, action: Callable[[], None]) -> None:
        """Run an action again and again while that is safe and worth it."""

    def now(self) -> datetime:
        """Return the time of this machine, in UTC."""


@dataclass(frozen=True, slots=True)
class FolderView:
    """What is in a folder.

    :param seen_at: when it was looked at, by Cloud Storage's own clock; None when the answer did not say.
    :param read_at: the same moment by this machine's clock.
    """

    objects: tuple[listing.StoredObject, ...]
    seen_at: datetime | None
    read_at: datetime


class CloudStorage:
    """The buckets that one connection reaches.

    :param asker: sends the requests.
    :param base: base URL of the Cloud Storage JSON API, None for Google's own.
    """

    def __init__(self, asker: Asker, base: str | None) -> None:
        self._asker = asker
        self._base = base or endpoints.STORAGE

    def upload(self, uri: str, data: bytes, mime_type: str) -> str:
        """Store bytes as an object and return its URI. An object of that name is replaced."""
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        content_type, body = uploading.encode_upload(name, mime_type, data)
        url = endpoints.upload_url(self._base, bucket)
        request = HttpRequest("POST", url, uploading.QUERY, None, body, content_type, free_of_charge=True)
        asked = _asked(f"Uploading {uri}", "storage.objects.create and storage.objects.delete")
        self._asker.retry(lambda: uploading.check_stored(self._asker.ask_once(request, asked).body, data, uri))
        return uri

    def download(self, uri: str, at_most_bytes: int) -> bytes:
        """Return the bytes of an object.

        :raises StorageNotFoundError: there is no such object.
        :raises OutputError: it has more bytes than that; it is not read to its end.
        """
        url = self._object_url(uri)
        request = HttpRequest("GET", url, {"alt": "media"}, free_of_charge=True, at_most_bytes=at_most_bytes)
        return self._asker.ask(request, _asked(f"Fetching {uri}", "storage.objects.get")).body

    def exists(self, uri: str) -> bool:
        """Say whether there is an object of that name."""
        request = HttpRequest("GET", self._object_url(uri), {"fields": "name"}, free_of_charge=True)
        try:
            self._asker.ask(request, _asked(f"Looking up {uri}", "storage.objects.get"))
        except StorageNotFoundError:
            return False
        return True

    def pages(self, folder: CloudFolder) -> Iterator[tuple[listing.Page, HttpResponse]]:
        """Yield the pages of a folder's listing."""
        url = endpoints.listing_url(self._base, folder.bucket)
        asked = _asked(f"Listing gs://{folder.bucket}/{folder.prefix}", "storage.objects.list")
        token: str | None = None
        seen: set[str] = set()
        while True:
            answer = self._asker.ask(HttpRequest("GET", url, listing.query(folder, token), free_of_charge=True), asked)
            page = listing.decode_page(answer.body)
            yield page, answer
            token = page.next_page_token
            if not token:
                return
            if token in seen:
                raise UnexpectedResponseError(f"{asked.what}: the listing leads back to a page that was read already.")
            seen.add(token)

    def look_into(self, folder: CloudFolder) -> FolderView:
        """Return everything in a folder, and the time of the look."""
        objects: list[listing.StoredObject] = []
        first: tuple[datetime | None, datetime] | None = None
        for page, answer in self.pages(folder):
            objects += page.items
            # A large folder takes many pages; both clocks are read with the first.
            first = first or (_date_of(answer), self._asker.now())
        return FolderView(tuple(objects), *(first or (None, self._asker.now())))

    def _object_url(self, uri: str) -> str:
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        return endpoints.object_url(self._base, bucket, name)


def _asked(what: str, rights: str) -> Operation:
    return Operation(
        what,
        StorageNotFoundError,
        "Create the bucket or correct the URI.",
        f"Give the caller the right {rights} on the bucket.",
    )


def _date_of(answer: HttpResponse) -> datetime | None:
    try:
        moment = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
