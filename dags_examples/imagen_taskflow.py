"""Prompts written in Python: one poster for each product of the day."""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.providers.common.compat.sdk import DAG, task

FOLDER = "gs://{{ params.bucket }}/taskflow/{{ run_id }}/"

with DAG(
    "imagen_taskflow",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    params={"bucket": "my-bucket"},
) as dag:

    @task
    def products() -> list[str]:
        """Return what is sold today; a real DAG asks its shop."""
        return ["a red bicycle", "a blue teapot"]

    @task.imagen(output_uri=FOLDER, aspect_ratio="16:9")
    def poster(product: str, dag_run: Any) -> str:
        """Return the prompt; the task returns the URIs of the images."""
        # A run of Airflow 3 that somebody starts by hand may have no logical date.
        day = dag_run.logical_date or dag_run.run_after
        return f"A poster for {product}, {day:%d %B}"

    @task.imagen(output_uri=FOLDER)
    def stamp(names: list[str]) -> dict[str, Any]:
        """Return the prompt and what else only the run knows: any argument of ImagenGenerateOperator."""
        return {"prompt": f"A stamp that shows {' and '.join(names)}", "number_of_images": len(names)}

    todays = products()
    poster.expand(product=todays)
    stamp(todays)  # type: ignore[arg-type]  # Airflow hands over the value, not the reference
