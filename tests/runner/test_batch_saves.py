"""A manifest that cannot be written for a moment ends no batch: requests are under way, and paid."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.batch.items import items_in_list
from airflow_provider_imagen.core.batch.plan import BatchArguments, ItemPlanner
from airflow_provider_imagen.core.batch.settings import BatchSettings
from airflow_provider_imagen.core.batch.state import batch_folder, batch_name
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity
from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.runner.batch_pictures import BatchPictures
from airflow_provider_imagen.runner.batch_run import BatchRun
from airflow_provider_imagen.runner.batch_task import Batch
from airflow_provider_imagen.runner.sending import StopSwitch
from airflow_provider_imagen.runner.task_run import RunContext

TASK = TaskIdentity(dag_id="d", run_id="monday", task_id="t")
FOLDER = batch_folder(batch_name(TASK))


class Listener:
    """Acts when the n-th request is sent."""

    def __init__(self, **acts: Callable[[], object]) -> None:
        self._acts = acts
        self._numbers = count(1)

    def sending(self, *_: Any) -> None:
        self._acts.get(f"at_{next(self._numbers)}", lambda: None)()

    def sent(self, *_: Any) -> None: ...

    def found(self, *_: Any) -> None: ...


def batch_to(place: str, emulator: Any, listener: Listener) -> BatchRun:
    """Return a batch whose clock says at each look that more than a minute is over."""
    settings = ConnectionSettings(**{**emulator.connection["extra"], "project": "p"})
    client = ImagenClient(settings, sleep=lambda seconds: None)
    pictures = BatchPictures(client.storage, open)
    arguments = BatchArguments({"output_uri": place, "if_exists": "reuse"})
    preferences = ModelPreferences("gemini-3.1-flash-image")
    planner = ItemPlanner(arguments, preferences, catalogue(), date(2026, 11, 25), pictures.identify)
    rows = items_in_list([f"a boat, number {number}" for number in range(8)])
    clock = count(0.0, 100.0)
    return BatchRun(
        Batch(rows, planner, pictures, BatchSettings(max_concurrency=1)),
        RunContext(TASK, client, open, listener, StopSwitch(), None, {}),
        lambda document: None,
        clock=lambda: next(clock),
    )


def test_a_disk_that_refuses_the_manifest_for_a_moment(emulator: Any, tmp_path: Path) -> None:
    manifest = tmp_path / FOLDER / "manifest.jsonl"

    def refuse() -> None:  # a folder of that name
        manifest.mkdir(parents=True)

    outcome = batch_to(str(tmp_path), emulator, Listener(at_1=refuse, at_6=manifest.rmdir)).run()

    assert outcome.counts.by_status["made"] == 8
    assert emulator.accepted == 8


def test_a_bucket_that_refuses_the_renewal_of_the_lease_for_a_moment(emulator: Any) -> None:
    def refuse() -> None:  # what is there already: lease, state and manifest
        emulator.order_fault(Fault("upload", bucket_state="temporary_hold"))

    outcome = batch_to("gs://bucket/made/", emulator, Listener(at_2=refuse)).run()

    assert outcome.counts.by_status["made"] == 8
