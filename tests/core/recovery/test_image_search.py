"""Which images of a folder are those of a lost answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_imagen.core.recovery.image_search import Sighting, sighting
from airflow_provider_imagen.core.storage.listing import StoredObject
from airflow_provider_imagen.core.storage.locations import CloudFolder

ASKED = datetime(2026, 11, 22, 12, tzinfo=UTC)
FOLDER = CloudFolder("bucket", "made/")
ONE, TWO = "1733000000001", "1733000000002"


def stored(name: str, seconds: float = 5, content_type: str = "image/png") -> StoredObject:
    return StoredObject(name=name, time_created=ASKED + timedelta(seconds=seconds), content_type=content_type)


def seen(*objects: StoredObject, requested: int = 2, **more: Any) -> Sighting:
    minute = (ASKED, ASKED + timedelta(seconds=60))
    return sighting(objects, FOLDER, minute, claimed=more.pop("claimed", ()), requested=requested, **more)


def test_one_new_folder_is_the_answer() -> None:
    view = seen(stored(f"made/{ONE}/sample_1.png"), stored(f"made/{ONE}/sample_0.png"))

    assert view.is_complete
    assert view.uris == (f"gs://bucket/made/{ONE}/sample_0.png", f"gs://bucket/made/{ONE}/sample_1.png")
    assert [image.uri for image in view.answer(1.0).images] == list(view.uris)
    assert view.answer(1.0).reasons == ()


def test_the_tenth_image_comes_after_the_ninth() -> None:
    view = seen(*(stored(f"made/{ONE}/sample_{number}.png") for number in range(11)), requested=11)

    assert view.uris[-1].endswith("sample_10.png")


def test_fewer_images_than_asked_are_ours_and_not_complete() -> None:
    view = seen(stored(f"made/{ONE}/sample_0.png"))

    assert view.is_ours
    assert not view.is_complete
    assert view.answer(1.0).filtered == 1
    assert "lost" in view.answer(1.0).why()


@pytest.mark.parametrize(
    "objects",
    [
        [stored(f"made/{ONE}/sample_0.png"), stored(f"made/{TWO}/sample_0.png")],
        [stored(f"made/{ONE}/sample_{number}.png") for number in range(3)],
    ],
    ids=["two folders", "more images than asked for"],
)
def test_what_may_be_somebody_elses_is_not_ours(objects: list[StoredObject]) -> None:
    assert not seen(*objects).is_ours
    assert len(seen(*objects).uris) == len(objects)


def test_nothing_is_ours_while_somebody_else_is_asking() -> None:
    view = seen(stored(f"made/{ONE}/sample_0.png"), requested=1, rivals=[ASKED])

    assert not view.is_ours
    assert not view.is_complete


@pytest.mark.parametrize(
    "other",
    [
        stored(f"made/{ONE}/sample_0.png", seconds=-0.001),
        stored(f"made/{ONE}/sample_0.png", seconds=60.001),
        stored(f"made/{ONE}/notes.txt", content_type="text/plain"),
        stored("made/posters-12ab/sample_0.png"),
        stored(f"made/deeper/{ONE}/sample_0.png"),
        stored(f"made/{ONE}/deeper/sample_0.png"),
        stored("made/173300000000/sample_0.png"),
        stored("made/sample_0.png"),
    ],
    ids=lambda each: each.name,
)
def test_what_no_request_of_ours_can_have_written_is_passed_over(other: StoredObject) -> None:
    assert seen(other).folders == ()


def test_what_somebody_claims_is_passed_over() -> None:
    assert seen(stored(f"made/{ONE}/a.png"), claimed={f"gs://bucket/made/{ONE}/a.png"}).folders == ()


def test_who_asked_after_the_images_appeared_did_not_ask_for_them() -> None:
    view = seen(stored(f"made/{ONE}/sample_0.png"), requested=1, rivals=[ASKED + timedelta(seconds=6)])

    assert view.is_complete
