"""What an HTTP answer other than 200 means, as one of our errors with the next step in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.support_codes import category_of, codes_in
from airflow_provider_imagen.core.text import shortened
from airflow_provider_imagen.errors import (
    ImagenError,
    ModelNotFoundError,
    ObjectExistsError,
    PermanentError,
    PermissionDeniedError,
    PromptBlockedError,
    QuotaExceededError,
    RequestRejectedError,
    ResponseLostError,
    RetryableError,
    ServiceUnavailableError,
)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Status, headers (names in lower case) and body of one answer.

    :param secrets: what the request carried that must not be shown, even if the server sends it back.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """What was asked of Google, as far as an error text needs it.

    :param what: in words, for example ``Generating with imagen-3.0-generate-002 in us-central1``.
    :param not_found: the error that a 404 means here.
    :param when_not_found: what a person can do about that 404.
    :param when_forbidden: what a person can do about a 403.
    """

    what: str
    not_found: type[PermanentError] = ModelNotFoundError
    when_not_found: str = "Check the model id and the location."
    when_forbidden: str = (
        "Check that the Vertex AI API is enabled in the project, that the caller has the role roles/aiplatform.user, "
        "and that caller and Vertex AI service agent may read and write the bucket."
    )


_UNKNOWN_OUTCOME = "Whether Google made and billed the images is unknown; look at the output folder first."
_MEANINGS: dict[int, tuple[type[ImagenError], str]] = {
    401: (PermissionDeniedError, "The token was refused: renew the key or login of the connection."),
    429: (
        QuotaExceededError,
        "Lower the number of tasks that run at once (an Airflow pool), or ask Google for more quota.",
    ),
    412: (ObjectExistsError, "It was not changed."),
    503: (ServiceUnavailableError, "Try again later."),
    **dict.fromkeys((408, 499, 500, 502, 504), (ResponseLostError, _UNKNOWN_OUTCOME)),
}
_BAD_REQUEST = 400
_NOT_FOUND = 404
_FORBIDDEN = 403
_SERVER_ERROR = 500
LONGEST_MESSAGE = 2000
"""How much of Google's message an error shows. Google's own are a few hundred characters long."""


def error_from(answer: HttpResponse, asked: Operation, *, now: datetime, free_of_charge: bool = False) -> ImagenError:
    """Return the error for an answer that is not 200.

    :param answer: what came.
    :param asked: what was asked.
    :param now: the moment the answer came, to read a ``Retry-After`` that is a date.
    :param free_of_charge: nothing can have been billed.
    """
    problem = _Problem.read(answer)
    said = f"{asked.what}: {f'HTTP {answer.status} {problem.status}'.rstrip()}: {problem.message}"
    if answer.status == _BAD_REQUEST and problem.codes:
        named = ", ".join(f"{code}: {category_of(code)}" for code in problem.codes)
        return PromptBlockedError(f"{said} [{named}] Rephrase the prompt.", problem.codes)
    if answer.status == _FORBIDDEN:
        return PermissionDeniedError(f"{said} {asked.when_forbidden}")
    if answer.status == _NOT_FOUND:
        return asked.not_found(f"{said} {asked.when_not_found}")
    kind, step = _MEANINGS.get(answer.status) or _by_class(answer.status)
    if issubclass(kind, RetryableError):
        return kind(f"{said} {step}", _retry_after(answer, now))
    return kind(f"{said} {'Try again later.' if free_of_charge and kind is ResponseLostError else step}")


def _by_class(status: int) -> tuple[type[ImagenError], str]:
    if status >= _SERVER_ERROR:
        return ResponseLostError, _UNKNOWN_OUTCOME
    if status < _BAD_REQUEST:
        return RequestRejectedError, "That is no answer of Google's API: check the connection's endpoint and the proxy."
    return RequestRejectedError, "Correct what the message names."


@dataclass(frozen=True, slots=True)
class _Problem:
    """Google's error envelope, or what stands in its place."""

    message: str
    status: str
    codes: tuple[str, ...]

    @classmethod
    def read(cls, answer: HttpResponse) -> _Problem:
        error = _envelope(answer.body)
        if error is None:
            return cls(f"({len(answer.body)} bytes that are no error of Google's API)", "", ())
        message = _text(error.get("message")) or "(no message)"
        codes = codes_in(f"{message} {_debug_text(error.get('details'))}")
        return cls(_shown(message, answer.secrets), _shown(_text(error.get("status")), answer.secrets), codes)


def without(secrets: Iterable[str], text: str) -> str:
    """Return a text in which three asterisks stand for each secret."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


def _shown(text: str, secrets: Iterable[str]) -> str:
    return shortened(without(secrets, text), LONGEST_MESSAGE)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _envelope(body: bytes) -> dict[str, Any] | None:
    try:
        content = read_json(body)
    except ValueError:
        return None
    content = content[0] if isinstance(content, list) and content else content
    error = content.get("error") if isinstance(content, dict) else None
    return error if isinstance(error, dict) else None


def _debug_text(details: Any) -> str:
    """Return the prose of ``DebugInfo`` entries: some refusals name their support code only there."""
    entries = details if isinstance(details, list) else []
    return " ".join(_text(entry.get("detail")) for entry in entries if isinstance(entry, dict))


def _retry_after(answer: HttpResponse, now: datetime) -> float | None:
    """Return the seconds Google asks to wait, from ``Retry-After`` (seconds or a date) or ``RetryInfo``."""
    header = answer.headers.get("retry-after", "").strip()
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return _retry_info(answer.body)


def _retry_info(body: bytes) -> float | None:
    details = (_envelope(body) or {}).get("details")
    for entry in details if isinstance(details, list) else []:
        delay = _text(entry.get("retryDelay")) if isinstance(entry, dict) else ""
        seconds = delay.removesuffix("s")
        if delay.endswith("s") and seconds.isascii() and seconds.replace(".", "", 1).isdigit():
            return float(seconds)
    return None
