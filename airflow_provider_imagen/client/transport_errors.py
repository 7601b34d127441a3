"""What a failure of the HTTP library means: whether the request was sent, and whether another try can help."""

from __future__ import annotations

import re
import ssl
import traceback
from collections.abc import Iterable, Iterator
from typing import NoReturn
from urllib.parse import urlsplit

from urllib3.exceptions import HTTPError, ProxyError, ProxySchemeUnknown

from airflow_provider_imagen.core.protocols.endpoints import is_google
from airflow_provider_imagen.core.protocols.error_body import without
from airflow_provider_imagen.errors import ImagenError, InvalidConnectionError, NotSentError, ResponseLostError

_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: (?P<status>\d{3})(?P<words>[ \w-]{0,60})")
_STORAGE_PATH = "/storage/v1/b/"
"""Every path of Cloud Storage's JSON API has it, and none of Vertex AI."""
_PASSING = {"408", "429"}
"""Refusals of a proxy that another try may not meet."""


def transport_error(failure: Exception, what: str, place: str, consequence: str, *, was_sent: bool) -> ImagenError:
    """Return our error for a failure of the HTTP library.

    :param failure: what the library raised.
    :param what: the method of the request.
    :param place: the URL of the request, as it may be shown.
    :param consequence: what a lost response means, in words.
    :param was_sent: something of the request may have been sent.
    """
    if was_sent:
        return ResponseLostError(
            f"{what} {place} was sent, but no whole answer came ({_name_of(failure)}). {consequence}"
        )
    if lasting := lasting_cause(failure):
        return InvalidConnectionError(f"Nothing was sent to {place}: {lasting}")
    if isinstance(failure, ValueError) or not isinstance(failure, HTTPError):
        return InvalidConnectionError(
            f"{place} cannot be asked ({_name_of(failure)}: {failure}). Nothing was sent. Correct the endpoint of the "
            "connection, or the certificates and proxy of this machine."
        )
    if refused := _refusing_endpoint(failure, place):
        name, address = refused
        start = "the server there"
        if urlsplit(address).hostname in {"localhost", "127.0.0.1", "::1"}:
            start += ", for example 'python -m airflow_provider_imagen.emulator'"
        return NotSentError(
            f"Nothing listens at {address}, the connection's {name} (connection refused). Nothing was sent. Start "
            f"{start}, or correct {name}.",
            is_refused=True,
        )
    return NotSentError(
        f"No connection to {place} ({_name_of(failure)}). Nothing was sent. "
        "Check the network, the proxy and the connection's endpoint."
    )


def raise_without_secrets(error: ImagenError, cause: Exception, secrets: Iterable[str]) -> NoReturn:
    """Raise an error, with its cause unless that quotes a secret.

    Logs mask what is secret in a connection; lineage events and error trackers get texts as they are.

    :param error: its text is shown without the secrets.
    :param cause: what a library raised.
    :param secrets: what must not be shown.
    """
    secrets = tuple(secrets)
    shown = "".join(traceback.format_exception(cause)) + error.message
    if without(secrets, shown) == shown:
        raise error from cause
    raise type(error)(without(secrets, error.message), *error.args[1:]) from None


def lasting_cause(failure: BaseException) -> str | None:
    """Return why no connection is made, and what to set, when another try would fail in the same way; else None."""
    for each in chain_of(failure):
        if isinstance(each, ssl.SSLCertVerificationError):
            return (
                f"its certificate is not trusted ({each.verify_message or each}). Name the file with the certificate "
                "authority of the endpoint, or of a proxy that opens connections, in REQUESTS_CA_BUNDLE or "
                "SSL_CERT_FILE on this machine."
            )
        if isinstance(each, ProxySchemeUnknown):
            return f"{each}. Set HTTPS_PROXY or ALL_PROXY on this machine to such a proxy."
        if refused := _TUNNEL_REFUSED.search(str(each)):
            if refused["status"] == "407":
                return (
                    "the proxy asks for a login (407). Put user and password into the address in HTTPS_PROXY, or name "
                    "the host in NO_PROXY on this machine."
                )
            if refused["status"].startswith("4") and refused["status"] not in _PASSING:
                return (
                    f"the proxy refuses it ({refused['status']}{refused['words']}). Have the host allowed there, or "
                    "name it in NO_PROXY on this machine."
                )
    return None


def _refusing_endpoint(failure: BaseException, place: str) -> tuple[str, str] | None:
    """Return the extra of the connection that names an address where nothing listens, and the address; else None.

    What a proxy or a host of Google refuses is no matter of the connection.
    """
    causes = list(chain_of(failure))
    if is_google(place) or any(isinstance(each, ProxyError) for each in causes):
        return None
    if not any(isinstance(each, ConnectionRefusedError) for each in causes):
        return None
    address = urlsplit(place)
    name = "storage_endpoint" if _STORAGE_PATH in address.path else "endpoint"
    return name, f"{address.scheme}://{address.netloc}"


def chain_of(failure: BaseException) -> Iterator[BaseException]:
    """Yield a failure and everything it was made of."""
    waiting: list[object] = [failure]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__, *each.args, getattr(each, "original_error", None)]


def _name_of(failure: BaseException) -> str:
    """Return the name of the library's error, or of the one that it was made of."""
    first = failure.args[0] if failure.args else None
    return type(first if isinstance(first, BaseException) else failure).__name__
