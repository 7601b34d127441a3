"""Judges a task by the rules of a run: the same planner, the same conditions. What only a run knows is left out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from airflow_provider_imagen.commands.batch_judgement import judge_table
from airflow_provider_imagen.commands.dag_tasks import ImagenTask
from airflow_provider_imagen.commands.findings import (
    Finding,
    Level,
    ModelChoice,
    choice_of,
    error_when_retired,
    findings_of,
)
from airflow_provider_imagen.commands.known_arguments import CONNECTION, DECIDES_COST, certain, with_stand_ins
from airflow_provider_imagen.core.catalogue import Catalogue
from airflow_provider_imagen.core.catalogue.lifecycle import state_of
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences, Planner, RequestPlan
from airflow_provider_imagen.core.catalogue.pricing import estimated_cost_usd
from airflow_provider_imagen.core.connection import ConnectionSettings, read_settings
from airflow_provider_imagen.core.requests import REQUEST_KINDS
from airflow_provider_imagen.core.text import is_blank
from airflow_provider_imagen.core.validation.arguments import STAND_INS, read_request
from airflow_provider_imagen.core.waiting.condition import check_wait
from airflow_provider_imagen.errors import InvalidInputError
from airflow_provider_imagen.runner.input_pictures import only_item

WAIT_ARGUMENTS = ("output_uri", "min_images", "mime_types", "newer_than")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What there is to say about one task, or about one instance of a mapped task.

    :param choice: its model, None for a sensor.
    :param findings: what is wrong or odd.
    :param open_arguments: arguments that only a run knows; they were not judged.
    :param images: how many images a run makes of it, None: only a run knows.
    :param cost_usd: their list price, None when it is not known.
    """

    task: ImagenTask
    choice: ModelChoice | None
    findings: tuple[Finding, ...]
    open_arguments: tuple[str, ...]
    images: int | None = None
    cost_usd: float | None = None

    @property
    def breaks(self) -> bool:
        """Whether a run of the task fails."""
        return any(each.level == "error" for each in self.findings)


def judge(task: ImagenTask, settings: ConnectionSettings | None, models: Catalogue, today: date) -> Verdict:
    """Say what a run would say about a task's arguments.

    :param task: the task.
    :param settings: its connection, None where it could not be read; then tasks count as having none.
    :param models: the catalogue.
    :param today: the day to judge by.
    """
    if task.problem:
        return Verdict(task, None, findings_of(task, [("error", task.problem)]), task.open_arguments())
    said: list[tuple[Level, str]] = [("error", problem) for problem in task.wrong_templates]
    if task.kind == "wait":
        return Verdict(task, None, findings_of(task, [*said, *_wait_problems(task)]), task.open_arguments())
    return _judge_request(task, said, settings or ConnectionSettings(), models, today)


def _judge_request(
    task: ImagenTask, said: list[tuple[Level, str]], settings: ConnectionSettings, models: Catalogue, today: date
) -> Verdict:
    kind, known, left_out = REQUEST_KINDS[task.job], task.known(), task.open_arguments()
    preferences = _preferences(known, settings, left_out)
    choice = choice_of(task, preferences, models, today)
    arguments = {name: value for name, value in known.items() if name in kind.model_fields and name != "model"}
    if task.kind == "batch":
        arguments["prompt"] = STAND_INS["prompt"]  # each row has its own
    if "image" in arguments:
        arguments["image"] = only_item(arguments["image"])
    arguments = with_stand_ins(kind, arguments, left_out)
    said += [("error", problem) for problem in _place_problems(known)]
    plan = None
    is_model_known = _is_model_known(choice, preferences, left_out)
    if not is_model_known:
        said += [("error", problem) for problem in read_request(kind, {**arguments, "model": STAND_INS["model"]})[1]]
    else:
        judged = certain(arguments, left_out)
        planner = Planner(kind, judged, preferences, models, today)
        plan, problems = _planned(planner)
        general = read_request(kind, {**arguments, "model": choice.model})[1] if judged != arguments else []
        said += [("error", problem) for problem in (*problems, *general)]
        said += _about_life(choice, plan)
        said += _about_fallback(choice, planner, models, today) if plan else ()
    images = plan.request.count * task.instances if plan and task.instances is not None else None
    is_settled = is_model_known and DECIDES_COST.isdisjoint(left_out)
    if not is_settled:
        plan = images = None
    cost = estimated_cost_usd(plan.request, images, plan.model) if plan and images is not None else None
    if task.kind == "batch":
        table = judge_table(known, left_out, preferences, models, today, is_model_known=is_model_known)
        of_all = tuple(text for level, text in said if level == "error")
        said += [("error", problem) for problem in table.problems if not problem.endswith(of_all)]
        is_known = table.images == 0 or (table.images is not None and is_settled and task.instances == 1)
        images, cost = (table.images, table.cost_usd) if is_known else (None, None)
        left_out = (*left_out, *table.not_judged)
    return Verdict(task, choice, findings_of(task, said), left_out, images, cost)


def _preferences(known: Mapping[str, Any], settings: ConnectionSettings, left_out: Collection[str]) -> ModelPreferences:
    """Return what task and connection say; a blank argument leaves the word to the connection, as in a run.

    A template does not: what it renders to is not known, and nothing takes its place.
    """

    def either(name: str, other: str | None) -> Any:
        value = known.get(name)
        return other if name not in left_out and (value is None or is_blank(value)) else value

    return ModelPreferences(
        known.get("model"),
        either("fallback_model", settings.fallback_model),
        settings.default_model,
        either("location", settings.location),
    )


def _is_model_known(choice: ModelChoice, preferences: ModelPreferences, left_out: Collection[str]) -> bool:
    """Say whether it is known which model a run asks: in place of a retired one, it asks the fallback.

    What the task does not name, its connection may.
    """
    of_connection = CONNECTION in left_out
    if choice.state == "templated" or (of_connection and is_blank(preferences.model)):
        return False
    is_fallback_known = "fallback_model" not in left_out and not (
        of_connection and is_blank(preferences.fallback_model)
    )
    return choice.model_state != "retired" or is_fallback_known


def _planned(planner: Planner[Any]) -> tuple[RequestPlan[Any] | None, tuple[str, ...]]:
    try:
        return planner.first(), ()
    except InvalidInputError as refusal:
        return None, refusal.problems


def _about_life(choice: ModelChoice, plan: RequestPlan[Any] | None) -> Iterator[tuple[Level, str]]:
    if not choice.saved:
        yield "error", error_when_retired(choice)
    elif choice.model_state == "deprecated":
        yield "note", f"Google advises against {choice.model}; no last day within the next months is known."
    for remark in plan.remarks if plan else ():
        # Of a retired model the end is told above already.
        if choice.saved or not remark.startswith(plan.model.end_of_life() or "\n" if plan else "\n"):
            yield "warning", remark


def _about_fallback(
    choice: ModelChoice, planner: Planner[Any], models: Catalogue, today: date
) -> Iterator[tuple[Level, str]]:
    """Yield why the fallback of a living model would not take over on the day when it is needed."""
    fallback = planner.fallback
    is_misspelt = fallback is not None and models.match(fallback, "generate").meant
    if choice.model_state == "retired" or fallback in {None, choice.model} or is_misspelt:
        return
    known = models.find(str(fallback))
    if known is not None and state_of(known, today) == "retired":
        yield (
            "warning",
            f"fallback_model is {fallback!r}, whose last day was {known.discontinued}. Name one that lives.",
        )
        return
    try:
        planner.with_fallback(choice.model, "it is not found")
    except InvalidInputError as refusal:
        for problem in refusal.problems:
            yield "warning", f"fallback_model {fallback} could not take over: {problem}"


def _place_problems(known: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is wrong with the place and identity that a task names itself."""
    places = {"project": known.get("project_id"), "location": known.get("location")}
    try:
        read_settings("", {}, **places, impersonation_chain=known.get("impersonation_chain"))
    except InvalidInputError as refusal:
        return refusal.problems
    return ()


def _wait_problems(task: ImagenTask) -> Iterator[tuple[Level, str]]:
    known = {name: value for name, value in task.known().items() if name in WAIT_ARGUMENTS}
    if "output_uri" not in known:
        known["output_uri"] = STAND_INS["output_uri"]
    try:
        check_wait(**known)
    except InvalidInputError as refusal:
        yield from (("error", problem) for problem in refusal.problems)
