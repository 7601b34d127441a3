"""From a task's arguments to what is asked of which model, and what happens when that model has ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, cast

from airflow_provider_imagen.core.catalogue import Catalogue
from airflow_provider_imagen.core.catalogue.model_choice import choose_model
from airflow_provider_imagen.core.text import is_blank
from airflow_provider_imagen.core.validation import rules
from airflow_provider_imagen.core.validation.arguments import RequestT, read_request
from airflow_provider_imagen.core.validation.compatibility import fitted_to
from airflow_provider_imagen.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class ModelPreferences:
    """What task and connection say about models and places. Blank counts as not said.

    :param model: the task's model.
    :param fallback_model: the task's choice for the day its model has ended, else the connection's.
    :param default_model: the connection's model for tasks that name none.
    :param location: the location that task or connection set; obeyed, also by a fallback.
    """

    model: str | None = None
    fallback_model: str | None = None
    default_model: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class RequestPlan(Generic[RequestT]):
    """What to ask.

    :param request: the checked request.
    :param why: why this model, in words.
    :param remarks: sentences for the task's log.
    :param notes: what to record in the XCom result.
    """

    request: RequestT
    why: str
    remarks: tuple[str, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)


class Planner(Generic[RequestT]):
    """Plans one task: its first request, and the one with its fallback.

    :param kind: the kind of request.
    :param arguments: the task's arguments by name, without ``model``.
    :param wishes: what is said about models and places.
    :param models: the catalogue.
    :param today: the day by which a model counts as retired.
    """

    def __init__(
        self,
        kind: type[RequestT],
        arguments: Mapping[str, Any],
        wishes: ModelPreferences,
        models: Catalogue,
        today: date,
    ) -> None:
        self._kind = kind
        self._arguments = dict(arguments)
        self._wishes = wishes
        self._models = models
        self._today = today

    def first(self) -> RequestPlan[RequestT]:
        """Plan the first request; with the fallback if the model is known to have ended.

        :raises InvalidInputError: names every mistake at once.
        """
        name, why = choose_model(self._kind.job, self._wishes.model, self._wishes.default_model, self._models)
        known = self._models.find(name)
        if known is not None and known.retired_on(self._today) and self.fallback not in {None, known.id}:
            return self.with_fallback(name, f"{known.id} is retired since {known.discontinued}")
        request, problems = read_request(self._kind, {**self._arguments, "model": name}, self._models)
        self._refuse([*problems, *rules.problem_with_location(name, self._wishes.location, self._models)])
        remarks = rules.remarks_on(request, self._models, self._today)
        return RequestPlan(request, why, tuple(remarks))

    def with_fallback(self, instead_of: str, because: str) -> RequestPlan[RequestT]:
        """Plan the request with the fallback.

        :param instead_of: the model that the task wanted.
        :param because: why that model cannot be used.
        :raises InvalidInputError: the fallback cannot do what the task wants, or not in its location.
        """
        name = self.fallback or instead_of
        lenient, problems = read_request(self._kind, {**self._arguments, "model": "any-model"}, self._models)
        self._refuse(problems)
        fallback = self._models.find_or_default(name, self._kind.job)
        changes, losses = fitted_to(lenient, fallback)
        request = cast("RequestT", lenient.model_copy(update={**changes, "model": name}))
        location = rules.problem_with_location(name, self._wishes.location, self._models)
        self._refuse([*rules.problems_with(request, self._models), *location])
        remarks = (
            f"{because}: using the fallback {name}.",
            *losses,
            *rules.remarks_on(request, self._models, self._today),
        )
        notes = {"fallback": {"instead_of": instead_of, "because": because, "given_up": losses}}
        return RequestPlan(request, f"fallback_model, because {because}", remarks, notes)

    @property
    def fallback(self) -> str | None:
        """The fallback of this task, None when there is none or it is known not to do this job."""
        name = (self._wishes.fallback_model or "").strip()
        known = self._models.find(name)
        if is_blank(name) or (known is not None and self._kind.job not in known.jobs):
            return None
        return name

    def _refuse(self, problems: list[str]) -> None:
        if problems:
            raise InvalidInputError(tuple(problems))
