"""``jobs``: batch prediction jobs at the console, as real command lines on the emulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_imagen.client.batch_jobs import NewJob
from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.connection import read_settings

MODEL = "gemini-3.1-flash-image"
JobsCommand = Callable[..., Any]


@pytest.fixture
def jobs(run: Any, command: tuple[str, ...], emulator: Any) -> JobsCommand:
    connection = json.dumps({"conn_type": "imagen", "extra": emulator.connection["extra"]})

    def call(*arguments: str) -> Any:
        return run(*command, "jobs", *arguments, AIRFLOW_CONN_IMAGEN_DEFAULT=connection)

    return call


@pytest.fixture
def client(emulator: Any) -> ImagenClient:
    return ImagenClient(read_settings("test", emulator.connection["extra"]))


@pytest.fixture
def name(client: ImagenClient, emulator: Any) -> str:
    """A job of a task with two requests, one of which has no image."""
    lines = [
        {"key": f"r{n}-0123456{n}", "request": {"contents": [{"role": "user", "parts": [{"text": f"boat {n}"}]}]}}
        for n in (1, 2)
    ]
    folder = "made/_imagen/jobs/catalogue-1/"
    requests = "\n".join(json.dumps(line) for line in lines).encode()
    emulator.put_object("bucket", f"{folder}requests.jsonl", requests, "application/jsonl")
    emulator.put_object("bucket", f"{folder}lines.jsonl", b'["sku-1", "f1", 0]\n["sku-2", "f2", 0]\n', "text/plain")
    place = f"gs://bucket/{folder}"
    new = NewJob(MODEL, "global", f"{place}requests.jsonl", f"{place}output/", "catalogue", {"imagen_job": "abc"})
    return client.batch_jobs.create(new).name


def test_the_jobs_of_tasks_are_listed_and_one_is_shown(jobs: JobsCommand, name: str) -> None:
    listed = jobs("list")
    shown = jobs("show", name, "--format", "json")

    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.splitlines()[0] == name
    assert all(len(line) <= 80 for line in listed.stdout.splitlines()[1:])
    (job,) = json.loads(shown.stdout)
    assert (job["name"], job["display_name"], job["labels"]) == (name, "catalogue", {"imagen_job": "abc"})


def test_a_job_is_cancelled(jobs: JobsCommand, name: str, client: ImagenClient) -> None:
    done = jobs("cancel", name)

    assert done.returncode == 0, done.stderr
    assert "is being cancelled" in done.stdout
    assert client.batch_jobs.get(name).state in {"CANCELLING", "CANCELLED"}


def test_the_images_of_a_job_are_collected_under_the_keys_of_their_items(
    jobs: JobsCommand, name: str, client: ImagenClient, tmp_path: Path
) -> None:
    while not client.batch_jobs.get(name).is_ended:
        pass
    done = jobs("collect", name, "--to", str(tmp_path))

    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == [str(tmp_path / f"sku-{n}.jpg") for n in (1, 2)]
    assert all((tmp_path / f"sku-{n}.jpg").stat().st_size for n in (1, 2))


def test_a_job_without_name_and_one_that_is_unknown_are_told(jobs: JobsCommand, emulator: Any) -> None:
    missing = jobs("show")
    unknown = jobs("show", "projects/p/locations/global/batchPredictionJobs/9")

    assert (missing.returncode, unknown.returncode) == (2, 1)
    assert "'jobs list' shows names" in missing.stderr
    assert "JobNotFoundError" in unknown.stderr
