"""What a catalogue file must not be, and how models are found in one."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from airflow_provider_imagen.core.catalogue import MODEL_ID, Catalogue, catalogue, parse

HEAD = """
[defaults]
generate = "painter"
upscale = "enlarger"
[sources]
page = "https://example.com/models"
"""
PAINTER = """
[[models]]
id = "painter"
aliases = ["brush"]
jobs = ["generate"]
protocol = "predict"
location = "us-central1"
max_images = 4
watermark_default = true
parameters = ["seed"]
released = "2025-01"
source = ["page"]
checked = 2026-11-22
"""
ENLARGER = """
[[models]]
id = "enlarger"
jobs = ["upscale"]
protocol = "predict"
location = "us-central1"
max_images = 1
upscale_factors = ["x2"]
watermark_default = true
parameters = []
source = ["page"]
checked = 2026-11-22
"""


def small() -> Catalogue:
    return parse(HEAD + PAINTER + ENLARGER)


def test_the_examples_of_this_file_are_a_catalogue() -> None:
    assert [model.id for model in small().models] == ["painter", "enlarger"]


@pytest.mark.parametrize(
    ("line", "instead", "complaint"),
    [
        ('source = ["page"]\n', "", "source"),
        ('source = ["page"]\n', "source = []\n", "source"),
        ('source = ["page"]', 'source = ["rumour"]', "sources that are not listed: .*rumour"),
        ("checked = 2026-11-22\n", "", "checked"),
        ("checked = 2026-11-22", 'checked = "lately"', "checked"),
        ("max_images = 4", "max_images = 4\ncolour = 'red'", "colour"),
        ("max_images = 4", "max_images = 0", "max_images"),
        ("max_images = 4\n", "", "max_images"),
        ('id = "painter"', 'id = ""', "id"),
        ('jobs = ["generate"]', 'jobs = ["dream"]', "jobs"),
        ('protocol = "predict"', 'protocol = "smoke"', "protocol"),
        ('released = "2025-01"', 'released = "spring"', "released"),
        ('jobs = ["generate"]', 'jobs = ["generate", "upscale"]', "upscale_factors go together"),
        ("max_images = 4", 'max_images = 4\nupscale_factors = ["x2"]', "upscale_factors go together"),
        ('jobs = ["generate"]', 'jobs = ["edit"]', "the default for generate, painter"),
        ('id = "painter"', 'id = "enlarger"', "named twice: .*enlarger"),
        ('aliases = ["brush"]', 'aliases = ["enlarger"]', "named twice: .*enlarger"),
    ],
)
def test_a_row_with_a_gap_or_a_mistake_is_refused(line: str, instead: str, complaint: str) -> None:
    assert line in PAINTER

    with pytest.raises(ValidationError, match=complaint):
        parse(HEAD + PAINTER.replace(line, instead) + ENLARGER)


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ('generate = "painter"', 'generate = "nobody"'),
        ('generate = "painter"', 'generate = "painter"\ndream = "painter"'),
        ("[sources]", "[colours]\nred = 'x'\n[sources]"),
    ],
)
def test_a_head_with_a_mistake_is_refused(line: str, instead: str) -> None:
    with pytest.raises(ValidationError):
        parse(HEAD.replace(line, instead) + PAINTER + ENLARGER)


def test_models_are_found_by_id_and_by_alias() -> None:
    assert small().find("brush") == small().models[0]
    assert small().find("nobody") is None
    assert small().find("") is None


def test_imagegeneration_is_version_006() -> None:
    assert catalogue().find("imagegeneration") == catalogue().find("imagegeneration@006")


def test_models_are_listed_by_job() -> None:
    assert [model.id for model in small().for_job("generate")] == ["painter"]
    assert [model.id for model in small().for_job("upscale")] == ["enlarger"]
    assert {model.id for model in catalogue().for_job("upscale")} == {
        "imagegeneration@002",
        "imagen-4.0-upscale-preview",
    }


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("imagen-4.0-generate-01", "imagen-4.0-generate-001"),
        ("imagen-3.0-genrate-002", "imagen-3.0-generate-002"),
        ("imagegeneration@02", "imagegeneration@002"),
        ("gpt-image-1", None),
    ],
)
def test_a_typing_error_is_recognised_and_a_stranger_is_not(typed: str, meant: str | None) -> None:
    assert catalogue().closest(typed) == meant


def test_rows_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        catalogue().models[0].max_images = 100  # type: ignore[misc]


def test_every_id_and_alias_may_stand_in_a_path() -> None:
    assert all(MODEL_ID.match(name) for model in catalogue().models for name in (model.id, *model.aliases))


@pytest.mark.parametrize("name", ["", "a/b", "a b", "../x", "-a", "a?b", "a#b", "a:predict", "a%2Fb", "a\n"])
def test_anything_that_would_change_the_path_is_no_model_id(name: str) -> None:
    assert not MODEL_ID.match(name)
