"""The plugin: adds the gallery to Airflow 3.1 and later. Every part of Airflow imports it, so it loads nothing."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlparse

from airflow import __version__ as airflow_version
from airflow.providers.common.compat.sdk import AirflowPlugin, conf

from airflow_provider_imagen.plugins import GALLERY_PREFIX

log: logging.Logger = logging.getLogger(__name__)

FIRST_WITH_VIEWS = (3, 1)
"""The first Airflow with views of plugins in its pages, and with a login cookie that such views can use."""


def _has_plugin_views() -> bool:
    major, minor = airflow_version.split(".")[:2]
    return (int(major), int(minor)) >= FIRST_WITH_VIEWS


def _views() -> list[dict[str, Any]]:
    """Return the tabs. The ids are parts of the path: there a plus sign in a run id stays one."""
    base = urlparse(conf.get("api", "base_url", fallback="")).path.rstrip("/")
    dag = f"{base}{GALLERY_PREFIX}/dags/{{DAG_ID}}"
    task = f"{dag}/runs/{{RUN_ID}}/tasks/{{TASK_ID}}/{{MAP_INDEX}}"
    return [
        {"name": "Images", "destination": "task_instance", "url_route": "imagen-images", "href": task},
        {"name": "Images", "destination": "dag", "url_route": "imagen-recent-images", "href": dag},
    ]


class ImagenPlugin(AirflowPlugin):
    """Adds a tab with the images of a task instance and one with the images of a DAG's recent runs.

    On Airflow before 3.1 it adds nothing.
    """

    name = "imagen"
    external_views: list[dict[str, Any]] = _views() if _has_plugin_views() else []

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The web application of the gallery. Only the API server reads this property."""
        if not _has_plugin_views():
            return []
        try:
            from airflow_provider_imagen.plugins.gallery.routes import app
        except ImportError:
            # An Airflow that moved what the gallery imports must start all the same.
            log.exception("The gallery of images cannot be served by Airflow %s.", airflow_version)
            return []
        return [{"app": app, "url_prefix": GALLERY_PREFIX, "name": "imagen gallery"}]
