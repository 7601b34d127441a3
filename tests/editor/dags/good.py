"""A DAG that is right: no type checker has anything to say about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, task

from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.operators.batch import ImagenBatchOperator, read_manifest
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator
from airflow_provider_imagen.sensors.imagen import ImagenOutputSensor

with DAG("good", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):

    @task
    def products() -> list[str]:
        """Return prompts."""
        return ["tea", "jam"]

    @task
    def count(uris: list[str]) -> int:
        """Count images."""
        return len(uris)

    @task
    def first_line(uri: str) -> str:
        """Read the manifest of a batch."""
        return str(next(read_manifest(uri))["key"])

    posters = ImagenGenerateOperator(
        task_id="posters",
        prompt="{{ params.words }}",
        output_uri="gs://bucket/{{ run_id }}/",
        model="gemini-3-pro-image",
        fallback_model="a-model-of-tomorrow",
        number_of_images="{{ params.number }}",
        aspect_ratio="16:9",
        image_size="2K",
        person_generation="allow_adult",
        safety_filter_level="block_some",
        reference_images=["gs://bucket/photo.png"],
        thinking_level="{{ params.level }}",
        service_tier="flex",
        labels={"team": "a"},
        on_filtered="skip",
        on_lost="resend",
        if_exists="reuse",
        image_key="{{ params.words }}",
        retries=3,
        retry_delay=timedelta(minutes=1),
        pool="imagen",
        execution_timeout=timedelta(minutes=30),
        doc_md="What it is for",
    )
    ready = ImagenOutputSensor(
        task_id="ready",
        output_uri="gs://bucket/{{ run_id }}/",
        min_images=2,
        mime_types=["png"],
        newer_than="{{ data_interval_end }}",
        mode="reschedule",
        deferrable=False,
        timeout=600,
    )
    large = ImagenUpscaleOperator.partial(task_id="large", output_uri="gs://bucket/large/", upscale_factor="x2").expand(
        image=posters.output
    )
    by_task = ImagenGenerateOperator(
        task_id="by_task", prompt=posters.output, output_uri=posters.output, aspect_ratio=posters.output
    )
    batch = ImagenBatchOperator(
        task_id="batch",
        items=products(),
        output_uri="gs://bucket/batch/",
        prompt="Studio photo of {name}",
        mode="online",
        max_cost_usd=5,
        max_failed_items="5%",
        on_filtered="warn",
    )
    count(posters.output)
    count(ready.output)
    first_line(batch.output)
    posters >> ready >> large

hook: ImagenHook = posters.hook
