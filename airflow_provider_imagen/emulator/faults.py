"""Faults that can be ordered, and a book that counts how often each fired."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from airflow_provider_imagen.emulator.bucket_states import BUCKET_STATES, Access, Rule
from airflow_provider_imagen.emulator.storage_errors import StorageRefusal

Operation = Literal["any", "generate", "upscale", "lookup", "list", "upload", "download", "delete"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, ``times`` times.

    ``filtered`` and ``blocked_prompt`` strike Gemini too, in its words: a candidate that ends with ``IMAGE_SAFETY``,
    and a ``promptFeedback``. A fault that only Gemini knows waits for a ``:generateContent``.

    A ``bucket_state`` lasts as long as the fault and fires with each request that the state refuses: it strikes no
    other one. It also refuses what Vertex AI reads from and writes to the bucket for a ``:predict``.

    :param operation: which calls it strikes; "generate" is ``:predict`` as well as ``:generateContent``, "download"
        is every read of an object.
    :param times: how many calls it strikes before it is used up. None: every one, until the emulator is reset.
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
    :param corrupted: answer a download of content with damaged bytes of the right length; ``x-goog-hash`` stays that
        of the object.
    :param bucket_state: a state that a bucket is in. Replacing and deleting objects is refused with 403 by
        "retention_policy", "temporary_hold", "event_based_hold" and "no_delete_permission", every write by
        "read_only", every read by "write_only"; "missing" answers 404, "requester_pays" 400 to a request that names
        no user project.
    :param bucket: the bucket that is in this state. None: every one.
    :raises ValueError: there is no such ``bucket_state``.
    """

    operation: Operation
    times: int | None = 1
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
    corrupted: bool = False
    bucket_state: str | None = None
    bucket: str | None = None

    def __post_init__(self) -> None:
        """Check the state."""
        if self.bucket_state not in {None, *BUCKET_STATES}:
            raise ValueError(f"bucket_state must be one of {', '.join(sorted(BUCKET_STATES))}.")

    def matches(self, operation: str, *, is_gemini: bool, is_content: bool) -> bool:
        """Whether a request is one that this fault can strike by itself."""
        only_gemini = any(each is not None for each in (self.finish_reason, self.block_reason, self.text_only))
        return (
            self.operation in {"any", operation}
            and self.bucket_state is None
            and (is_gemini or not only_gemini)
            and (is_content or not self.corrupted)
        )


@dataclass(slots=True)
class _Order:
    fault: Fault
    seen: int = 0
    fired: int = 0

    @property
    def is_left(self) -> bool:
        """Whether the fault can strike again."""
        return self.fault.times is None or self.fired < self.fault.times


class FaultQueue:
    """Ordered faults, first come, first served. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: list[_Order] = []

    def order(self, fault: Fault) -> None:
        """Add a fault."""
        with self._lock:
            self._orders.append(_Order(fault))

    def take(self, operation: str, *, is_gemini: bool = False, is_content: bool = False) -> Fault | None:
        """Return the fault that strikes a request, None when it goes well.

        :param is_gemini: the request is a ``:generateContent``.
        :param is_content: the request reads the content of an object.
        """
        return self._fire(lambda fault: fault.matches(operation, is_gemini=is_gemini, is_content=is_content))

    def refusal(self, access: Access, operation: str, rules: Mapping[str, Rule]) -> StorageRefusal | None:
        """Return how a bucket refuses a request, None when it is in none of these states."""
        refusals = {state: refusal for state, rule in rules.items() if (refusal := rule(access))}

        def refuses(fault: Fault) -> bool:
            is_right_bucket = fault.bucket in {None, access.bucket} and fault.operation in {"any", operation}
            return is_right_bucket and fault.bucket_state in refusals

        fault = self._fire(refuses)
        return refusals[fault.bucket_state] if fault and fault.bucket_state else None

    def has_states(self) -> bool:
        """Whether a bucket may be in an ordered state."""
        with self._lock:
            return any(order.fault.bucket_state for order in self._orders)

    def _fire(self, matches: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            matching = [order for order in self._orders if matches(order.fault)]
            for order in matching:
                order.seen += 1
            for order in matching:
                if order.seen > order.fault.skip and order.is_left:
                    order.fired += 1
                    return order.fault
            return None

    def unfired(self) -> list[Fault]:
        """Return the ordered faults that did not fire as often as ordered."""
        with self._lock:
            return [order.fault for order in self._orders if order.fired < (order.fault.times or 1)]

    def counts(self) -> list[tuple[Fault, int]]:
        """Return every ordered fault and how often it fired."""
        with self._lock:
            return [(order.fault, order.fired) for order in self._orders]

    def clear(self) -> None:
        """Forget all orders."""
        with self._lock:
            self._orders.clear()
