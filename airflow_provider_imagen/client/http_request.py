"""What is to be sent in one request, and what has to be known of it when something goes wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from airflow_provider_imagen.errors import ImagenError, OutputError, UnexpectedResponseError


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request to send.

    :param json: the body, as JSON.
    :param content: the body, as it is, with ``content_type``.
    :param free_of_charge: repeating it costs nothing, even when it did arrive.
    :param headers: headers beside those of every request.
    :param timeout_seconds: how long to wait for the response. None: as for every request.
    :param stores_output: Google stores the images of this request itself.
    :param at_most_bytes: a good response with more is not read to its end. None: the bound of every response.
    :param other_statuses: statuses beside 200 that are no error.
    """

    method: str
    url: str
    query: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    json: Any = None
    content: bytes | None = field(default=None, repr=False)
    content_type: str | None = None
    free_of_charge: bool = False
    stores_output: bool = False
    at_most_bytes: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float | None = None
    other_statuses: tuple[int, ...] = ()

    @property
    def place(self) -> str:
        """The URL as it may be shown."""
        return self.url.partition("?")[0]


@lru_cache(maxsize=1024)
def with_query(url: str, query: tuple[tuple[str, str | Sequence[str]], ...]) -> str:
    """Encode a query; waits send the same one again and again.

    What needs no escape has none (RFC 3986, 3.4): urllib3 goes through a text with escapes character by character.
    """
    return f"{url}?{urlencode(query, doseq=True, safe='/,():')}"


def content_type(request: HttpRequest) -> dict[str, str]:
    """Return the header that says what the body of a request is, where it has one."""
    named = request.content_type or ("application/json" if request.json is not None else None)
    return {"Content-Type": named} if named else {}


def too_large(request: HttpRequest, most: int) -> ImagenError:
    """Return the error of a response that is larger than allowed, which is in bytes."""
    if request.at_most_bytes:
        return OutputError(f"{request.place} has more than {most} bytes and was not read.")
    return UnexpectedResponseError(
        f"{request.method} {request.place}: the answer is larger than {most} bytes, the rest was not "
        f"read. {consequence(request)} Check the connection's endpoint and the proxy."
    )


def consequence(request: HttpRequest) -> str:
    """Say what it means that a request may have arrived."""
    if request.free_of_charge:
        return "Asking again is free of charge."
    return "Google may have made and billed the images; look at the output folder before you run the task again."
