"""Batch prediction jobs of Vertex AI on the wire: the body that creates one, the filter that finds it, its document.

Source: REST reference of ``projects.locations.batchPredictionJobs`` and Google's proto files
``batch_prediction_job.proto`` and ``job_state.proto``; requests captured from google-genai 3.6.1 (2026-11-25).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.protocols.error_body import without_credentials
from airflow_provider_imagen.core.protocols.json_fields import enum_of, objects, text_of
from airflow_provider_imagen.core.protocols.json_fields import field as field_of
from airflow_provider_imagen.core.text import counted, shortened
from airflow_provider_imagen.errors import UnexpectedResponseError

STATES = {
    1: "QUEUED",
    2: "PENDING",
    3: "RUNNING",
    4: "SUCCEEDED",
    5: "FAILED",
    6: "CANCELLING",
    7: "CANCELLED",
    8: "PAUSED",
    9: "EXPIRED",
    10: "UPDATING",
    11: "PARTIALLY_SUCCEEDED",
}
"""``JobState`` without its prefix. Names that are not here count as states of a job that goes on."""

GOOD_ENDS = frozenset({"SUCCEEDED", "PARTIALLY_SUCCEEDED"})
END_STATES = GOOD_ENDS | {"FAILED", "CANCELLED", "EXPIRED"}
"""The states that a job does not leave. Google's own clients each forget one or two of them."""

PREFIX = "JOB_STATE_"
LONGEST_MESSAGE = 1000
MOST_FAILURES = 20
"""Google lists at most so many ``partialFailures``."""
PAGE_SIZE = 100


class LineCounts(NamedTuple):
    """``completionStats``: lines that were answered, refused, and not processed. -1 stands for unknown."""

    successful: int = 0
    failed: int = 0
    incomplete: int = 0

    def in_words(self) -> str:
        """Return the counts for the log."""
        left = "" if self.incomplete <= 0 else f", {self.incomplete} not processed yet"
        return f"{counted(max(self.successful, 0), 'line')} answered, {max(self.failed, 0)} refused{left}"


@dataclass(frozen=True, slots=True)
class BatchJob:
    """One batch prediction job, as Google describes it.

    :param name: its full resource name, ``projects/.../locations/.../batchPredictionJobs/...``.
    :param state: the name of its state without ``JOB_STATE_``; empty when Google states none.
    :param display_name: what its creator called it.
    :param labels: its labels.
    :param model: the model's resource name.
    :param created: when it was created.
    :param started: when it began to run; None while it queues.
    :param ended: when it ended.
    :param output_directory: the ``gs://`` folder of its results, None before there is one.
    :param counts: how many lines were processed, None while Google does not say.
    :param error: why it failed, in Google's words; empty when it did not.
    :param error_code: the gRPC code of that error, 0 when there is none.
    """

    name: str
    state: str = ""
    display_name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    created: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    output_directory: str | None = None
    counts: LineCounts | None = None
    error: str = ""
    error_code: int = 0

    @property
    def is_ended(self) -> bool:
        """Whether it does not change any more."""
        return self.state in END_STATES

    def in_words(self) -> str:
        """Return one sentence for the log."""
        counts = f", {self.counts.in_words()}" if self.counts is not None else ""
        why = f": {self.error}" if self.error else ""
        return f"{self.name} is {self.state or 'in no state that Google names'}{counts}{why}"


class JobPage(NamedTuple):
    """One page of a list of jobs."""

    jobs: tuple[BatchJob, ...]
    next_page_token: str


def create_body(
    model: str, input_uris: Sequence[str], output_prefix: str, display_name: str, labels: Mapping[str, str]
) -> dict[str, Any]:
    """Return the JSON body that creates a job over requests in Cloud Storage.

    :param model: id of a publisher model of Google.
    :param input_uris: ``gs://`` URIs of JSONL files with the requests.
    :param output_prefix: the ``gs://`` folder below which Google makes a folder of its own for the results.
    :param display_name: 1 to 128 characters.
    :param labels: lower case letters, digits, ``_`` and ``-``, at most 64 characters each.
    """
    return {
        "displayName": display_name,
        "model": f"publishers/google/models/{model}",
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": list(input_uris)}},
        "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": output_prefix}},
        "labels": dict(labels),
    }


def list_query(job_filter: str | None = None, page_token: str = "", page_size: int = PAGE_SIZE) -> dict[str, str]:
    """Return the query that asks for one page of a list of jobs.

    :param job_filter: as Google's reference defines it, None for all jobs of the location.
    :param page_token: the page, empty for the first.
    :param page_size: 1 to 100.
    """
    wanted = {"filter": job_filter or "", "pageSize": str(page_size), "pageToken": page_token}
    return {name: value for name, value in wanted.items() if value}


def label_filter(label: str, value: str) -> str:
    """Return the filter for jobs with a label."""
    return f'labels.{label}="{value}"'


def decode_job(body: bytes) -> BatchJob:
    """Read the document of one job.

    :raises UnexpectedResponseError: it is none. A job may have been created all the same.
    """
    for document in objects(_read(body)):
        if job := _job_in(document):
            return job
    raise _unexpected("no batch prediction job")


def decode_page(body: bytes) -> JobPage:
    """Read one page of a list of jobs.

    :raises UnexpectedResponseError: it is none. What cannot be read is never an empty list.
    """
    page = _read(body)
    if not isinstance(page, dict) or "error" in page:
        raise _unexpected("no list of batch prediction jobs")
    documents = list(objects(field_of(page, "batchPredictionJobs")))
    jobs = [_job_in(document) for document in documents]
    if None in jobs:
        raise _unexpected("a list with a job that has no name")
    return JobPage(tuple(job for job in jobs if job), text_of(field_of(page, "nextPageToken")))


def _job_in(document: dict[str, Any]) -> BatchJob | None:
    name = text_of(document.get("name"))
    if "/batchPredictionJobs/" not in name:
        return None
    error = next(objects(field_of(document, "error")), {})
    output = next(objects(field_of(document, "outputInfo")), {})
    directory = text_of(field_of(output, "gcsOutputDirectory"))
    return BatchJob(
        name=name,
        state=enum_of(document.get("state"), STATES).removeprefix(PREFIX),
        display_name=text_of(field_of(document, "displayName")),
        labels=_labels(document.get("labels")),
        model=text_of(document.get("model")),
        created=_moment(field_of(document, "createTime")),
        started=_moment(field_of(document, "startTime")),
        ended=_moment(field_of(document, "endTime")),
        output_directory=directory or None,
        counts=_counts(field_of(document, "completionStats")),
        error=_error_in_words(error, document),
        error_code=_whole(error.get("code")) or 0,
    )


def _labels(value: Any) -> dict[str, str]:
    return {key: each for key, each in value.items() if isinstance(each, str)} if isinstance(value, dict) else {}


def _counts(value: Any) -> LineCounts | None:
    """Read ``completionStats``: int64, which JSON has as text; a count of 0 may be left out."""
    stats = next(objects(value), None)
    if stats is None:
        return None
    names = ("successfulCount", "failedCount", "incompleteCount")
    return LineCounts(*(_whole(field_of(stats, name)) or 0 for name in names))


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text_of(value))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _error_in_words(error: dict[str, Any], document: dict[str, Any]) -> str:
    partial = [text_of(each.get("message")) for each in objects(field_of(document, "partialFailures"))]
    said = [text_of(error.get("message")), *partial[:MOST_FAILURES]]
    return shortened(without_credentials("; ".join(dict.fromkeys(filter(None, said)))), LONGEST_MESSAGE)


def _read(body: bytes) -> Any:
    try:
        return read_json(body)
    except ValueError as failure:
        raise _unexpected(counted(len(body), "byte that is no JSON", "bytes that are no JSON")) from failure


def _unexpected(what: str) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"Google answered 200 with {what}. Check the connection's endpoint and the proxy; "
        "'airflow imagen jobs list' shows which jobs there are."
    )
