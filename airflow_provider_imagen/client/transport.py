"""One pooled HTTP session: a request goes out, an answer or one of our errors comes back.

The one thing this module decides is whether a failed request may have reached Google.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import requests
import urllib3.exceptions

from airflow_provider_imagen.client.send_tracking import TrackingAdapter, track_sending
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

CONNECT_TIMEOUT_SECONDS = 10.0
CHUNK_BYTES = 1 << 20
MOST_BYTES_OF_IMAGES = 256 << 20
"""The largest answer with images that is read, unpacked. Four images of 2K are about 40 MiB."""
MOST_BYTES = 32 << 20
"""The largest other answer that is read, unpacked. A page of a listing is below 1 MiB."""


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
    """

    def __init__(self, token_source: TokenSource, timeout_seconds: float, pool_size: int = 10) -> None:
        self._token_source = token_source
        self._timeout_seconds = timeout_seconds
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
        with track_sending() as progress:
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
            timeout=(CONNECT_TIMEOUT_SECONDS, self._timeout_seconds),
            allow_redirects=False,
            stream=True,
        ) as answer:
            body = bytearray()
            most = request.at_most_bytes or (MOST_BYTES if request.free_of_charge else MOST_BYTES_OF_IMAGES)
            for chunk in answer.iter_content(CHUNK_BYTES):
                body += chunk
                if len(body) > most:
                    if answer.ok:
                        raise _too_large(request, most)
                    break  # the status says what is wrong, whatever else there is to read
                if time.monotonic() > deadline:
                    raise requests.ReadTimeout(f"the answer took longer than {self._timeout_seconds} s")
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return HttpResponse(answer.status_code, headers, bytes(body), _secrets_of(token))

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()


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
