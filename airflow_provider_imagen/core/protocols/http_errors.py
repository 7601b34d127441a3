"""What an HTTP response other than 200 means, as one of our errors with the next step in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime

from airflow_provider_imagen.core.protocols.error_body import ErrorBody, read_error
from airflow_provider_imagen.core.support_codes import category_of
from airflow_provider_imagen.errors import (
    ImagenError,
    InvalidConnectionError,
    ModelNotFoundError,
    ObjectExistsError,
    PermanentError,
    PermissionDeniedError,
    PromptBlockedError,
    QuotaExceededError,
    RequestRejectedError,
    ResponseLostError,
    RetryableError,
    ServerError,
    ServiceUnavailableError,
)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Status, headers (names in lower case) and body of one response.

    :param secrets: what the request carried that must not be shown, even if the server sends it back.
    :param had_token: the request carried a token.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    had_token: bool = True


@dataclass(frozen=True, slots=True)
class Operation:
    """What a request is for, as far as an error text needs it.

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
_FOREIGN = (
    "That is no answer of Google's API: check the connection's endpoint and the proxy. An endpoint is a host without a "
    "path like /v1."
)
_UNSIGNED = (
    "No token was sent: the connection is anonymous (is_anonymous), or its endpoint is none of Google's over TLS and "
    "send_credentials_to_endpoint is not set. Correct the connection."
)
_CORRECT = "Correct what the message names."
_BY_STATUS: dict[int, tuple[type[ImagenError], str]] = {
    401: (PermissionDeniedError, "The token was refused: renew the key or login of the connection."),
    407: (
        InvalidConnectionError,
        "The proxy asks for a login: put user and password into the address in HTTPS_PROXY, or name the host in "
        "NO_PROXY.",
    ),
    412: (ObjectExistsError, "It was not changed."),
    429: (
        QuotaExceededError,
        "Lower the number of tasks that run at once (an Airflow pool), or ask Google for more quota.",
    ),
    501: (RequestRejectedError, _CORRECT),
    503: (ServiceUnavailableError, "Try again later."),
}
_SERVER_ERRORS = {408, 499, 500, 502, 504}
"""With Google's own error body they are not charged: only requests that return 200 are.

Source: price page of generative AI on Vertex AI; confirmed 2026-09-23.
"""
_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _SERVER_ERROR, _UNAVAILABLE = 400, 401, 403, 404, 500, 503
_ADVICE_BY_WORDS = (
    (
        re.compile(r"requester.?pays|no user project|userProjectMissing", re.IGNORECASE),
        "The bucket lets the caller pay (requester pays): set quota_project_id of the connection to the project that "
        "pays for requests to it.",
    ),
    (
        re.compile(r"serviceusage\.services\.use|USER_PROJECT_DENIED", re.IGNORECASE),
        "Give the caller the role roles/serviceusage.serviceUsageConsumer on the project in quota_project_id of the "
        "connection, or name another project there.",
    ),
    (
        re.compile(r"retention.?policy|object retention|under active [\w-]+ hold|UnderActiveHold", re.IGNORECASE),
        "A retention policy or a hold of the bucket keeps what is stored there; no right changes that. Use another "
        "name or another folder.",
    ),
)
"""What to do about a 400 or 403 whose words name the cause."""


def error_from(
    response: HttpResponse, operation: Operation, *, now: datetime, free_of_charge: bool = False
) -> ImagenError:
    """Return the error for a response that is not successful.

    :param response: what came.
    :param operation: what the request was for.
    :param now: the moment the response came, to read a ``Retry-After`` that is a date.
    :param free_of_charge: nothing can have been billed.
    """
    body = read_error(response.body, response.status, response.secrets)
    said = f"{operation.what}: {f'HTTP {response.status} {body.status}'.rstrip()}: {body.message}"
    if body.details:
        said = f"{said} [{body.details}]"
    if response.status == _BAD_REQUEST and body.codes:
        named = ", ".join(f"{code}: {category_of(code)}" for code in body.codes)
        return PromptBlockedError(f"{said} [{named}] Rephrase the prompt.", body.codes)
    kind, step = _meaning(response.status, body, operation)
    if response.status == _UNAUTHORIZED and not response.had_token:
        step = _UNSIGNED
    if issubclass(kind, RetryableError):
        return kind(f"{said} {step}", _retry_after(response, body, now))
    if issubclass(kind, RequestRejectedError):
        return kind(f"{said} {step}", response.status < _BAD_REQUEST or not body.is_google)
    return kind(f"{said} {'Try again later.' if free_of_charge and kind is ResponseLostError else step}")


def _meaning(status: int, body: ErrorBody, operation: Operation) -> tuple[type[ImagenError], str]:
    """Return the error and the next step, by status and sender."""
    if status in _SERVER_ERRORS and body.is_google:
        return ServerError, "It is not charged. Try again later."
    if status in _SERVER_ERRORS or (status == _UNAVAILABLE and body.is_text):
        return ResponseLostError, _UNKNOWN_OUTCOME  # a proxy does not say whether it passed the request on
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= _SERVER_ERROR:
        return ResponseLostError, _UNKNOWN_OUTCOME
    return _refusal(status, body, operation)


def _refusal(status: int, body: ErrorBody, operation: Operation) -> tuple[type[PermanentError], str]:
    advice = _FOREIGN if status < _BAD_REQUEST or body.is_page else _advice_by_words(body)
    if status == _FORBIDDEN:
        return PermissionDeniedError, advice or operation.when_forbidden
    if status == _NOT_FOUND and not body.is_page:
        # Cloud Storage may say so in one sentence; Vertex AI always answers in its own words.
        if body.is_google or operation.not_found is not ModelNotFoundError:
            return operation.not_found, operation.when_not_found
        advice = _FOREIGN
    return RequestRejectedError, advice or _CORRECT


def _advice_by_words(body: ErrorBody) -> str | None:
    said = f"{body.message} {body.details} {' '.join(body.reasons)}"
    return next((advice for words, advice in _ADVICE_BY_WORDS if words.search(said)), None)


def _retry_after(response: HttpResponse, body: ErrorBody, now: datetime) -> float | None:
    """Return the seconds Google asks to wait, from ``Retry-After`` (seconds or a date) or ``RetryInfo``."""
    header = response.headers.get("retry-after", "").strip()
    if header.isascii() and header.isdigit():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return body.retry_seconds
