"""Plans as a task makes them, for tests that need no task."""

from __future__ import annotations

from datetime import date
from typing import Any

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences, Planner, RequestPlan
from airflow_provider_imagen.core.requests import GenerateRequest

LIVING = date(2025, 1, 1)
"""A day on which no model of the catalogue had ended."""


def generate_plan(model: str, *, location: str | None = None, **arguments: Any) -> RequestPlan[GenerateRequest]:
    preferences = ModelPreferences(model=model, location=location)
    wanted = {"prompt": "a cat", "output_uri": "gs://bucket/a/", **arguments}
    return Planner(GenerateRequest, wanted, preferences, catalogue(), LIVING).first()
