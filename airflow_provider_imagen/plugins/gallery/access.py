"""Who may see a DAG's images: people whom Airflow lets read its task instances and what they recorded."""

from __future__ import annotations

from http import HTTPStatus

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, HTTPException, Request

from airflow_provider_imagen.plugins.gallery.addresses import is_plain


def plain_address(request: Request) -> None:
    """Refuse ids that are none before Airflow is asked about them."""
    if not is_plain(request.path_params):
        raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such task instance.")


READERS_ONLY = [
    Depends(plain_address),
    Depends(requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE)),
    Depends(requires_access_dag("GET", DagAccessEntity.XCOM)),
]
"""In this order; the last two ask for a login first.

Airflow reads the DAG from the address's part that is called ``dag_id``, and so do the routes.
"""
