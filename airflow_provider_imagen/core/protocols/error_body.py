"""The body of an HTTP error of Google's APIs: what it says, without the credentials that it may repeat.

Source: ``google.rpc.Status`` and ``google/rpc/error_details.proto``; Cloud Storage adds ``errors`` with a ``reason``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.protocols.json_fields import field as field_of
from airflow_provider_imagen.core.protocols.json_fields import objects
from airflow_provider_imagen.core.support_codes import codes_in
from airflow_provider_imagen.core.text import counted, shortened

LONGEST_MESSAGE = 2000
"""How much of Google's message, and of its details, an error shows. Google's own are a few hundred characters long."""
MASK = "***"
HTTP_STATUS = {
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "UNAUTHENTICATED": 401,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
}
"""What ``google.rpc.Code`` calls errors, and the HTTP status that its documentation gives each.

An envelope with the name of its own status is Google's, whatever its code says. One with another name may be a proxy's,
which does not say whether it passed the request on.
"""
_CREDENTIALS = re.compile(
    r"(?P<label>\bapi_?key[:=]\s*|[?&]key=|\bBearer\s+)(?P<value>[^\s'\"<>&,;)\]}]+)"
    r"|\bAIza[\w-]{10,}"  # API keys
    r"|\bya29\.[\w.-]+"  # access tokens
    r"|\b1//[\w-]{20,}"  # refresh tokens
    r"|\bGOCSPX-[\w-]+"  # client secrets
    r"|\beyJ[\w-]{10,}\.[\w-]+\.[\w-]*"  # signed assertions and identity tokens
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What the body of an HTTP error says.

    :param is_google: it is the error envelope of Google's APIs.
    :param is_text: it is neither empty nor JSON, but a web page or a sentence, as proxies send it.
    :param is_page: it is a web page.
    :param message: Google's message, or what there is instead of one.
    :param status: Google's name of the status, for example ``RESOURCE_EXHAUSTED``.
    :param details: what Google adds to the message, in words.
    :param codes: the support codes of a blocked prompt.
    :param reasons: Google's names of the cause, for example ``retentionPolicyNotMet``.
    :param retry_seconds: how long Google asks to wait.
    """

    is_google: bool = False
    is_text: bool = False
    is_page: bool = False
    message: str = ""
    status: str = ""
    details: str = ""
    codes: tuple[str, ...] = ()
    reasons: frozenset[str] = field(default_factory=frozenset)
    retry_seconds: float | None = None


def read_error(body: bytes, http_status: int, secrets: Iterable[str] = ()) -> ErrorBody:
    """Read the body of an HTTP error.

    :param body: the body as it came.
    :param http_status: the status that it came with.
    :param secrets: what the request carried that must not be shown.
    """
    try:
        content = read_json(body)
    except ValueError:
        text = body.strip()
        return ErrorBody(is_text=bool(text), is_page=text.startswith(b"<"), message=_foreign(body))
    content = content[0] if isinstance(content, list) and content else content
    error = content.get("error") if isinstance(content, dict) else None
    if not isinstance(error, dict):
        return ErrorBody(message=_foreign(body))
    message = _text(error.get("message"))
    entries = list(objects(error.get("details")))
    said = " ".join([message, *(_text(entry.get("detail")) for entry in entries)])
    return ErrorBody(
        is_google=http_status in (error.get("code"), HTTP_STATUS.get(_text(error.get("status")))),
        message=_shown(message, secrets) or "(no message)",
        status=_shown(_text(error.get("status")), secrets),
        details=_shown("; ".join(dict.fromkeys(_described(entries, message))), secrets),
        codes=codes_in(said),
        reasons=frozenset(_reasons(error, entries)),
        retry_seconds=_retry_seconds(entries),
    )


def without(secrets: Iterable[str], text: str) -> str:
    """Return a text in which three asterisks stand for each secret."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def without_credentials(text: str) -> str:
    """Return a text in which three asterisks stand for whatever looks like a key or a token of Google's."""
    return _CREDENTIALS.sub(lambda found: f"{found['label'] or ''}{MASK}", text)


def _shown(text: str, secrets: Iterable[str]) -> str:
    return shortened(without_credentials(without(secrets, text)), LONGEST_MESSAGE)


def _foreign(body: bytes) -> str:
    return f"({counted(len(body), 'byte that is', 'bytes that are')} no error of Google's API)"


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _described(entries: list[dict[str, Any]], message: str) -> Iterator[str]:
    """Yield what the details say in words. They are told by what they hold, so an unknown kind is read in part."""
    for entry in entries:
        for name in ("fieldViolations", "violations", "links"):
            for item in objects(field_of(entry, name)):
                yield from _item(item)
        if reason := _text(entry.get("reason")):
            metadata = entry.get("metadata")
            pairs = metadata.items() if isinstance(metadata, dict) else ()
            yield " ".join([reason, *(f"{key}={_text(value)}" for key, value in pairs if _text(value))])
        for name in ("detail", "message", "resourceName"):
            if (text := _text(field_of(entry, name))) and text != message:
                yield text


def _item(item: dict[str, Any]) -> Iterator[str]:
    """Yield what one violation or link says: what it is about, and what is wrong with it."""
    subject = _text(item.get("field")) or _text(item.get("subject"))
    description = _text(item.get("description"))
    parts = [part for part in (subject, description, _text(field_of(item, "quotaId")), _text(item.get("url"))) if part]
    if parts:
        yield ": ".join(parts)


def _reasons(error: dict[str, Any], entries: list[dict[str, Any]]) -> Iterator[str]:
    for entry in (*entries, *objects(error.get("errors"))):
        if reason := _text(entry.get("reason")):
            yield reason


def _retry_seconds(entries: list[dict[str, Any]]) -> float | None:
    for entry in entries:
        delay = _text(field_of(entry, "retryDelay"))
        seconds = delay.removesuffix("s")
        if delay.endswith("s") and seconds.isascii() and seconds.replace(".", "", 1).isdigit():
            return float(seconds)
    return None
