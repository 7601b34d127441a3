"""Puts the product of each photo in a bucket into a scene of its own.

``image_key`` names the result by its product, and ``if_exists="reuse"`` asks again only where photo or scene have
changed: a run with nothing new costs nothing. Google reads the photos; none passes through the worker.
"""

from __future__ import annotations

import pendulum
from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

SCENES = {
    "mug": "on a wooden balcony above a waking city, at sunrise",
    "boots": "on a mossy rock beside a mountain stream",
}
"""The scene of each product; a real DAG asks its shop."""

with DAG(
    "imagen_product_photos",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    params={"bucket": "my-bucket", "model": "gemini-3.1-flash-image"},
) as dag:

    @task
    def products(bucket: str) -> list[dict[str, str]]:
        """Return the arguments of one task for each product, whose photo is ``photos/<product>.png``."""
        return [
            {
                "image_key": product,
                "reference_images": f"gs://{bucket}/photos/{product}.png",
                "prompt": f"Put the product of the photo {scene}. Leave the product itself as it is.",
            }
            for product, scene in SCENES.items()
        ]

    ImagenGenerateOperator.partial(
        task_id="scenes",
        model="{{ params.model }}",
        output_uri="gs://{{ params.bucket }}/product-photos/",
        if_exists="reuse",
        service_tier="flex",  # half price, answered when Google has room
    ).expand_kwargs(products("{{ params.bucket }}"))
