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

    ``filtered`` and ``blocked_prompt`` strike Gemini too, in its words: a candidate that ends with ``IMAGE_SAFETY``,
    and a ``promptFeedback``. A fault that only Gemini knows waits for a ``:generateContent``.

    :param operation: which calls it strikes; "generate" is ``:predict`` as well as ``:generateContent``.
    :param times: how many calls it strikes before it is used up.
    :param skip: how many matching calls pass before it strikes, whether or not another fault struck them.
    :param status: answer with this HTTP status and Google's error envelope.
    :param message: the message of that envelope.
    :param headers: headers of that answer, for example ``Retry-After``.
    :param details: the ``details`` of that envelope.
    :param delay_seconds: wait before anything else happens.
    :param reset: break the connection instead of answering.
    :param truncated: send half of the answer, then close the connection.
    :param hang: never answer; the call ends when the client gives up.
    :param after_work: do the work before the fault strikes: images are made and stored, their answer is spoiled.
    :param empty: answer ``{}``, as Google does when everything was filtered and no reason was asked for.
    :param filtered: leave out so many of the images.
    :param blocked_prompt: refuse the prompt with HTTP 400.
    :param support_codes: the codes named in a filter reason or refusal.
    :param body: answer 200 with this text.
    :param html: answer ``status`` (200 when there is none) with a web page, as a proxy does.
    :param huge_bytes: answer 200 with a JSON text of so many bytes.
    :param gzip: compress the answer. Without another order it is the good answer, so it needs ``after_work``.
    :param length_off_by: state a ``Content-Length`` that is so much too large, or too small; as for ``gzip``.
    :param finish_reason: Gemini: a candidate without image that ends so.
    :param finish_message: Gemini: the words of a ``finish_reason`` or ``block_reason``; empty for Google's own.
    :param block_reason: Gemini: no candidates, and a ``promptFeedback`` with this reason.
    :param text_only: Gemini: a candidate that ends with STOP and holds this text and no image.
    """

    operation: Operation
    times: int = 1
    skip: int = 0
    status: int | None = None
    message: str = "Ordered by a test."
    headers: Mapping[str, str] = field(default_factory=dict)
    details: tuple[Any, ...] = ()
    delay_seconds: float = 0.0
    reset: bool = False
    truncated: bool = False
    hang: bool = False
    after_work: bool = False
    empty: bool = False
    filtered: int = 0
    blocked_prompt: bool = False
    support_codes: tuple[str, ...] = ()
    body: str | None = None
    html: bool = False
    huge_bytes: int = 0
    gzip: bool = False
    length_off_by: int = 0
    finish_reason: str | None = None
    finish_message: str = ""
    block_reason: str | None = None
    text_only: str | None = None

    def matches(self, operation: str, *, of_gemini: bool) -> bool:
        """Whether a call is one that this fault can strike."""
        only_gemini = any(each is not None for each in (self.finish_reason, self.block_reason, self.text_only))
        return self.operation in {"any", operation} and (of_gemini or not only_gemini)


@dataclass(slots=True)
class _Order:
    fault: Fault
    seen: int = 0
    fired: int = 0


class FaultQueue:
    """Ordered faults, first come, first served. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[_Order] = []

    def order(self, fault: Fault) -> None:
        """Add a fault."""
        with self._lock:
            self._orders.append(_Order(fault))

    def take(self, operation: str, *, of_gemini: bool = False) -> Fault | None:
        """Return the fault that strikes this call, None when it goes well."""
        with self._lock:
            matching = [order for order in self._orders if order.fault.matches(operation, of_gemini=of_gemini)]
            for order in matching:
                order.seen += 1
            for order in matching:
                if order.seen > order.fault.skip and order.fired < order.fault.times:
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
