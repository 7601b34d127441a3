"""One look at a folder: done, failed, out of time, or look again. And how a trigger's event is read back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_imagen import errors
from airflow_provider_imagen.core.storage.listing import StoredObject
from airflow_provider_imagen.core.text import quoted
from airflow_provider_imagen.core.waiting.condition import check_wait
from airflow_provider_imagen.core.waiting.decision import MOST_URIS_IN_EVENT, Verdict, look, read_event, unanswered

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WAIT = check_wait(output_uri="gs://bucket/cats/", min_images=2)
URIS = ("gs://bucket/cats/0.png", "gs://bucket/cats/1.png")


class Folder:
    """Plays a listing, or a failure."""

    def __init__(self, images: int, failure: Exception | None = None) -> None:
        self.images = images
        self.failure = failure

    def __call__(self) -> Iterable[StoredObject]:
        for number in range(self.images):
            yield StoredObject(name=f"cats/{number}.png", size=1, time_created=NOON)
        if self.failure:
            raise self.failure


def look_at(folder: Folder, *, seconds_left: float = 100.0, poll_interval: float = 10.0) -> Verdict:
    return look(WAIT, folder, seconds_left=seconds_left, poll_interval=poll_interval)


@pytest.mark.parametrize("seconds_left", [100.0, 0.0, -5.0])
def test_enough_images_end_the_wait_even_at_the_last_moment(seconds_left: float) -> None:
    verdict = look_at(Folder(2), seconds_left=seconds_left)

    assert verdict.uris == URIS
    assert verdict.failure is None
    assert verdict.event == {
        "status": "done",
        "message": "2 of at least 2 images are in gs://bucket/cats/",
        "uris": list(URIS),
        "total": 2,
        "output_uri": "gs://bucket/cats/",
    }


@pytest.mark.parametrize(("seconds_left", "pause"), [(100.0, 10.0), (10.0, 10.0), (3.5, 3.5)])
def test_too_few_images_mean_another_look_not_later_than_the_end(seconds_left: float, pause: float) -> None:
    verdict = look_at(Folder(1), seconds_left=seconds_left)

    assert verdict == Verdict("1 of at least 2 images are in gs://bucket/cats/", 1, URIS[:1], pause_seconds=pause)


@pytest.mark.parametrize("seconds_left", [0.0, -1.0])
def test_too_few_images_at_the_end_are_a_timeout_that_says_how_far_it_came(seconds_left: float) -> None:
    verdict = look_at(Folder(1), seconds_left=seconds_left)

    assert verdict.failure is None
    assert verdict.event == {
        "status": "timeout",
        "message": "1 of at least 2 images are in gs://bucket/cats/",
        "uris": list(URIS[:1]),
        "total": 1,
        "output_uri": "gs://bucket/cats/",
    }


@pytest.mark.parametrize(
    "failure",
    [
        errors.ServiceUnavailableError("503"),
        errors.QuotaExceededError("429", 5.0),
        errors.NotSentError("refused"),
        errors.ResponseLostError("reset"),
    ],
)
def test_one_bad_look_does_not_end_the_wait(failure: errors.ImagenError) -> None:
    verdict = look_at(Folder(1, failure))
    last = look_at(Folder(1, failure), seconds_left=0.0)

    assert (verdict.event, verdict.failure, verdict.pause_seconds) == (None, None, 10.0)
    assert verdict.text == f"This look failed and does not count: {failure}"
    assert last.event is not None
    assert last.event["status"] == "timeout"
    assert str(failure) in last.event["message"]


@pytest.mark.parametrize(
    "failure",
    [
        errors.PermissionDeniedError("no right to list"),
        errors.StorageNotFoundError("no such bucket"),
        errors.CredentialsError("expired"),
        errors.InvalidConnectionError("no project"),
        errors.UnexpectedResponseError("HTML"),
    ],
)
def test_a_permanent_failure_ends_the_wait_with_class_and_text(failure: errors.PermanentError) -> None:
    verdict = look_at(Folder(0, failure))

    assert verdict.failure is failure
    event = {"status": "failed", "message": f"{type(failure).__name__}: {failure}", "uris": []}
    assert verdict.event == event | {"total": 0, "output_uri": None}


def test_a_failure_that_is_not_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        look_at(Folder(0, ZeroDivisionError()))


@pytest.mark.parametrize(
    "verdict",
    [look_at(Folder(2)), look_at(Folder(1), seconds_left=0), look_at(Folder(0, errors.CredentialsError("expired")))],
)
def test_every_event_survives_the_way_through_airflow_s_database(verdict: Verdict) -> None:
    event = json.loads(json.dumps(verdict.event))

    assert read_event(event).model_dump() == verdict.event


@pytest.mark.parametrize("images", [101, 60_000])
def test_an_event_is_small_however_many_images_there_are(images: int) -> None:
    verdict = look_at(Folder(images))

    assert verdict.event is not None
    assert (verdict.count, verdict.event["total"]) == (images, images)
    assert len(verdict.event["uris"]) == MOST_URIS_IN_EVENT
    assert len(json.dumps(verdict.event)) < 10_000


def test_an_event_of_an_older_version_is_read() -> None:
    event = read_event({"status": "done", "message": "", "uris": ["gs://bucket/a.png"]})

    assert (event.uris, event.total) == (["gs://bucket/a.png"], None)


@pytest.mark.parametrize(
    "event",
    [
        None,
        {},
        {"status": "success"},
        {"status": "DONE"},
        {"status": None},
        {"status": "done"},
        {"status": "timeout"},
        {"status": "done", "message": ""},
        {"status": "done", "message": "", "uris": None},
        {"status": "done", "message": "", "uris": "gs://bucket/a.png"},
        {"status": "done", "message": "", "uris": [7]},
        {"status": "done", "message": "", "uris": [b"gs://bucket/a.png"]},
        {"status": "done", "message": 7, "uris": []},
        {"status": ["done"], "message": "", "uris": []},
        {"status": "done", "message": "", "uris": [], "images": []},
        {"status": "done", "images": []},
        {"message": "done"},
        "done",
        ["done"],
        True,
    ],
)
def test_an_event_of_no_known_shape_is_never_taken_for_success(event: Any) -> None:
    with pytest.raises(errors.UnexpectedResponseError, match="no result of a wait. Clear the task") as caught:
        read_event(event)

    assert f"reported {quoted(event)}, which" in str(caught.value)


def test_a_last_look_that_hangs_is_a_time_out_that_says_so() -> None:
    event = read_event(unanswered("gs://bucket/x/").event)

    assert (event.status, event.uris) == ("timeout", [])
    assert "The last look into gs://bucket/x/ did not end in time" in event.message
