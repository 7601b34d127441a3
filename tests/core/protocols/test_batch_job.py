"""Batch prediction jobs on the wire."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_imagen.core.protocols import endpoints
from airflow_provider_imagen.core.protocols.batch_job import (
    END_STATES,
    LineCounts,
    create_body,
    decode_job,
    decode_page,
    label_filter,
    list_query,
)
from airflow_provider_imagen.errors import UnexpectedResponseError

NAME = "projects/123/locations/global/batchPredictionJobs/456"


def job(**fields: Any) -> Any:
    return decode_job(json.dumps({"name": NAME, **fields}).encode())


def test_a_job_reads_its_requests_from_one_folder_and_writes_to_another() -> None:
    body = create_body("gemini-3.1-flash-image", ["gs://b/in.jsonl"], "gs://b/out/", "catalog", {"a": "b"})

    assert body == {
        "displayName": "catalog",
        "model": "publishers/google/models/gemini-3.1-flash-image",
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["gs://b/in.jsonl"]}},
        "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": "gs://b/out/"}},
        "labels": {"a": "b"},
    }


def test_a_list_is_asked_for_by_label_and_page() -> None:
    assert list_query() == {"pageSize": "100"}
    assert list_query(label_filter("imagen_job", "abc"), "p2") == {
        "filter": 'labels.imagen_job="abc"',
        "pageSize": "100",
        "pageToken": "p2",
    }


def test_a_whole_document_is_read() -> None:
    found = job(
        state="JOB_STATE_PARTIALLY_SUCCEEDED",
        displayName="catalog",
        labels={"imagen_job": "abc"},
        createTime="2026-03-02T18:25:04.588422Z",
        outputInfo={"gcsOutputDirectory": "gs://b/out/prediction-model-2026-03-02T18:25:04.588422Z"},
        completionStats={"successfulCount": "2", "failedCount": "1", "incompleteCount": "-1"},
        error={"code": 7, "message": "denied"},
        partialFailures=[{"message": "one"}, {"message": "denied"}],
    )

    assert found.is_ended
    assert found.state == "PARTIALLY_SUCCEEDED"
    assert found.created == datetime(2026, 3, 2, 18, 25, 4, 588422, tzinfo=UTC)
    assert found.output_directory.endswith("588422Z")
    assert found.counts == LineCounts(2, 1, -1)
    assert (found.error, found.error_code) == ("denied; one", 7)
    assert "2 lines answered, 1 refused" in found.in_words()


def test_nothing_but_a_name_is_a_job_that_goes_on() -> None:
    found = job()

    assert (found.state, found.is_ended, found.counts, found.output_directory) == ("", False, None, None)


@pytest.mark.parametrize(
    ("stated", "is_ended"),
    [
        *((f"JOB_STATE_{state}", True) for state in sorted(END_STATES)),
        *((f"JOB_STATE_{state}", False) for state in ("QUEUED", "PENDING", "RUNNING", "CANCELLING", "PAUSED")),
        ("JOB_STATE_UPDATING", False),
        ("JOB_STATE_UNSPECIFIED", False),
        ("JOB_STATE_OF_A_LATER_YEAR", False),
        (4, True),
        (11, True),
        (99, False),
        (None, False),
    ],
)
def test_every_state_is_an_end_or_none(stated: Any, is_ended: bool) -> None:
    assert job(state=stated).is_ended is is_ended


@pytest.mark.parametrize(
    ("stats", "counts"),
    [
        (None, None),
        ({}, LineCounts(0, 0, 0)),
        ({"successfulCount": "4"}, LineCounts(4, 0, 0)),
        ({"successful_count": 4, "failedCount": None, "incompleteCount": "many"}, LineCounts(4, 0, 0)),
    ],
)
def test_counts_are_text_numbers_or_nothing(stats: Any, counts: LineCounts | None) -> None:
    assert job(completionStats=stats).counts == counts


def test_a_list_has_its_jobs_and_its_next_page() -> None:
    page = decode_page(json.dumps({"batchPredictionJobs": [{"name": NAME}], "nextPageToken": "p2"}).encode())

    assert [each.name for each in page.jobs] == [NAME]
    assert page.next_page_token == "p2"
    assert decode_page(b"{}").jobs == ()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"nothing", b'{"error": {"code": 500}}', b'{"batchPredictionJobs": [{}]}']
)
def test_what_is_no_list_is_not_an_empty_one(body: bytes) -> None:
    with pytest.raises(UnexpectedResponseError):
        decode_page(body)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"name": "projects/p/locations/global/models/1"}', b"<html>"])
def test_what_is_no_job_is_refused(body: bytes) -> None:
    with pytest.raises(UnexpectedResponseError):
        decode_job(body)


def test_a_job_is_reached_where_its_name_says() -> None:
    assert (
        endpoints.jobs_url("https://h", "p", "global") == "https://h/v1/projects/p/locations/global/batchPredictionJobs"
    )
    assert endpoints.job_url("https://h", NAME) == f"https://h/v1/{NAME}"
    assert endpoints.job_url("https://h", NAME, "cancel") == f"https://h/v1/{NAME}:cancel"
    assert endpoints.location_of_job(NAME) == "global"


@pytest.mark.parametrize("name", ["", "456", f"{NAME}/../x", f"/{NAME}", NAME.replace("global", "a.evil.com")])
def test_a_name_that_is_none_is_not_turned_into_an_address(name: str) -> None:
    with pytest.raises(ValueError, match="batchPredictionJobs"):
        endpoints.location_of_job(name)
