"""Which stored objects are the images waited for, and when there are enough."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_imagen.core.storage.listing import StoredObject, query
from airflow_provider_imagen.core.waiting.condition import ImageWait, check_wait
from airflow_provider_imagen.errors import InvalidInputError

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def stored(name: str = "cats/1/sample_0.png", **fields: Any) -> StoredObject:
    return StoredObject(**{"name": name, "size": 5, "time_created": NOON, "content_type": "image/png", **fields})


def is_counted(chosen: ImageWait, one: StoredObject) -> bool:
    return chosen.content_of([one]).count == 1


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
    assert is_counted(wait(), stored(**fields)) is counts


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

    assert is_counted(chosen, stored()) is png
    assert is_counted(chosen, stored("cats/a.jpg", content_type="application/octet-stream")) is jpeg


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

    assert not is_counted(chosen, stored(time_created=NOON - SECOND))
    assert not is_counted(chosen, stored(time_created=NOON))
    assert is_counted(chosen, stored(time_created=NOON + SECOND))


def test_the_time_zone_of_the_worker_plays_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as place:
        place.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        chosen = wait(newer_than="2026-11-22T12:00:00")
    time.tzset()

    assert chosen.newer_than == NOON


@pytest.mark.parametrize("day", ["20261122", 20261122, " 20261122 ", "2026-11-22", "20261122T000000"])
def test_a_day_is_its_beginning_also_where_a_template_made_a_number_of_it(day: object) -> None:
    assert wait(newer_than=day).newer_than == NOON.replace(hour=0)


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
        ({"newer_than": "1764150000"}, "'1764150000'", "a moment such as '2026-01-31T00:00:00+00:00'"),
        ({"newer_than": 1764150000}, "1764150000", "a moment such as"),
        ({"newer_than": 1.5}, "1.5", "a moment such as"),
        ({"newer_than": 1e30}, "1e+30", "a moment such as"),
        ({"newer_than": "2026"}, "'2026'", "a moment such as"),
        ({"newer_than": "1.5e3"}, "'1.5e3'", "a moment such as"),
        ({"newer_than": "20269999"}, "'20269999'", "a moment such as"),
        ({"newer_than": True}, "True", "a moment such as"),
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


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_wait(output_uri="gs://bucket", min_images=-1, newer_than="soon")

    assert [problem.partition(" is ")[0] for problem in refused.value.problems] == [
        "min_images",
        "newer_than",
        "output_uri",
    ]
