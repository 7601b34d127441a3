"""Every night: a picture for each product of a catalogue in one task, then the next step for all pictures, in chunks.

The products are the rows of ``catalogue.csv`` beside this file. Only what is new or changed there is asked for.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pendulum
from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_imagen.operators.batch import ImagenBatchOperator, read_manifest

CHUNK = 100
"""Pictures that one task of the next step takes. Airflow maps over at most 1,024 values."""

with DAG(
    "imagen_catalogue",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    params={"bucket": "my-bucket", "model": "gemini-nano-banana-2.1"},
) as dag:
    pictures = ImagenBatchOperator(
        task_id="pictures",
        items=str(Path(__file__).with_name("catalogue.csv")),
        prompt="Studio photo of {name}, {colour}, on a plain light background, no text",
        model="{{ params.model }}",
        # The same folder every night: what is there and unchanged is not asked for again.
        output_uri="gs://{{ params.bucket }}/catalogue/",
        max_cost_usd=5,
        max_failed_items="10%",
    )

    @task
    def chunks(manifest: str) -> list[int]:
        """Return where each chunk of the manifest begins: a short list for a catalogue of any size."""
        lines = sum(1 for _ in read_manifest(manifest))
        return list(range(0, lines, CHUNK))

    @task
    def publish(manifest: str, begin: int) -> dict[str, str]:
        """Return the picture of each product of a chunk; a real DAG hands them to its shop."""
        lines = islice(read_manifest(manifest), begin, begin + CHUNK)
        return {line["key"]: line["uris"][0] for line in lines if line["uris"]}

    manifest = pictures.output
    publish.partial(manifest=manifest).expand(begin=chunks(manifest))
