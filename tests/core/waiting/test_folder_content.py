"""Which folders a wait looks into, and what it reports of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.checked_requests import checked_generate

from airflow_provider_imagen.core.storage.listing import StoredObject
from airflow_provider_imagen.core.waiting.condition import MOST_URIS, ImageWait, check_wait
from airflow_provider_imagen.errors import InvalidInputError

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def stored(name: str = "cats/1/sample_0.png", **fields: Any) -> StoredObject:
    return StoredObject(**{"name": name, "size": 5, "time_created": NOON, "content_type": "image/png", **fields})


def wait(**arguments: Any) -> ImageWait:
    return check_wait(**{"output_uri": "gs://bucket/cats/", **arguments})


def test_a_wait_is_not_advised_to_look_where_it_cannot() -> None:
    with pytest.raises(InvalidInputError) as caught:
        wait(output_uri="gs://b-b/None/")

    assert "Use gs://bucket/folder/; no other place is looked into." in str(caught.value)
    assert "local folder" not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("gs://b-b/p/*.png", "'*' stands for no name"),
        ("gs://b-b/p/sample_?/", "'?' stands for no name"),
        ("gs://b-b/p/a.png", "it names a file, and a folder is wanted"),
        ("gs://b-b/p/a.JPEG", "it names a file, and a folder is wanted"),
        ("gs://b-b/p/ ", "blanks around it are not allowed"),
        ("gs://b-b/p/\n", "control characters and blanks around it are not allowed"),
        ("gs://b-b/../p/", "'.' and '..' are not allowed"),
        ("gs://b-b/p//q/", "an empty part ('//') is not allowed"),
        ("gs://b-b/{{ ds }}/", "a template in it was not rendered"),
        ("gs://b-b/{% if x %}/", "a template in it was not rendered"),
        ("gs://b-b/{# a day #}/", "a template in it was not rendered"),
        ("gs://b-b/None/p/", "a part of it is 'None'"),
        ("gs://b-b/day=None/", "a part of it is 'day=None'"),
        ("gs://b-b/nan", "a part of it is 'nan'"),
        ("gs://b-b", "a folder after the bucket"),
    ],
)
def test_a_folder_that_cannot_be_meant_is_refused_as_by_the_operators(uri: str, text: str) -> None:
    generate = {"model": "gemini-nano-banana-2.1", "prompt": "a cat", "output_uri": uri}
    for check in (lambda: wait(output_uri=uri), lambda: checked_generate(generate)):
        with pytest.raises(InvalidInputError) as caught:
            check()

        (problem,) = caught.value.problems
        assert problem.startswith(f"output_uri is {uri!r}")
        assert text in problem


@pytest.mark.parametrize(
    "uri", ["gs://b-b/p", "gs://b-b/2026-11-22/run.1/", "gs://b-b/Nonesuch/", "gs://b-b/a.png/", "gs://b-b/[x]/{y}/"]
)
def test_a_folder_that_is_only_unusual_is_looked_into(uri: str) -> None:
    assert wait(output_uri=uri).output_uri == uri


def test_records_of_operators_are_no_images() -> None:
    names = [
        "cats/_imagen/inputs/0a.png",
        "cats/2026/_imagen/jobs/b.png",
        "cats/_imagen.png",
        "cats/my_imagen/c.png",
        "cats/d.png",
    ]

    content = wait().content_of(map(stored, names))
    below = wait(output_uri="gs://bucket/_imagen/").content_of([stored("_imagen/a.png")])

    assert [uri.rpartition("/")[2] for uri in content.uris] == ["_imagen.png", "d.png", "c.png"]
    assert (content.count, dict(content.others), below.count) == (3, {}, 1)


def test_the_progress_says_what_is_there_and_does_not_count() -> None:
    chosen = wait(min_images=3, mime_types="png", newer_than=NOON)
    listing = [
        stored("cats/"),
        stored(time_created=NOON + SECOND),
        stored(size=0),
        stored(),
        *[stored(content_type="image/jpeg") for _ in range(3)],
        stored(content_type="text/plain"),
        stored(content_type="text/html"),
    ]

    assert chosen.progress(chosen.content_of(listing)) == (
        "1 of at least 3 images are in gs://bucket/cats/; other objects there that do not count: 7 (3 of type "
        "image/jpeg, 1 empty, 1 not newer than 2026-11-22T12:00:00+00:00, 2 for other reasons)"
    )


def test_of_very_many_images_the_first_are_named_and_all_are_counted() -> None:
    content = wait().content_of(stored(f"cats/{number:06}.png") for number in reversed(range(60_000)))

    assert (content.count, len(content.uris)) == (60_000, MOST_URIS)
    assert (content.uris[0], content.uris[-1]) == ("gs://bucket/cats/000000.png", "gs://bucket/cats/001023.png")


@pytest.mark.parametrize(("min_images", "read"), [(0, 0), (1, 1), (5, 5), (7, 7)])
def test_where_no_names_are_wanted_a_listing_is_read_no_further_than_needed(min_images: int, read: int) -> None:
    seen: list[int] = []

    def listing() -> Iterator[StoredObject]:
        for number in range(7):
            seen.append(number)
            yield stored(f"cats/{number}.png")

    chosen = wait(min_images=min_images, wants_uris=False)
    content = chosen.content_of(listing())

    assert (content.count, content.uris, len(seen)) == (min_images, (), read)
    assert chosen.is_over(content)
