"""What the emulator remembers of the calls it received."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One received call. ``path`` is the decoded path without query."""

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
    """The calls of clients, in the order they came, and how many were worked for. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[LoggedRequest] = []
        self._accepted = 0

    def add(self, call: LoggedRequest) -> None:
        """Remember a call."""
        with self._lock:
            self._calls.append(call)

    def accept(self) -> None:
        """Remember that images were made for a call."""
        with self._lock:
            self._accepted += 1

    @property
    def accepted(self) -> int:
        """How many calls images were made for."""
        with self._lock:
            return self._accepted

    def all(self) -> list[LoggedRequest]:
        """Return the remembered calls."""
        with self._lock:
            return list(self._calls)

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()
            self._accepted = 0
