"""The same with Airflow 3's own worker process, supervisor, retry and task state store, in a few moments."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow import __version__ as airflow_version
from kills.aftermath import half_files, images_in
from kills.kill_points import CASES, AtGoogle, Case
from kills.killing import Nursery, Scene

pytestmark = pytest.mark.skipif(
    airflow_version.startswith(("2.", "3.0.")),
    reason="Airflow 2 has no supervisor, and 3.0 has another scheduler beside it; test_killed_workers has both signals",
)
DAG = """
from datetime import timedelta
import pendulum
from airflow.providers.common.compat.sdk import DAG
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

with DAG("killed", schedule=None, start_date=pendulum.datetime(2026, 1, 1)) as dag:
    ImagenGenerateOperator(
        task_id="posters", prompt="a red boat", number_of_images=3, output_mime_type="image/jpeg", retries=1,
        retry_delay=timedelta(0), model="{{ dag_run.conf['model'] }}", output_uri="{{ dag_run.conf['output_uri'] }}",
        if_exists="{{ dag_run.conf['if_exists'] }}",
    )
"""
CASE = {case.name: case for case in CASES}
KILLS = [
    (CASE["imagen to disk"], AtGoogle("ask", 1, "half answered"), 2),
    (CASE["imagen to gs"], AtGoogle("ask", 1, "done"), 1),
    (CASE["imagen to gs"], AtGoogle("record upload", 2, "done"), 1),
    (CASE["gemini to disk"], AtGoogle("ask", 3, "done"), 6),
    (CASE["gemini to gs"], AtGoogle("image upload", 2, "done"), 4),
]


@pytest.fixture(scope="session")
def airflow_nursery(airflow_database: None) -> Iterator[Nursery]:
    with Nursery("airflow_nursery.py") as running:
        yield running


@pytest.fixture(scope="session")
def dag_file() -> Path:
    path = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]) / "killed.py"
    path.write_text(DAG, encoding="utf-8")
    return path


@pytest.mark.parametrize(("case", "moment", "requests"), KILLS, ids=[f"{case}-{moment}" for case, moment, _ in KILLS])
def test_airflow_repeats_a_killed_task_and_nothing_stored_is_paid_twice(
    scene: Scene, airflow_nursery: Nursery, dag_file: Path, case: Case, moment: AtGoogle, requests: int
) -> None:
    ended = scene.run_in_airflow(airflow_nursery, dag_file, case, moment, signal.SIGKILL)

    assert ended.report.get("state") == "success", ended.log
    assert ended.report["tries"] == 2
    # A Gemini image is stored as soon as it is there, so how many were stored in time differs.
    assert case.asks <= len(ended.asked) <= requests if case.name.startswith("gemini") else len(ended.asked) == requests
    visible = scene.visible(case)
    assert half_files(visible, case, scene.gatekeeper.made) == []
    assert sorted(ended.report["uris"]) == sorted(images_in(visible))
    assert len(ended.report["uris"]) == case.images


def test_a_task_that_airflow_3_asks_to_end_stores_what_was_paid_for_and_its_retry_returns_it(
    scene: Scene, airflow_nursery: Nursery, dag_file: Path
) -> None:
    case = CASE["imagen to disk"]

    ended = scene.run_in_airflow(airflow_nursery, dag_file, case, AtGoogle("ask", 1, "arrived"), signal.SIGTERM)

    assert (ended.report.get("state"), ended.report.get("tries")) == ("success", 2), ended.log
    assert len(ended.asked) == 1
    assert sorted(ended.report["uris"]) == sorted(images_in(scene.visible(case)))
