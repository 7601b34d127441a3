"""Our client creates, lists, looks at, cancels and deletes batch jobs with the requests of Google's own SDK.

Evened out are the API version in the path (the SDK says v1beta1, we say v1), the number of the job, how a job is named
(the SDK by its own project, we by the name that Google gave), and the body of a cancellation and of a deletion, which
has no field: nothing or an empty object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import pytest

from airflow_provider_imagen.client.batch_jobs import NewJob
from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.protocols.batch_job import label_filter

LINE = {"request": {"contents": [{"role": "user", "parts": [{"text": "a red boat"}]}]}}
NEW = NewJob(
    model="gemini-3.1-flash-image",
    location="global",
    input_uri="gs://bucket/in/requests.jsonl",
    output_prefix="gs://bucket/out",
    display_name="catalogue",
    labels={"imagen_job": "abc"},
)
JOBS = "/projects/emulator-project/locations/global/batchPredictionJobs"
CALLS = {"create": 0, "list": 1, "get": 2, "cancel": 3, "delete": -1}


@dataclass(frozen=True)
class Sent:
    """One request, as far as it is compared."""

    method: str
    path: str
    query: dict[str, str]
    body: Any

    @classmethod
    def of(cls, call: Any) -> Sent:
        path = re.sub(r"/projects/\d+/", "/projects/emulator-project/", call.path)
        path = re.sub(r"^/v1(beta1)?", "", re.sub(r"/\d{9,}", "/7", path))
        return cls(call.method, path, dict(parse_qsl(call.query)), json.loads(call.body or b"{}"))


@pytest.fixture(scope="module")
def by_sdk(running_emulator: Any, run_client: Callable[..., Any]) -> list[Sent]:
    running_emulator.reset()
    running_emulator.put_object("bucket", NEW.input_uri.removeprefix("gs://bucket/"), json.dumps(LINE).encode(), "x/y")
    order = {"endpoint": running_emulator.endpoint, "calls": ["one of each"]}
    assert run_client("sdk", "batches_sdk.py", order) == [{"result": None}]
    sent = [Sent.of(call) for call in running_emulator.requests]
    running_emulator.reset()
    return sent


@pytest.fixture(scope="module")
def by_us(by_sdk: list[Sent], running_emulator: Any) -> list[Sent]:
    url = running_emulator.endpoint
    settings = ConnectionSettings(project="emulator-project", endpoint=url, storage_endpoint=url)
    jobs = ImagenClient(settings).batch_jobs
    job = jobs.create(NEW)
    jobs.list("global", label_filter("imagen_job", "abc"))
    jobs.get(job.name)
    assert jobs.cancel(job.name)
    while not jobs.get(job.name).is_ended:
        pass
    assert jobs.delete(job.name)
    sent = [Sent.of(call) for call in running_emulator.requests]
    running_emulator.reset()
    return sent


@pytest.mark.parametrize("name", CALLS)
def test_each_call_is_the_request_of_the_sdk(name: str, by_us: list[Sent], by_sdk: list[Sent]) -> None:
    assert by_us[CALLS[name]] == by_sdk[CALLS[name]]


def test_what_is_compared_is_everything_that_a_job_is_created_with(by_sdk: list[Sent]) -> None:
    created = by_sdk[CALLS["create"]]

    assert (created.method, created.path, created.query) == ("POST", JOBS, {})
    assert created.body == {
        "displayName": "catalogue",
        "model": "publishers/google/models/gemini-3.1-flash-image",
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["gs://bucket/in/requests.jsonl"]}},
        "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": "gs://bucket/out"}},
        "labels": {"imagen_job": "abc"},
    }
    assert [(each.method, each.path) for each in (by_sdk[3], by_sdk[-1])] == [
        ("POST", f"{JOBS}/7:cancel"),
        ("DELETE", f"{JOBS}/7"),
    ]
