"""Batches with arguments that most tests do not care about, and what their manifests say."""

from __future__ import annotations

from typing import Any

from airflow_provider_imagen.operators.batch import ImagenBatchOperator, read_manifest
from support.operators import GEMINI


def batch(items: Any, place: str = "gs://bucket/made/", **arguments: Any) -> ImagenBatchOperator:
    defaults = {"task_id": "catalogue", "model": GEMINI}
    return ImagenBatchOperator(**defaults | arguments, items=items, output_uri=place)


def rows(number: int, what: str = "a red boat") -> list[dict[str, str]]:
    """Return items with the keys ``sku-0``, ``sku-1`` ..., whose prompts name them."""
    return [{"key": f"sku-{n}", "prompt": f"{what}, number {n}."} for n in range(number)]


def lines_of(uri: Any) -> list[dict[str, Any]]:
    return list(read_manifest(uri))


def statuses(uri: Any) -> list[str]:
    return [line["status"] for line in lines_of(uri)]


def manifest_of(ti: Any) -> str:
    """Return the URI of the manifest that the ``result`` document of a task names."""
    return str(ti.pushed["result"]["manifest"])
