"""From a task's arguments to what is asked of which model, and what happens when that model has ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, Generic, cast

from airflow_provider_imagen.core.catalogue import Catalogue, Model, ModelMatch
from airflow_provider_imagen.core.protocols import protocol_named
from airflow_provider_imagen.core.protocols.protocol import Protocol
from airflow_provider_imagen.core.requests import GenerateRequest
from airflow_provider_imagen.core.text import is_blank, quoted, text_from
from airflow_provider_imagen.core.validation.arguments import RequestT, read_request
from airflow_provider_imagen.core.validation.compatibility import fitted_to
from airflow_provider_imagen.core.validation.model_rules import problem_with_location, problems_with_model
from airflow_provider_imagen.core.validation.remarks import remarks_on
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


def part_of(plan: RequestPlan[RequestT], numbers: Sequence[int]) -> RequestPlan[RequestT]:
    """Return the plan of a request that asks for some of the images, where it asked for all.

    :param plan: what to ask.
    :param numbers: the images to ask for; where each has a request of its own, the index tells which it is.
    """
    request = plan.request
    if plan.protocol.one_image_per_request or len(numbers) == request.count or not isinstance(request, GenerateRequest):
        return plan
    return replace(plan, request=request.model_copy(update={"number_of_images": len(numbers)}))


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


def _no_more_mistakes(_plan: RequestPlan[Any]) -> list[str]:
    return []


class Planner(Generic[RequestT]):
    """Plans one task: its first request, and the one with its fallback.

    :param kind: the kind of request.
    :param arguments: the task's arguments by name, without ``model``.
    :param preferences: what is said about models and places.
    :param models: the catalogue.
    :param today: the day by which a model counts as retired.
    :param further_problems: returns further mistakes in a request, which are named with the others. It is also called
        for a request that has mistakes; where its model is misspelt, with the row of the model that is meant.
    :param is_model_known: apply the rules of the model too, not only those that hold with every model.
    """

    def __init__(
        self,
        kind: type[RequestT],
        arguments: Mapping[str, Any],
        preferences: ModelPreferences,
        models: Catalogue,
        today: date,
        *,
        further_problems: Callable[[RequestPlan[RequestT]], list[str]] | None = None,
        is_model_known: bool = True,
    ) -> None:
        self._kind = kind
        self._is_model_known = is_model_known
        self._further_problems = further_problems or _no_more_mistakes
        self._arguments = dict(arguments)
        self._preferences = ModelPreferences(
            *(text_from(getattr(preferences, each.name)) for each in fields(preferences))
        )
        self._models = models
        self._today = today

    def first(self) -> RequestPlan[RequestT]:
        """Plan the first request; with the fallback if the model is known to have ended.

        :raises InvalidInputError: names every mistake at once.
        """
        name, why = choose_model(self._kind.job, self._preferences.model, self._preferences.default_model, self._models)
        is_named = name == self._preferences.model
        known = self._models.find(name)
        if known is not None and known.retired_on(self._today) and self.fallback not in {None, known.id}:
            return self.with_fallback(name, f"{known.id} is retired since {known.discontinued}")
        request, problems = read_request(self._kind, {**self._arguments, "model": name})
        match = self._models.match(request.model, self._kind.job)
        named_by = "model" if is_named else "default_model of the connection"
        wrong = self._problems_with_model(request, match, named_by)
        plan = self._plan(request, match, why, self._remarks_on_fallback())
        self._refuse([*self._problems_with_fallback(), *problems, *wrong, *self._further_problems(plan)])
        return plan

    def asked(self) -> RequestT:
        """Return the request as its author asked for it, whatever model it is planned with."""
        return read_request(self._kind, {**self._arguments, "model": "any-model"})[0]

    def row(self) -> Model:
        """Return what is known of the model that is asked first, for what has to be judged beside its rules."""
        name, _ = choose_model(self._kind.job, self._preferences.model, self._preferences.default_model, self._models)
        name = name if isinstance(name, str) else self._models.defaults[self._kind.job]
        known = self._models.find(name)
        ended = known is not None and known.retired_on(self._today)
        return self._models.match(self.fallback if ended and self.fallback else name, self._kind.job).row

    def with_fallback(self, instead_of: str, because: str) -> RequestPlan[RequestT]:
        """Plan the request with the fallback.

        :param instead_of: the model that the task wanted.
        :param because: why that model cannot be used.
        :raises InvalidInputError: the fallback cannot do what the task wants, or not in its location.
        """
        name = self.fallback or instead_of
        lenient, problems = read_request(self._kind, {**self._arguments, "model": name})
        match = self._models.match(name, self._kind.job)
        changes, losses = fitted_to(lenient, match.row)
        request = cast("RequestT", lenient.model_copy(update=changes))
        wrong = self._problems_with_model(request, match, "fallback_model")
        notes = {"fallback": {"instead_of": instead_of, "because": because, "given_up": losses}}
        remarks = (f"{because}: using the fallback {name}.", *losses)
        plan = self._plan(request, match, f"fallback_model, because {because}", remarks, notes)
        self._refuse([*problems, *wrong, *self._further_problems(plan)])
        return plan

    @property
    def fallback(self) -> str | None:
        """The fallback of this task, None when there is none or it is known not to do this job."""
        name = self._preferences.fallback_model
        if not isinstance(name, str) or is_blank(name):
            return None
        known = self._models.find(name.strip())
        return name.strip() if known is None or self._kind.job in known.jobs else None

    def _problems_with_model(self, request: RequestT, match: ModelMatch, named_by: str) -> list[str]:
        if not self._is_model_known:
            return []
        tier = getattr(request, "service_tier", None)
        location = problem_with_location(match, self._preferences.location, tier)
        return [*problems_with_model(request, match, self._models, self._today, named_by), *location]

    def _remarks_on_fallback(self) -> tuple[str, ...]:
        """Return a warning when the fallback is misspelt: it is of no use on the day when it is needed."""
        name = self.fallback
        meant = self._models.match(name, self._kind.job).meant if name else None
        written = quoted(self._preferences.fallback_model)
        return (f"fallback_model is {written}, which is not known. Did you mean {meant}?",) if meant else ()

    def _problems_with_fallback(self) -> list[str]:
        name: object = self._preferences.fallback_model
        if name is None or isinstance(name, str):
            return []
        return [f"fallback_model is {quoted(name)} and must be text. Correct the value or its template."]

    def _plan(
        self,
        request: RequestT,
        match: ModelMatch,
        why: str,
        remarks: tuple[str, ...] = (),
        notes: Mapping[str, Any] | None = None,
    ) -> RequestPlan[RequestT]:
        model, asked = match.row, self._preferences.model
        return RequestPlan(
            request,
            model,
            protocol_named(model.protocol),
            self._preferences.location or model.location,
            why,
            (*remarks, *remarks_on(request, match, self._models, self._today)),
            notes or {},
            None if is_blank(asked) else asked,
        )

    def _refuse(self, problems: list[str]) -> None:
        if problems:
            raise InvalidInputError(tuple(problems))
