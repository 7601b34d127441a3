"""What there is to say about a task on a given day. Knows no Airflow: :mod:`.reading` has read the DAG files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from airflow_provider_imagen.commands.dag_tasks import ImagenTask, is_open
from airflow_provider_imagen.commands.source_lines import TASK
from airflow_provider_imagen.core.catalogue import Catalogue
from airflow_provider_imagen.core.catalogue.lifecycle import LifeState, living_replacement, state_of
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences, choose_model
from airflow_provider_imagen.core.text import is_blank, quoted

Level = Literal["error", "warning", "note"]
TaskState = Literal["retired", "retiring", "deprecated", "healthy", "unknown", "default", "templated"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about a task or a file.

    :param level: ``error``: a run fails, or does not do what is meant; ``warning``: it runs, and is probably not what
        is meant; ``note``: worth knowing.
    :param text: what is so, and what to do.
    :param argument: the argument that it is about, None if it is about the whole.
    :param file: the DAG file.
    :param line: the line in it, None where it could not be found.
    """

    level: Level
    text: str
    argument: str | None = None
    file: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The model of a task on a day.

    :param named: what the DAG file says, None when it names no model.
    :param model: the model that comes to, or the template that cannot be known.
    :param state: what there is to say about the choice.
    :param model_state: where that model stands in its life, None when the catalogue does not know it.
    :param replacement: what to use instead, itself not retired as far as is known.
    :param fallback_model: the fallback as the DAG file or the connection has it.
    :param saved: the model is not retired, or a fallback takes over.
    """

    named: str | None
    model: str
    state: TaskState
    model_state: LifeState | None
    retirement_date: date | None
    replacement: str | None
    fallback_model: str | None
    saved: bool


def choice_of(task: ImagenTask, preferences: ModelPreferences, models: Catalogue, today: date) -> ModelChoice:
    """Say which model a task uses, and whether it still answers.

    :param task: the task.
    :param preferences: what task and connection say about models and places.
    :param models: the catalogue.
    :param today: the day to judge by.
    """
    wanted, written = task.settled("model"), task.shown("model")
    if is_open(wanted):
        shown = wanted if isinstance(wanted, str) else written or ""
        return ModelChoice(written, shown, "templated", None, None, None, _fallback(task, preferences), saved=True)
    name, _ = choose_model(task.job, preferences.model, preferences.default_model, models)
    known = models.find(name)
    life = state_of(known, today) if known else None
    return ModelChoice(
        written,
        name if isinstance(name, str) else quoted(name),  # a value of another type is refused with the others
        _state(is_named=name == wanted, life=life),
        life,
        known.discontinued if known else None,
        living_replacement(known, models, today) if known else None,
        _fallback(task, preferences),
        saved=life != "retired" or _fallback_helps(task, preferences, models, today),
    )


def error_when_retired(choice: ModelChoice) -> str:
    """Say that a task's model is retired, and what to do.

    :param choice: the model of the task.
    """
    named_by = "model" if choice.named else "the model of a task that names none"
    fallback = f" The fallback {choice.fallback_model} cannot take over." if choice.fallback_model else ""
    instead = f"Use {choice.replacement}, or name" if choice.replacement else "Name"
    return (
        f"{named_by} is {choice.model!r}, whose last day was {choice.retirement_date}; Google answers 404.{fallback} "
        f"{instead} a fallback_model that lives."
    )


def findings_of(task: ImagenTask, found: Iterable[tuple[Level, str]]) -> tuple[Finding, ...]:
    """Return sentences about a task with the place where each is to be mended.

    :param task: the task.
    :param found: level and sentence; one that begins with the name of an argument is about that argument.
    """
    return tuple(
        Finding(level, text, argument, task.file, task.lines.get(argument or TASK, task.lines.get(TASK)))
        for level, text in dict.fromkeys(found)
        for argument in [_argument_in(text, task.arguments)]
    )


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Sort findings: by level, then by line."""
    levels = ("error", "warning", "note")
    return sorted(findings, key=lambda each: (levels.index(each.level), each.line or 0))


def _argument_in(text: str, arguments: Mapping[str, Any]) -> str | None:
    first = text.split(maxsplit=1)[0].partition("=")[0].rstrip(",:")
    return first if first in arguments else None


def _fallback(task: ImagenTask, preferences: ModelPreferences) -> str | None:
    return task.shown("fallback_model") or preferences.fallback_model


def _state(*, is_named: bool, life: LifeState | None) -> TaskState:
    if not is_named:
        return "default"
    if life is None:
        return "unknown"
    return "healthy" if life == "active" else life


def _fallback_helps(task: ImagenTask, preferences: ModelPreferences, models: Catalogue, today: date) -> bool:
    """A fallback that only the running task, or only Google, knows is given the benefit of the doubt."""
    if is_open(task.settled("fallback_model")):
        return True
    fallback = preferences.fallback_model
    if fallback is None or is_blank(fallback):
        return False
    known = models.find(str(fallback).strip())
    if known is None:
        return True
    served = preferences.location is None or known.serves(preferences.location)
    return task.job in known.jobs and state_of(known, today) != "retired" and served
