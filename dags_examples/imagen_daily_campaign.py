"""Every day: two posters for each product, wait until all are stored, then enlarge each one.

The products are the lines of ``campaign_products.csv`` beside this file.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pendulum
from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator
from airflow_provider_imagen.sensors.imagen import ImagenOutputSensor

# Not {{ ds }}: a run of Airflow 3 that somebody starts by hand may have no logical date, and then no ds.
DAY = "{{ (dag_run.logical_date or dag_run.run_after) | ds }}"
FOLDER = "gs://{{ params.bucket }}/campaign/" + DAY + "/{{ dag_run.run_id | replace(':', '-') }}"

with DAG(
    "imagen_daily_campaign",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    params={"bucket": "my-bucket", "model": "gemini-nano-banana-2.1"},
) as dag:

    @task
    def products() -> list[dict[str, str]]:
        """Return the arguments of one generate task for each product."""
        with Path(__file__).with_name("campaign_products.csv").open(newline="", encoding="utf-8") as file:
            return [
                {
                    "prompt": f"Advertising photo for {row['product']}: {row['scene']}, soft light, no text",
                    "aspect_ratio": row["aspect_ratio"],
                }
                for row in csv.DictReader(file)
            ]

    posters = ImagenGenerateOperator.partial(
        task_id="posters",
        model="{{ params.model }}",
        number_of_images=2,
        output_uri=FOLDER + "/posters/",
    ).expand_kwargs(products())

    @task
    def made(uris_of_each_product: list[list[str]]) -> list[str]:
        """Return the images of all products as one list; those that Google filtered are not in it."""
        return [uri for uris in uris_of_each_product for uri in uris]

    images = made(posters.output)  # type: ignore[arg-type]  # Airflow hands over the value, not the reference

    ready = ImagenOutputSensor(
        task_id="ready",
        output_uri=FOLDER + "/posters/",
        min_images="{{ ti.xcom_pull(task_ids='made') | length }}",
        poke_interval=10,
        timeout=600,
        deferrable=True,
    )

    large = ImagenUpscaleOperator.partial(
        task_id="large",
        model="imagen-4.0-upscale-preview",
        upscale_factor="x2",
        output_uri=FOLDER + "/large/",
    ).expand(image=images)

    images >> ready >> large
