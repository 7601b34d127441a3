"""Sends a Cloud Storage request on to fake-gcs-server."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO, Any

from airflow_provider_imagen.emulator.storage_requests import StorageRequest, StorageResponse

LARGE_BYTES = 8 * 1024 * 1024
"""Larger contents are passed on in pieces."""

PIECE_BYTES = 1024 * 1024
NOT_FORWARDED = {"content-length", "connection", "transfer-encoding", "accept-encoding"}


def send(base: str, request: StorageRequest) -> StorageResponse:
    """Send a request to another server, and return its answer.

    :param base: base URL of that server.
    """
    url = f"{base}{request.raw_path}?{request.raw_query}"
    headers = {name: value for name, value in request.headers.items() if name not in NOT_FORWARDED}
    forwarded = urllib.request.Request(url, request.body or None, headers, method=request.method)  # noqa: S310
    try:
        with ExitStack() as opened:
            answer = opened.enter_context(urllib.request.urlopen(forwarded, timeout=60))  # noqa: S310
            length = answer.headers.get("content-length") or "0"
            if not request.reads_content or int(length) <= LARGE_BYTES:
                return StorageResponse(answer.status, _kept(answer.headers), answer.read())
            kept = (*_kept(answer.headers), ("content-length", length))
            return StorageResponse(answer.status, kept, b"", _pieces(answer, opened.pop_all()))
    except urllib.error.HTTPError as failure:
        with failure:
            return StorageResponse(failure.code, _kept(failure.headers), failure.read())


def _pieces(answer: IO[bytes], opened: ExitStack) -> Iterator[bytes]:
    with opened:
        while piece := answer.read(PIECE_BYTES):
            yield piece


def _kept(headers: Any) -> tuple[tuple[str, str], ...]:
    left_out = {*NOT_FORWARDED, "date"}
    return tuple((name.lower(), value) for name, value in headers.items() if name.lower() not in left_out)
