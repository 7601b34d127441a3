"""The smallest DAG: one prompt, one image, every day."""

from __future__ import annotations

import pendulum
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

with DAG("imagen_minimal", schedule="@daily", start_date=pendulum.datetime(2026, 1, 1), catchup=False) as dag:
    ImagenGenerateOperator(task_id="picture", prompt="A lighthouse at dawn", output_uri="gs://my-bucket/{{ run_id }}/")
