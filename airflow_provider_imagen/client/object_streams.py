"""Objects of any size in Cloud Storage, read and stored piece by piece, so that none is ever whole in memory."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from http import HTTPStatus
from itertools import chain
from typing import NoReturn

from airflow_provider_imagen.client.http_request import HttpRequest
from airflow_provider_imagen.client.session import Session
from airflow_provider_imagen.client.transport import StreamedResponse
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse, Operation
from airflow_provider_imagen.core.storage import resumable
from airflow_provider_imagen.core.storage.checksums import is_other_md5
from airflow_provider_imagen.errors import ResponseLostError, RetryableError

GENERATION = "x-goog-generation"


class ObjectReader:
    """Reads one object from its beginning to its end; a connection that breaks is taken up where it broke.

    :param session: sends the requests.
    :param url: of the object.
    :param operation: what it is about, for errors.
    """

    def __init__(self, session: Session, url: str, operation: Operation) -> None:
        self._session = session
        self._url = url
        self._operation = operation
        self._position = 0
        self._headers: Mapping[str, str] | None = None
        self._digest = hashlib.md5(usedforsecurity=False)

    def chunks(self) -> Iterator[bytes]:
        """Yield the content in pieces of about 1 MiB. What comes in one piece is checked before it is yielded.

        :raises StorageNotFoundError: there is no such object, or it was replaced meanwhile.
        :raises RetryableError: its checksum was wrong: that of one piece several times, of more pieces at the end.
        :raises ImagenError: it could not be read in several tries that brought nothing.
        """
        while True:
            first, rest = self._session.retry(self._open)
            try:
                for chunk in chain([first], rest):
                    self._position += len(chunk)
                    self._digest.update(chunk)
                    yield chunk
            except (ResponseLostError, RetryableError):
                continue  # some of it came, so the next try begins behind that
            self._check()
            return

    def _open(self) -> tuple[bytes, Iterator[bytes]]:
        """Begin to read where the last try ended; return the first piece, and the rest."""
        streamed = self._session.stream(self._request(), self._operation)
        if streamed.response.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return b"", iter(())  # the last try ended behind the last byte, before it was said that it is the last
        if self._headers is None:
            self._headers = streamed.response.headers
        first, rest = self._first(streamed)
        try:
            second = next(rest, None)
        except (ResponseLostError, RetryableError) as failure:
            return first, iter(partial(_raise, failure), b"")
        if second is None and not self._position:
            self._check(first)  # an error here lets it be read again
        return first, chain([] if second is None else [second], rest)

    def _check(self, last: bytes = b"") -> None:
        """Compare what was read with what Cloud Storage says that it stores.

        :param last: what came, and is not counted in yet.
        """
        digest = self._digest.copy()
        digest.update(last)
        if is_other_md5(self._headers or {}, digest.digest()):
            raise RetryableError(
                f"{self._operation.what}: what came differs from what Cloud Storage says that it stores. Reading it "
                "again is free of charge."
            )

    def _first(self, streamed: StreamedResponse) -> tuple[bytes, Iterator[bytes]]:
        is_part = "content-range" in streamed.response.headers
        skip = 0 if is_part else self._position
        for chunk in streamed.chunks:
            if skip < len(chunk):
                return chunk[skip:], streamed.chunks
            skip -= len(chunk)
        return b"", iter(())

    def _request(self) -> HttpRequest:
        generation = (self._headers or {}).get(GENERATION)
        query = {"alt": "media"} | ({"generation": generation} if generation else {})
        # Unpacked, so that positions count stored bytes.
        headers = {"Accept-Encoding": "identity"}
        ends: tuple[int, ...] = ()
        if self._position:
            headers["Range"] = f"bytes={self._position}-"
            ends = (HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,)
        return HttpRequest("GET", self._url, query, free_of_charge=True, headers=headers, other_statuses=ends)


def _raise(failure: Exception) -> NoReturn:
    raise failure


class ObjectWriter:
    """Stores one object in pieces; only the last one makes it appear, and it replaces what was there.

    :param session: sends the requests.
    :param url: where objects of its bucket are uploaded.
    :param uri: ``gs://bucket/name``.
    :param operation: what it is about, for errors.
    """

    def __init__(self, session: Session, url: str, uri: str, operation: Operation) -> None:
        self._session = session
        self._url = url
        self._uri = uri
        self._operation = operation
        self._upload_id = ""
        self._stored = 0

    def store(self, chunks: Iterable[bytes], mime_type: str) -> int:
        """Store the content, and return its size.

        :param chunks: the content in pieces of any sizes.
        :param mime_type: its content type.
        :raises ImagenError: the bucket refused it, or a piece could not be stored in several tries.
        """
        self._begin(mime_type)
        digest = hashlib.md5(usedforsecurity=False)
        for piece, is_last in resumable.in_pieces(chunks):
            digest.update(piece)
            response = self._store_piece(piece, is_last=is_last)
        confirmed = resumable.md5_in(response.body)
        if confirmed is not None and confirmed != base64.b64encode(digest.digest()).decode():
            raise ResponseLostError(
                f"What Cloud Storage stored as {self._uri} is not what was sent. Run the task again."
            )
        return self._stored

    def _begin(self, mime_type: str) -> None:
        name = self._uri.removeprefix("gs://").partition("/")[2]
        content = {"name": name, "contentType": mime_type}
        request = HttpRequest("POST", self._url, resumable.start_query(), json=content, free_of_charge=True)
        response = self._session.request(request, self._operation)
        self._upload_id = resumable.upload_id_in(response.headers, self._uri)

    def _store_piece(self, piece: bytes, *, is_last: bool) -> HttpResponse:
        begin, tries = self._stored, 0

        def send() -> HttpResponse:
            nonlocal tries
            tries += 1
            if tries > 1:
                asked = self._put(b"", "bytes */*")
                if asked.status != resumable.GOES_ON:
                    return asked  # the answer to the last piece was lost
                self._stored = max(begin, resumable.stored_bytes(asked.headers))
            rest = piece[self._stored - begin :]
            response = self._put(rest, resumable.content_range(self._stored, len(rest), is_last=is_last))
            if response.status == resumable.GOES_ON and (is_last or self._is_short(response, begin + len(piece))):
                raise ResponseLostError(f"{self._operation.what}: Cloud Storage stored a part of what was sent.")
            return response

        response = self._session.retry(send)
        self._stored = begin + len(piece)
        return response

    def _is_short(self, response: HttpResponse, expected: int) -> bool:
        return resumable.stored_bytes(response.headers) < expected

    def _put(self, content: bytes, content_range: str) -> HttpResponse:
        request = HttpRequest(
            "PUT",
            self._url,
            resumable.session_query(self._upload_id),
            content=content,
            free_of_charge=True,
            headers={"Content-Range": content_range},
            other_statuses=(resumable.GOES_ON,),
        )
        return self._session.request(request, self._operation, once=True)
