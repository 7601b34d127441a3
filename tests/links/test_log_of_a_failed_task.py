"""What Airflow logs when it makes the links of a task that failed before any request."""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # Airflow's own runner warns about Airflow's own dependencies
DAG = """
import pendulum
from airflow.providers.common.compat.sdk import DAG
from airflow_provider_imagen.decorators.batch import imagen_batch_task
from airflow_provider_imagen.decorators.imagen import imagen_task
from airflow_provider_imagen.operators.batch import ImagenBatchOperator
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator
from airflow_provider_imagen.sensors.imagen import ImagenOutputSensor

WRONG = {"output_uri": "gs://bucket/made/", "on_lost": "maybe"}
LATE = {"output_uri": "gs://{{ nothing.at_all }}/"}

with DAG("refused", schedule=None, start_date=pendulum.datetime(2026, 1, 1)) as dag:
    ImagenGenerateOperator(task_id="generate", prompt="a red boat", **WRONG)
    ImagenUpscaleOperator(task_id="upscale", image="gs://bucket/a.png", upscale_factor="x2", **WRONG)
    ImagenBatchOperator(task_id="batch", items=["a red boat"], **WRONG)
    ImagenBatchOperator(task_id="job", items=["a red boat"], mode="batch", **WRONG)
    ImagenOutputSensor(task_id="sensor", output_uri="gs://bucket/made/", min_images=-1)
    ImagenGenerateOperator.partial(task_id="mapped", **WRONG).expand(prompt=["a red boat"])
    ImagenGenerateOperator.partial(task_id="unrendered", **LATE).expand(prompt=["a red boat"])
    ImagenBatchOperator.partial(task_id="unrendered_batch", **LATE).expand(items=[["a red boat"]])
    imagen_task(lambda: "a red boat", task_id="decorated", **WRONG)()
    imagen_batch_task(lambda: ["a red boat"], task_id="decorated_batch", **WRONG)()
"""


@pytest.fixture
def dag(airflow_database: None, set_connection: Callable[..., None], emulator: Any) -> Iterator[Any]:
    set_connection(**emulator.connection["extra"])
    path = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]) / "refused.py"
    path.write_text(DAG, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("refused", path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    log = logging.getLogger("airflow.task")  # Airflow 2 adds a handler that writes to the standard error of this test
    handlers = list(log.handlers)
    yield module.dag
    log.handlers = handlers
    path.unlink()


def test_no_link_of_a_failed_task_asks_for_an_xcom(
    dag: Any, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    done = dag.test()

    logged = "".join(capfd.readouterr()) + caplog.text
    assert {str(each.state) for each in done.get_task_instances()} == {"failed"}
    assert len(done.get_task_instances()) == 10
    assert "maybe" in logged
    assert "XCom not found" not in logged
    assert "could not be made" not in logged
