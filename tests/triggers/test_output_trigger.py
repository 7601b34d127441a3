"""The trigger: survives serialization, asks in a thread, reports once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import Mock

import pytest
from airflow.triggers.base import TriggerEvent

from airflow_provider_imagen.hooks.shared_connections import SharedConnection, shared_connection
from airflow_provider_imagen.triggers.imagen import ImagenOutputTrigger

pytestmark = pytest.mark.usefixtures("emulated")


@pytest.fixture
def emulated(set_connection: Callable[..., None], emulator: Any) -> None:
    set_connection(**emulator.connection["extra"])


def trigger_for(
    uri: str, *, seconds: float = 60.0, poll_interval: float = 0.01, min_images: int = 1
) -> ImagenOutputTrigger:
    wait = {"output_uri": uri, "min_images": min_images, "mime_types": None, "newer_than": None}
    trigger = ImagenOutputTrigger(wait, time.time() + seconds, poll_interval, "imagen_default")
    path, arguments = trigger.serialize()
    assert path == "airflow_provider_imagen.triggers.imagen.ImagenOutputTrigger"
    return ImagenOutputTrigger(**json.loads(json.dumps(arguments)))


@contextmanager
def connection_of(trigger: ImagenOutputTrigger) -> Iterator[SharedConnection]:
    """Use the connection of a trigger as another wait does."""
    with shared_connection(trigger.imagen_conn_id, trigger.impersonation_chain) as connection:
        asyncio.run(connection.client())
        yield connection


def events_of(trigger: ImagenOutputTrigger) -> list[dict[str, Any]]:
    async def collect() -> list[TriggerEvent]:
        return [event async for event in trigger.run()]

    return [event.payload for event in asyncio.run(collect())]


def test_reports_the_images_that_are_there(emulator: Any) -> None:
    emulator.put_object("bucket", "here/a.png", b"x", "image/png")

    (event,) = events_of(trigger_for("gs://bucket/here/"))

    assert (event["status"], event["uris"]) == ("done", ["gs://bucket/here/a.png"])


def test_looks_again_until_an_image_arrives(emulator: Any) -> None:
    trigger = trigger_for("gs://bucket/later/")
    look, looks = trigger._look, []

    def look_and_store(client: Any) -> Any:
        verdict = look(client)
        looks.append(verdict)
        emulator.put_object("bucket", "later/a.png", b"x", "image/png")
        return verdict

    trigger._look = look_and_store  # type: ignore[method-assign]

    (event,) = events_of(trigger)
    assert event["status"] == "done"
    assert len(looks) == 2


def test_a_failing_look_does_not_end_the_wait(emulator: Any) -> None:
    from airflow_provider_imagen.emulator import Fault

    emulator.put_object("bucket", "flaky/a.png", b"x", "image/png")
    emulator.order_fault(Fault("list", status=503, times=1))

    (event,) = events_of(trigger_for("gs://bucket/flaky/"))

    assert event["status"] == "done"


def test_reports_a_missing_bucket_at_once() -> None:
    (event,) = events_of(trigger_for("gs://no-such-bucket/here/"))

    assert event["status"] == "failed"
    assert "Create the bucket" in event["message"]


def test_reports_the_time_out_with_what_was_there(emulator: Any) -> None:
    emulator.put_object("bucket", "few/a.png", b"x", "image/png")

    (event,) = events_of(trigger_for("gs://bucket/few/", seconds=0, min_images=2))

    assert (event["status"], event["message"]) == ("timeout", "1 of at least 2 images are in gs://bucket/few/")


def test_an_unusable_connection_is_reported_and_not_raised(set_connection: Callable[..., None]) -> None:
    set_connection(timeout_seconds="soon")

    (event,) = events_of(trigger_for("gs://bucket/here/"))

    assert event["status"] == "failed"
    assert "timeout_seconds" in event["message"]


def test_asks_with_the_connection_and_the_chain_it_was_given(set_connection: Callable[..., None]) -> None:
    set_connection("other", project="other-project", is_anonymous=True)
    wait = {"output_uri": "gs://bucket/x/", "min_images": 1, "mime_types": None, "newer_than": None}
    trigger = ImagenOutputTrigger(wait, 0.0, 1.0, "other", ["painter@x.iam"])

    with connection_of(trigger) as connection:
        settings = asyncio.run(connection.client()).settings

    assert (settings.project, settings.impersonation_chain) == ("other-project", ("painter@x.iam",))


def test_all_waits_on_one_connection_share_one_client_that_is_never_patient() -> None:
    first, second = (connection_of(trigger_for(f"gs://bucket/{name}/")) for name in "ab")
    with first as one, second as other:
        client = asyncio.run(one.client())
        assert asyncio.run(other.client()) is client

    assert client.session.retry_rules.deadline_seconds == 0


def test_a_connection_that_was_read_once_is_not_read_for_every_look(
    emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    trigger = trigger_for("gs://bucket/kept/")
    with connection_of(trigger) as kept:
        assert trigger._look(asyncio.run(kept.client())).event is None

        monkeypatch.delenv("AIRFLOW_CONN_IMAGEN_DEFAULT")
        emulator.put_object("bucket", "kept/a.png", b"x", "image/png")

        assert events_of(trigger)[0]["status"] == "done"


def test_keeps_to_its_deadline() -> None:
    trigger = trigger_for("gs://bucket/never/", seconds=5, poll_interval=60)

    with connection_of(trigger) as connection:
        assert 0 < trigger._look(asyncio.run(connection.client())).pause_seconds <= 5


def test_arguments_of_another_version_are_reported_and_not_raised() -> None:
    trigger = ImagenOutputTrigger({"output_uri": "gs://bucket/x/", "colour": "red"}, 0.0, 1.0, "imagen_default")

    (event,) = events_of(trigger)

    assert event["status"] == "failed"
    assert "colour is no argument here" in event["message"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_look_is_repeated_once_with_a_connection_that_is_read_again(
    emulator: Any, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    from airflow_provider_imagen.emulator import Fault
    from airflow_provider_imagen.hooks.imagen import ImagenHook

    reads, read = [], ImagenHook._extras
    monkeypatch.setattr(ImagenHook, "_extras", lambda hook: reads.append(hook) or read(hook))
    trigger = trigger_for("gs://bucket/refused/")
    with connection_of(trigger):
        emulator.put_object("bucket", "refused/a.png", b"x", "image/png")
        emulator.order_fault(Fault("list", status=status, times=2 if status == 401 else 1))

        (event,) = events_of(trigger)

    assert (event["status"], len(reads)) == ("done", 2)


def test_a_look_that_stays_refused_ends_the_wait(emulator: Any) -> None:
    from airflow_provider_imagen.emulator import Fault

    trigger = trigger_for("gs://bucket/refused/")
    with connection_of(trigger):
        emulator.order_fault(Fault("list", status=403, times=2))

        (event,) = events_of(trigger)

    assert event["status"] == "failed"
    assert "storage.objects.list" in event["message"]


def test_a_look_that_says_the_same_as_the_one_before_is_not_logged_again(
    emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Mock()
    monkeypatch.setattr(ImagenOutputTrigger, "log", log)
    trigger = trigger_for("gs://bucket/quiet/", min_images=2)
    look, looks = trigger._look, []

    def look_and_store(client: Any) -> Any:
        verdict = look(client)
        looks.append(verdict)
        if len(looks) in {3, 6}:
            emulator.put_object("bucket", f"quiet/{len(looks)}.png", b"x", "image/png")
        return verdict

    trigger._look = look_and_store  # type: ignore[method-assign]
    events_of(trigger)

    assert len(looks) == 7
    assert [call.args[1].split(" ")[0] for call in log.info.call_args_list] == ["0", "1"]
