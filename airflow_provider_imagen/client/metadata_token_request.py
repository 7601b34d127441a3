"""How google-auth asks the metadata server of Google's own machines for tokens: with ``requests``, as it must."""

from __future__ import annotations

from typing import Any

from google.auth.transport.requests import Request

from airflow_provider_imagen.client.token_request import LONGEST_TOKEN_REQUEST_SECONDS


class MetadataTokenRequest(Request):
    """Asks for a token no longer than for an image, and follows no redirect.

    :param timeout_seconds: how long to wait for a response, at most ``LONGEST_TOKEN_REQUEST_SECONDS``.
    """

    def __init__(self, timeout_seconds: float) -> None:
        super().__init__()
        self._timeout_seconds = min(timeout_seconds, LONGEST_TOKEN_REQUEST_SECONDS)
        self.last_status: int = 0
        """The HTTP status of the last response, 0 where none came."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Send a request of google-auth."""
        self.last_status = 0
        options = {"timeout": self._timeout_seconds, "allow_redirects": False, **options}
        response = super().__call__(*arguments, **options)  # type: ignore[no-untyped-call]
        self.last_status = response.status
        return response
