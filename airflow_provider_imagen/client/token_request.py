"""How google-auth asks for tokens: over the client's own connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.auth import transport
from google.auth.exceptions import TransportError
from urllib3.exceptions import HTTPError

from airflow_provider_imagen.client.connection_pools import ConnectionPools
from airflow_provider_imagen.client.send_tracking import SendProgress
from airflow_provider_imagen.client.stop_signal import StopSignal

LONGEST_TOKEN_REQUEST_SECONDS = 120.0
"""How long google-auth itself waits for a token server."""


class TokenResponse(transport.Response):
    """A response as google-auth reads it."""

    def __init__(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self._status, self._headers, self._data = status, headers, data

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""
        return self._headers

    @property
    def data(self) -> bytes:
        """The body."""
        return self._data


class TokenRequest(transport.Request):
    """Asks for a token no longer than for an image, because other threads wait for the same token meanwhile.

    It follows no redirect: what proves an identity must not travel elsewhere.

    :param pools: the connections.
    :param timeout_seconds: how long to wait for a response, at most ``LONGEST_TOKEN_REQUEST_SECONDS``.
    :param signal: whether requests may still be sent.
    """

    def __init__(self, pools: ConnectionPools, timeout_seconds: float, signal: StopSignal) -> None:
        self._pools = pools
        self._timeout_seconds = min(timeout_seconds, LONGEST_TOKEN_REQUEST_SECONDS)
        self._signal = signal
        self.last_status: int = 0
        """The HTTP status of the last response, 0 where none came."""

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_options: Any,
    ) -> TokenResponse:
        """Send a request of google-auth.

        :raises google.auth.exceptions.TransportError: no response came.
        """
        self.last_status = 0
        progress = SendProgress(lambda: self._signal.check(method, url, free_of_charge=True))
        try:
            response = self._pools.open(
                method,
                url,
                body=body,
                headers=headers or {},
                read_seconds=timeout or self._timeout_seconds,
                progress=progress,
            )
            data = response.read(decode_content=True)
        except (HTTPError, OSError, ValueError) as failure:
            raise TransportError(failure) from failure
        self.last_status = response.status
        return TokenResponse(response.status, dict(response.headers), data)
