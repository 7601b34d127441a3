"""``models``: the catalogue as two tables or as JSON."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from airflow_provider_imagen.commands.printing import Cell, as_json, as_table, say
from airflow_provider_imagen.core.catalogue import Catalogue, Model, catalogue
from airflow_provider_imagen.core.catalogue.lifecycle import state_of

HEADERS = ("MODEL", "JOBS", "STATE", "RETIRES", "REPLACEMENT", "LOCATIONS", "IMAGES", "SIZE", "USD")
INPUT_HEADERS = ("MODEL", "PICTURES", "THINKING", "TIERS", "SWITCHES")
SWITCHES = ("system_instruction", "google_search", "prominent_people")
"""Arguments that a model has or has not, without limits of their own."""


def list_models(options: Namespace) -> int:
    """Print the catalogue and return the exit code."""
    models = catalogue()
    today = options.today or datetime.now(UTC).date()
    if options.format == "json":
        say(as_json(describe(model, models, today) for model in models.models))
    else:
        say(as_table(HEADERS, (table_row(model, today) for model in models.models)))
        say("")
        say(as_table(INPUT_HEADERS, (input_row(model) for model in models.models if model.pictures)))
    return 0


def describe(model: Model, models: Catalogue, today: date) -> dict[str, Any]:
    """Return what is known of a model on a day, with where it is known from."""
    return {
        "id": model.id,
        "aliases": model.aliases,
        "jobs": model.jobs,
        "default_for": [job for job, name in models.defaults.items() if name == model.id],
        "state": state_of(model, today),
        "released": model.released,
        "deprecation_date": model.deprecated,
        "retirement_date": model.discontinued,
        "replacement": model.replacement,
        "location": model.location,
        "locations": model.locations,
        "images_per_task": model.max_images,
        "sizes": model.image_sizes,
        "upscale_factors": model.upscale_factors,
        "parameters": sorted(model.parameters),
        "pictures": model.pictures and model.pictures.model_dump(),
        "thinking_levels": model.thinking_levels,
        "service_tiers": model.service_tiers,
        "prices_usd": model.prices_usd,
        "token_prices_usd": model.token_prices_usd and model.token_prices_usd.model_dump(exclude_none=True),
        "source": [models.sources[name] for name in model.source],
        "checked": model.checked,
    }


def table_row(model: Model, today: date) -> tuple[Cell, ...]:
    """Return the cells of a model; the price stands beside its size."""
    sizes = (*model.image_sizes, *model.upscale_factors) or ("any",)
    return (
        model.id,
        model.jobs,
        state_of(model, today),
        str(model.discontinued or "-"),
        model.replacement or "-",
        [f"{place}*" if place.endswith("-") else place for place in model.locations or (model.location,)],
        str(model.max_images),
        sizes,
        _prices(model, sizes),
    )


def input_row(model: Model) -> tuple[Cell, ...]:
    """Return the cells of a model that takes pictures: how many, and which switches it has."""
    return (
        model.id,
        f"up to {model.pictures.most}" if model.pictures else "-",
        ", ".join(model.thinking_levels) or "-",
        ", ".join(model.service_tiers) or "-",
        ", ".join(name for name in SWITCHES if name in model.parameters) or "-",
    )


def _prices(model: Model, sizes: Iterable[str]) -> list[str]:
    known = [model.prices_usd.get(size, model.prices_usd.get("any")) for size in sizes]
    return ["-" if price is None else f"{price:g}" for price in known]
