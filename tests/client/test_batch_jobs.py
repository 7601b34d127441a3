"""Batch prediction jobs against a local server: where they are asked for, and what is never sent twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_imagen.client.batch_jobs import NewJob
from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.protocols.batch_job import label_filter
from airflow_provider_imagen.errors import (
    InvalidInputError,
    JobNotFoundError,
    ModelNotFoundError,
    PermissionDeniedError,
    RequestRejectedError,
    ResponseLostError,
    ServerError,
    UnexpectedResponseError,
)

RESET = b"reset"
NAME = "projects/payer/locations/global/batchPredictionJobs/7"
NEW = NewJob("gemini-3.1-flash-image", "global", "gs://b/in.jsonl", "gs://b/out/", "catalog", {"imagen_job": "abc"})
JOB = json.dumps({"name": NAME, "state": "JOB_STATE_PENDING"}).encode()


def jobs_at(url: str) -> Any:
    settings = ConnectionSettings(project="payer", endpoint=url, storage_endpoint=url)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    return ImagenClient(settings, sleep=lambda seconds: None, now=lambda: now).batch_jobs


def error(status: int, name: str, message: str = "no") -> bytes:
    return json.dumps({"error": {"code": status, "message": message, "status": name}}).encode()


def test_a_job_is_created_in_the_location_of_its_model(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200, JOB))

    job = jobs_at(script.url).create(NEW)

    request = script.received[0]
    assert (request.method, request.path) == ("POST", "/v1/projects/payer/locations/global/batchPredictionJobs")
    assert json.loads(request.body)["labels"] == {"imagen_job": "abc"}
    assert (job.name, job.state) == (NAME, "PENDING")


@pytest.mark.parametrize("status", [429, 503])
def test_a_create_that_was_not_accepted_is_sent_again(
    script: Any, answer_with: Callable[..., bytes], status: int
) -> None:
    script.order(answer_with(status, error(status, "RESOURCE_EXHAUSTED")), answer_with(200, JOB))

    assert jobs_at(script.url).create(NEW).name == NAME
    assert len(script.received) == 2


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (RESET, ResponseLostError),
        ((500, error(500, "INTERNAL")), ServerError),
        ((504, error(504, "DEADLINE_EXCEEDED")), ServerError),
        ((502, b"<html>bad gateway</html>"), ResponseLostError),
        ((200, b"<html>"), UnexpectedResponseError),
        ((200, b"{}"), UnexpectedResponseError),
        ((404, error(404, "NOT_FOUND", "The PublisherModel x does not exist.")), ModelNotFoundError),
        ((403, error(403, "PERMISSION_DENIED")), PermissionDeniedError),
        ((400, error(400, "INVALID_ARGUMENT")), RequestRejectedError),
    ],
)
def test_a_create_that_may_have_been_accepted_is_sent_once(
    script: Any, answer_with: Callable[..., bytes], answer: Any, failure: type[Exception]
) -> None:
    script.order(answer if answer == RESET else answer_with(*answer))

    with pytest.raises(failure):
        jobs_at(script.url).create(NEW)
    assert len(script.received) == 1


def test_a_job_is_looked_at_under_its_full_name_and_as_often_as_it_takes(
    script: Any, answer_with: Callable[..., bytes]
) -> None:
    script.order(RESET, answer_with(500, error(500, "INTERNAL")), answer_with(200, JOB))

    assert jobs_at(script.url).get(NAME).state == "PENDING"
    assert [request.path for request in script.received] == [f"/v1/{NAME}"] * 3


def test_a_job_that_google_does_not_know_is_told_from_a_model(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(404, error(404, "NOT_FOUND")))

    with pytest.raises(JobNotFoundError, match="was deleted"):
        jobs_at(script.url).get(NAME)


def test_all_pages_of_a_list_are_read(script: Any, answer_with: Callable[..., bytes]) -> None:
    first = {"batchPredictionJobs": [{"name": NAME}], "nextPageToken": "p 2"}
    script.order(answer_with(200, json.dumps(first).encode()), answer_with(200, b'{"batchPredictionJobs": []}'))

    found = jobs_at(script.url).list("global", label_filter("imagen_job", "abc"))

    asked = [parse_qs(urlsplit(request.path).query) for request in script.received]
    assert [job.name for job in found] == [NAME]
    assert asked[0] == {"filter": ['labels.imagen_job="abc"'], "pageSize": ["100"]}
    assert asked[1]["pageToken"] == ["p 2"]


def test_a_list_that_leads_in_a_circle_is_an_error(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200, json.dumps({"nextPageToken": "p"}).encode()))

    with pytest.raises(UnexpectedResponseError, match="leads back"):
        jobs_at(script.url).list("global")


def test_a_list_is_read_as_far_as_it_is_wanted(script: Any, answer_with: Callable[..., bytes]) -> None:
    page = {"batchPredictionJobs": [{"name": NAME}, {"name": f"{NAME}1"}], "nextPageToken": "p"}
    script.order(answer_with(200, json.dumps(page).encode()))

    assert len(jobs_at(script.url).list("global", at_most=1)) == 1
    assert len(script.received) == 1


def test_a_job_is_cancelled(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200, b"{}"))

    assert jobs_at(script.url).cancel(NAME) is True
    assert (script.received[0].method, script.received[0].path) == ("POST", f"/v1/{NAME}:cancel")


def test_a_job_that_has_ended_needs_no_cancel(script: Any, answer_with: Callable[..., bytes]) -> None:
    ended = json.dumps({"name": NAME, "state": "JOB_STATE_FAILED"}).encode()
    script.order(answer_with(400, error(400, "FAILED_PRECONDITION")), answer_with(200, ended))

    assert jobs_at(script.url).cancel(NAME) is False


def test_a_refused_cancel_of_a_job_that_runs_is_an_error(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(400, error(400, "FAILED_PRECONDITION")), answer_with(200, JOB))

    with pytest.raises(RequestRejectedError):
        jobs_at(script.url).cancel(NAME)


def test_a_job_is_deleted_once(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200, b"{}"), answer_with(404, error(404, "NOT_FOUND")))
    jobs = jobs_at(script.url)

    assert (jobs.delete(NAME), jobs.delete(NAME)) == (True, False)


@pytest.mark.parametrize("name", ["7", "projects/p/locations/evil.example/batchPredictionJobs/7", f"{NAME}?x=1"])
def test_a_name_that_is_none_is_refused_before_anything_is_sent(script: Any, name: str) -> None:
    with pytest.raises(InvalidInputError, match="name of the job"):
        jobs_at(script.url).get(name)
    assert script.received == []
