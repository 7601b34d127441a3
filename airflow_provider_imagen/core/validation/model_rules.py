"""The rules for one model, as sentences about a request; for an unknown one, the rules of all models of its kind.

Source of the limits: the catalogue, each row of which names its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from airflow_provider_imagen.core.catalogue import MODEL_ID, Catalogue, Model, ModelMatch
from airflow_provider_imagen.core.choices import UPSCALE_FACTORS
from airflow_provider_imagen.core.protocols import protocol_named
from airflow_provider_imagen.core.requests import GenerateRequest, ImageRequest
from airflow_provider_imagen.core.text import quoted
from airflow_provider_imagen.core.validation.compatibility import ALWAYS_THERE, LEVELS, is_needless
from airflow_provider_imagen.core.validation.rules import CHOICES, problem_with_compression

FOR_EVERY_MODEL = ALWAYS_THERE - {"aspect_ratio", "reference_images"}
INSTEAD = {
    "sample_image_style": "Say in the prompt which style the image has.",
    "guidance_scale": "Say in the prompt what matters most.",
    "add_watermark": "Leave it out: the watermark is always there.",
}
"""What to do instead of an argument that no model takes any more."""
FORMS = {
    "aspect_ratio": (re.compile(r"[1-9][0-9]*:[1-9][0-9]*"), "width:height, such as 16:9"),
    "image_size": (re.compile(r"[1-9][0-9]*K?"), "a size such as 1K, 2K or 4K"),
}
"""How the values of an argument are written, whatever a model supports of them."""


def problems_with_model(
    request: ImageRequest, match: ModelMatch, models: Catalogue, today: date, named_by: str = "model"
) -> Iterator[str]:
    """Yield one sentence for each mistake that is one with the model of a request.

    :param request: the request.
    :param match: what is known of its model. A misspelt id is a mistake; the rest is held against the model that is
        meant.
    :param models: the catalogue.
    :param today: the day by which a model counts as retired: none that is retired is recommended.
    :param named_by: the argument that names the model.
    """
    model, name = match.row, request.model
    if match.meant and MODEL_ID.match(name):
        yield f"{named_by} is {quoted(name)}, which is not known. Did you mean {match.meant}? Correct the id."
    if not match.is_known and not match.meant:
        yield from _of_unknown_model(request, model, models, today)
    elif request.job not in model.jobs:
        able = [each.id for each in models.for_job(request.job) if not each.retired_on(today)]
        instead = f"Models that do: {', '.join(able)}." if able else "No model does any more; leave this task out."
        yield f"{named_by} is {model.id!r}, which does not {request.job} images. {instead}"
        yield from _of_every_model(request, models.for_job(request.job), f"every known model that can {request.job}")
    else:
        yield from _parameters(request, model, models, today)
        yield from _of_generate(request, model) if isinstance(request, GenerateRequest) else _of_upscale(request, model)
        if request.compression_quality is not None and request.output_mime_type is None:
            yield from _compression(request, model)


def problem_with_location(match: ModelMatch, location: str | None, service_tier: str | None = None) -> list[str]:
    """Return what is wrong with asking a model in a location that task or connection set. It is never replaced.

    :param match: what is known of the model.
    :param location: the location that is set.
    :param service_tier: the request's.
    """
    model = match.row
    if service_tier == "flex" and location not in {None, "global"}:
        return [
            f"service_tier is 'flex', which is served in location global only; location is {location}. Set location to "
            "global, or leave out service_tier."
        ]
    if not (match.is_known or match.meant) or location is None or model.serves(location):
        return []
    served = ", ".join(f"{each}*" if each.endswith("-") else each for each in model.locations)
    return [
        f"{model.id} is served from {served} only; location is {location}. Set another location on the task or the "
        "connection, or leave it unset, or choose a model that is served there."
    ]


def _parameters(request: ImageRequest, model: Model, models: Catalogue, today: date) -> Iterator[str]:
    for name in sorted(type(request).model_fields.keys() - FOR_EVERY_MODEL - model.parameters - model.tolerated):
        value = getattr(request, name)
        if value is None or is_needless(name, value, model):
            continue
        instead = _instead(name, request, models, today)
        yield f"{name} is {quoted(value)}, but {model.id} does not accept {name}{instead}"


def _instead(name: str, request: ImageRequest, models: Catalogue, today: date) -> str:
    """Return which living models accept an argument, or what to do if none does."""
    able = [each.id for each in models.for_job(request.job) if name in each.parameters and not each.retired_on(today)]
    if able:
        return f"; these do: {', '.join(able)}. Leave it out or change the model."
    return f", and no model does any more. {INSTEAD.get(name, 'Leave it out.')}"


def _of_generate(request: GenerateRequest, model: Model) -> Iterator[str]:
    if not 1 <= request.number_of_images <= model.max_images:
        yield (
            f"number_of_images is {quoted(request.number_of_images)}; {model.id} makes 1 to {model.max_images} in a "
            "request. Map several tasks for more."
        )
    yield from _choice_of_model("aspect_ratio", request.aspect_ratio, model.aspect_ratios, model)
    yield from _choice_of_model("image_size", request.image_size, model.image_sizes, model)
    for name, field in LEVELS.items():
        if (value := getattr(request, name)) in CHOICES[name]:
            yield from _choice_of_model(name, value, getattr(model, field), model)
    yield from _number_of_pictures(request, model)
    yield from _prompt_length("prompt", request.prompt, model.prompt_tokens, model.id)
    yield from _prompt_length("negative_prompt", request.negative_prompt or "", model.prompt_tokens, model.id)
    yield from _seed(request, model)


def _number_of_pictures(request: GenerateRequest, model: Model) -> Iterator[str]:
    count = len(request.sources)
    if model.pictures is not None and count > model.pictures.most:
        yield f"reference_images has {count}; {model.id} takes at most {model.pictures.most}. Leave some out."


def _of_upscale(request: ImageRequest, model: Model) -> Iterator[str]:
    factor = getattr(request, "upscale_factor", None)
    if factor in UPSCALE_FACTORS:
        yield from _choice_of_model("upscale_factor", factor, model.upscale_factors, model)


def _compression(request: ImageRequest, model: Model) -> Iterator[str]:
    if "compression_quality" in model.parameters and model.mime_type_default != "image/jpeg":
        yield problem_with_compression(
            request, f"output_mime_type is None, and {model.id} answers {model.mime_type_default}"
        )


def _prompt_length(name: str, text: str, most: int | None, who: str) -> Iterator[str]:
    words = len(text.split())
    if most is not None and words > most:
        yield f"{name} has {words} words, and {who} reads at most {most} tokens (a word is at least one). Shorten it."


def _seed(request: GenerateRequest, model: Model) -> Iterator[str]:
    if request.seed is None or "add_watermark" not in model.parameters:
        return
    watermark = model.watermark_default if request.add_watermark is None else request.add_watermark
    if watermark:
        yield (
            f"seed is {quoted(request.seed)} while add_watermark is {request.add_watermark}, which {model.id} takes as "
            "True; Google allows a seed only without watermark. Set add_watermark=False or drop the seed."
        )


def _choice_of_model(name: str, value: str | None, allowed: tuple[str, ...], model: Model) -> Iterator[str]:
    if value is not None and allowed and value not in allowed:
        yield (
            f"{name} is {quoted(value)}; {model.id} supports {', '.join(allowed)}. "
            "Choose one of these or another model."
        )


def _of_unknown_model(request: ImageRequest, model: Model, models: Catalogue, today: date) -> Iterator[str]:
    """Yield what is a mistake with every model that is asked by the same protocol: the new one is asked by it too."""
    protocol = protocol_named(model.protocol)
    kind = [each for each in models.for_job(request.job) if protocol_named(each.protocol) is protocol]
    accepted = frozenset[str]().union(*(each.parameters | each.tolerated for each in kind))
    for name in sorted(type(request).model_fields.keys() - FOR_EVERY_MODEL - accepted):
        value = getattr(request, name)
        if value is not None and not is_needless(name, value, model):
            yield (
                f"{name} is {quoted(value)}, but no known model that is asked by {protocol.verb}, as "
                f"{quoted(request.model)} is, accepts {name}{_instead(name, request, models, today)}"
            )
    yield from _of_every_model(request, kind, "every known model of this kind")


def _of_every_model(request: ImageRequest, models: Sequence[Model], who: str) -> Iterator[str]:
    """Yield what is a mistake with each of some models, and in no form that a newer one could take.

    :param models: the models.
    :param who: what they are, as the subject of a sentence.
    """
    if not isinstance(request, GenerateRequest):
        return
    most = max(each.max_images for each in models)
    if request.number_of_images < 1:
        yield f"number_of_images is {quoted(request.number_of_images)}; allowed are 1 or more. Correct the value."
    elif request.number_of_images > most:
        yield (
            f"number_of_images is {quoted(request.number_of_images)}; {who} makes at most {most} in a request. Map "
            "several tasks for more."
        )
    for name, (form, in_words) in FORMS.items():
        value = getattr(request, name)
        if value is not None and not form.fullmatch(value):
            yield f"{name} is {quoted(value)}; allowed is {in_words}. Correct the value or leave it out."
    pictures = max((each.pictures.most for each in models if each.pictures), default=0)
    if pictures and len(request.sources) > pictures:
        yield f"reference_images has {len(request.sources)}; {who} takes at most {pictures}. Leave some out."
    tokens = [each.prompt_tokens for each in models if each.prompt_tokens]
    for name, text in (("prompt", request.prompt), ("negative_prompt", request.negative_prompt or "")):
        yield from _prompt_length(name, text, max(tokens, default=None), who)
