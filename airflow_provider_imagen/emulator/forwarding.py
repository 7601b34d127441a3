"""Passes a Cloud Storage call on to the real server."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

from starlette.requests import Request

NOT_FORWARDED = {"content-length", "connection", "transfer-encoding", "accept-encoding"}


def operation_of(request: Request) -> str:
    """Return what a fault calls a Cloud Storage call."""
    path = request.scope["raw_path"]  # an object's name may end with /o too, but there the slash is encoded
    if path.startswith(b"/upload/"):
        return "upload"
    return "list" if path.endswith(b"/o") else "download"


def ask(base: str, request: Request, body: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send a request to another server, and return its answer: status, headers, content."""
    # Not request.url: before Starlette 1 it takes a question mark in an object's name for the start of the query.
    url = f"{base}{request.scope['raw_path'].decode()}?{request.scope['query_string'].decode()}"
    headers = {name: value for name, value in request.headers.items() if name not in NOT_FORWARDED}
    forwarded = urllib.request.Request(url, body or None, headers, method=request.method)  # noqa: S310
    try:
        with urllib.request.urlopen(forwarded, timeout=60) as answer:  # noqa: S310
            return answer.status, _kept(answer.headers), answer.read()
    except urllib.error.HTTPError as failure:
        with failure:
            return failure.code, _kept(failure.headers), failure.read()


def _kept(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in {*NOT_FORWARDED, "date"}}
