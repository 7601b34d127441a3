"""The images that a request was given stand beside its results, and are read under the same rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_imagen.core.result_document import ResultDocument
from airflow_provider_imagen.plugins.gallery.sources import sources_of

PAGE = "/imagen-gallery/dags/posters_dag/runs/manual__1/tasks/edited/-1"
Record = Callable[..., dict[str, Any]]
Visit = Callable[..., Any]
SOURCE = "gs://bucket/made/sample_0.png"


@pytest.mark.parametrize(
    ("parameters", "uris"),
    [
        ({"image": SOURCE}, [SOURCE]),
        ({"reference_images": [SOURCE, "/data/b.png"]}, [SOURCE, "/data/b.png"]),
        ({"reference_images": SOURCE}, [SOURCE]),
        ({"image": None, "reference_images": None}, []),
        ({"image": 3, "reference_images": [3, None, "", {"uri": "a"}, ["a"]]}, []),
        ({"reference_images": ["a", "b", "a"]}, ["a", "b"]),
        ({"reference_images": [f"{n}" for n in range(1000)]}, [f"{n}" for n in range(200)]),
        ({}, []),
    ],
)
def test_sources_are_what_the_arguments_name(make_record: Record, parameters: dict[str, Any], uris: list[str]) -> None:
    document = ResultDocument.read(make_record(parameters=parameters))

    assert document is not None
    assert [source.uri for source in sources_of(document)] == uris


@pytest.fixture
def edited(site: Any, posters: str, make_record: Record) -> Callable[..., None]:
    def add(*sources: str) -> None:
        value = make_record("gs://bucket/made/sample_1.png", parameters={"reference_images": list(sources)})
        site.add_task(value, run=site.runs["manual__1", "posters_dag"], task_id="edited")

    return add


def test_a_source_stands_beside_the_result(site: Any, visit: Visit, edited: Callable[..., None]) -> None:
    edited(SOURCE)

    page = visit(PAGE)

    assert page.thumbnails() == [f"{PAGE}/sources/0/thumbnail", f"{PAGE}/images/0/thumbnail"]
    assert [value.split() for value in page.all("a", "data-sources")] == [
        [link for link in page.all("a", "href") if "/sources/" in link]
    ]
    assert site.as_user().get(f"{PAGE}/sources/0").headers["content-type"] == "image/png"
    assert site.as_user().get(f"{PAGE}/sources/1").status_code == 404


@pytest.mark.parametrize("uri", ["/etc/passwd", "http://169.254.169.254/", "gs://bucket/..", "data:image/png,x"])
def test_a_source_that_may_not_be_read_is_not_read(
    site: Any, visit: Visit, edited: Callable[..., None], uri: str
) -> None:
    edited(uri)

    assert site.as_user().get(f"{PAGE}/sources/0").status_code == 403
    assert site.as_user().get(f"{PAGE}/sources/0/thumbnail").status_code == 403
    page = visit(PAGE)
    assert page.thumbnails() == [f"{PAGE}/images/0/thumbnail"]
    assert page.all("a", "data-sources") == []


def test_a_source_that_may_not_be_read_takes_the_number_of_none_beside_it(
    visit: Visit, edited: Callable[..., None]
) -> None:
    edited("/data/on-the-worker.png", SOURCE)

    page = visit(PAGE)

    assert page.thumbnails() == [f"{PAGE}/sources/1/thumbnail", f"{PAGE}/images/0/thumbnail"]
    assert [value.split() for value in page.all("a", "data-sources")] == [
        [link for link in page.all("a", "href") if "/sources/" in link]
    ]
