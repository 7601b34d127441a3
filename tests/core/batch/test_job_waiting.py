"""What follows from one look at batch prediction jobs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_imagen.core.batch.job_decision import MISSING_SECONDS
from airflow_provider_imagen.core.batch.job_waiting import JobLook, outcome_of, read_event
from airflow_provider_imagen.core.protocols.batch_job import BatchJob, LineCounts
from airflow_provider_imagen.errors import (
    ImagenError,
    InvalidInputError,
    JobNotFoundError,
    NotSentError,
    PermissionDeniedError,
    ResponseLostError,
    ServerError,
    UnexpectedResponseError,
)

NAME = "projects/p/locations/global/batchPredictionJobs/1"


def seen(state: str, name: str = NAME, **fields: Any) -> JobLook:
    return JobLook(name, BatchJob(name, state, **fields))


def unseen(failure: ImagenError, missing_seconds: float = 0.0) -> JobLook:
    return JobLook(NAME, None, failure, missing_seconds)


def outcome(*looks: JobLook, now: float = 0.0, deadline: float = 100.0) -> Any:
    return outcome_of(looks, now=now, deadline=deadline, poll_interval=60.0)


def test_a_job_that_runs_is_looked_at_again_after_the_interval() -> None:
    found = outcome(seen("RUNNING", counts=LineCounts(3, 1, 6)))

    assert (found.event, found.pause_seconds) == (None, 60.0)
    assert "3 lines answered, 1 refused, 6 not processed yet" in found.text


def test_the_last_look_is_at_the_deadline() -> None:
    assert outcome(seen("RUNNING"), now=70.0).pause_seconds == 30.0


def test_the_wait_is_over_when_every_job_has_ended() -> None:
    assert outcome(seen("SUCCEEDED"), seen("RUNNING")).event is None
    assert outcome(seen("SUCCEEDED"), seen("EXPIRED")).event["status"] == "done"


def test_a_job_that_has_ended_is_no_timeout_however_late_it_is() -> None:
    assert outcome(seen("SUCCEEDED"), now=200.0).event["status"] == "done"


def test_a_late_job_ends_the_wait_and_says_when() -> None:
    event = outcome(seen("RUNNING"), now=100.0).event

    assert event["status"] == "timeout"
    assert "1970-01-01T00:01:40+00:00" in event["message"]


@pytest.mark.parametrize(
    "failure", [NotSentError("x"), ServerError("x"), ResponseLostError("x"), UnexpectedResponseError("x")]
)
def test_a_passing_error_counts_for_nothing(failure: ImagenError) -> None:
    assert outcome(unseen(failure)).event is None
    assert outcome(unseen(failure), now=100.0).event["status"] == "timeout"


def test_a_refusal_ends_the_wait_with_its_reason() -> None:
    found = outcome(seen("RUNNING"), unseen(PermissionDeniedError("no right")))

    assert found.event == {"status": "failed", "message": "no right"}


def test_a_job_that_is_not_known_for_a_moment_is_waited_for() -> None:
    assert outcome(unseen(JobNotFoundError("x"), 60.0)).event is None
    assert outcome(unseen(JobNotFoundError("x"), MISSING_SECONDS)).event["status"] == "done"


def test_an_event_is_small_however_many_jobs_there_are() -> None:
    found = outcome(*(seen("SUCCEEDED", f"{NAME}{number}", error="x" * 900) for number in range(200)))

    assert len(json.dumps(found.event)) < 2000


def test_an_event_is_read_as_it_was_reported() -> None:
    event = read_event(json.loads(json.dumps(outcome(seen("SUCCEEDED")).event)))

    assert event.status == "done"
    assert "SUCCEEDED" in event.message


@pytest.mark.parametrize("event", [None, {}, {"status": "fine"}, {"message": "x"}, "done", []])
def test_any_other_event_is_an_error(event: Any) -> None:
    with pytest.raises(InvalidInputError, match="no event of this wait"):
        read_event(event)
