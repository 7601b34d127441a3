"""The model catalogue: reviewed facts about each model, read strictly from ``models.toml``."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, StringConstraints, model_validator

from airflow_provider_imagen.core.catalogue.spelling import closest, misspelt

Job = Literal["generate", "upscale", "edit"]
Filled = Annotated[str, StringConstraints(min_length=1)]
Price = Annotated[float, Field(gt=0)]
PartialDate = Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
_WITH_LIMITS = {"pictures": "reference_images", "thinking_levels": "thinking_level", "service_tiers": "service_tier"}
"""Fields of a row, and the parameter that each is about."""


class TokenPrices(BaseModel):
    """What a million tokens cost in US dollars; None where the price is not known.

    :param input: tokens of texts and pictures that are sent.
    :param output_image: tokens of images that come.
    :param output_text: tokens of texts and thoughts that come.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    input: Price
    output_image: Price
    output_text: Price | None = None


class PictureLimits(BaseModel):
    """What a model takes as input pictures.

    :param most: how many a request may have.
    :param inline_bytes: the largest picture that is sent with the request.
    :param object_bytes: the largest picture that Google reads from Cloud Storage.
    :param mime_types: what they may be.
    :param tokens: how many input tokens each counts as.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    most: Annotated[int, Field(ge=1)]
    inline_bytes: Annotated[int, Field(ge=1)]
    object_bytes: Annotated[int, Field(ge=1)]
    mime_types: Annotated[tuple[Filled, ...], Field(min_length=1)]
    tokens: Annotated[int, Field(ge=1)]


class Model(BaseModel):
    """One model: what it accepts, how long it lives, and where we know that from."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    id: Filled
    aliases: tuple[Filled, ...] = ()
    jobs: tuple[Job, ...]
    protocol: Literal["predict", "generateContent"]
    location: Filled
    locations: tuple[Filled, ...] = ()
    max_images: Annotated[int, Field(ge=1)]
    prompt_tokens: int | None = None
    aspect_ratios: tuple[Filled, ...] = ()
    image_sizes: tuple[Filled, ...] = ()
    upscale_factors: tuple[Filled, ...] = ()
    max_output_megapixels: int | None = None
    watermark_default: bool
    enhance_prompt_default: bool = False
    mime_type_default: Filled = "image/png"
    parameters: frozenset[str]
    tolerated: frozenset[str] = frozenset()
    pictures: PictureLimits | None = None
    thinking_levels: tuple[Filled, ...] = ()
    service_tiers: tuple[Filled, ...] = ()
    batch_locations: tuple[Filled, ...] = ()
    prices_usd: dict[str, Price] = {}
    token_prices_usd: TokenPrices | None = None
    released: PartialDate | None = None
    deprecated: date | None = None
    discontinued: date | None = None
    replacement: Filled | None = None
    source: Annotated[tuple[Filled, ...], Field(min_length=1)]
    checked: date

    @model_validator(mode="after")
    def _limits_belong_to_parameters(self) -> Model:
        if ("upscale" in self.jobs) != bool(self.upscale_factors):
            raise ValueError(f"{self.id}: the job upscale and upscale_factors go together")
        for field, name in _WITH_LIMITS.items():
            if bool(getattr(self, field)) != (name in self.parameters):
                raise ValueError(f"{self.id}: the parameter {name} and {field} go together")
        return self

    def is_named(self, name: str) -> bool:
        """Say whether a name is this model's id or an alias of it."""
        return name in (self.id, *self.aliases)

    def retired_on(self, today: date) -> date | None:
        """Return the day this model was discontinued if that day has passed.

        :param today: the day to judge by.
        """
        return self.discontinued if self.discontinued and self.discontinued < today else None

    def serves(self, location: str) -> bool:
        """Say whether Google serves this model in a location; a model without listed locations may be anywhere."""
        return not self.locations or _is_among(location, self.locations)

    def serves_jobs(self, location: str) -> bool:
        """Say whether batch prediction jobs of this model run in a location."""
        return _is_among(location, self.batch_locations)

    def end_of_life(self) -> str:
        """Say in words when the model ends and what comes after it; empty when nothing was announced."""
        if self.discontinued is None:
            return ""
        successor = f"; use {self.replacement} instead" if self.replacement else ""
        return f"Google announced {self.discontinued} as the last day of {self.id}{successor}."


def _is_among(location: str, listed: tuple[str, ...]) -> bool:
    return any(location == each or (each.endswith("-") and location.startswith(each)) for each in listed)


class ModelMatch(NamedTuple):
    """What is known of a model by the name that a task or connection has for it.

    :param row: its row; of a misspelt id, the row of the model that is meant; of any other unknown id, the default's.
    :param is_known: the row is the model's own.
    :param meant: the known id of which the name is a misspelling.
    """

    row: Model
    is_known: bool
    meant: str | None = None


class Catalogue(BaseModel):
    """All models we know, and the ones to take when a DAG names none."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    defaults: dict[Literal["generate", "upscale"], str]
    sources: dict[str, str]
    models: tuple[Model, ...]
    _index: tuple[tuple[Model, ...], dict[str, Model]] | None = PrivateAttr(default=None)
    """The models by name, and which models these are: a copy with others makes its own."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Catalogue:
        names = [name for model in self.models for name in (model.id, *model.aliases)]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"named twice: {sorted(twice)}")
        for model in self.models:
            if unknown := set(model.source) - set(self.sources):
                raise ValueError(f"{model.id} names sources that are not listed: {sorted(unknown)}")
        for job, name in self.defaults.items():
            if (found := self.find(name)) is None or job not in found.jobs:
                raise ValueError(f"the default for {job}, {name}, is no {job} model")
        return self

    def find(self, name: str) -> Model | None:
        """Return the model with this id or alias, None when we do not know it."""
        return self._by_name().get(name) if isinstance(name, str) else None  # a task may name anything

    def _by_name(self) -> dict[str, Model]:
        index = self._index
        if index is None or index[0] is not self.models:
            index = (self.models, {each: model for model in self.models for each in (model.id, *model.aliases)})
            self._index = index
        return index[1]

    def find_or_default(self, name: str, job: Literal["generate", "upscale"]) -> Model:
        """Return the model with this id; for one we do not know, the job's default: a new model speaks its protocol."""
        known = self.find(name) or self.find(self.defaults[job])
        if known is None:  # the constructor saw to it
            raise LookupError(name)
        return known

    def for_job(self, job: str) -> tuple[Model, ...]:
        """Return the models that do a job (``generate`` or ``upscale``)."""
        return tuple(model for model in self.models if job in model.jobs)

    def closest(self, name: str) -> str | None:
        """Return the known id that looks most like ``name``, for a "did you mean"."""
        return closest(name, [model.id for model in self.models])

    def match(self, name: str, job: Literal["generate", "upscale"]) -> ModelMatch:
        """Return what is known of the model that a task names, by id or alias.

        :param name: what the task or its connection says.
        :param job: what the model shall do.
        """
        known = self.find(name)
        meant = None
        if not known:
            last = name.strip().rpartition("/")[2]  # of publishers/google/models/..., as Google's own pages name it
            meant = last if self.find(last) else misspelt(name, self._by_name())
        return ModelMatch(known or self.find_or_default(meant or name, job), known is not None, meant)


MODEL_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._@-]*\Z")
"""What may stand in a request path as a model id."""


def parse(text: str) -> Catalogue:
    """Read a catalogue from TOML text.

    :param text: the content of a file like ``models.toml``.
    :raises pydantic.ValidationError: a row lacks its source or date, or holds an unknown key.
    """
    return Catalogue.model_validate(tomllib.loads(text))


@cache
def catalogue() -> Catalogue:
    """Return the catalogue that ships with this package."""
    return parse((files("airflow_provider_imagen") / "core" / "catalogue" / "models.toml").read_text(encoding="utf-8"))
