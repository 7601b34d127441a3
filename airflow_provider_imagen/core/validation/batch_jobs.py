"""What a batch prediction job cannot do, refused by name before anything is written.

Source: Google's page on batch inference with Gemini (models, size of images), ``BatchPredictionJob`` in its reference,
and reports on the importer of its files; read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow_provider_imagen.core.batch.importer_rules import problem_with_label
from airflow_provider_imagen.core.catalogue import Catalogue
from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.storage.locations import is_in_cloud_storage
from airflow_provider_imagen.core.text import quoted

JOB_SIZE = "1K"
"""The one size that images of a batch job have."""
MOST_LABELS = 63
"""Google allows 64 labels of a request, and one tells the line."""
OTHERWISE = 'mode="online" sends the requests one by one, and service_tier="flex" does so at half price.'


def problems_with_job(plan: RequestPlan[Any], models: Catalogue) -> list[str]:
    """Return what about a request cannot be part of a batch job, one sentence for each mistake.

    :param plan: what is asked of which model, and where.
    :param models: the catalogue.
    """
    return [*_problems_with_model(plan, models), *_problems_with_arguments(plan.request)]


def _problems_with_model(plan: RequestPlan[Any], models: Catalogue) -> Iterator[str]:
    model, location = plan.model, plan.location
    if not model.batch_locations:
        able = ", ".join(each.id for each in models.for_job("generate") if each.batch_locations)
        yield f"model {plan.request.model} makes no images in batch jobs. Choose one of {able}. {OTHERWISE}"
    elif not model.serves_jobs(location):
        allowed = ", ".join(f"{each}..." if each.endswith("-") else each for each in model.batch_locations)
        yield (
            f"location is {quoted(location)}, where batch jobs of {plan.request.model} do not run; allowed are "
            f"{allowed}. Set location on the task or in the connection."
        )


def _problems_with_arguments(request: Any) -> Iterator[str]:
    if not is_in_cloud_storage(request.output_uri):
        yield (
            f"output_uri is {quoted(request.output_uri)}; a batch job writes to gs://bucket/folder/ only. Use such a "
            f"place. {OTHERWISE}"
        )
    if request.image_size not in {None, JOB_SIZE}:
        size = quoted(request.image_size)
        yield f"image_size is {size}; batch jobs make images of {JOB_SIZE}. Leave it out. {OTHERWISE}"
    if request.service_tier is not None:
        yield (
            f"service_tier is {quoted(request.service_tier)}, and a batch job has a price of its own. Leave it out, or "
            'use mode="online".'
        )
    labels = request.labels or {}
    for key in labels:
        if problem := problem_with_label(key):
            yield f"labels has the key {quoted(key)}, which in a batch job {problem}. Rename it."
    if len(labels) > MOST_LABELS:
        yield f"labels has {len(labels)} keys; a batch job takes {MOST_LABELS}, and adds one. Leave some out."
