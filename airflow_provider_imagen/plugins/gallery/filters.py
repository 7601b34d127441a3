"""The filter of a page of runs: text, model, task and state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import Text, and_, cast, func, or_

from airflow_provider_imagen.core.result_document import ResultDocument
from airflow_provider_imagen.plugins.gallery.instances import Instance

STATES = ("success", "failed", "skipped", "running", "up_for_retry")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which task instances are shown. An empty text is no condition.

    :param text: part of a prompt, a URI, an image key or a task id; upper and lower case are the same.
    :param model: part of a model id.
    :param task: task id.
    :param state: state of the task instance.
    """

    text: str = ""
    model: str = ""
    task: str = ""
    state: str = ""

    @property
    def is_active(self) -> bool:
        """Whether there is any condition."""
        return any((self.text, self.model, self.task, self.state))

    @property
    def query(self) -> str:
        """The filter as the query of an address."""
        names = {"text": self.text, "model": self.model, "task": self.task, "state": self.state}
        return urlencode({name: value for name, value in names.items() if value})

    def conditions(self, reference: Any) -> list[Any]:
        """Return what the database can check; :meth:`matches` checks the rest.

        :param reference: condition on an XCom whose document is not in the database.
        """
        document = func.lower(cast(XComModel.value, Text))
        found: list[Any] = []
        if self.task:
            found.append(TaskInstance.task_id == self.task)
        if self.state:
            found.append(TaskInstance.state == self.state)
        if _is_plain(self.model):
            found.append(or_(reference, document.contains(self.model.lower(), autoescape=True)))
        if _is_plain(self.text):
            text = self.text.lower()
            in_task_id = func.lower(TaskInstance.task_id).contains(text, autoescape=True)
            found.append(or_(reference, in_task_id, document.contains(text, autoescape=True)))
        return [and_(*found)] if found else []

    def matches(self, instance: Instance) -> bool:
        """Return whether a task instance has the text and the model. Items of a batch are not looked at."""
        document, batch = instance.document, instance.batch
        models = [document.model] if document else [*batch.models] if batch else []
        if self.model and not _occurs(self.model, models):
            return False
        manifest = [batch.manifest] if batch else []
        return not self.text or _occurs(self.text, [instance.address.task_id, *manifest, *_texts(document)])


def _occurs(text: str, texts: list[str]) -> bool:
    return any(text.lower() in each.lower() for each in texts)


def _texts(document: ResultDocument | None) -> list[str]:
    if document is None:
        return []
    texts = [document.prompt, document.image_key]
    for image in document.images:
        texts += [image.prompt, image.uri]
    return [each for each in texts if each]


def _is_plain(text: str) -> bool:
    """Return whether a text is written in JSON as it is, on every database."""
    return bool(text) and text.isascii() and text.isprintable() and not {'"', "\\"} & set(text)
