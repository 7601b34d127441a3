"""The sensor against a real Cloud Storage server: poke, reschedule, deferred, and when it gives up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferred,
)

from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.sensors.imagen import ImagenOutputSensor

FOLDER = "gs://bucket/sensed/"


@pytest.fixture(autouse=True)
def emulated(set_connection: Callable[..., None], emulator: Any) -> None:
    set_connection(**emulator.connection["extra"])


def sensor(**arguments: Any) -> ImagenOutputSensor:
    return ImagenOutputSensor(**{"task_id": "ready", "output_uri": FOLDER, "deferrable": False} | arguments)


def store(emulator: Any, *names: str, content_type: str = "image/png", data: bytes = b"x") -> None:
    for name in names:
        emulator.put_object("bucket", f"sensed/{name}", data, content_type)


def test_waits_for_as_many_images_as_asked_for(emulator: Any) -> None:
    store(emulator, "1/sample_0.png")
    assert not sensor(min_images=2).poke({}).is_done

    store(emulator, "1/sample_1.png")
    done = sensor(min_images=2).poke({})

    assert done.is_done
    assert done.xcom_value == [f"{FOLDER}1/sample_0.png", f"{FOLDER}1/sample_1.png"]


def test_counts_only_images_of_the_asked_type(emulator: Any) -> None:
    store(emulator, "notes.txt", content_type="text/plain")
    store(emulator, "empty.png", data=b"")
    store(emulator, "a.jpg", content_type="image/jpeg")

    assert sensor().poke({}).xcom_value == [f"{FOLDER}a.jpg"]
    assert not sensor(mime_types=["image/png"]).poke({}).is_done


def test_a_folder_does_not_mean_its_neighbour_with_the_same_beginning(emulator: Any) -> None:
    emulator.put_object("bucket", "sensed-2/a.png", b"x", "image/png")

    assert not sensor(output_uri="gs://bucket/sensed").poke({}).is_done


@pytest.mark.parametrize(("hours", "is_done"), [(-1, True), (1, False)])
def test_images_from_before_a_moment_do_not_count(emulator: Any, hours: int, is_done: bool) -> None:
    store(emulator, "a.png")
    moment = datetime.now(UTC) + timedelta(hours=hours)

    assert sensor(newer_than=moment).poke({}).is_done is is_done
    assert sensor(newer_than=moment.isoformat()).poke({}).is_done is is_done
    assert sensor(newer_than=str(moment)).poke({}).is_done is is_done


def test_reads_every_page_of_a_large_folder(emulator: Any) -> None:
    store(emulator, *[f"{number:04}.png" for number in range(1005)])

    assert len(sensor(min_images=1005).poke({}).xcom_value) == 1005


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 429}, {"status": 500}, {"reset": True}])
def test_a_look_that_fails_for_a_passing_reason_does_not_end_the_wait(emulator: Any, fault: dict[str, Any]) -> None:
    store(emulator, "a.png")
    emulator.order_fault(Fault("list", **fault))
    waiting = sensor()

    assert not waiting.poke({}).is_done
    assert waiting.poke({}).is_done


def test_a_connection_that_airflow_denies_the_task_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_imagen.hooks.imagen import ImagenHook

    def deny(conn_id: str) -> Any:
        raise PermissionError(f"Access denied for connection {conn_id!r} by Execution API")

    monkeypatch.setattr(ImagenHook, "get_connection", staticmethod(deny))

    with pytest.raises(PermissionError, match="Access denied for connection 'imagen_default'"):
        sensor().poke({})


def test_a_missing_bucket_ends_the_wait_without_retries() -> None:
    with pytest.raises(AirflowFailException, match="gs://nowhere-at-all/.*Create the bucket"):
        sensor(output_uri="gs://nowhere-at-all/x/").poke({})


def test_missing_rights_end_the_wait_without_retries(emulator: Any) -> None:
    emulator.order_fault(Fault("list", status=403))

    with pytest.raises(AirflowFailException, match="storage.objects.list"):
        sensor().poke({})


def test_wrong_arguments_are_named_before_anything_is_asked(emulator: Any) -> None:
    with pytest.raises(AirflowFailException, match="min_images is 'many'.*") as caught:
        sensor(min_images="many", newer_than="yesterday").poke({})

    assert "newer_than is 'yesterday'" in str(caught.value)
    assert emulator.requests == []


def test_images_that_are_there_need_no_triggerer(emulator: Any) -> None:
    store(emulator, "a.png")

    assert sensor(deferrable=True).execute({}) == [f"{FOLDER}a.png"]


def test_a_deferred_wait_comes_back_through_its_trigger(emulator: Any) -> None:
    waiting = sensor(deferrable=True, poke_interval=0.01, timeout=60, newer_than=datetime(2026, 1, 1, tzinfo=UTC))

    with pytest.raises(TaskDeferred) as deferred:
        waiting.execute({})
    store(emulator, "a.png")
    event = asyncio.run(anext(deferred.value.trigger.run()))

    resume = getattr(waiting, deferred.value.method_name)
    assert resume({}, event.payload) == [f"{FOLDER}a.png"]


def test_airflow_ends_a_deferred_wait_later_than_its_trigger_does() -> None:
    with pytest.raises(TaskDeferred) as deferred:
        sensor(deferrable=True, timeout=60).execute({})

    assert deferred.value.timeout > timedelta(seconds=60)


def test_a_deferred_wait_fails_at_once_where_waiting_cannot_help() -> None:
    with pytest.raises(AirflowFailException, match="Create the bucket"):
        sensor(output_uri="gs://nowhere-at-all/x/", deferrable=True).execute({})


def test_a_deferred_wait_that_cannot_succeed_is_skipped_when_the_sensor_is_soft() -> None:
    with pytest.raises(AirflowSkipException):
        sensor(output_uri="gs://nowhere-at-all/x/", deferrable=True, soft_fail=True).execute({})


def test_a_wait_that_fails_in_the_triggerer_is_skipped_when_the_sensor_never_fails() -> None:
    event = {"status": "failed", "uris": [], "message": "PermissionDeniedError: no right to list the bucket"}
    waiting = sensor(deferrable=True, never_fail=True)

    with pytest.raises(AirflowSkipException):
        waiting.resume_execution("execute_complete", {"event": event}, {})


def test_the_end_of_a_deferred_wait_is_a_sensor_time_out() -> None:
    with pytest.raises(AirflowSensorTimeout, match="1 of 2"):
        sensor().execute_complete({}, {"status": "timeout", "message": "1 of 2", "uris": []})


@pytest.mark.parametrize("event", [None, {}, {"status": "fine"}, {"status": "done", "uris": "gs://x"}, {"uris": []}])
def test_an_event_of_unknown_shape_is_no_success(event: Any) -> None:
    with pytest.raises(AirflowFailException, match="no result of a wait"):
        sensor().execute_complete({}, event)


def test_all_but_the_way_of_waiting_is_templated() -> None:
    templated = sensor(
        output_uri="gs://bucket/{{ x }}/",
        min_images="{{ 1 + 1 }}",
        mime_types=["image/{{ x }}"],
        newer_than="{{ x }}",
        imagen_conn_id="{{ x }}",
        impersonation_chain="{{ x }}",
    )
    templated.render_template_fields({"x": "y"})

    rendered = [getattr(templated, name) for name in templated.template_fields]
    assert rendered == ["gs://bucket/y/", "2", ["image/y"], "y", "y", "y"]


class Pushed(dict[str, Any]):
    """A task instance that remembers what was pushed to XCom."""

    def xcom_push(self, key: str, value: Any) -> None:
        self[key] = value


def test_of_very_many_images_the_first_are_returned_and_all_are_counted(emulator: Any) -> None:
    store(emulator, *[f"{number:04}.png" for number in range(1100)])
    ti = Pushed()
    waiting = sensor(min_images=1100)

    here = waiting.poke({"ti": ti}).xcom_value
    event = asyncio.run(anext(trigger_of(sensor(min_images=1100, deferrable=True, poke_interval=0.01)).run())).payload

    assert (len(here), here[-1]) == (1024, f"{FOLDER}1023.png")
    assert (ti["found"]["count"], ti["found"]["output_uri"]) == (1100, FOLDER)
    assert len(ti["found"]["uris"]) < 100
    assert (event["total"], len(event["uris"])) == (1100, 100)
    assert waiting.execute_complete({}, event) == here


def trigger_of(waiting: ImagenOutputSensor) -> Any:
    """Return the trigger of a wait that is deferred whatever is there."""
    with pytest.raises(TaskDeferred) as deferred:
        waiting._defer(waiting._wait())
    return deferred.value.trigger


def test_images_that_went_meanwhile_are_returned_as_the_trigger_saw_them(emulator: Any) -> None:
    uris = [f"{FOLDER}{number}.png" for number in range(2)]
    event = {"status": "done", "message": "3", "uris": uris, "total": 3, "output_uri": FOLDER}

    assert sensor().execute_complete({}, event) == uris


def test_a_wait_that_is_asked_for_no_names_lists_no_further_than_needed(emulator: Any) -> None:
    store(emulator, *[f"{number:04}.png" for number in range(1005)])
    before = len(emulator.requests)

    done = sensor(min_images=1, do_xcom_push=False).poke({})

    assert (done.is_done, done.xcom_value) == (True, [])
    assert len(emulator.requests) - before == 1
