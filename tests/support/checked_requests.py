"""Requests as a task's plan checks them, for tests that need no plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.requests import GenerateRequest, UpscaleRequest
from airflow_provider_imagen.core.validation.arguments import RequestT, read_request
from airflow_provider_imagen.errors import InvalidInputError


def checked_generate(arguments: Mapping[str, Any]) -> GenerateRequest:
    return _checked(GenerateRequest, arguments)


def checked_upscale(arguments: Mapping[str, Any]) -> UpscaleRequest:
    return _checked(UpscaleRequest, arguments)


def _checked(kind: type[RequestT], arguments: Mapping[str, Any]) -> RequestT:
    request, problems = read_request(kind, arguments, catalogue())
    if problems:
        raise InvalidInputError(tuple(problems))
    return request
