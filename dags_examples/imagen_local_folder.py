"""Images into a folder on the worker's disk, and a larger version of the one that was made."""

from __future__ import annotations

import pendulum
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator

with DAG(
    "imagen_local_folder",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    params={"folder": "/tmp/imagen", "subject": "a paper boat on a puddle"},  # noqa: S108
) as dag:
    picture = ImagenGenerateOperator(
        task_id="picture",
        prompt="{{ params.subject }}, watercolour",
        aspect_ratio="4:3",
        output_mime_type="image/jpeg",
        compression_quality=85,
        output_uri="{{ params.folder }}/small",
    )
    ImagenUpscaleOperator(
        task_id="large",
        image=picture.output,
        upscale_factor="x2",
        output_uri="{{ params.folder }}/large",
    )
