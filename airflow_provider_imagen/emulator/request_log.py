"""The log of received requests."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One received request. ``path`` is the decoded path without query."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class RequestLog:
    """The received requests in order, and the number that images were made for. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[LoggedRequest] = []
        self._accepted = 0

    async def log(self, request: Request, most_bytes: int | None = None) -> bytes:
        """Add a request, and return its body.

        :param most_bytes: how much of the body is kept. None: all.
        """
        body = await request.body()
        path, query = request.scope["path"], request.scope["query_string"].decode()
        logged = LoggedRequest(request.method, path, query, dict(request.headers), body[:most_bytes])
        with self._lock:
            self._requests.append(logged)
        return body

    def accept(self) -> None:
        """Count a request that images were made for."""
        with self._lock:
            self._accepted += 1

    @property
    def accepted(self) -> int:
        """The number of requests that images were made for."""
        with self._lock:
            return self._accepted

    def all(self) -> list[LoggedRequest]:
        """Return all requests."""
        with self._lock:
            return list(self._requests)

    def clear(self) -> None:
        """Remove all requests."""
        with self._lock:
            self._requests.clear()
            self._accepted = 0
