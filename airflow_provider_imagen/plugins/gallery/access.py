"""Permissions of the gallery: what Airflow asks of people who read task instances and XComs of a DAG."""

from __future__ import annotations

from http import HTTPStatus

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, HTTPException, Request

from airflow_provider_imagen.plugins.gallery.addresses import are_valid_ids


def check_address(request: Request) -> None:
    """Refuse malformed ids before Airflow is asked about them."""
    if not are_valid_ids(request.path_params):
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such task instance.")


READ_PERMISSIONS = [
    Depends(check_address),
    Depends(requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE)),
    Depends(requires_access_dag("GET", DagAccessEntity.XCOM)),
]
"""In this order; the last two ask for a login first.

Airflow reads the DAG from the path parameter ``dag_id``, and so do the routes.
"""
