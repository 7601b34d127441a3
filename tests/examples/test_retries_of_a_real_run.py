"""A worker that died before it returned, with Airflow's own retry and XCom clearing."""

from __future__ import annotations

import importlib.util
import os
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # as in test_example_dags
DAG = """
    from datetime import timedelta
    import pendulum
    from airflow.providers.common.compat.sdk import DAG, AirflowException
    from airflow_provider_imagen.operators import report
    from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

    class DiesOnce(ImagenGenerateOperator):
        def execute(self, context):
            uris = super().execute(context)
            if context["ti"].try_number == 1:
                raise AirflowException("as if the worker had died before its XCom")
            return uris

    class DiesEarlierOnce(ImagenGenerateOperator):
        def execute(self, context):
            from unittest import mock

            dying = AirflowException("as if the worker had died") if context["ti"].try_number == 1 else None
            real = report._push
            with mock.patch.object(report, "_push", autospec=True, side_effect=dying or real):
                return super().execute(context)

    with DAG({dag_id!r}, schedule=None, start_date=pendulum.datetime(2026, 1, 1)) as dag:
        {kind}(
            task_id="posters", prompt="a red boat", model="imagen-4.0-generate-001", output_uri="gs://bucket/retried/",
            if_exists={if_exists!r}, retries=1, retry_delay=timedelta(0),
        )
"""


@pytest.fixture(autouse=True)
def emulated(set_connection: Callable[..., None], emulator: Any, airflow_database: None) -> None:
    set_connection(**emulator.connection["extra"])


def run(dag_id: str, if_exists: str, kind: str = "DiesOnce") -> Any:
    path = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]) / f"{dag_id}.py"
    path.write_text(textwrap.dedent(DAG).format(dag_id=dag_id, if_exists=if_exists, kind=kind))
    spec = importlib.util.spec_from_file_location(dag_id, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.dag.test()


def questions(emulator: Any) -> int:
    return len([request for request in emulator.requests if request.path.endswith(":predict")])


def test_with_reuse_a_retry_returns_what_was_paid_for(emulator: Any) -> None:
    done = run("retry_reuse", "reuse")

    assert str(done.state) == "success"
    assert questions(emulator) == 1


def test_without_it_a_retry_makes_new_images(emulator: Any) -> None:
    done = run("retry_generate", "generate")

    assert str(done.state) == "success"
    assert questions(emulator) == 2


def test_a_worker_that_dies_between_response_and_return_is_bridged(emulator: Any) -> None:
    done = run("retry_bridged", "generate", "DiesEarlierOnce")

    assert str(done.state) == "success"
    assert questions(emulator) == 1
