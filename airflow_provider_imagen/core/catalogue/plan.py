"""From a task's arguments to what is asked of which model, and what happens when that model has ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, cast

from airflow_provider_imagen.core.catalogue import Catalogue, Model
from airflow_provider_imagen.core.protocols import Protocol, protocol_named
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
    """A request, and everything that is decided about it before it is sent.

    :param request: the checked request, with the id of the model that is asked.
    :param model: the catalogue's row of that model; for an id that the catalogue does not know, the job's default's.
    :param protocol: how that model is asked.
    :param location: the location it is asked in: the one that task or connection set, else the model's own.
    :param why: why this model, in words.
    :param remarks: sentences for the task's log.
    :param notes: what to record in the XCom result.
    :param asked_model: the model as the task wrote it, None when it named none.
    """

    request: RequestT
    model: Model
    protocol: Protocol
    location: str
    why: str
    remarks: tuple[str, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)
    asked_model: str | None = None

    def requests_for(self, images: int) -> int:
        """Return how many requests bring a number of images: one each, or one for all where the protocol can."""
        return images if self.protocol.one_image_per_request else min(images, 1)


def choose_model(job: str, named: str | None, default_model: str | None, models: Catalogue) -> tuple[str, str]:
    """Return the model of a task that may name none, and the reason in words.

    :param job: ``generate`` or ``upscale``.
    :param named: the task's own choice.
    :param default_model: the connection's choice, passed over when the catalogue says it does not do this job.
    :param models: the catalogue.
    """
    if named is not None and not is_blank(named):
        return named, "named by the task"
    known = models.find(default_model) if default_model else None
    if default_model and (known is None or job in known.jobs):
        return default_model, "default_model of the connection"
    return models.defaults["upscale" if job == "upscale" else "generate"], f"the catalogue's default to {job}"


class Planner(Generic[RequestT]):
    """Plans one task: its first request, and the one with its fallback.

    :param kind: the kind of request.
    :param arguments: the task's arguments by name, without ``model``.
    :param preferences: what is said about models and places.
    :param models: the catalogue.
    :param today: the day by which a model counts as retired.
    """

    def __init__(
        self,
        kind: type[RequestT],
        arguments: Mapping[str, Any],
        preferences: ModelPreferences,
        models: Catalogue,
        today: date,
    ) -> None:
        self._kind = kind
        self._arguments = dict(arguments)
        self._preferences = preferences
        self._models = models
        self._today = today

    def first(self) -> RequestPlan[RequestT]:
        """Plan the first request; with the fallback if the model is known to have ended.

        :raises InvalidInputError: names every mistake at once.
        """
        name, why = choose_model(self._kind.job, self._preferences.model, self._preferences.default_model, self._models)
        known = self._models.find(name)
        if known is not None and known.retired_on(self._today) and self.fallback not in {None, known.id}:
            return self.with_fallback(name, f"{known.id} is retired since {known.discontinued}")
        request, problems = read_request(self._kind, {**self._arguments, "model": name}, self._models)
        self._refuse([*problems, *rules.problem_with_location(name, self._preferences.location, self._models)])
        return self._plan(request, why)

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
        location = rules.problem_with_location(name, self._preferences.location, self._models)
        self._refuse([*rules.problems_with(request, self._models), *location])
        notes = {"fallback": {"instead_of": instead_of, "because": because, "given_up": losses}}
        remarks = (f"{because}: using the fallback {name}.", *losses)
        return self._plan(request, f"fallback_model, because {because}", remarks, notes)

    @property
    def fallback(self) -> str | None:
        """The fallback of this task, None when there is none or it is known not to do this job."""
        name = (self._preferences.fallback_model or "").strip()
        known = self._models.find(name)
        if is_blank(name) or (known is not None and self._kind.job not in known.jobs):
            return None
        return name

    def _plan(
        self, request: RequestT, why: str, remarks: tuple[str, ...] = (), notes: Mapping[str, Any] | None = None
    ) -> RequestPlan[RequestT]:
        model = self._models.find_or_default(request.model, self._kind.job)
        asked = self._preferences.model
        return RequestPlan(
            request,
            model,
            protocol_named(model.protocol),
            self._preferences.location or model.location,
            why,
            (*remarks, *rules.remarks_on(request, self._models, self._today)),
            notes or {},
            None if is_blank(asked) else asked,
        )

    def _refuse(self, problems: list[str]) -> None:
        if problems:
            raise InvalidInputError(tuple(problems))
