"""A list of batch prediction jobs is filtered as Google documents it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from airflow_provider_imagen.emulator import JobOrder
from airflow_provider_imagen.emulator.api_errors import ApiError
from airflow_provider_imagen.emulator.job_filters import job_filter

JOBS: list[dict[str, Any]] = [
    {
        "displayName": "catalogue_1",
        "state": "JOB_STATE_SUCCEEDED",
        "createTime": "2026-11-25T10:00:00.000001Z",
        "labels": {"team": "ads", "idem": "abc"},
    },
    {"displayName": "catalogue_2", "state": "JOB_STATE_FAILED", "createTime": "2026-11-26T10:00:00Z"},
    {
        "displayName": 'a "quoted" one',
        "state": "JOB_STATE_RUNNING",
        "createTime": "2026-11-27T10:00:00Z",
        "labels": {"team": ""},
    },
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "012"),
        ('display_name="catalogue_1"', "0"),
        ("display_name=catalogue_1", "0"),
        ('display_name!="catalogue_1"', "12"),
        ('display_name:"catalogue_*"', "01"),
        ('display_name:"*_2"', "1"),
        ('display_name:"catalogue"', ""),
        ('display_name="catalogue_*"', ""),
        (r'display_name="a \"quoted\" one"', "2"),
        ("state=JOB_STATE_FAILED", "1"),
        ('state!="JOB_STATE_FAILED"', "02"),
        ('model_display_name="x"', ""),
        ("labels.team:*", "02"),
        ("labels.team=ads", "0"),
        ('labels.team=""', "2"),
        ("labels.nothing:*", ""),
        ('create_time>"2026-11-26T09:00:00Z"', "12"),
        ('create_time>="2026-11-26T10:00:00Z"', "12"),
        ('create_time<"2026-11-26T12:00:00+02:00"', "0"),
        ('create_time<="2026-11-26T12:00:00+02:00"', "01"),
        ('create_time="2026-11-25T10:00:00.000001Z"', "0"),
        ('create_time!="2026-11-25T10:00:00.000001Z"', "12"),
        ('NOT display_name="catalogue_1"', "12"),
        ("NOT NOT labels.team:*", "02"),
        ('labels.idem="abc" AND create_time>"2026-11-25T00:00:00Z"', "0"),
        ('labels.team:* display_name:"cat*"', "0"),
        ("state=JOB_STATE_FAILED OR state=JOB_STATE_RUNNING", "12"),
        # OR binds more tightly than AND (AIP-160): not the 0 and 1 of another language.
        ("labels.team=ads AND state=JOB_STATE_RUNNING OR state=JOB_STATE_SUCCEEDED", "0"),
        ("state=JOB_STATE_SUCCEEDED OR state=JOB_STATE_FAILED AND labels.team:*", "0"),
        ("state=JOB_STATE_FAILED OR (labels.team=ads AND state=JOB_STATE_SUCCEEDED)", "01"),
        ("NOT (state=JOB_STATE_FAILED OR state=JOB_STATE_RUNNING)", "0"),
    ],
)
def test_a_filter_finds_what_it_describes(text: str, found: str) -> None:
    wanted = job_filter(text)

    assert "".join(str(number) for number, job in enumerate(JOBS) if wanted(job)) == found


@pytest.mark.parametrize(
    "text",
    [
        "display_name",
        "display_name=",
        '"x"',
        "display_name<x",
        "state:JOB*",
        "colour=red",
        "displayName=x",
        "labels.team!=ads",
        "labels.team:ads",
        "create_time>yesterday",
        'create_time>"2026-11-26T10:00:00"',
        "(state=X",
        "state=X)",
        "state=X AND",
        "OR state=X",
        'display_name="open',
    ],
)
def test_a_filter_that_google_does_not_document_is_refused(text: str) -> None:
    with pytest.raises(ApiError, match="Invalid list filter: ") as caught:
        job_filter(text)

    assert caught.value.status == 400


def test_a_list_is_filtered_and_read_in_pages(batches: Any) -> None:
    batches.write(batches.lines(1))
    for number in range(5):
        batches.create(displayName=f"job-{number}", labels={"parity": "odd" if number % 2 else "even"})

    assert sorted(batches.found(f"filter={quote('labels.parity=even')}")) == ["job-0", "job-2", "job-4"]
    assert batches.found(f"filter={quote('labels.parity=none')}") == []
    names, token = [], ""
    for size in (2, 2, 1):
        page = batches.http.get(
            f"/v1/projects/p/locations/global/batchPredictionJobs?pageSize=2&pageToken={token}"
        ).json
        assert len(page["batchPredictionJobs"]) == size
        names += [job["displayName"] for job in page["batchPredictionJobs"]]
        token = page.get("nextPageToken", "")
    assert (sorted(names), token) == ([f"job-{number}" for number in range(5)], "")


@pytest.mark.parametrize("query", ["filter=colour%3Dred", "pageSize=many"])
def test_a_list_that_cannot_be_read_is_refused(batches: Any, query: str) -> None:
    answer = batches.http.get(f"/v1/projects/p/locations/global/batchPredictionJobs?{query}")

    assert (answer.status, answer.json["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_a_list_shows_the_jobs_of_its_project_and_location(batches: Any) -> None:
    batches.create(batches.lines(1))

    for elsewhere in ("projects/q/locations/global", "projects/p/locations/us-central1"):
        assert batches.http.get(f"/v1/{elsewhere}/batchPredictionJobs").json == {}
    assert batches.found() == ["my-job"]


def test_a_list_is_no_look_at_a_job_and_shows_where_it_stands(batches: Any, emulator: Any) -> None:
    emulator.order_job(JobOrder(pending_seconds=60, running_seconds=60))
    batches.create(batches.lines(1))
    by_looks = batches.create(displayName="by looks")

    states = {}
    for seconds in (0, 61, 60):
        emulator.advance(seconds)
        page = batches.http.get("/v1/projects/p/locations/global/batchPredictionJobs").json
        states[seconds] = {job["displayName"]: job["state"] for job in page["batchPredictionJobs"]}
    assert [each["my-job"] for each in states.values()] == [
        "JOB_STATE_PENDING",
        "JOB_STATE_RUNNING",
        "JOB_STATE_SUCCEEDED",
    ]
    assert {each["by looks"] for each in states.values()} == {"JOB_STATE_PENDING"}
    assert batches.ended(by_looks)["state"] == "JOB_STATE_SUCCEEDED"


@pytest.mark.parametrize("seconds", [60, 600])
def test_a_new_job_can_be_hidden_from_lists(batches: Any, emulator: Any, seconds: float) -> None:
    emulator.order_job(JobOrder(hidden_seconds=seconds))
    job = batches.create(batches.lines(1))

    found = []
    for _ in range(5):
        found.append(batches.found())
        emulator.advance(seconds / 4)
    assert found == [[], [], [], [], ["my-job"]]
    assert batches.get(job)["displayName"] == "my-job"
