"""One request goes out over pooled connections, a whole response or one of our errors comes back.

The one thing this module decides is whether a failed request may have reached Google.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, Protocol

from urllib3.exceptions import HTTPError, ProtocolError

from airflow_provider_imagen.client.connection_pools import ConnectionPools
from airflow_provider_imagen.client.http_request import HttpRequest, consequence, content_type, too_large, with_query
from airflow_provider_imagen.client.large_bodies import LARGE_BYTES, UNKNOWN_BYTES, LargeBodies
from airflow_provider_imagen.client.limits import TransportLimits
from airflow_provider_imagen.client.send_tracking import SendProgress
from airflow_provider_imagen.client.stop_signal import StopSignal
from airflow_provider_imagen.client.transport_errors import raise_without_secrets, transport_error
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse
from airflow_provider_imagen.errors import CredentialsError

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

CHUNK_BYTES = 1 << 20
WHOLE_BYTES = 1 << 20
"""A response that says that it is smaller is read as it arrives, which is mostly at once, into its own bytes."""
HEADERS = {"User-Agent": "airflow-provider-imagen", "Accept-Encoding": "gzip, deflate"}


class TokenSource(Protocol):
    """Gives the ``Authorization`` and related headers for a URL; an empty dict where none may go."""

    def headers_for(self, url: str) -> Mapping[str, str]:
        """Return the headers to send to this URL."""


class StreamedResponse(NamedTuple):
    """A response whose body is still to be read.

    :param response: its status and headers; of a status other than 200 or 206 also its body.
    :param chunks: the body. What breaks it off is raised as one of our errors; it has to be read to its end, or closed.
    """

    response: HttpResponse
    chunks: Iterator[bytes]


class Transport:
    """Sends requests over pooled connections. Safe to share between threads.

    :param token_source: where tokens come from.
    :param timeout_seconds: how long to wait for a response; at most twice as long when it comes in small parts.
    :param limits: how long a connection may take and how large a response may be.
    :param signal: which requests may be sent; checked when a connection stands, before the first byte.
    :param pools: the connections. None: new ones.
    :param secrets: what no error may show, beside the token, even if a server sends it back.
    :param large_bodies: bounds the large responses that are read at a time; who sends a request leaves it afterwards.
        None: no bound.
    :param clock: returns seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        token_source: TokenSource,
        timeout_seconds: float,
        *,
        limits: TransportLimits | None = None,
        signal: StopSignal | None = None,
        pools: ConnectionPools | None = None,
        secrets: Iterable[str] = (),
        large_bodies: LargeBodies | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._token_source = token_source
        self._large_bodies = large_bodies
        self._secrets = tuple(secrets)
        self._timeout_seconds = timeout_seconds
        self._limits = limits or TransportLimits()
        self._signal = signal or StopSignal()
        self._pools = pools or ConnectionPools(connect_seconds=self._limits.connect_seconds)

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request once and return the whole response, whatever its status.

        Redirects are not followed: a token must not travel to a host that the connection does not name.

        :raises NotSentError: no connection was made, so nothing can have been billed.
        :raises ResponseLostError: the connection was made, and no whole response came in time.
        :raises UnexpectedResponseError: the response is larger than any of Google's API; the rest was not read.
        :raises CredentialsError: the token fits no HTTP header.
        :raises InvalidConnectionError: the connection's endpoint cannot be reached in any way.
        :raises OutputError: the response is larger than the request allows.
        :raises RequestStoppedError: requests like this one are not sent any more.
        """
        token = self._token_for(request)
        progress = SendProgress(lambda: self._check(request))
        with self._failures_of(request, token, progress):
            return self._exchange(request, token, progress)

    def stream(self, request: HttpRequest) -> StreamedResponse:
        """Send a request once and return its response as soon as its headers are there.

        There is no bound on its size, and none on its time beside that of each part.

        :raises ImagenError: as :meth:`send`.
        """
        token = self._token_for(request)
        progress = SendProgress(lambda: self._check(request))
        with self._failures_of(request, token, progress):
            response = self._open(request, token, progress)
            headers = {name.lower(): value for name, value in response.headers.itermerged()}
            if response.status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
                found = HttpResponse(response.status, headers, secrets=self._secrets_of(token))
                return StreamedResponse(found, self._chunks(response, request, token, progress))
            try:
                body = self._read(response, request, self._clock() + 2 * self._timeout_seconds)
            finally:
                _let_go(response)
        refused = HttpResponse(response.status, headers, body, self._secrets_of(token), bool(token))
        return StreamedResponse(refused, iter(()))

    def _chunks(
        self, response: BaseHTTPResponse, request: HttpRequest, token: Mapping[str, str], progress: SendProgress
    ) -> Iterator[bytes]:
        with self._failures_of(request, token, progress):
            try:
                yield from response.stream(CHUNK_BYTES, decode_content=True)
                if self._signal.is_aborted:
                    raise ProtocolError("the end of this response is where it was aborted")
            finally:
                _let_go(response)

    @contextmanager
    def _failures_of(self, request: HttpRequest, token: Mapping[str, str], progress: SendProgress) -> Iterator[None]:
        """Raise what goes wrong with a request as one of our errors."""
        try:
            yield
        except (HTTPError, OSError, ValueError) as failure:
            error = transport_error(
                failure, request.method, request.place, consequence(request), was_sent=progress.was_sent
            )
            raise_without_secrets(error, failure, self._secrets_of(token))

    def _token_for(self, request: HttpRequest) -> Mapping[str, str]:
        token = self._token_source.headers_for(request.url)
        if all(value.isascii() and value.isprintable() for value in token.values()):
            return token
        raise CredentialsError(
            "The credentials gave a token, or name a quota project, that no HTTP header can hold. Nothing was "
            "sent. Correct quota_project_id, or renew the key or the login."
        )

    def close(self) -> None:
        """Close the pooled connections."""
        self._pools.close()

    def abort(self) -> None:
        """Send nothing any more, and end every response that a thread reads."""
        self._signal.abort()
        self._pools.abort()

    def _exchange(self, request: HttpRequest, token: Mapping[str, str], progress: SendProgress) -> HttpResponse:
        deadline = self._clock() + 2 * self._seconds_for(request)
        response = self._open(request, token, progress)
        try:
            body = self._read(response, request, deadline)
            headers = {name.lower(): value for name, value in response.headers.itermerged()}
        finally:
            _let_go(response)
        if self._signal.is_aborted and not headers.keys() & {"content-length", "transfer-encoding"}:
            raise ProtocolError("the end of this response is where it was aborted")
        return HttpResponse(response.status, headers, body, self._secrets_of(token), bool(token))

    def _open(self, request: HttpRequest, token: Mapping[str, str], progress: SendProgress) -> BaseHTTPResponse:
        return self._pools.open(
            request.method,
            with_query(request.url, tuple(request.query.items())) if request.query else request.url,
            body=request.content if request.json is None else json.dumps(request.json, allow_nan=False),
            headers={**HEADERS, **content_type(request), **request.headers, **token},
            read_seconds=self._seconds_for(request),
            progress=progress,
        )

    def _read(self, response: BaseHTTPResponse, request: HttpRequest, deadline: float) -> bytes:
        largest = request.at_most_bytes or (
            self._limits.other_bytes if request.free_of_charge else self._limits.image_bytes
        )
        # Of an answer in chunks its length says nothing (RFC 9112, 6.3).
        length = "" if "Transfer-Encoding" in response.headers else response.headers.get("Content-Length", "")
        if length.isdigit() and int(length) < min(WHOLE_BYTES, largest) and "Content-Encoding" not in response.headers:
            return self._read_small(response, int(length), request, deadline)
        body, waits = bytearray(), self._large_bodies if not request.free_of_charge else None
        if waits is not None and length.isdigit():
            deadline += waits.enter(int(length))  # that the worker is busy is not the server's slowness
        for chunk in response.stream(CHUNK_BYTES, decode_content=True):
            body += chunk
            if waits is not None and not length.isdigit() and len(body) >= LARGE_BYTES:
                deadline += waits.enter(UNKNOWN_BYTES)
                waits = None
            if len(body) > largest:
                if response.status < HTTPStatus.BAD_REQUEST:
                    raise too_large(request, largest)
                break  # the status says what is wrong, whatever else there is to read
            self._check_deadline(request, deadline)
        return bytes(body)

    def _read_small(self, response: BaseHTTPResponse, length: int, request: HttpRequest, deadline: float) -> bytes:
        """Read what most responses are: a listing, a record, an image of the usual size."""
        read_part = getattr(response, "read1", response.read)  # urllib3 1.26 has none
        part = bytes(read_part(length or 1))
        if len(part) == length:
            return part
        body = bytearray()
        while part:
            body += part
            self._check_deadline(request, deadline)
            part = read_part(length - len(body)) if len(body) < length else b""
        return bytes(body)

    def _check_deadline(self, request: HttpRequest, deadline: float) -> None:
        if self._clock() > deadline:
            raise TimeoutError(f"the response took longer than {2 * self._seconds_for(request)} s")

    def _secrets_of(self, token: Mapping[str, str]) -> tuple[str, ...]:
        """Return what must not be shown: secrets of the connection, headers that authenticate, the token by itself."""
        values = [value for name, value in token.items() if name.lower() == "authorization"]
        parts = [part for value in values for part in (value, value.removeprefix("Bearer ")) if part]
        return (*parts, *self._secrets)

    def _seconds_for(self, request: HttpRequest) -> float:
        return request.timeout_seconds or self._timeout_seconds

    def _check(self, request: HttpRequest) -> None:
        self._signal.check(request.method, request.url, free_of_charge=request.free_of_charge)


def _let_go(response: BaseHTTPResponse) -> None:
    """Give a connection back, or close it: what was not read must not be taken for the next response."""
    if not response.closed:
        response.close()
    response.release_conn()
