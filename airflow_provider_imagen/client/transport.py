"""One pooled HTTP session: a request goes out, an answer or one of our errors comes back.

The one thing this module decides is whether a failed request may have reached Google.
"""

from __future__ import annotations

import contextlib
import socket
import time
import traceback
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import requests
import urllib3.exceptions

from airflow_provider_imagen.client.send_tracking import TrackingAdapter, track_sending
from airflow_provider_imagen.client.stop_signal import StopSignal
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse, without
from airflow_provider_imagen.errors import (
    CredentialsError,
    ImagenError,
    InvalidConnectionError,
    NotSentError,
    OutputError,
    ResponseLostError,
    UnexpectedResponseError,
)

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class TransportLimits:
    """How long a connection may take, and how large a response may be.

    :param connect_seconds: how long one address may take to accept a connection.
    :param image_bytes: the largest response with images that is read, unpacked. Four images of 2K are about 40 MiB.
    :param other_bytes: the largest other response that is read, unpacked. A page of a listing is below 1 MiB.
    """

    connect_seconds: float = 10.0
    image_bytes: int = 256 << 20
    other_bytes: int = 32 << 20


class TokenSource(Protocol):
    """Gives the ``Authorization`` and related headers for a URL; an empty dict where none may go."""

    def headers_for(self, url: str) -> Mapping[str, str]:
        """Return the headers to send to this URL."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request to send.

    :param json: the body, as JSON.
    :param content: the body, as it is, with ``content_type``.
    :param free_of_charge: repeating it costs nothing, even when it did arrive.
    :param at_most_bytes: a good answer with more is not read to its end. None: the bound of every answer.
    """

    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    content: bytes | None = field(default=None, repr=False)
    content_type: str | None = None
    free_of_charge: bool = False
    at_most_bytes: int | None = None


class _SignedBy(requests.auth.AuthBase):
    """Adds the token. As an ``auth`` object, because ``requests`` lets a ``.netrc`` overrule a plain header."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._headers)
        return request


class Transport:
    """Sends requests over one connection pool. Safe to share between threads.

    :param token_source: where tokens come from.
    :param timeout_seconds: how long to wait for an answer; at most twice as long when it comes in small parts.
    :param pool_size: how many connections to one host are kept open.
    :param limits: how long a connection may take and how large a response may be.
    :param signal: which requests may be sent; asked again when a connection stands, before the first byte.
    """

    def __init__(
        self,
        token_source: TokenSource,
        timeout_seconds: float,
        pool_size: int = 10,
        limits: TransportLimits | None = None,
        signal: StopSignal | None = None,
    ) -> None:
        self._token_source = token_source
        self._timeout_seconds = timeout_seconds
        self._limits = limits or TransportLimits()
        self._signal = signal or StopSignal()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, TrackingAdapter(pool_connections=4, pool_maxsize=pool_size, max_retries=0))

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request once and return the whole answer, whatever its status.

        Redirects are not followed: a token must not travel to a host that nobody named.

        :raises NotSentError: no connection was made, so nothing can have been billed.
        :raises ResponseLostError: the connection was made, and no whole answer came in time.
        :raises UnexpectedResponseError: the answer is larger than any answer of Google's API; the rest was not read.
        :raises CredentialsError: the token fits no HTTP header.
        :raises InvalidConnectionError: the connection's endpoint cannot be asked at all.
        :raises OutputError: the answer is larger than the request allows.
        """
        headers = self._token_source.headers_for(request.url)
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise CredentialsError(
                "The credentials gave a token, or name a quota project, that no HTTP header can hold. Nothing was "
                "sent. Correct quota_project_id, or renew the key or the login."
            )
        with track_sending(self._sockets, lambda: self._check(request)) as progress:
            try:
                return self._exchange(request, headers)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as failure:
                _forget_token(failure)
                error = _sent_or_not(failure, request, was_sent=progress.was_sent)
                secrets = _secrets_of(headers)
                told = "".join(traceback.format_exception(failure))
                if without(secrets, told) == told:
                    raise error from failure
                # The library quotes the token, so its own error is not shown.
                raise type(error)(without(secrets, error.message)) from None

    def _exchange(self, request: HttpRequest, token: Mapping[str, str]) -> HttpResponse:
        deadline = time.monotonic() + 2 * self._timeout_seconds
        with self._session.request(
            request.method,
            request.url,
            params=dict(request.query),
            json=request.json,
            data=request.content,
            headers={"Content-Type": request.content_type} if request.content_type else None,
            auth=_SignedBy(token),
            timeout=(self._limits.connect_seconds, self._timeout_seconds),
            allow_redirects=False,
            stream=True,
        ) as answer:
            body = bytearray()
            most = request.at_most_bytes or self._most_bytes(request)
            for chunk in answer.iter_content(CHUNK_BYTES):
                body += chunk
                if len(body) > most:
                    if answer.ok:
                        raise _too_large(request, most)
                    break  # the status says what is wrong, whatever else there is to read
                if time.monotonic() > deadline:
                    raise requests.ReadTimeout(f"the answer took longer than {self._timeout_seconds} s")
            headers = {name.lower(): value for name, value in answer.headers.items()}
            if self._signal.is_aborted and not headers.keys() & {"content-length", "transfer-encoding"}:
                raise requests.ConnectionError("the end of this answer is where it was aborted")
            return HttpResponse(answer.status_code, headers, bytes(body), _secrets_of(token))

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()

    def abort(self) -> None:
        """Close the pooled connections, and end every response that a thread reads."""
        self._signal.abort()
        self.close()
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                # Not SSLSocket.shutdown, which takes the TLS state away from the thread that reads.
                socket.socket.shutdown(each, socket.SHUT_RDWR)

    def _check(self, request: HttpRequest) -> None:
        self._signal.check(request.method, request.url, free_of_charge=request.free_of_charge)

    def _most_bytes(self, request: HttpRequest) -> int:
        return self._limits.other_bytes if request.free_of_charge else self._limits.image_bytes


def _secrets_of(token: Mapping[str, str]) -> tuple[str, ...]:
    """Return what must not be shown of the headers that authenticate: their values, and the token by itself."""
    values = [value for name, value in token.items() if name.lower() == "authorization"]
    return tuple(part for value in values for part in (value, value.removeprefix("Bearer ")) if part)


def _forget_token(failure: Exception) -> None:
    """Take the token out of an error that may be shown whole, for example by an error tracker."""
    request = failure.request if isinstance(failure, requests.RequestException) else None
    if request is not None and request.headers is not None:
        request.headers.pop("Authorization", None)


def _too_large(request: HttpRequest, most: int) -> ImagenError:
    if request.at_most_bytes:
        return OutputError(f"{request.url.partition('?')[0]} has more than {most} bytes and was not read.")
    return UnexpectedResponseError(
        f"{request.method} {request.url.partition('?')[0]}: the answer is larger than {most} bytes, the rest was not "
        f"read. {_consequence(request)} Check the connection's endpoint and the proxy."
    )


def _consequence(request: HttpRequest) -> str:
    if request.free_of_charge:
        return "Asking again is free of charge."
    return "Google may have made and billed the images; look at the output folder before you run the task again."


def _sent_or_not(failure: Exception, request: HttpRequest, *, was_sent: bool) -> ImagenError:
    place = request.url.partition("?")[0]
    if not was_sent and not isinstance(failure, requests.ConnectionError | requests.Timeout):
        return InvalidConnectionError(
            f"{place} cannot be asked ({_root(failure)}: {failure}). Nothing was sent. Correct the endpoint of the "
            "connection, or the certificates and proxy of this machine."
        )
    if not was_sent:
        return NotSentError(
            f"No connection to {place} ({_root(failure)}). Nothing was sent. "
            "Check the network, the proxy and the connection's endpoint."
        )
    return ResponseLostError(
        f"{request.method} {place} was sent, but no whole answer came ({_root(failure)}). {_consequence(request)}"
    )


def _root(failure: BaseException) -> str:
    cause = failure.args[0] if failure.args and isinstance(failure.args[0], BaseException) else failure
    return type(getattr(cause, "reason", None) or cause).__name__
