"""From the rows of a table to checked requests: what each item asks for, under which key, and what it costs.

An item is checked as the request of a single task is, by the same planner. Of an item only what differs from the task's
own arguments is kept; its request is made from that again when it is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from airflow_provider_imagen.core.batch.keys import derived_key, given_key
from airflow_provider_imagen.core.batch.prompt_template import fill
from airflow_provider_imagen.core.batch.rows import KEY, Item, is_missing, names_in
from airflow_provider_imagen.core.catalogue import Catalogue, Model
from airflow_provider_imagen.core.catalogue.plan import ModelPreferences, Planner, RequestPlan
from airflow_provider_imagen.core.catalogue.pricing import JOB_FACTOR, estimated_cost_usd
from airflow_provider_imagen.core.protocols import protocol_named
from airflow_provider_imagen.core.recovery.request_record import fingerprint_of
from airflow_provider_imagen.core.requests import GenerateRequest
from airflow_provider_imagen.core.text import quoted, text_from
from airflow_provider_imagen.core.validation.arguments import read_request
from airflow_provider_imagen.core.validation.batch_jobs import problems_with_job
from airflow_provider_imagen.errors import InvalidInputError

ITEM_ARGUMENTS = (
    "prompt",
    KEY,
    "reference_images",
    "negative_prompt",
    "aspect_ratio",
    "number_of_images",
    "seed",
    "image_size",
)
"""The columns that override arguments where ``item_arguments`` names no others."""
MODEL, PROMPT = "model", "prompt"


@cache
def arguments_for_items() -> frozenset[str]:
    """Return what ``item_arguments`` may name: what is asked for; never place, identity or policy."""
    fields = GenerateRequest.model_fields
    return frozenset(name for name, each in fields.items() if not each.exclude) - {"output_uri"} | {KEY}


Identify = Callable[[GenerateRequest, Model], tuple[Mapping[str, str], list[str]]]
"""Returns what identifies each picture that a request names, by URI, and every mistake in these pictures."""


def _no_pictures(request: GenerateRequest, _model: Model) -> tuple[Mapping[str, str], list[str]]:
    """Take each picture by its URI."""
    return {uri: uri for uri in request.sources}, []


class PlannedItem(NamedTuple):
    """One item that may be asked for.

    :param row: its row, see :class:`.rows.Item`.
    :param key: its key.
    :param fingerprint: of its request.
    :param arguments: what differs from the task's own arguments, JSON-ready.
    :param images: how many images it asks for.
    :param requests: in how many requests.
    :param model: the model that is asked.
    :param cost_usd: by list price, None where no price is known.
    :param most_usd: the same with the dearer of model and fallback.
    :param same_as: the row of an equal item before it.
    :param before: files under its key that were there before this batch, each with its version.
    :param is_there: its images were there before this batch began to spend its budget.
    """

    row: int
    key: str
    fingerprint: str
    arguments: dict[str, Any]
    images: int
    requests: int
    model: str
    cost_usd: float | None = None
    most_usd: float | None = None
    same_as: int | None = None
    before: dict[str, str] | None = None
    is_there: bool = False

    def encode(self) -> bytes:
        """Return the item as a line of a file."""
        return json.dumps(self._asdict(), ensure_ascii=True, default=str).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> PlannedItem:
        """Return the item in a line."""
        return cls(**json.loads(line))


@dataclass(frozen=True, slots=True)
class BatchArguments:
    """What the task says about its items.

    :param defaults: the arguments of all items by name, without ``model``, ``prompt`` and ``image_key``.
    :param prompt: the prompt of items that bring none, with ``{column}`` for what differs.
    :param item_arguments: the columns that override arguments. None: ``ITEM_ARGUMENTS``.
    """

    defaults: Mapping[str, Any]
    prompt: str | None = None
    item_arguments: Sequence[str] | None = None

    def overrides(self) -> tuple[str, ...]:
        """Return the columns that override arguments.

        :raises InvalidInputError: ``item_arguments`` is no list, or names what no column can override.
        """
        named = names_in("item_arguments", self.item_arguments)
        if named is None:
            return ITEM_ARGUMENTS
        allowed = arguments_for_items()
        listed = ", ".join(sorted(allowed))
        wrong = [name for name in named if name not in allowed]
        if wrong:
            problems = (f"item_arguments names {quoted(name)}, which no column can override." for name in wrong)
            raise InvalidInputError(tuple(f"{problem} Allowed: {listed}." for problem in problems))
        return tuple(named)


class ItemPlanner:
    """Plans the items of one task. Safe to share between threads.

    :param arguments: what the task says about its items.
    :param preferences: what task and connection say about models and places.
    :param models: the catalogue.
    :param today: the day by which a model counts as retired.
    :param identify: looks at the pictures of a request.
    :param is_job: the items are asked for by batch prediction jobs, which can do less and cost half.
    :param is_model_known: apply the rules of the task's model too, not only those that hold with every model.
    :raises InvalidInputError: ``item_arguments`` is no list, or names what no column can override.
    """

    def __init__(
        self,
        arguments: BatchArguments,
        preferences: ModelPreferences,
        models: Catalogue,
        today: date,
        identify: Identify = _no_pictures,
        *,
        is_job: bool = False,
        is_model_known: bool = True,
    ) -> None:
        self._overrides = arguments.overrides()
        self._arguments = arguments
        self._preferences = preferences
        self._models = models
        self._today = today
        self._identify = identify
        self._is_job = is_job
        self._is_model_known = is_model_known
        self._shared: RequestPlan[GenerateRequest] | None = None

    def for_all(self) -> GenerateRequest:
        """Return what holds for all items: place and policies. Whether they are right, each item says."""
        stand_ins = {"prompt": "-", "model": "any-model"}
        return read_request(GenerateRequest, {**self._arguments.defaults, **stand_ins})[0]

    def plan(self, item: Item) -> PlannedItem:
        """Return an item that may be asked for.

        :raises InvalidInputError: names every mistake in it.
        """
        problems: list[str] = []
        arguments = self._read(item, problems)
        try:
            planner = self._planner(arguments)
            plan = planner.first()
        except InvalidInputError as failure:
            raise InvalidInputError((*problems, *map(self._named_as_column, failure.problems))) from None
        identities: Mapping[str, str] = {}
        if plan.request.sources:
            identities, wrong = self._identify(plan.request, plan.model)
            problems.extend(wrong)
        if problems:
            raise InvalidInputError(tuple(problems))
        asked = planner.asked() if "fallback" in plan.notes else plan.request
        fingerprint = fingerprint_of(asked, plan.asked_model, identities)
        key = plan.request.image_key or derived_key(plan.request.prompt, fingerprint)
        cost = self._price_of(plan.request, plan.model)
        return PlannedItem(
            item.row,
            key,
            fingerprint,
            {**arguments, KEY: key},
            plan.request.count,
            plan.requests_for(plan.request.count),
            plan.request.model,
            cost,
            self._most(cost, planner, plan),
        )

    def request_plan(self, item: PlannedItem) -> RequestPlan[GenerateRequest]:
        """Return what to send for an item. Items that bring a prompt and a key only share a plan but for these."""
        if not item.arguments.keys() <= {PROMPT, KEY}:
            return self._planner(item.arguments).first()
        if self._shared is None:
            self._shared = self._planner({PROMPT: "-"}).first()
        own = {PROMPT: text_from(item.arguments[PROMPT]), "image_key": item.key}
        return replace(self._shared, request=self._shared.request.model_copy(update=own))

    def with_fallback(self, item: PlannedItem, instead_of: str, because: str) -> RequestPlan[GenerateRequest] | None:
        """Return what to send for an item whose model Google does not know, None where there is no other.

        :param instead_of: the model.
        :param because: what Google said.
        :raises InvalidInputError: the fallback cannot do what the item wants.
        """
        planner = self._planner(item.arguments)
        if planner.fallback in {None, instead_of}:
            return None
        return planner.with_fallback(instead_of, because)

    def stores_output(self, model: str) -> bool:
        """Say whether Google stores the images of a model itself."""
        return protocol_named(self._models.find_or_default(model, "generate").protocol).stores_output

    def ignored_columns(self, item: Item) -> set[str]:
        """Return the columns that bear the name of an argument, and override none."""
        return {name for name in item.columns if name in arguments_for_items() and name not in self._overrides}

    def _read(self, item: Item, problems: list[str]) -> dict[str, Any]:
        """Return what an item says itself, its prompt filled in."""
        columns = item.columns
        arguments = {name: columns[name] for name in self._overrides if not is_missing(columns.get(name))}
        arguments.pop(KEY, None)
        try:
            if KEY in self._overrides and (key := given_key(columns)) is not None:
                arguments[KEY] = key
        except InvalidInputError as failure:
            problems.extend(failure.problems)
        if "prompt" not in arguments:
            arguments["prompt"] = self._prompt(columns, problems)
        return arguments

    def _prompt(self, columns: Mapping[str, Any], problems: list[str]) -> str:
        template = self._arguments.prompt
        if template is None:
            named = "prompt" in self._overrides
            problems.append(
                "The row has no prompt. Give it one in the column prompt, or set prompt='... {column} ...' on the task."
                if named
                else "item_arguments does not name prompt, and the task has none. Set prompt on the task."
            )
            return "-"
        try:
            return fill(template, columns)
        except InvalidInputError as failure:
            problems.extend(failure.problems)
            return "-"

    def _planner(self, arguments: Mapping[str, Any]) -> Planner[GenerateRequest]:
        own = {"image_key" if name == KEY else name: value for name, value in arguments.items() if name != MODEL}
        preferences = self._preferences
        if MODEL in arguments:
            preferences = replace(preferences, model=arguments[MODEL])
        return Planner(
            GenerateRequest,
            {**self._arguments.defaults, **own},
            preferences,
            self._models,
            self._today,
            further_problems=self._problems_with_job,
            is_model_known=self._is_model_known or MODEL in arguments,
        )

    def _problems_with_job(self, plan: RequestPlan[GenerateRequest]) -> list[str]:
        return problems_with_job(plan, self._models) if self._is_job else []

    def _most(
        self, cost: float | None, planner: Planner[GenerateRequest], plan: RequestPlan[GenerateRequest]
    ) -> float | None:
        """Return the price with the dearer of model and fallback."""
        if planner.fallback in {None, plan.request.model} or cost is None:
            return cost
        row = self._models.find(str(planner.fallback))
        request = plan.request.model_copy(update={MODEL: planner.fallback})
        other = self._price_of(request, row) if row else None
        return None if other is None else max(cost, other)

    def _price_of(self, request: GenerateRequest, model: Model) -> float | None:
        cost = estimated_cost_usd(request, request.count, model)
        return cost if cost is None or not self._is_job else round(cost * JOB_FACTOR, 6)

    def _named_as_column(self, problem: str) -> str:
        return problem.replace("image_key", KEY, 1) if problem.startswith("image_key") else problem
