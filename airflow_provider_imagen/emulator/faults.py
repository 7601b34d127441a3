"""Faults that can be ordered, and a book that counts how often each fired."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Operation = Literal["any", "generate", "upscale", "lookup", "list", "upload", "download"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, ``times`` times.

    :param operation: which calls it strikes.
    :param times: how many calls it strikes before it is used up.
    :param status: answer with this HTTP status and Google's error envelope.
    :param message: the message of that envelope.
    :param headers: headers of that answer, for example ``Retry-After``.
    :param details: the ``details`` of that envelope.
    :param delay_seconds: wait before anything else happens.
    :param reset: break the connection instead of answering.
    :param truncated: send half of the answer, then close the connection.
    :param after_work: do the work before ``status``, ``reset`` or ``truncated`` strike: images are made and stored.
    :param empty: answer ``{}``, as Google does when everything was filtered and no reason was asked for.
    :param filtered: leave out so many of the images.
    :param blocked_prompt: refuse the prompt with HTTP 400.
    :param support_codes: the codes named in a filter reason or refusal.
    :param body: answer 200 with this text.
    """

    operation: Operation
    times: int = 1
    status: int | None = None
    message: str = "Ordered by a test."
    headers: Mapping[str, str] = field(default_factory=dict)
    details: tuple[Any, ...] = ()
    delay_seconds: float = 0.0
    reset: bool = False
    truncated: bool = False
    after_work: bool = False
    empty: bool = False
    filtered: int = 0
    blocked_prompt: bool = False
    support_codes: tuple[str, ...] = ()
    body: str | None = None


@dataclass(slots=True)
class _Order:
    fault: Fault
    fired: int = 0


class FaultBook:
    """Ordered faults, first come, first served. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[_Order] = []

    def order(self, fault: Fault) -> None:
        """Add a fault."""
        with self._lock:
            self._orders.append(_Order(fault))

    def take(self, operation: str) -> Fault | None:
        """Return the fault that strikes this call, None when it goes well."""
        with self._lock:
            for order in self._orders:
                if order.fault.operation in {"any", operation} and order.fired < order.fault.times:
                    order.fired += 1
                    return order.fault
            return None

    def counts(self) -> list[tuple[Fault, int]]:
        """Return every ordered fault and how often it fired."""
        with self._lock:
            return [(order.fault, order.fired) for order in self._orders]

    def clear(self) -> None:
        """Forget all orders."""
        with self._lock:
            self._orders.clear()
