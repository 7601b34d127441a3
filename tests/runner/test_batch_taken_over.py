"""A run of a batch that another run has taken over stops, and leaves the files to that run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import count
from typing import Any

import pytest

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.batch.items import items_in_list
from airflow_provider_imagen.core.batch.plan import BatchArguments, ItemPlanner
from airflow_provider_imagen.core.batch.settings import BatchSettings
from airflow_provider_imagen.core.batch.state import batch_folder, batch_name
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity
from airflow_provider_imagen.errors import KeyInUseError
from airflow_provider_imagen.runner.batch_pictures import BatchPictures
from airflow_provider_imagen.runner.batch_run import BatchRun
from airflow_provider_imagen.runner.batch_task import Batch
from airflow_provider_imagen.runner.sending import StopSwitch
from airflow_provider_imagen.runner.task_run import RunContext

MONDAY = TaskIdentity(dag_id="d", run_id="monday", task_id="t")
OF_TUESDAY = b"written by the run of tuesday"
FILES = ("lease.json", "state.json", "manifest.jsonl")


class Listener:
    """Acts when a request is sent."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act

    def sending(self, *_: Any) -> None:
        self._act()

    def sent(self, *_: Any) -> None: ...

    def found(self, *_: Any) -> None: ...


def test_a_run_that_was_taken_over_stops_and_writes_over_nothing(emulator: Any) -> None:
    folder = f"made/{batch_folder(batch_name(MONDAY))}"

    def taken_over() -> None:
        for name in FILES:
            emulator.put_object("bucket", f"{folder}{name}", OF_TUESDAY, "application/json")

    settings = ConnectionSettings(**{**emulator.connection["extra"], "project": "p"})
    client = ImagenClient(settings, sleep=lambda seconds: None)
    pictures = BatchPictures(client.storage, open)
    arguments = BatchArguments({"output_uri": "gs://bucket/made/", "if_exists": "reuse"})
    preferences = ModelPreferences("gemini-3.1-flash-image")
    planner = ItemPlanner(arguments, preferences, catalogue(), date(2026, 11, 25), pictures.identify)
    rows = items_in_list([f"a boat, number {number}" for number in range(8)])
    clock = count(0.0, 100.0)  # each look at it is more than a minute later
    run = BatchRun(
        Batch(rows, planner, pictures, BatchSettings(max_concurrency=1)),
        RunContext(MONDAY, client, open, Listener(taken_over), StopSwitch(), None, {}),
        lambda document: None,
        clock=lambda: next(clock),
    )

    with pytest.raises(KeyInUseError, match="has taken the batch over"):
        run.run()

    assert [emulator.read_object("bucket", f"{folder}{name}") for name in FILES] == [OF_TUESDAY] * 3
