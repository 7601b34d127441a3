"""The model catalogue as tables. What lives and what is retired is judged by the day the catalogue was checked last."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_provider_imagen.core.catalogue import Model, catalogue
from airflow_provider_imagen.core.catalogue.pricing import JOB_FACTOR, TIER_FACTORS, USUAL_SIZE
from pages.markdown import code, table

MODELS = tuple(model for model in catalogue().models if "edit" not in model.jobs)
CHECKED = max(model.checked for model in MODELS)
LIVING = tuple(
    sorted(
        (model for model in MODELS if not model.retired_on(CHECKED)),
        key=lambda model: (model.jobs, model.id != catalogue().defaults["generate"]),
    )
)
MEBIBYTE = 1 << 20


def living_models() -> str:
    """Return the models that answer, the default of a job marked."""
    rows = (
        (
            f"`{model.id}`{_default_mark(model)}",
            ", ".join(model.jobs),
            code(model.image_sizes or model.upscale_factors) or "one size",
            f"{model.pictures.most}" if model.pictures else "none",
            code(_places(model)),
            _price(model),
            model.discontinued or "none announced",
        )
        for model in LIVING
    )
    headers = ("model", "job", "sizes", "pictures as input", "location", "USD an image", "last day")
    return f"{table(headers, rows)}\n\nAs of {CHECKED}. In bold: the default of its job."


def retired_models() -> str:
    """Return the models that do not answer any more."""
    rows = (
        (f"`{model.id}`", ", ".join(model.jobs), model.discontinued, f"`{model.replacement}`")
        for model in MODELS
        if model not in LIVING
    )
    return table(("model", "job", "last day", "Google's replacement"), rows)


def details() -> str:
    """Return, model by model, what the overview has no room for."""
    return "\n\n".join(f"### {model.id}\n\n" + "\n".join(f"- {line}" for line in _details(model)) for model in LIVING)


def _details(model: Model) -> Iterable[str]:
    yield f"Protocol `{model.protocol}`; location if none is set: `{model.location}`."
    yield f"Images a task: at most {model.max_images}. Image type if none is asked for: `{model.mime_type_default}`."
    if model.prompt_tokens:
        yield f"Prompt: at most {model.prompt_tokens:,} tokens."
    if model.aspect_ratios:
        yield f"`aspect_ratio`: {code(model.aspect_ratios)}."
    if model.upscale_factors:
        yield f"`upscale_factor`: {code(model.upscale_factors)}; the result has at most {_megapixels(model)}."
    if pictures := model.pictures:
        yield (
            f"`reference_images`: at most {pictures.most}, of {pictures.inline_bytes // MEBIBYTE} MiB each, "
            f"or {pictures.object_bytes // MEBIBYTE} MiB in Cloud Storage; {code(pictures.mime_types)}."
        )
    if model.tolerated:
        yield f"Sent with a warning, as Google's page on the model does not list it: {code(sorted(model.tolerated))}."
    yield f"Sources: {', '.join(model.source)}; checked on {model.checked}."


def _megapixels(model: Model) -> str:
    return f"{model.max_output_megapixels} megapixels" if model.max_output_megapixels else "any size"


def arguments_by_model() -> str:
    """Return which living model takes which argument, with its values where they differ."""
    names = sorted({name for model in LIVING for name in model.parameters})
    rows = [("`number_of_images`", *(f"at most {model.max_images}" for model in LIVING))]
    rows += [(f"`{name}`", *(_support(model, name) for model in LIVING)) for name in names]
    return table(("argument", *(f"`{model.id}`" for model in LIVING)), rows)


def _support(model: Model, name: str) -> str:
    if name not in model.parameters:
        return "-"
    values = {
        "image_size": code(model.image_sizes),
        "aspect_ratio": f"{len(model.aspect_ratios)} ratios",
        "thinking_level": code(model.thinking_levels),
        "service_tier": code(model.service_tiers),
        "reference_images": f"at most {model.pictures.most}" if model.pictures else "",
    }
    return values.get(name) or "yes"


def prices() -> str:
    """Return list prices of one image by service tier, and of a million tokens."""
    tiers = ("standard", *TIER_FACTORS)
    rows = []
    for model in LIVING:
        for size, usd in model.prices_usd.items():
            factors = {"standard": 1.0, **{tier: TIER_FACTORS[tier] for tier in model.service_tiers}}
            each = [f"{usd * factors[tier]:.4g}" if tier in factors else "-" for tier in tiers]
            job = f"{usd * JOB_FACTOR:.4g}" if has_jobs(model) and size in {USUAL_SIZE, "any"} else "-"
            rows.append((f"`{model.id}`", size, *each, job, _tokens(model)))
    headers = ("model", "size", *(f"{tier}, USD" for tier in tiers), "batch job, USD", "USD for a million tokens")
    return table(headers, rows)


def has_jobs(model: Model) -> bool:
    """Say whether a model answers batch prediction jobs: those of Gemini do."""
    return model.protocol == "generateContent"


def _tokens(model: Model) -> str:
    if (known := model.token_prices_usd) is None:
        return "-"
    each = {"input": known.input, "images": known.output_image, "text and thoughts": known.output_text}
    return ", ".join(f"{name} {usd:g}" for name, usd in each.items() if usd is not None)


def sources() -> str:
    """Return where the catalogue's facts come from."""
    return table(("source", "what it is"), ((f"`{name}`", text) for name, text in catalogue().sources.items()))


def _default_mark(model: Model) -> str:
    jobs = [job for job, name in catalogue().defaults.items() if name == model.id]
    return f" (**default to {' and '.join(jobs)}**)" if jobs else ""


def _places(model: Model) -> list[str]:
    return [f"{place}..." if place.endswith("-") else place for place in model.locations or (model.location,)]


def _price(model: Model) -> str:
    usd = sorted(set(model.prices_usd.values()))
    return f"{usd[0]:g}" + (f" to {usd[-1]:g}" if len(usd) > 1 else "") if usd else "not known"
