"""The catalogue against Google's API reference of 2025-05-12, table by table.

The facts below were copied from the reference by hand and know nothing of ``models.toml``.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import pytest
from support.checked_requests import checked_generate, checked_upscale

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.errors import InvalidInputError

FIVE = ("1:1", "9:16", "16:9", "3:4", "4:3")
OPTIONAL = {"negativePrompt", "enhancePrompt", "sampleImageStyle", "personGeneration", "language", "safetySetting"}


class Row(NamedTuple):
    """What the reference says of one model. ``supports`` holds the optional fields that not every model has."""

    most_images: int
    prompt_tokens: int
    aspect_ratios: tuple[str, ...]
    supports: set[str]
    watermark_default: Literal["true", "false"]
    enhance_default: Literal["true", "none"] = "none"


REFERENCE = {
    "imagen-3.0-generate-002": Row(
        4, 480, FIVE, {"enhancePrompt", "personGeneration", "safetySetting"}, "true", "true"
    ),
    "imagen-3.0-generate-001": Row(
        4, 480, FIVE, {"negativePrompt", "personGeneration", "language", "safetySetting"}, "true"
    ),
    "imagen-3.0-fast-generate-001": Row(4, 480, FIVE, {"negativePrompt", "personGeneration", "safetySetting"}, "true"),
    "imagegeneration@006": Row(
        4, 128, FIVE, {"negativePrompt", "personGeneration", "language", "safetySetting"}, "true"
    ),
    "imagegeneration@005": Row(4, 128, ("1:1", "9:16"), {"negativePrompt"}, "false"),
    "imagegeneration@002": Row(8, 64, ("1:1",), {"negativePrompt", "sampleImageStyle"}, "false"),
}
FIELDS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "negativePrompt": ("negative_prompt", ("rain",)),
    "enhancePrompt": ("enhance_prompt", (True, False)),
    "sampleImageStyle": (
        "sample_image_style",
        ("photograph", "digital_art", "landscape", "sketch", "watercolor", "cyberpunk", "pop_art"),
    ),
    "personGeneration": ("person_generation", ("dont_allow", "allow_adult", "allow_all")),
    "language": ("language", ("auto", "en", "es", "hi", "ja", "ko", "pt", "zh-TW", "zh", "zh-CN")),
    "safetySetting": (
        "safety_filter_level",
        ("block_low_and_above", "block_medium_and_above", "block_only_high", "block_none"),
    ),
}
FOR_ALL = {
    "output_mime_type": ("image/png", "image/jpeg"),
    "add_watermark": (True, False),
    "include_rai_reason": (True, False),
    "include_safety_attributes": (True, False),
}
CASES = [(model, field) for model in REFERENCE for field in sorted(OPTIONAL)]
MODELS = list(REFERENCE)


def ask(model: str, **arguments: Any) -> object:
    given = {"model": model, "prompt": "a cat", "output_uri": "gs://bucket/cats/", **arguments}
    return checked_generate(given)


@pytest.mark.parametrize(("model", "field"), CASES)
def test_an_optional_field_is_accepted_exactly_where_the_reference_supports_it(model: str, field: str) -> None:
    argument, values = FIELDS[field]

    for value in values:
        if field in REFERENCE[model].supports:
            ask(model, **{argument: value})
        else:
            with pytest.raises(InvalidInputError, match=rf"{argument} is .*{model} does not accept {argument}"):
                ask(model, **{argument: value})


@pytest.mark.parametrize("model", MODELS)
def test_fields_without_a_list_of_models_are_accepted_by_every_model(model: str) -> None:
    for argument, values in FOR_ALL.items():
        for value in values:
            ask(model, **{argument: value})
    for quality in (0, 75, 100):
        ask(model, output_mime_type="image/jpeg", compression_quality=quality)


@pytest.mark.parametrize("model", MODELS)
def test_sample_count_has_the_limits_of_the_reference(model: str) -> None:
    most = REFERENCE[model].most_images

    for count in range(1, most + 1):
        ask(model, number_of_images=count)
    for count in (0, most + 1):
        with pytest.raises(InvalidInputError, match=f"number_of_images is {count}; {model} makes 1 to {most} "):
            ask(model, number_of_images=count)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("ratio", ["1:1", "9:16", "16:9", "3:4", "4:3", "2:3", "21:9"])
def test_aspect_ratios_are_those_of_the_reference(model: str, ratio: str) -> None:
    allowed = REFERENCE[model].aspect_ratios

    if ratio in allowed:
        ask(model, aspect_ratio=ratio)
    else:
        with pytest.raises(
            InvalidInputError, match=f"aspect_ratio is '{ratio}'; {model} supports {', '.join(allowed)}"
        ):
            ask(model, aspect_ratio=ratio)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("argument", ["prompt", "negative_prompt"])
def test_texts_may_be_as_long_as_the_reference_says(model: str, argument: str) -> None:
    """A word is one token or more, so a text with more words than the model reads tokens is surely too long."""
    most = REFERENCE[model].prompt_tokens
    if argument == "negative_prompt" and "negativePrompt" not in REFERENCE[model].supports:
        return

    ask(model, **{argument: "cat " * most})
    with pytest.raises(InvalidInputError, match=f"{argument} has {most + 1} words, and {model} reads at most {most} "):
        ask(model, **{argument: "cat " * (most + 1)})


@pytest.mark.parametrize("model", MODELS)
def test_a_seed_needs_the_watermark_off_where_the_reference_has_it_on(model: str) -> None:
    ask(model, seed=7, add_watermark=False)
    with pytest.raises(InvalidInputError, match="Set add_watermark=False"):
        ask(model, seed=7, add_watermark=True)
    if REFERENCE[model].watermark_default == "true":
        with pytest.raises(InvalidInputError, match=rf"add_watermark is None, which {model} takes as True"):
            ask(model, seed=7)
    else:
        ask(model, seed=7)


@pytest.mark.parametrize("model", MODELS)
def test_rows_of_the_catalogue_say_what_the_reference_says(model: str) -> None:
    row, known = REFERENCE[model], catalogue().find(model)

    assert known is not None
    assert (known.max_images, known.prompt_tokens) == (row.most_images, row.prompt_tokens)
    assert set(known.aspect_ratios) == set(row.aspect_ratios)
    assert known.watermark_default is (row.watermark_default == "true")
    assert known.enhance_prompt_default is (row.enhance_default == "true")
    assert {field for field, (name, _) in FIELDS.items() if name in known.parameters} == row.supports
    assert "reference" in known.source


def test_language_is_also_known_for_the_editing_model_that_the_reference_names() -> None:
    known = catalogue().find("imagen-3.0-capability-001")

    assert known is not None
    assert "language" in known.parameters


@pytest.mark.parametrize("factor", ["x2", "x4"])
def test_the_reference_upscales_with_one_model(factor: str) -> None:
    given = {"image": "gs://bucket/cat.png", "output_uri": "gs://bucket/large/", "upscale_factor": factor}

    assert checked_upscale({**given, "model": "imagegeneration@002"}).upscale_factor == factor
    for model in set(REFERENCE) - {"imagegeneration@002"}:
        with pytest.raises(InvalidInputError, match=f"model is '{model}', which does not upscale"):
            checked_upscale({**given, "model": model})


def test_a_copy_with_other_models_finds_these() -> None:
    whole = catalogue()
    first = whole.models[0]
    changed = whole.model_copy(update={"models": (first.model_copy(update={"max_images": 7}),)})

    assert (changed.find(first.id) or first).max_images == 7
    assert changed.find(whole.models[1].id) is None
    assert whole.find(first.id) is first
