"""The deferred wait for batch prediction jobs: one event, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from airflow_provider_imagen.client.batch_jobs import NewJob
from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.connection import read_settings
from airflow_provider_imagen.emulator import Fault, JobOrder
from airflow_provider_imagen.triggers.batch_job import ImagenJobTrigger

LINE = b'{"key": "r1", "request": {"contents": [{"role": "user", "parts": [{"text": "a boat"}]}]}}'


@pytest.fixture
def client(emulator: Any, set_connection: Any) -> ImagenClient:
    set_connection(**emulator.connection["extra"])
    emulator.put_object("bucket", "in/requests.jsonl", LINE, "application/jsonl")
    return ImagenClient(read_settings("test", emulator.connection["extra"]))


def created(client: ImagenClient) -> str:
    new = NewJob("gemini-3.1-flash-image", "global", "gs://bucket/in/requests.jsonl", "gs://bucket/out", "t", {})
    return client.batch_jobs.create(new).name


def trigger(*names: str, seconds: float = 600, **arguments: Any) -> ImagenJobTrigger:
    given = {"place": "gs://bucket/made/", "poll_interval": 0.01, "imagen_conn_id": "imagen_default"}
    return ImagenJobTrigger(jobs=names, deadline=time.time() + seconds, **given | arguments)


def event_of(waiting: ImagenJobTrigger) -> dict[str, Any]:
    async def events() -> list[Any]:
        return [event.payload async for event in waiting.run()]

    (event,) = asyncio.run(events())
    return dict(json.loads(json.dumps(event)))


def test_it_reports_once_when_every_job_has_ended(client: ImagenClient) -> None:
    event = event_of(trigger(created(client), created(client)))

    assert event["status"] == "done"
    assert event["message"].count("SUCCEEDED") == 2


@pytest.mark.parametrize("state", ["PARTIALLY_SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"])
def test_every_end_is_an_end(client: ImagenClient, emulator: Any, state: str) -> None:
    emulator.order_job(JobOrder(end_state=f"JOB_STATE_{state}"))

    event = event_of(trigger(created(client)))

    assert event["status"] == "done"
    assert state in event["message"]


@pytest.mark.parametrize(
    "fault",
    [Fault("get_job", status=503, times=5), Fault("get_job", reset=True, times=3), Fault("get_job", status=500)],
)
def test_looks_that_fail_for_a_passing_reason_count_for_nothing(
    client: ImagenClient, emulator: Any, fault: Fault
) -> None:
    name = created(client)
    emulator.order_fault(fault)

    assert event_of(trigger(name))["status"] == "done"


def test_a_refusal_for_good_ends_the_wait(client: ImagenClient, emulator: Any) -> None:
    name = created(client)
    emulator.order_fault(Fault("get_job", status=403, times=None))

    event = event_of(trigger(name))

    assert event["status"] == "failed"
    assert "aiplatform.batchPredictionJobs.get" in event["message"]


def test_it_ends_by_itself_at_its_deadline(client: ImagenClient, emulator: Any) -> None:
    emulator.order_job(JobOrder(pending_seconds=9999))

    event = event_of(trigger(created(client), seconds=0.05))

    assert event["status"] == "timeout"
    assert event["deadline"] < time.time() + 600


def test_another_triggerer_makes_the_same_wait_of_what_is_stored(client: ImagenClient) -> None:
    path, arguments = trigger(created(client), cancel_on_kill=True).serialize()

    assert path == "airflow_provider_imagen.triggers.batch_job.ImagenJobTrigger"
    again = ImagenJobTrigger(**json.loads(json.dumps(arguments)))
    assert again.serialize() == (path, arguments)
    assert event_of(again)["status"] == "done"


@pytest.mark.parametrize(("cancels", "state"), [(True, {"CANCELLING", "CANCELLED"}), (False, {"PENDING"})])
def test_a_task_that_a_user_stops_takes_its_jobs_along_if_it_wants_that(
    client: ImagenClient, emulator: Any, cancels: bool, state: set[str]
) -> None:
    emulator.order_job(JobOrder(pending_seconds=9999, running_seconds=9999))
    name = created(client)

    asyncio.run(trigger(name, cancel_on_kill=cancels).on_kill())

    assert client.batch_jobs.get(name).state in state
