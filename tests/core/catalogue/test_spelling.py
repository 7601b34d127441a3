"""A misspelt model id is told from the id of a model that is newer than the catalogue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.catalogue.spelling import misspelt

IDS = [name for model in catalogue().models for name in (model.id, *model.aliases)]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("imagen-4.0-generte-001", "imagen-4.0-generate-001"),
        ("imagen-4.0-genreate-001", "imagen-4.0-generate-001"),
        ("imagen-4.0-generate-01", "imagen-4.0-generate-001"),
        ("imagen-4.0-generate-0001", "imagen-4.0-generate-001"),
        ("imagen-4.0-generate", "imagen-4.0-generate-001"),
        ("imagen-4.0-ultra-generate", "imagen-4.0-ultra-generate-001"),
        ("imagen-4.0-upscale", "imagen-4.0-upscale-preview"),
        ("imagegeneration@02", "imagegeneration@002"),
        ("gemini-nano-bannana-2.1", "gemini-nano-banana-2.1"),
        ("gemini-nano-banana", "gemini-nano-banana-2.1"),
        ("nano-banana-2.1", "gemini-nano-banana-2.1"),
        ("gemini-3-pro", "gemini-3-pro-image"),
        ("gemini-3-pro-images", "gemini-3-pro-image"),
        ("GEMINI-3-PRO-IMAGE", "gemini-3-pro-image"),
        ("gemini_3_pro_image", "gemini-3-pro-image"),
        ("gemini-3-1-flash-image", "gemini-3.1-flash-image"),
        ("gemini-3.1-flahs-lite-image", "gemini-3.1-flash-lite-image"),
    ],
)
def test_a_misspelling_is_known_with_the_id_that_was_meant(typed: str, meant: str) -> None:
    assert misspelt(typed, IDS) == meant


@pytest.mark.parametrize(
    "new",
    [
        "imagen-4.0-generate-002",
        "imagen-4.1-generate-001",
        "imagen-5.0-generate-001",
        "imagen-12.0-ultra-generate-001",
        "imagen-4.0-generate-preview-05-20",
        "imagegeneration@003",
        "gemini-nano-banana-2.2",
        "gemini-nano-banana-3",
        "gemini-4-pro-image",
        "gemini-3.5-pro-image",
        "gemini-3.1-flash-mini-image",
        "gemini-3-pro-image-preview",
        "gemini-4-pro",
        "virtual-try-on-001",
        "model-of-tomorrow",
        "gpt-image-1",
        "x",
        "",
    ],
)
def test_another_version_or_another_name_may_be_a_new_model(new: str) -> None:
    assert misspelt(new, IDS) is None


@pytest.mark.parametrize("name", IDS)
def test_a_known_id_is_no_misspelling(name: str) -> None:
    assert misspelt(name, IDS) is None


@given(st.text(st.characters(exclude_categories=[]), max_size=5000))
def test_any_text_is_judged_quickly(text: str) -> None:
    assert misspelt(text, IDS) in {None, *IDS}
