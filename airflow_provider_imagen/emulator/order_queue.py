"""Orders of one kind, and how often each applied."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Order(Protocol):
    """What is ordered: ``skip`` matching requests pass, then it applies to ``times`` of them, or to all (None)."""

    @property
    def times(self) -> int | None:
        """How many requests it applies to."""

    @property
    def skip(self) -> int:
        """How many matching requests pass before the first."""


Kind = TypeVar("Kind", bound=Order)


@dataclass(slots=True)
class _Entry(Generic[Kind]):
    order: Kind
    seen: int = 0
    fired: int = 0

    @property
    def is_left(self) -> bool:
        """Whether the order applies to one more request."""
        return self.order.times is None or self.fired < self.order.times


class OrderQueue(Generic[Kind]):
    """The orders of one kind; the first that matches applies. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[_Entry[Kind]] = []

    def order(self, order: Kind) -> None:
        """Add an order."""
        with self._lock:
            self._entries.append(_Entry(order))

    def fire(self, matches: Callable[[Kind], bool]) -> Kind | None:
        """Return the order that applies to a request, None when there is none, and count it."""
        with self._lock:
            matching = [entry for entry in self._entries if matches(entry.order)]
            for entry in matching:
                entry.seen += 1
            for entry in matching:
                if entry.seen > entry.order.skip and entry.is_left:
                    entry.fired += 1
                    return entry.order
            return None

    def orders(self) -> list[Kind]:
        """Return every order."""
        with self._lock:
            return [entry.order for entry in self._entries]

    def unfired(self) -> list[Kind]:
        """Return the orders that did not apply as often as ordered."""
        with self._lock:
            return [entry.order for entry in self._entries if entry.fired < (entry.order.times or 1)]

    def counts(self) -> list[tuple[Kind, int]]:
        """Return every order and how often it applied."""
        with self._lock:
            return [(entry.order, entry.fired) for entry in self._entries]

    def clear(self) -> None:
        """Remove all orders."""
        with self._lock:
            self._entries.clear()
