"""Makes the images of a table of products as a batch prediction job of Google, at half price, within hours.

The task is deferred while the job runs; a retry, a clear or another run asks only for what is missing or changed.
"""

from __future__ import annotations

import pendulum
from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_imagen.operators.batch import ImagenBatchOperator, read_manifest

PRODUCTS = [
    {"key": "bicycle", "name": "a red bicycle"},
    {"key": "teapot", "name": "a blue teapot"},
    {"key": "lamp", "name": "a brass lamp"},
]
"""The products; a real DAG names the ``gs://`` URI of a ``.csv`` or ``.jsonl`` file with thousands."""

with DAG(
    "imagen_batch_job",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    params={"bucket": "my-bucket", "model": "gemini-3.1-flash-image"},
) as dag:
    catalogue = ImagenBatchOperator(
        task_id="catalogue",
        items=PRODUCTS,
        prompt="Studio photo of {name} on a white table, soft light",
        output_uri="gs://{{ params.bucket }}/batch-job/",
        model="{{ params.model }}",
        mode="batch",
        max_cost_usd=5,
        max_failed_items="10%",
    )

    @task
    def failures(manifest: str) -> list[str]:
        """Return what the products without an image say, for the people who keep the catalogue."""
        lines = [line for line in read_manifest(manifest) if not line["uris"]]
        return [f"{line['key']}: {line['reason']}" for line in lines]

    failures(catalogue.output)
