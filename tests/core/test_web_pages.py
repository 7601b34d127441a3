"""Which of Google's pages belongs to a folder and to a model, and what OpenLineage calls a file."""

from __future__ import annotations

import pytest

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.web_pages import MODELS, dataset_of, folder_page, model_page

BROWSER = "https://console.cloud.google.com/storage/browser"


@pytest.mark.parametrize(
    ("output_uri", "page"),
    [
        ("gs://bucket/posters/2026-11-22/", f"{BROWSER}/bucket/posters/2026-11-22"),
        ("gs://bucket/posters", f"{BROWSER}/bucket/posters"),
        ("gs://bucket/a b/ü#?/", f"{BROWSER}/bucket/a%20b/%C3%BC%23%3F"),
        ("gs://bucket", f"{BROWSER}/bucket"),
        ("gs://-/x", ""),
        ("/data/posters", ""),
        ("s3://bucket/posters", ""),
        ("", ""),
    ],
)
def test_a_folder_in_cloud_storage_has_a_page_in_the_console_and_no_other_has(output_uri: str, page: str) -> None:
    assert folder_page(output_uri) == page


@pytest.mark.parametrize("model", catalogue().models, ids=lambda model: model.id)
def test_a_models_page_is_one_that_the_catalogue_names_as_its_source(model: object) -> None:
    name = str(getattr(model, "id", ""))
    page = model_page(name, catalogue())

    assert page.startswith("https://")
    assert " " not in page
    assert any(source.startswith(page) for source in catalogue().sources.values())


def test_an_alias_has_the_page_of_its_model() -> None:
    assert model_page("imagegeneration", catalogue()) == model_page("imagegeneration@006", catalogue())


def test_a_model_that_nobody_knows_yet_has_the_page_of_all_models() -> None:
    assert model_page("imagen-9", catalogue()) == MODELS
    assert MODELS in catalogue().sources.values()


@pytest.mark.parametrize(
    ("uri", "dataset"),
    [
        ("gs://bucket/posters/sample_0.png", ("gs://bucket", "posters/sample_0.png")),
        ("s3://conn@bucket/a.png", ("s3://bucket", "a.png")),
        ("/data/a.png", ("file", "/data/a.png")),
        ("file:///data/a.png", ("file", "/data/a.png")),
    ],
)
def test_a_file_is_named_as_openlineage_wants_it(uri: str, dataset: tuple[str, str]) -> None:
    assert dataset_of(uri) == dataset
