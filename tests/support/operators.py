"""Operators with arguments that most tests do not care about."""

from __future__ import annotations

from typing import Any

from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator

IMAGEN = "imagen-4.0-generate-001"
GEMINI = "gemini-2.5-flash-image"
CLOUD = "gs://bucket/made/"


def generate(place: str = CLOUD, **arguments: Any) -> ImagenGenerateOperator:
    defaults = {"task_id": "posters", "model": IMAGEN, "prompt": "a red boat"}
    return ImagenGenerateOperator(**defaults | arguments, output_uri=place)


def upscale(image: str, place: str = "gs://bucket/large/", **arguments: Any) -> ImagenUpscaleOperator:
    defaults = {"task_id": "large", "upscale_factor": "x2"}
    return ImagenUpscaleOperator(**defaults | arguments, image=image, output_uri=place)
