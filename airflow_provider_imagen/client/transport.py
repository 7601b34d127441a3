"""One pooled HTTP session: a request goes out, an answer or one of our errors comes back.

The one thing this module decides is whether a failed request may have reached Google.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from airflow_provider_imagen.core.http_answer import HttpAnswer
from airflow_provider_imagen.errors import AnswerLostError, NotSentError

CONNECT_TIMEOUT_SECONDS = 10.0
_NEVER_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NameResolutionError,
    urllib3.exceptions.SSLError,
    urllib3.exceptions.ProxyError,
)


class TokenSource(Protocol):
    """Gives the ``Authorization`` and related headers for a URL; an empty dict where none may go."""

    def headers_for(self, url: str) -> Mapping[str, str]:
        """Return the headers to send to this URL."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request to send.

    :param free_of_charge: repeating it costs nothing, even when it did arrive.
    """

    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    free_of_charge: bool = False


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
    :param timeout_seconds: how long to wait for the next part of an answer.
    :param pool_size: how many connections to one host are kept open.
    """

    def __init__(self, token_source: TokenSource, timeout_seconds: float, pool_size: int = 10) -> None:
        self._token_source = token_source
        self._timeouts = (CONNECT_TIMEOUT_SECONDS, timeout_seconds)
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_connections=4, pool_maxsize=pool_size, max_retries=0))

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Send a request once and return the whole answer, whatever its status.

        Redirects are not followed: a token must not travel to a host that nobody named.

        :raises NotSentError: no connection was made, so nothing can have been billed.
        :raises AnswerLostError: the connection was made, and no whole answer came.
        """
        try:
            answer = self._session.request(
                request.method,
                request.url,
                params=dict(request.query),
                json=request.json,
                auth=_SignedBy(self._token_source.headers_for(request.url)),
                timeout=self._timeouts,
                allow_redirects=False,
            )
        except requests.RequestException as failure:
            raise _sent_or_not(failure, request) from failure
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return HttpAnswer(answer.status_code, headers, answer.content)

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()


def _sent_or_not(failure: requests.RequestException, request: HttpRequest) -> NotSentError | AnswerLostError:
    place = request.url.partition("?")[0]
    if isinstance(failure, requests.ConnectTimeout) or _was_never_sent(failure):
        return NotSentError(
            f"No connection to {place} ({_root(failure)}). Nothing was sent. "
            "Check the network, the proxy and the connection's endpoint."
        )
    consequence = (
        "Asking again is free of charge."
        if request.free_of_charge
        else "Google may have made and billed the images; look at the output folder before you run the task again."
    )
    return AnswerLostError(
        f"{request.method} {place} was sent, but no whole answer came ({_root(failure)}). {consequence}"
    )


def _was_never_sent(failure: BaseException) -> bool:
    cause = failure.args[0] if failure.args else None
    reason = getattr(cause, "reason", cause)
    return isinstance(reason, _NEVER_SENT)


def _root(failure: BaseException) -> str:
    cause = failure.args[0] if failure.args and isinstance(failure.args[0], BaseException) else failure
    return type(getattr(cause, "reason", None) or cause).__name__
