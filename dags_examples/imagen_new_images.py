"""New images start a second DAG, which receives their URIs."""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.providers.common.compat.sdk import DAG, Asset, task

from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

POSTERS = Asset("imagen://posters")
START = pendulum.datetime(2026, 1, 1)
# Not {{ ds }}: a run of Airflow 3 that somebody starts by hand may have no logical date, and then no ds.
DAY = "{{ (dag_run.logical_date or dag_run.run_after) | ds }}"

with DAG(
    "imagen_new_images", schedule="@daily", start_date=START, catchup=False, params={"folder": "gs://my-bucket/new"}
) as dag:
    ImagenGenerateOperator(
        task_id="posters",
        prompt=f"A poster of the day, {DAY}",
        number_of_images=2,
        output_uri="{{ params.folder }}/" + DAY + "/",
        outlets=[POSTERS],
    )

with DAG("imagen_new_images_received", schedule=[POSTERS], start_date=START, catchup=False) as received:

    @task
    def new_images(**context: Any) -> list[str]:
        """Return the images of every event that started this run; a run or an event made by hand brings none."""
        names = ("triggering_asset_events", "triggering_dataset_events")  # the second one is Airflow 2's
        started_by = next(context[name] for name in names if name in context)
        return [uri for events in started_by.values() for event in events for uri in event.extra.get("uris", [])]

    @task
    def publish(uri: str) -> str:
        """Do something with one image; a real DAG sends it to the shop."""
        return uri

    publish.expand(uri=new_images())
