"""Which arguments of a task can be judged where others are known to a run only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from airflow_provider_imagen.core.requests import ImageRequest
from airflow_provider_imagen.core.validation.arguments import STAND_INS

CONNECTION = "imagen_conn_id"
DECIDES_COST = {"mode", "dry_run", "model", "number_of_images", "image_size", "service_tier", "reference_images"}
"""Where only a run knows one of these, only a run knows what a task costs."""
JUDGED_TOGETHER = {"compression_quality": "output_mime_type", "seed": "add_watermark"}
"""An argument, and the one that its rule asks as well: where only a run knows that one, the rule cannot be applied."""


def certain(arguments: Mapping[str, Any], left_out: Collection[str]) -> dict[str, Any]:
    """Return the arguments that can be judged.

    :param arguments: those that the DAG file settles.
    :param left_out: names of the others.
    """
    return {name: value for name, value in arguments.items() if is_certain(name, left_out)}


def is_certain(name: str, left_out: Collection[str]) -> bool:
    """Say whether the rules of an argument ask for none that only a run knows.

    :param name: the argument.
    :param left_out: names of the arguments that only a run knows.
    """
    return JUDGED_TOGETHER.get(name) not in left_out


def with_stand_ins(kind: type[ImageRequest], arguments: Mapping[str, Any], left_out: Collection[str]) -> dict[str, Any]:
    """Put a value that offends no rule in place of a required argument that only a run knows.

    :param kind: the kind of request.
    :param arguments: its arguments that the DAG file settles.
    :param left_out: names of the others.
    """
    required = {name for name, field in kind.model_fields.items() if field.is_required()}
    return {**arguments, **{name: STAND_INS[name] for name in required & set(left_out) if name in STAND_INS}}
