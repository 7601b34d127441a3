"""What happens to a wait when triggerers come and go: nothing is lost, nothing is doubled, nothing is left behind."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowNotFoundException, AirflowSensorTimeout, AirflowSkipException

from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.hooks import shared_connections
from airflow_provider_imagen.sensors.imagen import ImagenOutputSensor
from airflow_provider_imagen.triggers import imagen
from airflow_provider_imagen.triggers.imagen import ImagenOutputTrigger

pytestmark = pytest.mark.usefixtures("emulated", "no_thread_stays")
Make = Callable[..., ImagenOutputTrigger]
Rebuild = Callable[[ImagenOutputTrigger], ImagenOutputTrigger]


async def events_of(trigger: ImagenOutputTrigger) -> list[dict[str, Any]]:
    return [event.payload async for event in trigger.run()]


async def interrupted(trigger: ImagenOutputTrigger, after_looks: int) -> list[dict[str, Any]]:
    """Run a trigger, cancel it while it looks, and return what it reported before."""
    loop, enough, seen = asyncio.get_running_loop(), asyncio.Event(), []
    look, looks = trigger._look, []

    def counted(client: Any) -> Any:
        looks.append(look(client))
        if len(looks) == after_looks:
            loop.call_soon_threadsafe(enough.set)
        return looks[-1]

    async def collect() -> None:
        seen.extend([event.payload async for event in trigger.run()])

    trigger._look = counted  # type: ignore[method-assign]
    running = asyncio.ensure_future(collect())
    await enough.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    return seen


def sensor(**arguments: Any) -> ImagenOutputSensor:
    return ImagenOutputSensor(task_id="ready", output_uri="gs://bucket/waits/", deferrable=True, **arguments)


def resumed(waiting: ImagenOutputSensor, event: dict[str, Any]) -> list[str]:
    uris: list[str] = waiting.resume_execution("execute_complete", {"event": event}, {})
    return uris


def test_a_restarted_triggerer_goes_on_with_the_wait_and_keeps_its_deadline(
    emulator: Any, wait_for: Make, stored_and_rebuilt: Rebuild
) -> None:
    first = wait_for("gs://bucket/waits/", min_images=2)
    emulator.put_object("bucket", "waits/a.png", b"x", "image/png")
    assert asyncio.run(interrupted(first, after_looks=3)) == []

    second = stored_and_rebuilt(first)
    emulator.put_object("bucket", "waits/b.png", b"x", "image/png")
    (event,) = asyncio.run(events_of(second))

    assert second.serialize() == first.serialize()
    assert second.deadline == first.deadline
    assert resumed(sensor(), event) == ["gs://bucket/waits/a.png", "gs://bucket/waits/b.png"]


def test_what_airflow_stores_of_a_wait_is_plain_json(wait_for: Make) -> None:
    path, arguments = wait_for("gs://bucket/waits/").serialize()

    assert json.loads(json.dumps(arguments)) == arguments
    assert path == "airflow_provider_imagen.triggers.imagen.ImagenOutputTrigger"


def test_a_cancelled_wait_ends_at_once_and_looks_no_more(wait_for: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, release, looks = threading.Event(), threading.Event(), []

    def hang(client: Any) -> None:
        looks.append(threading.get_ident())
        begun.set()
        release.wait()

    async def cancel_while_it_looks() -> None:
        trigger = wait_for("gs://bucket/waits/")
        monkeypatch.setattr(trigger, "_look", hang)
        running = asyncio.ensure_future(events_of(trigger))
        await asyncio.to_thread(begun.wait)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancel_while_it_looks())
    release.set()

    assert len(looks) == 1


def test_two_triggerers_that_run_one_wait_report_the_same_and_either_report_will_do(
    emulator: Any, wait_for: Make, stored_and_rebuilt: Rebuild
) -> None:
    stored = wait_for("gs://bucket/waits/")
    twins = [stored_and_rebuilt(stored), stored_and_rebuilt(stored)]
    begun = threading.Barrier(2, timeout=30)

    async def run_both() -> list[list[dict[str, Any]]]:
        return await asyncio.gather(*[asyncio.to_thread(run_alone, twin) for twin in twins])

    def run_alone(trigger: ImagenOutputTrigger) -> list[dict[str, Any]]:
        begun.wait()
        return asyncio.run(events_of(trigger))

    emulator.put_object("bucket", "waits/a.png", b"x", "image/png")
    (one,), (other,) = asyncio.run(run_both())

    assert one == other
    waiting, expected = sensor(), ["gs://bucket/waits/a.png"]
    assert [resumed(waiting, event) for event in (one, other, one)] == [expected] * 3


def test_images_that_came_while_no_triggerer_ran_count_although_the_deadline_has_passed(
    emulator: Any, wait_for: Make, stored_and_rebuilt: Rebuild
) -> None:
    emulator.put_object("bucket", "waits/a.png", b"x", "image/png")

    (event,) = asyncio.run(events_of(stored_and_rebuilt(wait_for("gs://bucket/waits/", seconds=-3600))))

    assert resumed(sensor(), event) == ["gs://bucket/waits/a.png"]


@pytest.mark.parametrize("faults", [[], [Fault("list", status=503)]])
def test_a_deadline_that_passed_while_no_triggerer_ran_is_a_time_out_after_one_last_look(
    emulator: Any, wait_for: Make, stored_and_rebuilt: Rebuild, faults: list[Fault]
) -> None:
    for fault in faults:
        emulator.order_fault(fault)

    (event,) = asyncio.run(events_of(stored_and_rebuilt(wait_for("gs://bucket/waits/", seconds=-3600))))

    assert [call.path for call in emulator.requests] == ["/storage/v1/b/bucket/o"]
    with pytest.raises(AirflowSensorTimeout):
        resumed(sensor(), event)
    with pytest.raises(AirflowSkipException):
        resumed(sensor(soft_fail=True), event)


def test_a_last_look_that_hangs_does_not_hold_up_the_time_out(wait_for: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    trigger = wait_for("gs://bucket/waits/", seconds=-3600)
    monkeypatch.setattr(trigger, "_look", lambda client: release.wait(timeout=10))
    monkeypatch.setattr(imagen, "LAST_LOOK_SECONDS", 0)

    (event,) = asyncio.run(events_of(trigger))
    release.set()

    with pytest.raises(AirflowSensorTimeout, match="did not end in time"):
        resumed(sensor(), event)


def test_airflow_gives_a_wait_more_time_than_its_last_look_takes() -> None:
    from airflow_provider_imagen.sensors.imagen import GRACE_SECONDS

    assert imagen.LAST_LOOK_SECONDS < GRACE_SECONDS


def test_a_time_out_error_inside_a_look_is_not_taken_for_the_end_of_the_wait(
    wait_for: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(client: Any) -> None:
        raise TimeoutError("of somebody else")

    trigger = wait_for("gs://bucket/waits/")
    monkeypatch.setattr(trigger, "_look", stumble)

    with pytest.raises(TimeoutError, match="of somebody else"):
        asyncio.run(events_of(trigger))


def test_airflow_failing_to_read_the_connection_once_does_not_end_the_wait(
    emulator: Any, wait_for: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_imagen.hooks.imagen import ImagenHook

    read, failures = ImagenHook._extras, [RuntimeError("the database is restarting")]

    def stumble_once(hook: ImagenHook) -> dict[str, Any]:
        if failures:
            raise failures.pop()
        return read(hook)

    monkeypatch.setattr(ImagenHook, "_extras", stumble_once)
    emulator.put_object("bucket", "waits/a.png", b"x", "image/png")

    (event,) = asyncio.run(events_of(wait_for("gs://bucket/waits/")))

    assert (event["status"], failures) == ("done", [])


def test_a_connection_that_airflow_finds_only_later_does_not_end_the_wait(
    emulator: Any, wait_for: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_imagen.hooks.imagen import ImagenHook

    # What Airflow says while a secrets backend, or its own API server, does not answer.
    read, failures = ImagenHook.get_connection, [AirflowNotFoundException("The conn_id `imagen_default` isn't defined")]

    def stumble_once(conn_id: str) -> Any:
        if failures:
            raise failures.pop()
        return read(conn_id)

    monkeypatch.setattr(ImagenHook, "get_connection", staticmethod(stumble_once))
    monkeypatch.setattr(shared_connections, "READ_AGAIN_SECONDS", 0.0)
    emulator.put_object("bucket", "waits/a.png", b"x", "image/png")

    (event,) = asyncio.run(events_of(wait_for("gs://bucket/waits/")))

    assert (event["status"], failures) == ("done", [])


@pytest.mark.parametrize("soft_fail", [True, False])
@pytest.mark.parametrize(
    "event",
    [
        None,
        {"status": "success", "message": "", "uris": ["gs://bucket/a.png"]},
        {"status": "done", "message": "", "uris": ["gs://bucket/a.png"], "count": 1},
        {"status": "done", "message": "", "uris": {"gs://bucket/a.png": 1}},
        {"status": "done"},
        ["done"],
    ],
)
def test_an_event_of_unknown_shape_never_becomes_a_success(event: Any, soft_fail: bool) -> None:
    from airflow.providers.common.compat.sdk import AirflowException

    with pytest.raises(AirflowException) as caught:
        resumed(sensor(soft_fail=soft_fail), event)

    assert isinstance(caught.value, AirflowSkipException) is soft_fail
