"""What is kept of a request between tries: its intent before it is sent, and its result once the images are stored.

A record is a small JSON file in ``<output_uri>/_imagen/``, named by the request's own name and its fingerprint:
``<own name>.<12 hex>.intent.json`` before the request, ``<own name>.<12 hex>.json`` after it. A record that cannot be
replaced or removed stays, and the next one gets a number: ``<own name>.<12 hex>.intent~2.json``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from airflow_provider_imagen.core.recovery.decision import Writer
from airflow_provider_imagen.core.requests import GenerateRequest, UpscaleRequest
from airflow_provider_imagen.core.result_document import ResultDocument

FOLDER = "_imagen"
MIME_TYPE = "application/json"
LARGEST_BYTES = 1 << 20
SHORT_HEX = 12
GRACE_SECONDS = 60.0
"""How long after its time-out another run's request may still bring images."""

NOT_IN_FINGERPRINT = frozenset(
    {"model", "output_uri", "labels", "include_rai_reason", "include_safety_attributes", "service_tier"}
)
"""Arguments that do not decide the picture. Policies and the key are no arguments of a request in the first place."""


PICTURES = frozenset({"image", "reference_images"})
"""Arguments that name pictures: what lies under the name counts, not the name."""


class TaskIdentity(BaseModel):
    """The task instance, and its try, that wrote a record.

    :param max_tries: Airflow's bound for this task instance; it grows when the task is cleared.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="ignore")

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1
    try_number: int = 1
    max_tries: int = 0
    host: str = ""

    @property
    def instance(self) -> tuple[str, str, str, int]:
        """What all tries of one task instance have in common."""
        return self.dag_id, self.run_id, self.task_id, self.map_index

    def __str__(self) -> str:
        mapped = "" if self.map_index < 0 else f"[{self.map_index}]"
        return f"{self.dag_id}.{self.task_id}{mapped} of run {self.run_id}"


class RequestRecord(BaseModel):
    """One request: what was asked, by which try, what lay in its place before, and what came of it.

    :param fingerprint: tells this request from every other, see :func:`fingerprint_of`.
    :param sent_at: when it was about to be sent, by the worker's clock.
    :param timeout_seconds: how long its writer may wait for a response, with all tries of the request.
    :param requested: how many images it asks for.
    :param before: files that lay in its place before, each with its version.
    :param state: ``in_flight``; ``lost``: its response did not arrive and no image was found; ``finished``.
    :param result: the result document of a finished request.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1
    fingerprint: str
    writer: TaskIdentity
    sent_at: AwareDatetime
    timeout_seconds: float = 0.0
    requested: int = 1
    before: dict[str, str] = {}
    state: Literal["in_flight", "lost", "finished"] = "in_flight"
    result: ResultDocument | None = None

    def encode(self) -> bytes:
        """Return the record as a file."""
        result = None if self.result is None else self.result.to_json()
        content = {**self.model_dump(mode="json", exclude={"result"}), "result": result}
        return json.dumps(content).encode()

    def writer_for(self, task: TaskIdentity, now: datetime) -> Writer:
        """Say who wrote this record, from the point of view of a task that wants to write under the same name."""
        if self.writer.instance == task.instance:
            return "this_task"
        if now > self.ends_at:
            return "expired"
        same_run = self.writer.dag_id == task.dag_id and self.writer.run_id == task.run_id
        return "same_run" if same_run else "other_run"

    @property
    def ends_at(self) -> datetime:
        """When its writer can no longer be waiting for a response."""
        return self.sent_at + timedelta(seconds=self.longest_seconds)

    @property
    def longest_seconds(self) -> float:
        """How long its writer may take, and Google after it."""
        return self.timeout_seconds + GRACE_SECONDS

    def is_cleared_for(self, task: TaskIdentity) -> bool:
        """Say whether a try comes after a clear, or in another run, and not after a failure.

        Airflow raises the bound of tries when a task is cleared, and leaves it alone when it retries.
        """
        return self.writer.instance != task.instance or self.writer.max_tries != task.max_tries


def read_record(content: bytes) -> RequestRecord | None:
    """Return the record in a file, None if it cannot be read."""
    try:
        value = json.loads(content)
        result = value.pop("result", None) if isinstance(value, dict) else None
        record = RequestRecord.model_validate(value)
    except (ValidationError, ValueError, RecursionError):
        return None
    document = None if result is None else ResultDocument.read(result)
    if (record.state == "finished") != (document is not None):
        return None
    return record.model_copy(update={"result": document})


_AGE = {"in_flight": 0, "lost": 1, "finished": 2}
"""The order in which one request passes through its states."""


def current_records(records: Iterable[RequestRecord]) -> list[RequestRecord]:
    """Return the records that still count, the newest first.

    Where nothing may be removed, older states of a request stay beside the later ones.
    """
    latest: dict[tuple[str, datetime], RequestRecord] = {}
    for record in sorted(records, key=lambda each: _AGE[each.state]):
        latest[record.fingerprint, record.sent_at] = record
    ordered = sorted(latest.values(), key=lambda each: each.sent_at)
    finished = {each.fingerprint: each.sent_at for each in ordered if each.state == "finished"}
    return [
        each
        for each in reversed(ordered)
        if each.state == "finished" or each.fingerprint not in finished or each.sent_at > finished[each.fingerprint]
    ]


def rivals_in(current: Iterable[RequestRecord], task: TaskIdentity, now: datetime) -> list[RequestRecord]:
    """Return the requests in flight of other writers whose time is not over."""
    return [
        each
        for each in current
        if each.state == "in_flight" and each.writer_for(task, now) in {"same_run", "other_run"}
    ]


def relevant_record(
    records: Iterable[RequestRecord], task: TaskIdentity, fingerprint: str, there: Mapping[str, str], now: datetime
) -> RequestRecord | None:
    """Return the record that decides what a task may do under its own name, None when there is none.

    Another writer's request in flight comes first. Else the newest record says what lies in the place: an older result
    may have been replaced. An older result of the same request counts all the same where a newer request has touched
    none of its files. What could not be removed counts no longer once a later state of its request is recorded.

    :param records: the records of one own name.
    :param task: the task that asks.
    :param fingerprint: of its request.
    :param there: the files in the place, each with its version.
    :param now: the time by this machine's clock.
    """
    current = current_records(records)
    rivals = rivals_in(current, task, now)
    own = next((each for each in current if each.state == "finished" and each.fingerprint == fingerprint), None)
    if not rivals and own is not None and own is not current[0]:
        newer = current[: current.index(own)]
        if all(each.state != "finished" and _is_untouched(own, each.before, there) for each in newer):
            return own
    return next(iter((*rivals, *current)), None)


def _is_untouched(record: RequestRecord, before: Mapping[str, str], there: Mapping[str, str]) -> bool:
    """Say whether the files of a result are those that lay there before a newer request."""
    names = [name for name in there if record.result is not None and named_by(record.result.uris, name)]
    return bool(names) and all(before.get(name) == there[name] for name in names)


def named_by(uris: Iterable[str], name: str) -> str | None:
    """Return the URI that names a file of the place, however its ``output_uri`` was spelled; None if none does."""
    return next((uri for uri in uris if uri.endswith(f"/{name}")), None)


class RecordName(NamedTuple):
    """What the name of a record says."""

    name: str
    fingerprint: str
    is_intent: bool
    number: int


_RECORD = re.compile(rf"^(.+)\.([0-9a-f]{{{SHORT_HEX}}})(\.intent)?(?:~([0-9]{{1,6}}))?\.json\Z")


def record_names(own_name: str, names: Iterable[str]) -> list[RecordName]:
    """Return the records of one own name among the names of the files in ``_imagen/``."""
    found = ((name, _RECORD.match(name)) for name in names)
    return [
        RecordName(name, match[2], bool(match[3]), int(match[4] or 1))
        for name, match in found
        if match and match[1] == own_name
    ]


def record_name(own_name: str, fingerprint: str, *, is_intent: bool, number: int = 1) -> str:
    """Return the name of a record's file."""
    intent, copy = ".intent" if is_intent else "", f"~{number}" if number > 1 else ""
    return f"{own_name}.{fingerprint[:SHORT_HEX]}{intent}{copy}.json"


def fingerprint_of(
    request: GenerateRequest | UpscaleRequest, asked_model: str | None, pictures: Mapping[str, str] | None = None
) -> str:
    """Return a text that is the same for the same request, and tells nothing about its words.

    What decides the picture as its author asked for it counts: the prompt, the pictures, the model as it was written
    and the image arguments that are set. A value that is None is left out: a new argument changes no old fingerprint.

    :param request: the request; its own ``model`` may be a default or a fallback and does not count.
    :param asked_model: the model that the task names, None when it names none.
    :param pictures: what identifies each picture that the request names, by its URI.
    """
    arguments = {name: value for name, value in request.sent_arguments().items() if name not in NOT_IN_FINGERPRINT}
    known = pictures or {}
    for name in PICTURES & arguments.keys():
        value = arguments[name]
        is_list = isinstance(value, list)
        arguments[name] = [known.get(uri, uri) for uri in value] if is_list else known.get(value, value)
    asked = {"job": request.job, **({} if asked_model is None else {"model": asked_model}), **arguments}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
