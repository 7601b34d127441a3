"""The links that Airflow shows on a task instance. None of them raises: without a page there is no link.

Airflow 3 makes them in the worker when the task has ended, also after a failure; Airflow 2 in its web server.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import airflow
from airflow.providers.common.compat.sdk import BaseOperatorLink, XCom

if TYPE_CHECKING:
    from airflow_provider_imagen.core.result_document import ResultDocument

log: logging.Logger = logging.getLogger(__name__)
IN_WEB_SERVER: bool = airflow.__version__.startswith("2.")
"""Whether links are made where no task runs."""
JOBS_KEY = "imagen_jobs"
"""The XCom key of the names of a batch task's jobs."""


class ImagenLink(BaseOperatorLink):
    """A link that follows from the ``result`` document of a task, else from its arguments."""

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address of the page, an empty text if there is none.

        :param operator: the task.
        :param ti_key: the task instance.
        """
        try:
            return self._page(self._result(operator, ti_key), operator)
        except Exception:  # a link is no reason to fail, whatever a task or its XCom holds
            log.warning("The link %r could not be made.", self.name, exc_info=True)
            return ""

    def _result(self, operator: Any, ti_key: Any) -> Any:
        return _result_of(operator, ti_key)

    @abstractmethod
    def _page(self, result: Any, operator: Any) -> str:
        """Return the page's address, from the ``result`` document or the task's arguments."""


class OutputFolderLink(ImagenLink):
    """To the folder of the images in the Cloud console."""

    name = "Images in Cloud Storage"

    def _page(self, result: ResultDocument | None, operator: Any) -> str:
        from airflow_provider_imagen.core.web_pages import folder_page

        recorded = result.parameters.get("output_uri") if result else None
        return folder_page(recorded or _argument(operator, "output_uri"))


class ModelLink(ImagenLink):
    """To Google's documentation of the model that was asked."""

    name = "Documentation of the model"

    def _page(self, result: ResultDocument | None, operator: Any) -> str:
        from airflow_provider_imagen.core.catalogue import catalogue
        from airflow_provider_imagen.core.web_pages import model_page

        name = result.model if result else _argument(operator, "model")
        return model_page(name, catalogue()) if name else ""


class BatchLink(ImagenLink):
    """A link that follows from the ``result`` document of a batch."""

    def _result(self, operator: Any, ti_key: Any) -> Any:
        from airflow_provider_imagen.core.result_document import RESULT_KEY

        return _recorded(operator, "batch_document", ti_key, RESULT_KEY)


class ManifestLink(BatchLink):
    """To the manifest of a batch in Cloud Storage."""

    name = "Manifest"

    def _page(self, result: Any, operator: Any) -> str:
        from airflow_provider_imagen.core.web_pages import object_page

        manifest = result.get("manifest") if isinstance(result, dict) else None
        return object_page(manifest) if isinstance(manifest, str) else ""


class BatchFolderLink(BatchLink):
    """To the folder of the images of a batch in the Cloud console."""

    name: str = OutputFolderLink.name

    def _page(self, result: Any, operator: Any) -> str:
        from airflow_provider_imagen.core.web_pages import folder_page

        recorded = result.get("output_uri") if isinstance(result, dict) else None
        return folder_page(recorded if isinstance(recorded, str) else _argument(operator, "output_uri"))


class JobLink(BaseOperatorLink):
    """To the batch prediction job of a batch task in the Cloud console; of several, to the first."""

    name = "Batch job"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address of the page, an empty text if the task created no job.

        :param operator: the task.
        :param ti_key: the task instance.
        """
        from airflow_provider_imagen.core.web_pages import job_page

        try:
            names = _recorded(operator, "job_names", ti_key, JOBS_KEY)
            if names is None:  # the jobs were created before the task was deferred
                names = XCom.get_value(ti_key=ti_key, key=JOBS_KEY)
            return job_page(str(names[0])) if names else ""
        except Exception:  # a link is no reason to fail, whatever a task or its XCom holds
            log.warning("The link %r could not be made.", self.name, exc_info=True)
            return ""


def _result_of(operator: Any, ti_key: Any) -> ResultDocument | None:
    """Return the ``result`` document of a task instance, None if there is none."""
    from airflow_provider_imagen.core.result_document import RESULT_KEY, ResultDocument

    return ResultDocument.read(_recorded(operator, "result_document", ti_key, RESULT_KEY))


def _recorded(operator: Any, name: str, ti_key: Any, key: str) -> Any:
    """Return what a task recorded: the operator's attribute where it ran in this process, else the XCom.

    An operator that recorded nothing has None, and XCom is not read then in the worker: Airflow 3 logs each value that
    is not there as an error. A mapped task whose templates failed is still a ``MappedOperator``, which knows the class
    of its operators.

    :param name: the attribute.
    :param key: the XCom key of the same value.
    """
    for holder in (operator, getattr(operator, "operator_class", None)):
        if hasattr(holder, name) and ((value := getattr(holder, name)) or not IN_WEB_SERVER):
            return value
    return XCom.get_value(ti_key=ti_key, key=key)


def _argument(operator: Any, name: str) -> str:
    """Return an argument's text, empty if it is unknown or still a template."""
    value = getattr(operator, name, None)
    return value if isinstance(value, str) and "{{" not in value and "{%" not in value else ""
