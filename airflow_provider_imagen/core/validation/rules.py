"""The rules of Google's API reference, as sentences about a request.

Each rule returns the problems it finds; an empty list means the rule is content. A model that the catalogue does
not know is checked only by the rules that hold for every model.
Source of the limits: API reference "Generate images" and "Upscale images", and the catalogue's own sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from airflow_provider_imagen.core.catalogue import MODEL_ID, Catalogue, Model
from airflow_provider_imagen.core.catalogue.lifecycle import RETIRING_SOON_DAYS
from airflow_provider_imagen.core.image_format import EXTENSIONS
from airflow_provider_imagen.core.image_header import is_cut_off, read_header
from airflow_provider_imagen.core.requests import (
    LARGEST_SEED,
    PERSON_GENERATION,
    GenerateRequest,
    ImageRequest,
    UpscaleRequest,
)
from airflow_provider_imagen.core.storage.locations import problem_with_source
from airflow_provider_imagen.core.text import quoted
from airflow_provider_imagen.core.validation.compatibility import ALWAYS_THERE, is_needless, remarks_on_losses
from airflow_provider_imagen.core.validation.output_paths import problems_with_key, problems_with_output_uri

SAFETY_FILTER_LEVELS = ("block_low_and_above", "block_medium_and_above", "block_only_high", "block_none")
LANGUAGES = ("auto", "en", "es", "hi", "ja", "ko", "pt", "zh", "zh-CN", "zh-TW")
SAMPLE_IMAGE_STYLES = ("photograph", "digital_art", "landscape", "sketch", "watercolor", "cyberpunk", "pop_art")
ON_FILTERED = ("fail", "skip", "warn")
IF_EXISTS = ("generate", "reuse", "fail")
ON_LOST = ("fail", "resend")
UPSCALE_FACTORS = ("x2", "x3", "x4")
MOST_LABELS = 64
LABEL_KEY = re.compile(r"^[a-z][a-z0-9_-]{0,62}\Z")
LABEL_VALUE = re.compile(r"^[a-z0-9_-]{0,63}\Z")

CHOICES = {
    "safety_filter_level": SAFETY_FILTER_LEVELS,
    "person_generation": PERSON_GENERATION,
    "language": LANGUAGES,
    "sample_image_style": SAMPLE_IMAGE_STYLES,
    "output_mime_type": tuple(EXTENSIONS),
    "upscale_factor": UPSCALE_FACTORS,
    "on_filtered": ON_FILTERED,
    "if_exists": IF_EXISTS,
    "on_lost": ON_LOST,
}
RANGES = {
    "seed": (1, LARGEST_SEED),
    "compression_quality": (0, 100),
    "guidance_scale": (0, 100),
    "image_preservation_factor": (0, 1),
}
FOR_EVERY_MODEL = ALWAYS_THERE - {"aspect_ratio"}
LARGEST_SOURCE_BYTES = 10 * 1024 * 1024
"""Google's limit of 10 MB for an image to upscale, read as MiB so that nothing it accepts is refused here."""


MOST_MEGAPIXELS = 1000
"""Of an upscaled image, for models whose limit nobody told us. A file of 10 MB that claims more is a trap."""


def problems_with(request: ImageRequest, models: Catalogue) -> list[str]:
    """Return one sentence for each mistake in a request."""
    job = "upscale" if isinstance(request, UpscaleRequest) else "generate"
    model = models.find(request.model)
    problems = [
        *_general(request),
        *problems_with_output_uri(request.output_uri),
        *problems_with_key(request.image_key),
        *_model_name(request.model),
    ]
    if model is None:
        return [*problems, *_of_unknown_model(request)]
    if job not in model.jobs:
        able = ", ".join(each.id for each in models.for_job(job))
        return [*problems, f"model is {model.id!r}, which does not {job} images. Models that do: {able}."]
    problems += _parameters(request, model, models)
    problems += _of_generate(request, model) if isinstance(request, GenerateRequest) else _of_upscale(request, model)
    return problems


def problems_with_source(data: bytes, request: UpscaleRequest, models: Catalogue) -> list[str]:
    """Return what is wrong with the bytes of an image to upscale.

    :param data: the image file.
    :param request: what to do with it.
    """
    header = read_header(data)
    if len(data) > LARGEST_SOURCE_BYTES:
        return [f"image {request.image} has {len(data)} bytes; allowed are {LARGEST_SOURCE_BYTES}. Make it smaller."]
    if header is None:
        return [f"image {request.image} is neither PNG nor JPEG; these two are allowed. Convert it first."]
    model = models.find(request.model)
    most = (model.max_output_megapixels if model else None) or MOST_MEGAPIXELS
    factor = int(request.upscale_factor.removeprefix("x"))
    pixels = header.width * header.height * factor**2
    if pixels <= most * 1_000_000:
        is_damaged = pixels == 0 or is_cut_off(data)
        return [f"image {request.image} is damaged or cut off. Save or copy it again."] if is_damaged else []
    problem = (
        f"image {request.image} is {header.width} x {header.height}; upscale_factor {request.upscale_factor!r} makes "
        f"{pixels / 1e6:.1f} megapixels, and {request.model} allows {most}. Choose a smaller factor or image."
    )
    return [problem]


def problem_with_location(name: str, location: str | None, models: Catalogue) -> list[str]:
    """Return what is wrong with asking a model in a location that somebody set. It is never replaced by another."""
    model = models.find(name)
    if model is None or location is None or model.serves(location):
        return []
    served = ", ".join(f"{each}*" if each.endswith("-") else each for each in model.locations)
    return [
        f"{model.id} is served from {served} only; location is {location}. Set another location on the task or the "
        "connection, or leave it unset, or choose a model that is served there."
    ]


def remark_on_life(model: Model, today: date) -> list[str]:
    """Return a warning when a model has ended or ends within ``RETIRING_SOON_DAYS``."""
    if model.discontinued is None or (model.discontinued - today).days > RETIRING_SOON_DAYS:
        return []
    days = (model.discontinued - today).days
    return [f"{model.end_of_life()} That {f'is in {days} days' if days >= 0 else f'was {-days} days ago'}."]


def remarks_on(request: ImageRequest, models: Catalogue, today: date) -> list[str]:
    """Return what is allowed but probably not meant, one sentence each, for the task's log.

    :param today: the day by which a model counts as retired.
    """
    model = models.find(request.model)
    if model is None:
        guess = models.closest(request.model)
        hint = f" Did you mean {guess}?" if guess else ""
        return [f"The model {request.model} is not in our catalogue, so its limits were not checked.{hint}"]
    remarks = [*remark_on_life(model, today), *remarks_on_losses(request, model)]
    if isinstance(request, GenerateRequest) and request.seed is not None and _enhances(request, model):
        remarks.append(
            f"{model.id} rewrites prompts unless told otherwise, and then a seed has no effect. "
            "Set enhance_prompt=False for repeatable images."
        )
    return remarks


def _general(request: ImageRequest) -> Iterator[str]:
    if isinstance(request, GenerateRequest) and not request.prompt.strip():
        yield "prompt is empty. Say what the image shows; check the template that renders it."
    if isinstance(request, GenerateRequest) and request.prompt.strip() == "None":
        yield "prompt is 'None', which is what a template makes of a missing value. Check the template that renders it."
    if isinstance(request, UpscaleRequest) and (wrong := problem_with_source(request.image)):
        yield wrong
    for name, allowed in CHOICES.items():
        value = getattr(request, name, None)
        if value is not None and value not in allowed:
            yield _not_one_of(name, value, allowed)
    for name, (low, high) in RANGES.items():
        value = getattr(request, name, None)
        if value is not None and not low <= value <= high:
            limits = f"allowed are {low} to {high}"
            yield f"{name} is {quoted(value)}; {limits}. Choose a value in that range or leave it out."
    if request.compression_quality is not None and request.output_mime_type != "image/jpeg":
        yield (
            f"compression_quality is {quoted(request.compression_quality)} but output_mime_type is "
            f"{quoted(request.output_mime_type)}; it works with image/jpeg only. "
            "Set output_mime_type to that or drop it."
        )
    yield from _labels(request.labels or {})


def _labels(labels: dict[str, str]) -> Iterator[str]:
    if len(labels) > MOST_LABELS:
        yield f"labels has {len(labels)} entries; allowed are {MOST_LABELS}. Remove some."
    for key, value in labels.items():
        if not LABEL_KEY.match(key) or not LABEL_VALUE.match(value):
            yield (
                f"labels holds {quoted(key)}: {quoted(value)}; keys and values take lower-case letters, digits, "
                "'_' and '-', at most 63, and a key starts with a letter. Rename it."
            )


def _model_name(name: str) -> Iterator[str]:
    if not MODEL_ID.match(name):
        yield (
            f"model is {quoted(name)}; allowed is a bare model id such as imagen-4.0-generate-001. "
            "Remove anything else."
        )


def _parameters(request: ImageRequest, model: Model, models: Catalogue) -> Iterator[str]:
    for name in sorted(type(request).model_fields.keys() - FOR_EVERY_MODEL - model.parameters):
        value = getattr(request, name)
        if value is None or is_needless(name, value, model):
            continue
        able = [each.id for each in models.models if name in each.parameters and set(each.jobs) & set(model.jobs)]
        instead = f"; these do: {', '.join(able)}" if able else ""
        yield (
            f"{name} is {quoted(value)}, but {model.id} does not accept {name}{instead}. "
            "Leave it out or change the model."
        )


def _of_generate(request: GenerateRequest, model: Model) -> Iterator[str]:
    if not 1 <= request.number_of_images <= model.max_images:
        yield (
            f"number_of_images is {quoted(request.number_of_images)}; {model.id} makes 1 to {model.max_images} in a "
            "request. Map several tasks for more."
        )
    yield from _choice_of_model("aspect_ratio", request.aspect_ratio, model.aspect_ratios, model)
    yield from _choice_of_model("image_size", request.image_size, model.image_sizes, model)
    yield from _prompt_length("prompt", request.prompt, model)
    yield from _prompt_length("negative_prompt", request.negative_prompt or "", model)
    yield from _seed(request, model)


def _of_unknown_model(request: ImageRequest) -> Iterator[str]:
    if isinstance(request, GenerateRequest) and request.number_of_images < 1:
        yield f"number_of_images is {quoted(request.number_of_images)}; allowed are 1 or more. Correct the value."


def _prompt_length(name: str, text: str, model: Model) -> Iterator[str]:
    words = len(text.split())
    if model.prompt_tokens is not None and words > model.prompt_tokens:
        yield (
            f"{name} has {words} words, and {model.id} reads at most {model.prompt_tokens} tokens (a word is at least "
            "one). Shorten it."
        )


def _seed(request: GenerateRequest, model: Model) -> Iterator[str]:
    if request.seed is None or "add_watermark" not in model.parameters:
        return
    watermark = model.watermark_default if request.add_watermark is None else request.add_watermark
    if watermark:
        yield (
            f"seed is {quoted(request.seed)} while add_watermark is {request.add_watermark}, which {model.id} takes as "
            "True; Google allows a seed only without watermark. Set add_watermark=False or drop the seed."
        )
    if request.enhance_prompt:
        yield (
            f"seed is {quoted(request.seed)} while enhance_prompt is True; a rewritten prompt makes the seed void. "
            "Set enhance_prompt=False or drop the seed."
        )


def _of_upscale(request: UpscaleRequest, model: Model) -> Iterator[str]:
    if request.upscale_factor in UPSCALE_FACTORS:
        yield from _choice_of_model("upscale_factor", request.upscale_factor, model.upscale_factors, model)


def _choice_of_model(name: str, value: str | None, allowed: tuple[str, ...], model: Model) -> Iterator[str]:
    if value is not None and allowed and value not in allowed:
        yield (
            f"{name} is {quoted(value)}; {model.id} supports {', '.join(allowed)}. "
            "Choose one of these or another model."
        )


def _enhances(request: GenerateRequest, model: Model) -> bool:
    return model.enhance_prompt_default if request.enhance_prompt is None else request.enhance_prompt


def _not_one_of(name: str, value: object, allowed: Iterable[str]) -> str:
    return f"{name} is {quoted(value)}; allowed are {', '.join(allowed)}. Choose one of these or leave it out."
