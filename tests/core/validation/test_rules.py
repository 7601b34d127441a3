"""Remarks that do not stop a task, and what an image to upscale may be."""

from __future__ import annotations

import struct
import zlib
from datetime import date
from typing import Any

import pytest
from support.checked_requests import checked_generate, checked_upscale

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.requests import UpscaleRequest
from airflow_provider_imagen.core.validation import source_image
from airflow_provider_imagen.core.validation.remarks import remarks_on
from airflow_provider_imagen.core.validation.source_image import LARGEST_SOURCE_BYTES

IN_TIME = date(2025, 6, 1)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


def remarks(today: date = IN_TIME, **arguments: Any) -> list[str]:
    given = {"model": "imagen-3.0-generate-002", "prompt": "a cat", "output_uri": "gs://bucket/cats/", **arguments}
    match = catalogue().match(given["model"], "generate")
    return remarks_on(checked_generate(given), match, catalogue(), today)


def upscale(factor: str = "x4", model: str = "imagen-4.0-upscale-preview") -> UpscaleRequest:
    given = {"model": model, "image": "/data/cat.png", "output_uri": "/data/large", "upscale_factor": factor}
    return checked_upscale(given)


def problems_of(data: bytes, request: UpscaleRequest) -> list[str]:
    return source_image.problems_with_source(data, request, catalogue().find_or_default(request.model, "upscale"))


def png(width: int, height: int, length: int = 0) -> bytes:
    """Return a PNG without pixels, as long as is wanted."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    end = chunk(b"IEND", b"")
    filling = max(0, length - len(start) - len(end) - 12)
    return start + chunk(b"tEXt", bytes(filling)) + end


def test_nothing_is_said_about_an_ordinary_request() -> None:
    assert remarks() == []


def test_an_unknown_model_is_remarked_on_with_the_nearest_known_one() -> None:
    (remark,) = remarks(model="imagen-3.0-generate-003")

    assert remark.startswith("The model imagen-3.0-generate-003 is not in our catalogue, so only the limits that all")
    assert remark.endswith("Did you mean imagen-3.0-generate-002?")


def test_an_unknown_model_without_a_likeness_gets_no_guess() -> None:
    (remark,) = remarks(model="something-else")

    assert "Did you mean" not in remark


@pytest.mark.parametrize(
    ("today", "when"),
    [
        (date(2026, 4, 1), "That is in 90 days."),
        (date(2026, 6, 30), "That is in 0 days."),
        (date(2026, 7, 1), "That was 1 day ago."),
    ],
)
def test_the_end_of_a_model_is_remarked_on_with_day_and_successor_ninety_days_before(today: date, when: str) -> None:
    story = (
        "Google announced 2026-06-30 as the last day of imagen-3.0-generate-002; use gemini-2.5-flash-image instead."
    )

    assert remarks(today) == [f"{story} {when}"]


def test_an_end_that_is_far_away_is_not_remarked_on() -> None:
    assert remarks(date(2026, 3, 31)) == []


@pytest.mark.parametrize(
    ("model", "enhance_prompt", "said"),
    [
        ("imagen-3.0-generate-002", None, True),
        ("imagen-3.0-generate-002", False, False),
        ("imagen-3.0-generate-002", True, True),
        ("imagen-4.0-generate-001", True, True),
        ("imagen-4.0-generate-001", None, True),
        ("imagen-3.0-generate-001", None, False),
    ],
)
def test_a_seed_beside_prompt_rewriting_is_remarked_on(model: str, *, enhance_prompt: bool | None, said: bool) -> None:
    found = remarks(model=model, seed=7, add_watermark=False, enhance_prompt=enhance_prompt)

    assert [("Set enhance_prompt=False" in remark) for remark in found] == [True] * said


def test_what_google_s_own_sdk_sends_is_sent_with_a_warning() -> None:
    found = remarks(
        model="imagen-4.0-generate-001",
        negative_prompt="human",
        add_watermark=False,
        seed=1337,
        language="en",
        enhance_prompt=True,
        guidance_scale=15.0,
    )

    assert [remark.split()[0] for remark in found] == ["negative_prompt", "imagen-4.0-generate-001"]
    assert "a text of 5 characters; Google's page on imagen-4.0-generate-001 does not list it" in found[0]


@pytest.mark.parametrize(
    ("width", "height", "factor", "megapixels"),
    [
        (1024, 1024, "x4", None),
        (2048, 2048, "x2", None),
        (2048, 2048, "x3", "37.7"),
        (2048, 2048, "x4", "67.1"),
        (1700, 2500, "x2", None),
        (1701, 2500, "x2", "17.0"),
    ],
)
def test_the_output_may_have_17_megapixels(width: int, height: int, factor: str, megapixels: str | None) -> None:
    found = problems_of(png(width, height), upscale(factor))

    assert len(found) == (megapixels is not None)
    for problem in found:
        assert f"is {width} x {height}; upscale_factor '{factor}' makes {megapixels} megapixels" in problem
        assert "allows 17. Choose a smaller factor or image." in problem


@pytest.mark.parametrize("model", ["imagegeneration@002", "some-model-of-tomorrow"])
def test_a_model_without_a_known_limit_takes_any_size(model: str) -> None:
    assert problems_of(png(9000, 9000), upscale("x2", model)) == []


def test_a_file_may_have_ten_megabytes() -> None:
    assert problems_of(png(10, 10, LARGEST_SOURCE_BYTES), upscale()) == []

    (problem,) = problems_of(png(10, 10, LARGEST_SOURCE_BYTES + 1), upscale())
    assert problem == "image /data/cat.png has 10485761 bytes; allowed are 10485760. Make it smaller."


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"<html>", PNG])
def test_a_file_that_is_neither_png_nor_jpeg_is_refused(data: bytes) -> None:
    (problem,) = problems_of(data, upscale())

    assert problem == "image /data/cat.png is neither PNG nor JPEG; these two are allowed. Convert it first."
