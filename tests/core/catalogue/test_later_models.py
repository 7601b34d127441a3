"""The models after the reference of May 2025, when they end, and what comes after them.

Facts from Google's model cards and deprecation page, checked 2026-11-22.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from support.checked_requests import checked_generate, checked_upscale

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.errors import InvalidInputError

IMAGEN_4 = {
    "imagen-4.0-generate-001": (4, ("1K", "2K")),
    "imagen-4.0-fast-generate-001": (4, ("1K",)),
    "imagen-4.0-ultra-generate-001": (4, ("1K", "2K")),
    "imagen-4.0-generate-preview-06-06": (4, ()),
    "imagen-4.0-fast-generate-preview-06-06": (4, ()),
    "imagen-4.0-ultra-generate-preview-06-06": (1, ()),
}
ENDS = {
    "imagegeneration@002": ("2025-06-24", "2025-09-24", "gemini-2.5-flash-image"),
    "imagegeneration@005": ("2025-06-24", "2025-09-24", "gemini-2.5-flash-image"),
    "imagegeneration@006": ("2025-06-24", "2025-09-24", "gemini-2.5-flash-image"),
    "imagen-3.0-generate-001": (None, "2026-06-30", "gemini-2.5-flash-image"),
    "imagen-3.0-fast-generate-001": (None, "2026-06-30", "gemini-2.5-flash-image"),
    "imagen-3.0-generate-002": (None, "2026-06-30", "gemini-2.5-flash-image"),
    "imagen-3.0-capability-001": (None, "2026-06-30", "gemini-nano-banana-2.1"),
    "imagen-3.0-capability-002": (None, "2026-06-30", "gemini-nano-banana-2.1"),
    "imagen-4.0-generate-preview-06-06": ("2025-10-14", "2025-11-30", "imagen-4.0-generate-001"),
    "imagen-4.0-fast-generate-preview-06-06": ("2025-10-14", "2025-11-30", "imagen-4.0-fast-generate-001"),
    "imagen-4.0-ultra-generate-preview-06-06": ("2025-10-14", "2025-11-30", "imagen-4.0-ultra-generate-001"),
    "imagen-4.0-generate-001": (None, "2026-06-30", "gemini-nano-banana-2.1"),
    "imagen-4.0-fast-generate-001": (None, "2026-06-30", "gemini-nano-banana-2.1"),
    "imagen-4.0-ultra-generate-001": (None, "2026-06-30", "gemini-3-pro-image"),
    "imagen-4.0-upscale-preview": (None, None, None),
    "gemini-nano-banana-2.1": (None, None, None),
    "gemini-3.1-flash-image": (None, None, None),
    "gemini-3.1-flash-lite-image": (None, None, None),
    "gemini-3-pro-image": (None, None, None),
    "gemini-2.5-flash-image": (None, "2027-03-15", "gemini-3.1-flash-lite-image"),
}
UPSCALE = {
    "model": "imagen-4.0-upscale-preview",
    "image": "gs://bucket/cat.png",
    "output_uri": "gs://bucket/large/",
    "upscale_factor": "x2",
}


def ask(model: str, **arguments: Any) -> object:
    given = {"model": model, "prompt": "a cat", "output_uri": "gs://bucket/cats/", **arguments}
    return checked_generate(given)


@pytest.mark.parametrize("model", IMAGEN_4)
def test_imagen_4_takes_what_its_card_says(model: str) -> None:
    most, sizes = IMAGEN_4[model]

    ask(model, number_of_images=most, enhance_prompt=True, person_generation="allow_all", prompt="cat " * 480)
    ask(model, safety_filter_level="block_none", aspect_ratio="4:3")
    ask(model, negative_prompt="rain")  # as the tests of Google's SDK do
    for size in sizes:
        ask(model, image_size=size)
    for wrong in (
        {"number_of_images": most + 1},
        {"sample_image_style": "sketch"},
        {"image_size": "4K"},
        {"aspect_ratio": "2:3"},
        {"prompt": "cat " * 481},
        {"seed": 7},
    ):
        with pytest.raises(InvalidInputError, match=f"1 to correct:\n.*{next(iter(wrong))}.*{model}"):
            ask(model, **wrong)
    if "2K" not in sizes:
        with pytest.raises(InvalidInputError, match="image_size"):
            ask(model, image_size="2K")


@pytest.mark.parametrize("factor", ["x2", "x3", "x4"])
def test_the_upscaler_of_today_takes_three_factors(factor: str) -> None:
    checked_upscale({**UPSCALE, "upscale_factor": factor})


def test_the_upscaler_of_today_takes_the_fields_that_google_s_sdk_sends() -> None:
    checked_upscale(
        {**UPSCALE, "enhance_input_image": True, "image_preservation_factor": 0.5, "safety_filter_level": "block_none"}
    )
    old = {**UPSCALE, "model": "imagegeneration@002"}
    for name, value in {"enhance_input_image": True, "image_preservation_factor": 0.5}.items():
        with pytest.raises(InvalidInputError, match=f"{name} is .* these do: imagen-4.0-upscale-preview"):
            checked_upscale({**old, name: value})
    with pytest.raises(InvalidInputError, match="upscale_factor is 'x3'; imagegeneration@002 supports x2, x4"):
        checked_upscale({**old, "upscale_factor": "x3"})


@pytest.mark.parametrize("model", ["imagen-3.0-capability-001", "imagen-3.0-capability-002"])
def test_editing_models_neither_generate_nor_upscale(model: str) -> None:
    with pytest.raises(InvalidInputError, match=r"does not generate images. Models that do: .*imagen-4.0-generate-001"):
        ask(model)
    with pytest.raises(InvalidInputError, match=r"does not upscale images. Models that do: .*imagen-4.0-upscale"):
        checked_upscale({**UPSCALE, "model": model})


@pytest.mark.parametrize("model", ENDS)
def test_a_model_ends_when_google_said_and_names_its_successor(model: str) -> None:
    deprecated, discontinued, replacement = ENDS[model]
    known = catalogue().find(model)

    assert known is not None
    assert str(known.deprecated or "") == (deprecated or "")
    assert str(known.discontinued or "") == (discontinued or "")
    assert known.replacement == replacement
    story = known.end_of_life()
    assert (discontinued or "") in story
    assert (replacement or "") in story
    assert bool(story) is bool(discontinued)


def test_every_row_is_checked_against_a_fact_here() -> None:
    assert {model.id for model in catalogue().models} == set(ENDS)


def test_a_model_works_on_its_last_day_and_is_retired_on_the_next() -> None:
    known = catalogue().find("imagen-4.0-generate-001")
    last = date(2026, 6, 30)

    assert known is not None
    assert known.retired_on(last - timedelta(days=1)) is None
    assert known.retired_on(last) is None
    assert known.retired_on(last + timedelta(days=1)) == last


def test_a_model_without_an_announced_end_never_counts_as_retired() -> None:
    known = catalogue().find("imagen-4.0-upscale-preview")

    assert known is not None
    assert known.retired_on(date(9999, 12, 31)) is None
    assert known.end_of_life() == ""
