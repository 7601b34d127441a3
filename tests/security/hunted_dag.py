"""The DAG of the secret hunt: what works, and what fails in every way that could show a secret."""

from __future__ import annotations

import itertools
import logging
import os

import pendulum
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator
from airflow_provider_imagen.sensors.imagen import ImagenOutputSensor

LOCAL = os.environ["HUNTED_FOLDER"]
OUT = "gs://bucket/hunted/"


def generate(task_id: str, **arguments: object) -> ImagenGenerateOperator:
    defaults = {"model": "imagen-3.0-generate-002", "prompt": os.environ["HUNTED_PROMPT"], "output_uri": OUT}
    return ImagenGenerateOperator(task_id=task_id, trigger_rule="all_done", **{**defaults, **arguments})


with DAG("hunted", schedule=None, start_date=pendulum.datetime(2026, 1, 1)) as dag:
    tasks = [
        generate("made"),
        ImagenOutputSensor(task_id="ready", output_uri=OUT, poke_interval=1, timeout=300, trigger_rule="all_done"),
        ImagenOutputSensor(
            task_id="deferred", output_uri=OUT, deferrable=True, poke_interval=1, timeout=300, trigger_rule="all_done"
        ),
        ImagenUpscaleOperator(
            task_id="large",
            model="imagen-4.0-upscale-preview",
            image="{{ ti.xcom_pull(task_ids='made')[0] }}",
            upscale_factor="x2",
            output_uri=LOCAL,
            trigger_rule="all_done",
        ),
        generate("unauthorised"),
        generate("forbidden"),
        generate("lost", output_uri=LOCAL),
        generate("gemini", model="gemini-2.5-flash-image", number_of_images=2),
        generate("federated", imagen_conn_id="federated"),
        generate("broken_key", imagen_conn_id="broken_key"),
        generate("odd_extra", imagen_conn_id="odd_extra"),
    ]
    for before, after in itertools.pairwise(tasks):
        before >> after

if __name__ == "__main__":
    for name in ("", "urllib3", "google.auth", "google", "requests"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.basicConfig(level=logging.DEBUG)
    dag.test()
