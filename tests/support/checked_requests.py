"""Requests as a task's plan checks them, for tests that need no plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.requests import GenerateRequest, UpscaleRequest
from airflow_provider_imagen.core.validation.arguments import RequestT, read_request
from airflow_provider_imagen.core.validation.model_rules import problems_with_model
from airflow_provider_imagen.errors import InvalidInputError

ALL_ALIVE = date(2025, 6, 1)
"""A day on which no model of the catalogue was retired."""


def checked_generate(arguments: Mapping[str, Any], today: date = ALL_ALIVE) -> GenerateRequest:
    return _checked(GenerateRequest, arguments, today)


def checked_upscale(arguments: Mapping[str, Any], today: date = ALL_ALIVE) -> UpscaleRequest:
    return _checked(UpscaleRequest, arguments, today)


def _checked(kind: type[RequestT], arguments: Mapping[str, Any], today: date) -> RequestT:
    request, problems = read_request(kind, arguments)
    match = catalogue().match(request.model, kind.job)
    if problems := [*problems, *problems_with_model(request, match, catalogue(), today)]:
        raise InvalidInputError(tuple(problems))
    return request
