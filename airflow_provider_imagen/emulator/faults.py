"""Faults that can be ordered, and the queue that counts how often each fired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from airflow_provider_imagen.emulator.bucket_states import BUCKET_STATES, DENIED_PERMISSIONS, Access, Rule
from airflow_provider_imagen.emulator.order_queue import OrderQueue
from airflow_provider_imagen.emulator.request_traits import labels, prompts
from airflow_provider_imagen.emulator.storage_errors import StorageError

Operation = Literal[
    "any",
    "generate",
    "upscale",
    "lookup",
    "list",
    "upload",
    "download",
    "delete",
    "count_tokens",
    "create_job",
    "get_job",
    "list_jobs",
    "cancel_job",
    "delete_job",
    "line",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, ``times`` times.

    ``filtered`` and ``blocked_prompt`` apply to Gemini too, as its own fields: a candidate that ends with
    ``IMAGE_SAFETY``, and a ``promptFeedback``. A fault with a field of Gemini applies to ``:generateContent`` only.

    A ``bucket_state`` applies to the requests that the state refuses and fires with each of them. It also applies to
    the objects that Vertex AI reads and writes for a ``:predict``.

    :param operation: the requests it applies to; "generate" is ``:predict`` as well as ``:generateContent``,
        "download" is every read of an object, "line" the answer to one line of a batch prediction job, in which
        ``status`` and ``message`` become the status of a failed line.
    :param times: how many requests it applies to. None: all of them, until the emulator is reset.
    :param skip: how many matching requests pass before the first, whether or not another fault applied to them.
    :param status: answer with this HTTP status and Google's error envelope.
    :param message: the message of that envelope.
    :param headers: headers of that answer, for example ``Retry-After``.
    :param details: the ``details`` of that envelope.
    :param delay_seconds: wait before anything else happens.
    :param reset: reset the connection, without a response.
    :param truncated: send half of the response, then close the connection.
    :param hang: send no response; the request ends when the client disconnects.
    :param after_work: handle the request before the fault: images are made and stored, the response is lost.
    :param empty: answer ``{}``, as Google does when all images were filtered and ``includeRaiReason`` is not set.
    :param filtered: leave out so many of the images.
    :param blocked_prompt: refuse the prompt with HTTP 400.
    :param support_codes: the codes named in a filter reason or refusal.
    :param body: answer 200 with this text.
    :param html: answer ``status`` (200 when there is none) with a web page, as a proxy does.
    :param huge_bytes: answer 200 with a JSON text of so many bytes.
    :param gzip: compress the response. Without another order that is the result, so it needs ``after_work``.
    :param length_off_by: state a ``Content-Length`` that is so much too large, or too small; as for ``gzip``.
    :param finish_reason: Gemini: a candidate without image that ends so.
    :param finish_message: Gemini: the message of a ``finish_reason`` or ``block_reason``; empty for Google's own.
    :param block_reason: Gemini: no candidates, and a ``promptFeedback`` with this reason.
    :param text_only: Gemini: a candidate that ends with STOP and holds this text and no image.
    :param prompt_contains: apply only to requests with this text in a prompt.
    :param label: apply only to requests with this label, name and value.
    :param served_size: serve images of this width and height, whatever size was requested.
    :param traffic_type: Gemini: serve with this ``trafficType``, whatever tier was requested.
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
    served_size: tuple[int, int] | None = None
    traffic_type: str | None = None
    corrupted: bool = False
    bucket_state: str | None = None
    bucket: str | None = None
    prompt_contains: str | None = None
    label: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        """Check the state."""
        if self.bucket_state not in {None, *BUCKET_STATES}:
            raise ValueError(f"bucket_state must be one of {', '.join(sorted(BUCKET_STATES))}.")

    @property
    def is_after_work(self) -> bool:
        """Whether the request is handled before the fault takes effect."""
        return self.after_work or self.corrupted

    def matches(self, operation: str, *, is_gemini: bool, is_content: bool, body: Any = None) -> bool:
        """Whether the fault applies to a request, whatever became of others."""
        fields_of_gemini = (self.finish_reason, self.block_reason, self.text_only, self.traffic_type)
        only_gemini = any(each is not None for each in fields_of_gemini)
        return (
            self.operation in {"any", operation}
            and self.bucket_state is None
            and (is_gemini or not only_gemini)
            and (is_content or not self.corrupted)
            and (self.prompt_contains is None or self.prompt_contains in prompts(body))
            and (self.label is None or labels(body).get(self.label[0]) == self.label[1])
        )


class FaultQueue(OrderQueue[Fault]):
    """The ordered faults; the first that matches fires. Thread-safe."""

    def take(
        self, operation: str, *, is_gemini: bool = False, is_content: bool = False, body: Any = None
    ) -> Fault | None:
        """Return the fault that applies to a request, None when there is none.

        :param is_gemini: the request is a ``:generateContent``.
        :param is_content: the request reads the content of an object.
        :param body: the JSON of a request for images, valid or not.
        """
        return self.fire(lambda fault: fault.matches(operation, is_gemini=is_gemini, is_content=is_content, body=body))

    def refusal(self, access: Access, operation: str, rules: Mapping[str, Rule]) -> StorageError | None:
        """Return the error of a request that a bucket refuses in its ordered state, None when it refuses none."""
        refusals = {state: refusal for state, rule in rules.items() if (refusal := rule(access))}

        def refuses(fault: Fault) -> bool:
            is_right_bucket = fault.bucket in {None, access.bucket} and fault.operation in {"any", operation}
            return is_right_bucket and fault.bucket_state in refusals

        fault = self.fire(refuses)
        return refusals[fault.bucket_state] if fault and fault.bucket_state else None

    def denied_permissions(self, bucket: str) -> set[str]:
        """Return the permissions that the ordered states of a bucket take away. No fault fires."""
        states = {fault.bucket_state for fault in self.orders() if fault.bucket in {None, bucket}}
        return {permission for state in states if state for permission in DENIED_PERMISSIONS.get(state, ())}

    def has_states(self) -> bool:
        """Whether a bucket may be in an ordered state."""
        return any(fault.bucket_state for fault in self.orders())
