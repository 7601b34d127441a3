"""What becomes of a task on a given day. Knows no Airflow: :mod:`.reading` has read the DAG files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from airflow_provider_imagen.core.catalogue import Catalogue
from airflow_provider_imagen.core.catalogue.lifecycle import LifeState, living_replacement, state_of
from airflow_provider_imagen.core.catalogue.plan import choose_model
from airflow_provider_imagen.core.text import is_blank

TaskState = Literal["retired", "retiring", "deprecated", "healthy", "unknown", "default", "templated"]

PARAM = re.compile(r"""\{\{\s*params(?:\.([A-Za-z_]\w*)|\[\s*(?:'([^']+)'|"([^"]+)")\s*\])\s*\}\}""")
TEMPLATE = re.compile(r"\{[{%#]")


@dataclass(frozen=True, slots=True)
class ImagenTask:
    """A task as its DAG file has it.

    :param job: ``generate`` or ``upscale``.
    :param model: the ``model`` argument, templates and all.
    :param fallback_model: the ``fallback_model`` argument.
    :param location: the ``location`` argument.
    :param params: the defaults of the params that templates may name.
    """

    dag_id: str
    task_id: str
    job: str
    model: str | None = None
    fallback_model: str | None = None
    location: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)

    def settled(self, text: str | None) -> str | None:
        """Fill in the defaults of params; what is still a template then is returned as it is."""
        return text and PARAM.sub(lambda found: self.params.get(next(filter(None, found.groups())), found[0]), text)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row of ``check``.

    :param named: what the DAG file says, None when it names no model.
    :param model: the model that comes to, or the template that cannot be known.
    :param state: what there is to say about the task's choice.
    :param model_state: where that model stands in its life, None when the catalogue does not know it.
    :param replacement: what to use instead, itself not retired as far as we know.
    :param breaks: that model is retired, and no ``fallback_model`` helps.
    """

    dag_id: str
    task_id: str
    named: str | None
    model: str
    state: TaskState
    model_state: LifeState | None
    retirement_date: date | None
    replacement: str | None
    fallback_model: str | None
    breaks: bool


def judge(task: ImagenTask, models: Catalogue, today: date) -> Verdict:
    """Say what becomes of a task.

    :param task: the task.
    :param models: the catalogue.
    :param today: the day to judge by.
    """
    wanted = task.settled(task.model)
    name, _ = choose_model(task.job, wanted, None, models)
    known = models.find(name)
    life = state_of(known, today) if known else None
    return Verdict(
        task.dag_id,
        task.task_id,
        task.model,
        name,
        _state(is_named=name == wanted, is_template=_is_template(name), life=life),
        life,
        known.discontinued if known else None,
        living_replacement(known, models, today) if known else None,
        task.fallback_model,
        breaks=life == "retired" and not _fallback_helps(task, models, today),
    )


def _state(*, is_named: bool, is_template: bool, life: LifeState | None) -> TaskState:
    if not is_named:
        return "default"
    if is_template:
        return "templated"
    if life is None:
        return "unknown"
    return "healthy" if life == "active" else life


def _fallback_helps(task: ImagenTask, models: Catalogue, today: date) -> bool:
    """A fallback that only the running task, or only Google, knows is given the benefit of the doubt."""
    fallback = task.settled(task.fallback_model)
    if fallback is None or is_blank(fallback):
        return False
    known = models.find(fallback.strip())
    if known is None:
        return True
    location = task.settled(task.location)
    served = not location or _is_template(location) or known.serves(location)
    return task.job in known.jobs and state_of(known, today) != "retired" and served


def _is_template(text: str) -> bool:
    return TEMPLATE.search(text) is not None
