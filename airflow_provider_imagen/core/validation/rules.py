"""The rules of Google's API reference that hold for every model, as sentences about a request.

Source of the limits: API reference "Generate images" and "Upscale images".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from airflow_provider_imagen.core.catalogue import MODEL_ID
from airflow_provider_imagen.core.choices import (
    IF_EXISTS,
    LANGUAGES,
    ON_FILTERED,
    ON_LOST,
    PERSON_GENERATION,
    PROMINENT_PEOPLE,
    SAFETY_FILTER_LEVELS,
    SAMPLE_IMAGE_STYLES,
    SERVICE_TIERS,
    THINKING_LEVELS,
    UPSCALE_FACTORS,
)
from airflow_provider_imagen.core.image_format import EXTENSIONS
from airflow_provider_imagen.core.requests import (
    LARGEST_SEED,
    GenerateRequest,
    ImageRequest,
    UpscaleRequest,
)
from airflow_provider_imagen.core.storage.locations import problem_with_source
from airflow_provider_imagen.core.text import quoted
from airflow_provider_imagen.core.validation.input_pictures import problems_with_uris
from airflow_provider_imagen.core.validation.output_paths import problems_with_key, problems_with_output_uri

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
    "thinking_level": THINKING_LEVELS,
    "prominent_people": PROMINENT_PEOPLE,
    "service_tier": SERVICE_TIERS,
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


def problems_with(request: ImageRequest) -> Iterator[str]:
    """Yield one sentence for each mistake that is one with every model."""
    yield from _general(request)
    yield from problems_with_output_uri(request.output_uri)
    yield from problems_with_key(request.image_key)
    yield from _model_name(request.model)


def problem_with_compression(request: ImageRequest, because: str) -> str:
    """Say that a ``compression_quality`` has no JPEG to work on.

    :param request: the request.
    :param because: what the image is instead.
    """
    return (
        f"compression_quality is {quoted(request.compression_quality)} but {because}; it works with image/jpeg only. "
        "Set output_mime_type to that or drop it."
    )


def _general(request: ImageRequest) -> Iterator[str]:
    if isinstance(request, GenerateRequest) and not request.prompt.strip():
        yield "prompt is empty. Say what the image shows; check the template that renders it."
    if isinstance(request, GenerateRequest) and request.prompt.strip() == "None":
        yield "prompt is 'None', which is what a template makes of a missing value. Check the template that renders it."
    if isinstance(request, UpscaleRequest) and (wrong := problem_with_source(request.image)):
        yield wrong
    if isinstance(request, GenerateRequest):
        yield from problems_with_uris(request.sources)
    for name, allowed in CHOICES.items():
        value = getattr(request, name, None)
        if value is not None and value not in allowed:
            yield _not_one_of(name, value, allowed)
    for name, (low, high) in RANGES.items():
        value = getattr(request, name, None)
        if value is not None and not low <= value <= high:
            limits = f"allowed are {low} to {high}"
            yield f"{name} is {quoted(value)}; {limits}. Choose a value in that range or leave it out."
    if request.compression_quality is not None and request.output_mime_type not in {None, "image/jpeg"}:
        yield problem_with_compression(request, f"output_mime_type is {quoted(request.output_mime_type)}")
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


def _not_one_of(name: str, value: object, allowed: Iterable[str]) -> str:
    return f"{name} is {quoted(value)}; allowed are {', '.join(allowed)}. Choose one of these or leave it out."
