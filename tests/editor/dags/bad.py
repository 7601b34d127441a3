"""A DAG that is wrong in each line with a comment. A checker reads no types of a call in which a name is wrong."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import DAG

from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.operators.batch import ImagenBatchOperator
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator
from airflow_provider_imagen.sensors.imagen import ImagenOutputSensor

with DAG("bad", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    ImagenGenerateOperator(task_id="no_prompt", output_uri="gs://b/a/")  # mistake
    ImagenGenerateOperator(task_id="no_place", prompt="a boat")  # mistake
    ImagenGenerateOperator(prompt="a boat", output_uri="gs://bucket/a/")  # mistake: no task_id
    ImagenGenerateOperator("a", "gs://bucket/a/")  # mistake: no names
    ImagenGenerateOperator(
        task_id="types",
        prompt=3,  # mistake
        output_uri=None,  # mistake
        number_of_images=[4],  # mistake
        aspect_ratio=1.5,  # mistake
        seed={"a": 1},  # mistake
        enhance_prompt=object(),  # mistake
        reference_images=7,  # mistake
        labels=["team"],  # mistake
        on_filtered="ignore",  # mistake
        on_lost="retry",  # mistake
        if_exists="overwrite",  # mistake
        retries="three",  # mistake
    )
    ImagenGenerateOperator(
        task_id="names",
        prompt="a boat",
        output_uri="gs://bucket/a/",
        image="gs://bucket/i.png",  # mistake
        sample_count=2,  # mistake
        gcs_uri="gs://bucket/a/",  # mistake
        number_of_image=2,  # mistake
    )
    ImagenUpscaleOperator(
        task_id="upscale",
        image=b"bytes",  # mistake
        output_uri="gs://bucket/a/",
        upscale_factor=2,  # mistake
    )
    ImagenUpscaleOperator(
        task_id="upscale_names",
        image="gs://bucket/i.png",
        output_uri="gs://bucket/a/",
        upscale_factor="x2",
        prompt="a boat",  # mistake
    )
    ImagenUpscaleOperator(task_id="no_factor", image="gs://bucket/i.png", output_uri="gs://bucket/a/")  # mistake
    ImagenOutputSensor(
        task_id="wait",
        output_uri="gs://bucket/a/",
        min_images=None,  # mistake
        mode="wait",  # mistake
    )
    ImagenOutputSensor(
        task_id="wait_names",
        output_uri="gs://bucket/a/",
        min_count=3,  # mistake
    )
    ImagenBatchOperator(
        task_id="batch",
        items=7,  # mistake
        output_uri="gs://bucket/a/",
        mode="offline",  # mistake
        max_concurrency=[8],  # mistake
    )
    ImagenBatchOperator(
        task_id="batch_names",
        items=[],
        output_uri="gs://bucket/a/",
        image_key="a",  # mistake
    )

ImagenHook(location=7)  # mistake
ImagenHook().client.no_such_method()  # mistake
