"""Sends a Cloud Storage request on to fake-gcs-server."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

from airflow_provider_imagen.emulator.storage_requests import StorageRequest, StorageResponse

NOT_FORWARDED = {"content-length", "connection", "transfer-encoding", "accept-encoding"}


def send(base: str, request: StorageRequest) -> StorageResponse:
    """Send a request to another server, and return its answer.

    :param base: base URL of that server.
    """
    url = f"{base}{request.raw_path}?{request.raw_query}"
    headers = {name: value for name, value in request.headers.items() if name not in NOT_FORWARDED}
    forwarded = urllib.request.Request(url, request.body or None, headers, method=request.method)  # noqa: S310
    try:
        with urllib.request.urlopen(forwarded, timeout=60) as answer:  # noqa: S310
            return StorageResponse(answer.status, _kept(answer.headers), answer.read())
    except urllib.error.HTTPError as failure:
        with failure:
            return StorageResponse(failure.code, _kept(failure.headers), failure.read())


def _kept(headers: Any) -> tuple[tuple[str, str], ...]:
    left_out = {*NOT_FORWARDED, "date"}
    return tuple((name.lower(), value) for name, value in headers.items() if name.lower() not in left_out)
