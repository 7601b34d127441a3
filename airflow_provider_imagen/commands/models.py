"""``models``: the catalogue for people in 80 columns, and for programs as JSON. Living models come first."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from airflow_provider_imagen.commands.printing import as_json, say, wrapped
from airflow_provider_imagen.core.catalogue import Catalogue, Model, catalogue
from airflow_provider_imagen.core.catalogue.lifecycle import living_replacement, state_of
from airflow_provider_imagen.core.text import counted

INDENT = "  "
VALUES = {
    "aspect_ratio": "aspect_ratios",
    "image_size": "image_sizes",
    "thinking_level": "thinking_levels",
    "service_tier": "service_tiers",
}
"""Parameters whose values a model's row lists, and where it does."""


def list_models(options: Namespace) -> int:
    """Print the catalogue and return the exit code."""
    models = catalogue()
    today = options.today or datetime.now(UTC).date()
    wanted = [model for model in models.models if _is_of(model, options.job)]
    defaults = list(models.defaults.values())
    living = sorted(
        (each for each in wanted if not each.retired_on(today)),
        key=lambda each: defaults.index(each.id) if each.id in defaults else len(defaults),
    )
    retired = [each for each in wanted if each.retired_on(today)]
    if options.format == "json":
        shown = [*living, *(retired if options.all else [])]
        say(as_json(describe(model, models, today) for model in shown))
        return 0
    parts = ["\n".join(lines_about(model, models, today)) for model in living]
    if retired:
        parts.append("\n".join(_about_retired(retired, models, today, listed=options.all)))
    say("\n\n".join(parts) or "No model of that kind is known.")
    return 0


def describe(model: Model, models: Catalogue, today: date) -> dict[str, Any]:
    """Return what is known of a model on a day, with where it is known from."""
    return {
        "id": model.id,
        "aliases": model.aliases,
        "jobs": model.jobs,
        "default_for": _jobs(model, models),
        "state": state_of(model, today),
        "released": model.released,
        "deprecation_date": model.deprecated,
        "retirement_date": model.discontinued,
        "replacement": model.replacement,
        "location": model.location,
        "locations": model.locations,
        "batch_locations": model.batch_locations,
        "images_per_task": model.max_images,
        "pictures": model.pictures and model.pictures.model_dump(),
        "parameters": sorted(model.parameters),
        "without_effect": sorted(model.tolerated),
        "aspect_ratios": model.aspect_ratios,
        "sizes": model.image_sizes,
        "thinking_levels": model.thinking_levels,
        "service_tiers": model.service_tiers,
        "upscale_factors": model.upscale_factors,
        "prices_usd": model.prices_usd,
        "token_prices_usd": model.token_prices_usd and model.token_prices_usd.model_dump(exclude_none=True),
        "source": [models.sources[name] for name in model.source],
        "checked": model.checked,
    }


def lines_about(model: Model, models: Catalogue, today: date) -> Iterator[str]:
    """Yield what is known of a living model, in lines of 80 columns.

    :param model: the model.
    :param models: the catalogue.
    :param today: the day to judge by.
    """
    jobs = _jobs(model, models)
    yield f"{model.id} (the default to {' and to '.join(jobs)})" if jobs else model.id
    state = f"{state_of(model, today)}{f', last day {model.discontinued}' if model.discontinued else ''}"
    successor = f", then {model.replacement}" if model.replacement else ""
    places = ", ".join(f"{place}*" if place.endswith("-") else place for place in model.locations or (model.location,))
    yield wrapped(f"{state}{successor}; served in {places}", INDENT, INDENT * 2)
    yield wrapped(f"does: {', '.join(_what_it_does(model))}", INDENT, INDENT * 2)
    yield wrapped(f"USD an image: {_prices(model)}", INDENT, INDENT * 2)
    if switches := [_switch(name, model) for name in sorted(model.parameters)]:
        yield wrapped(f"takes: {', '.join(switches)}", INDENT, INDENT * 2)


def _is_of(model: Model, job: str | None) -> bool:
    """Return whether a model does a job. Those that generate from pictures edit them."""
    return job is None or job in model.jobs or (job == "edit" and model.pictures is not None)


def _jobs(model: Model, models: Catalogue) -> list[str]:
    """Return the jobs for which a model is the default."""
    return [job for job, name in models.defaults.items() if name == model.id]


def _what_it_does(model: Model) -> Iterator[str]:
    if "generate" in model.jobs:
        yield f"generate {'1 to ' if model.max_images > 1 else ''}{counted(model.max_images, 'image')} a task"
    if model.pictures:
        yield f"up to {counted(model.pictures.most, 'picture')} as input"
    if "upscale" in model.jobs:
        yield f"upscale {' '.join(model.upscale_factors)}"
    if "edit" in model.jobs:
        yield "edit, which no operator asks of it"


def _switch(name: str, model: Model) -> str:
    values = getattr(model, VALUES[name]) if name in VALUES else ()
    return f"{name} ({' '.join(values)})" if values else name


def _prices(model: Model) -> str:
    if not model.prices_usd:
        return "not known"
    return ", ".join(f"{'' if size == 'any' else f'{size} '}{price:g}" for size, price in model.prices_usd.items())


def _about_retired(retired: list[Model], models: Catalogue, today: date, *, listed: bool) -> Iterator[str]:
    if not listed:
        yield f"Retired models: {len(retired)}. --all lists them too."
        return
    yield "Retired:"
    for model in retired:
        instead = living_replacement(model, models, today)
        text = f"{model.id}: last day {model.discontinued}{f'; use {instead}' if instead else ''}"
        yield wrapped(text, INDENT, INDENT * 2)
