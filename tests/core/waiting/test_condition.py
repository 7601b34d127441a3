"""Which stored objects are the images waited for, and when there are enough."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from support.checked_requests import checked_generate

from airflow_provider_imagen.core.storage.listing import StoredObject, query
from airflow_provider_imagen.core.waiting.condition import MOST_URIS, ImageWait, check_wait
from airflow_provider_imagen.errors import InvalidInputError

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def stored(name: str = "cats/1/sample_0.png", **fields: Any) -> StoredObject:
    return StoredObject(**{"name": name, "size": 5, "time_created": NOON, "content_type": "image/png", **fields})


def wait(**arguments: Any) -> ImageWait:
    return check_wait(**{"output_uri": "gs://bucket/cats/", **arguments})


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({}, True),
        ({"content_type": "image/jpeg"}, True),
        ({"size": 0}, False),
        ({"content_type": "application/json"}, False),
        ({"content_type": "text/plain", "name": "cats/a.png"}, False),
        ({"content_type": "application/octet-stream", "name": "cats/a.png"}, True),
        ({"content_type": "", "name": "cats/a.jpg"}, True),
        ({"content_type": "application/octet-stream", "name": "cats/a.txt"}, False),
        ({"content_type": "application/octet-stream", "name": "cats/a"}, False),
        ({"content_type": "", "name": "cats/"}, False),
        ({"content_type": "IMAGE/PNG"}, True),
        ({"content_type": " image/png; charset=utf-8"}, True),
        ({"content_type": "image/jpg"}, True),
        ({"content_type": "image/x-png"}, True),
        ({"content_type": "binary/octet-stream", "name": "cats/a.png"}, True),
        ({"content_type": "application/x-www-form-urlencoded", "name": "cats/a.png"}, True),
        ({"content_type": "multipart/form-data; boundary=x", "name": "cats/a.PNG"}, True),
        ({"content_type": "", "name": "cats/a.webp"}, True),
        ({"content_type": "", "name": "cats/a.avif"}, True),
        ({"content_type": "", "name": "cats/a.jpeg"}, True),
        ({"content_type": "binary/octet-stream", "name": "cats/a.txt"}, False),
        ({"content_type": "application/x-www-form-urlencoded", "name": "cats/a"}, False),
    ],
)
def test_an_image_is_an_object_with_content_and_an_image_type(fields: dict[str, Any], *, counts: bool) -> None:
    assert wait().counts(stored(**fields)) is counts


@pytest.mark.parametrize(
    ("mime_types", "png", "jpeg"),
    [
        (None, True, True),
        ("", True, True),
        ("None", True, True),
        ([], True, True),
        ("image/png", True, False),
        ("image/png, image/jpeg", True, True),
        (["image/jpeg"], False, True),
        (("image/png", "image/jpeg"), True, True),
        (["image/jpg"], False, True),
        (["jpeg"], False, True),
        (["JPG"], False, True),
        (".png", True, False),
        ("IMAGE/PNG; q=1", True, False),
        (["image/x-png"], True, False),
        (["image/*"], True, True),
        ("*", True, True),
        (["*/*"], True, True),
        (["image/j*"], False, True),
        (["", "None", None, "png"], True, False),
        ([None], True, True),
        (["image/vnd.adobe.photoshop"], False, False),
    ],
)
def test_types_come_as_text_or_list(mime_types: object, *, png: bool, jpeg: bool) -> None:
    chosen = wait(mime_types=mime_types)

    assert chosen.counts(stored()) is png
    assert chosen.counts(stored("cats/a.jpg", content_type="application/octet-stream")) is jpeg


@pytest.mark.parametrize(
    "moment",
    [
        NOON,
        NOON.replace(tzinfo=None),
        NOON.astimezone(timezone(timedelta(hours=5))),
        "2026-11-22T12:00:00+00:00",
        "2026-11-22T17:00:00+05:00",
        "2026-11-22T12:00:00Z",
        "2026-11-22T12:00:00",
        "2026-11-22 12:00:00",
    ],
)
def test_only_what_is_newer_than_the_moment_counts_and_a_moment_without_zone_is_utc(moment: object) -> None:
    chosen = wait(newer_than=moment)

    assert not chosen.counts(stored(time_created=NOON - SECOND))
    assert not chosen.counts(stored(time_created=NOON))
    assert chosen.counts(stored(time_created=NOON + SECOND))


def test_the_time_zone_of_the_worker_plays_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as place:
        place.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        chosen = wait(newer_than="2026-11-22T12:00:00")
    time.tzset()

    assert chosen.newer_than == NOON


@pytest.mark.parametrize("blank", [None, "", " ", "None"])
def test_a_moment_that_renders_to_nothing_is_not_given(blank: str | None) -> None:
    assert wait(newer_than=blank).newer_than is None


def test_images_are_found_in_the_order_of_their_names() -> None:
    names = ["cats/2/sample_0.png", "cats/1/sample_1.png", "cats/1/sample_0.png", "cats/notes.txt"]
    listing = [stored(name, content_type="") for name in names]

    assert wait().content_of(listing).uris == (
        "gs://bucket/cats/1/sample_0.png",
        "gs://bucket/cats/1/sample_1.png",
        "gs://bucket/cats/2/sample_0.png",
    )


@pytest.mark.parametrize(("found", "over"), [(0, False), (3, False), (4, True), (5, True)])
def test_the_wait_is_over_when_enough_images_are_there(found: int, *, over: bool) -> None:
    chosen = wait(min_images="4")
    content = chosen.content_of(stored(f"cats/{number}.png") for number in range(found))

    assert chosen.is_over(content) is over
    assert chosen.progress(content) == f"{found} of at least 4 images are in gs://bucket/cats/"


def test_a_folder_without_closing_slash_does_not_match_its_sibling() -> None:
    folder = wait(output_uri="gs://bucket/posters/2026-01-0").folder

    assert query(folder, None)["prefix"] == "posters/2026-01-0/"
    assert not "posters/2026-01-01/1/sample_0.png".startswith(folder.prefix)


def test_a_wait_survives_the_way_through_airflow_s_database() -> None:
    chosen = wait(min_images=3, mime_types="image/png", newer_than="2026-11-22T12:00:00")

    assert check_wait(**chosen.model_dump(mode="json")) == chosen


@pytest.mark.parametrize(
    ("arguments", "value", "allowed"),
    [
        ({"output_uri": "/data/cats"}, "'/data/cats'", "a gs://bucket/folder/"),
        ({"output_uri": "s3://bucket/cats/"}, "'s3://bucket/cats/'", "a gs://bucket/folder/"),
        ({"output_uri": "gs://"}, "'gs://'", "a gs://bucket/folder/"),
        ({"output_uri": None}, "None", "a gs://bucket/folder/"),
        ({"min_images": -1}, "-1", "a whole number of 0 or more"),
        ({"min_images": "few"}, "'few'", "a whole number of 0 or more"),
        ({"mime_types": 7}, "7", "a list such as ['image/png']"),
        ({"mime_types": ["jpge"]}, "'jpge'", "a list such as ['image/png'], ['jpeg'] or ['image/*']"),
        ({"mime_types": "image/pgn"}, "'image/pgn'", "a list such as ['image/png']"),
        ({"mime_types": ["text/plain"]}, "'text/plain'", "a list such as ['image/png']"),
        ({"mime_types": ["image/"]}, "'image/'", "a list such as ['image/png']"),
        ({"mime_types": ["/png"]}, "'/png'", "a list such as ['image/png']"),
        ({"mime_types": ["images"]}, "'images'", "a list such as ['image/png']"),
        ({"mime_types": "['image/png']"}, "\"['image/png']\"", "a list such as ['image/png']"),
        ({"mime_types": [7]}, "7", "a list such as ['image/png']"),
        ({"newer_than": "yesterday"}, "'yesterday'", "a moment such as '2026-01-31T00:00:00+00:00'"),
    ],
)
def test_wrong_input_is_named_with_what_is_allowed(arguments: dict[str, Any], value: str, allowed: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        wait(**arguments)

    (problem,) = caught.value.problems
    assert problem.startswith(f"{next(iter(arguments))} is {value}; allowed is {allowed}")
    assert problem.endswith("Correct the value or its template.")


def test_all_wrong_input_is_named_at_once() -> None:
    with pytest.raises(InvalidInputError) as caught:
        wait(output_uri="cats", min_images=-1, newer_than="soon", colour="red")

    assert [problem.split()[0] for problem in sorted(caught.value.problems)] == [
        "colour",
        "min_images",
        "newer_than",
        "output_uri",
    ]


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
        ("gs://b-b/None/p/", "a part of it is 'None'"),
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
