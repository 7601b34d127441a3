"""What is kept of the jobs of one batch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_imagen.core.batch.job_record import (
    MOST_READ_JOBS,
    JobRecord,
    JobRecords,
    display_name,
    job_folder,
    job_label,
)
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity

TASK = TaskIdentity(dag_id="d", run_id="monday", task_id="t", max_tries=1)
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def record(number: int = 1, **fields: Any) -> JobRecord:
    given = {"label": "abc", "model": "m", "location": "global", "lines": 4, "items": 2, "reserved_usd": 0.2}
    return JobRecord(**{"number": number, "writer": TASK, "intended_at": NOW} | given | fields)


def test_what_is_written_is_read_again() -> None:
    records = JobRecords().with_job(record(1, state="read", name="j")).with_job(record(2))

    assert JobRecords.decode(records.encode()) == records
    assert [job.number for job in records.open_jobs] == [2]
    assert records.next_number == 3


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"jobs": [{}]}', b'{"version": 2}'])
def test_what_cannot_be_read_is_never_an_empty_record(content: bytes) -> None:
    assert JobRecords.decode(content) is None


def test_a_job_replaces_what_was_known_of_it_and_keeps_its_place() -> None:
    records = JobRecords().with_job(record(1)).with_job(record(2)).with_job(record(1, state="submitted", name="j"))

    assert [(job.number, job.state) for job in records.jobs] == [(1, "submitted"), (2, "intended")]
    assert [job.number for job in records.without(1).jobs] == [2]


def test_jobs_that_were_read_long_ago_are_forgotten_and_open_ones_never() -> None:
    records = JobRecords().with_job(record(1))
    for number in range(2, MOST_READ_JOBS + 10):
        records = records.with_job(record(number, state="read"))

    assert len(records.jobs) <= MOST_READ_JOBS + 2
    assert records.jobs[0].number == 1
    assert records.next_number == MOST_READ_JOBS + 10


def test_a_budget_counts_what_open_jobs_may_cost_and_read_ones_did() -> None:
    other_run = TASK.model_copy(update={"run_id": "tuesday"})
    cleared = TASK.model_copy(update={"max_tries": 3})
    records = JobRecords().with_job(record(1, state="read", spent_usd=0.1)).with_job(record(2))
    records = records.with_job(record(3, writer=other_run)).with_job(record(4, writer=cleared))

    assert records.spent_by(TASK) == pytest.approx(0.3)
    assert records.spent_by(TASK.model_copy(update={"try_number": 2, "host": "b"})) == pytest.approx(0.3)
    assert records.spent_by(cleared) == pytest.approx(0.2)


def test_a_job_belongs_to_a_try_on_whatever_machine_it_goes_on() -> None:
    assert record().is_of(TASK.model_copy(update={"host": "elsewhere"}))
    assert not record().is_of(TASK.model_copy(update={"try_number": 2}))
    assert not record().is_of(TASK.model_copy(update={"run_id": "tuesday"}))


def test_the_label_tells_lines_place_model_and_number_apart() -> None:
    labels = {
        job_label(lines, place, model, number)
        for lines in (["a.0", "b.0"], ["b.0", "a.0"], ["a.0b.0"])
        for place in ("gs://b/x/", "gs://b/y/")
        for model in ("m", "n")
        for number in (1, 2)
    }

    assert len(labels) == 24
    assert all(len(label) == 40 and label.isalnum() and label == label.lower() for label in labels)


def test_a_display_name_is_never_too_long() -> None:
    assert display_name("catalogue-1a2b3c", 3, "0123456789abcdef") == "imagen-catalogue-1a2b3c-3-0123456789ab"
    assert len(display_name("x" * 300, 12345, "0" * 40)) == 128
    assert job_folder("b", 3) == "_imagen/jobs/b-3/"
