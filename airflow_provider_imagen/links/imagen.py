"""The links that Airflow shows on a task instance. None of them ever raises: without a page there is no link.

Airflow 3 asks for them in the worker, when the task has ended in whatever way; Airflow 2 in its web server.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from typing import Any

from airflow.providers.common.compat.sdk import BaseOperatorLink, XCom

log = logging.getLogger(__name__)


class _ImagenLink(BaseOperatorLink):
    """A link that follows from what the task recorded, else from its arguments."""

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address of the page, an empty text if there is none.

        :param operator: the task.
        :param ti_key: the task instance.
        """
        try:
            return self._page(_recorded(ti_key), operator)
        except Exception:  # a link is no reason to fail, whatever a task or its XCom holds
            log.warning("The link %r could not be made.", self.name, exc_info=True)
            return ""

    @abstractmethod
    def _page(self, result: dict[str, Any], operator: Any) -> str:
        """Return the page's address, from the ``result`` document or the task's arguments."""


class OutputFolderLink(_ImagenLink):
    """To the folder of the images in the Cloud console."""

    name = "Images in Cloud Storage"

    def _page(self, result: dict[str, Any], operator: Any) -> str:
        from airflow_provider_imagen.core.web_pages import folder_page

        parameters = result.get("parameters") or {}
        return folder_page(parameters.get("output_uri") or _argument(operator, "output_uri"))


class ModelLink(_ImagenLink):
    """To Google's documentation of the model that was asked."""

    name = "Documentation of the model"

    def _page(self, result: dict[str, Any], operator: Any) -> str:
        from airflow_provider_imagen.core.catalogue import catalogue
        from airflow_provider_imagen.core.web_pages import model_page

        name = result.get("model") or _argument(operator, "model")
        return model_page(name, catalogue()) if name else ""


def _recorded(ti_key: Any) -> dict[str, Any]:
    """Return the ``result`` document of a task instance, an empty one if it left none."""
    found = XCom.get_value(ti_key=ti_key, key="result")
    return found if isinstance(found, dict) else {}


def _argument(operator: Any, name: str) -> str:
    """Return an argument's text, empty if it is unknown or still a template."""
    value = getattr(operator, name, None)
    return value if isinstance(value, str) and "{{" not in value and "{%" not in value else ""
