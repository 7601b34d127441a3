"""Input pictures against what models take."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_imagen.core.catalogue import PictureLimits
from airflow_provider_imagen.core.requests import InputPicture
from airflow_provider_imagen.core.validation.input_pictures import (
    FLEX_INLINE_BYTES,
    ReadPicture,
    problem_with_all,
    problems_with_picture,
    problems_with_uris,
    those_to_upload,
)

LIMITS = PictureLimits(most=3, inline_bytes=100, object_bytes=1000, mime_types=("image/png", "image/jpeg"), tokens=1)


def inline(size: int, **arguments: Any) -> ReadPicture:
    picture = InputPicture(data=bytes(size), mime_type="image/png", **arguments)
    return ReadPicture("reference_images /data/a.png", picture, "sha256:0", size)


def in_cloud(size: int | None, mime_type: str | None = "image/png") -> ReadPicture:
    picture = InputPicture(gcs_uri="gs://b/a.png", mime_type=mime_type)
    return ReadPicture("reference_images gs://b/a.png", picture, "md5:0", size)


@pytest.mark.parametrize("read", [inline(100), in_cloud(1000), in_cloud(None), in_cloud(5, "image/JPG; q=1")])
def test_a_picture_within_the_limits_is_taken(read: ReadPicture) -> None:
    assert list(problems_with_picture(read, LIMITS, "a-model")) == []


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (inline(101), "has 101 bytes; a-model takes at most 100 with a request. Larger ones, up to 1000, are uploaded"),
        (inline(1001), "has 1001 bytes; a-model takes at most 1000. Make it smaller."),
        (in_cloud(1001), "has 1001 bytes; a-model takes at most 1000. Make it smaller."),
        (in_cloud(0), "is empty (0 bytes)"),
        (in_cloud(5, "text/html"), "is text/html; a-model takes image/png, image/jpeg. Convert it"),
        (in_cloud(5, None), "is of no known type; a-model takes image/png, image/jpeg"),
    ],
)
def test_a_picture_beyond_them_is_refused(read: ReadPicture, said: str) -> None:
    (problem,) = problems_with_picture(read, LIMITS, "a-model")

    assert said in problem


@pytest.mark.parametrize("uri", ["", "photo.png", "https://x/y.png", "gs://bucket", "gs://bucket/", "/a\nb.png"])
def test_a_uri_that_cannot_be_read_is_refused_with_its_number(uri: str) -> None:
    (problem,) = problems_with_uris(["gs://b/a.png", uri])

    assert problem.startswith(f"reference_images[1] is {uri!r}; allowed are gs://bucket/name.png")


def test_the_largest_pictures_are_uploaded_until_the_rest_fits() -> None:
    pictures = [inline(20), inline(101), inline(30), in_cloud(900)]

    assert those_to_upload(pictures, LIMITS, None) == [1]
    assert those_to_upload(pictures, LIMITS, "flex") == [1]


def test_flex_takes_fewer_bytes_with_a_request() -> None:
    limits = LIMITS.model_copy(update={"inline_bytes": FLEX_INLINE_BYTES})
    half = FLEX_INLINE_BYTES // 2
    pictures = [inline(half), inline(half + 1), inline(half)]

    assert those_to_upload(pictures, limits, None) == []
    assert those_to_upload(pictures, limits, "flex") == [1]
    assert problem_with_all(pictures, None) == []
    assert "service_tier 'flex' takes at most 20971520" in problem_with_all(pictures, "flex")[0]
