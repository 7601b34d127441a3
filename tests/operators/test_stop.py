"""A stopped task buys nothing more, and what was paid is found by the next try."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from support.emulated import images_in, model_requests, records_in
from support.operators import CLOUD, GEMINI, IMAGEN, generate
from support.stops import WAIT_SECONDS, TimeoutOfTaskError, asked, timeout_raised, when

from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.errors import RequestStoppedError
from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.operators import metrics
from airflow_provider_imagen.runner import sending


@pytest.fixture(autouse=True)
def real_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses take their time here: a task that does not end at its stop hangs."""
    monkeypatch.setattr(ImagenHook, "client_options", {"jitter": lambda: 0.0})


def no_sender_is_left() -> bool:
    return not any(thread.name.startswith("imagen-send") for thread in threading.enumerate())


@pytest.fixture(autouse=True)
def every_sender_ends() -> Iterator[None]:
    yield
    for thread in [each for each in threading.enumerate() if each.name.startswith("imagen-send")]:
        thread.join(WAIT_SECONDS)
    assert no_sender_is_left()


@pytest.fixture
def refused(caplog: pytest.LogCaptureFixture) -> Callable[[], bool]:
    """Whether a request waits to be sent again."""
    return lambda: any("Trying again in" in record.getMessage() for record in list(caplog.records))


@pytest.mark.parametrize("model", [IMAGEN, GEMINI])
def test_a_time_out_while_it_waits_to_send_again_ends_the_wait_and_sends_nothing(
    emulator: Any, ti: Any, model: str, refused: Callable[[], bool]
) -> None:
    emulator.order_fault(Fault("generate", status=429, times=None, headers={"Retry-After": "500"}))
    with timeout_raised() as expire, when(refused, expire), pytest.raises(TimeoutOfTaskError):
        generate(model=model).execute({"ti": ti})

    assert len(model_requests(emulator)) == 1
    assert len(records_in(CLOUD, emulator)) == 1


@pytest.mark.parametrize("model", [IMAGEN, GEMINI])
def test_on_kill_does_the_same_and_airflow_may_retry(
    emulator: Any, ti: Any, model: str, refused: Callable[[], bool]
) -> None:
    """Airflow 3 calls ``on_kill`` on SIGTERM and raises nothing."""
    emulator.order_fault(Fault("generate", status=429, times=None, headers={"Retry-After": "500"}))
    task = generate(model=model, number_of_images=2)

    with when(refused, task.on_kill), pytest.raises(RequestStoppedError):
        task.execute({"ti": ti})

    assert len(model_requests(emulator)) <= 2


def test_on_kill_in_the_tasks_own_thread_does_not_wait_for_itself(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", status=429, times=None, headers={"Retry-After": "500"}))
    task = generate(model=GEMINI)
    before = signal.signal(signal.SIGUSR1, lambda number, frame: task.on_kill())
    main = threading.main_thread().ident
    assert main is not None
    try:
        with (
            when(asked(emulator), lambda: signal.pthread_kill(main, signal.SIGUSR1)),
            pytest.raises(RequestStoppedError),
        ):
            task.execute({"ti": ti})
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("place", ["cloud", "disk"], indirect=True)
@pytest.mark.parametrize("model", [IMAGEN, GEMINI])
def test_a_response_that_comes_in_time_is_stored_and_the_next_try_returns_it(
    place: str, emulator: Any, ti: Any, model: str
) -> None:
    emulator.order_fault(Fault("generate", delay_seconds=0.2))
    task = generate(place, model=model)

    with when(asked(emulator), task.on_kill), pytest.raises(RequestStoppedError):
        task.execute({"ti": ti})

    made = images_in(place, emulator)
    assert len(made) == 1
    assert generate(place, model=model).execute({"ti": ti}) == made
    assert len(model_requests(emulator)) == 1


def test_requests_that_wait_for_their_turn_are_not_sent(
    emulator: Any, ti: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MOST_AT_ONCE", 2)
    emulator.order_fault(Fault("generate", times=None, delay_seconds=0.2))
    task = generate(model="gemini-3.1-flash-image", number_of_images=8)

    with when(asked(emulator), task.on_kill), pytest.raises(RequestStoppedError):
        task.execute({"ti": ti})

    assert len(model_requests(emulator)) <= 2


def test_a_response_that_does_not_come_is_waited_for_no_longer_than_allowed(
    emulator: Any, ti: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "GRACE_SECONDS", 0.05)
    emulator.order_fault(Fault("generate", hang=True))
    task = generate(model=GEMINI)

    with when(asked(emulator), task.on_kill), pytest.raises(RequestStoppedError):
        task.execute({"ti": ti})

    assert len(records_in(CLOUD, emulator)) == 1


def test_a_stop_while_it_looks_for_a_lost_response_ends_the_look(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True))
    task = generate()
    looks = lambda: len([each for each in emulator.requests if each.path.endswith("/o") and each.method == "GET"])  # noqa: E731

    with when(lambda: asked(emulator)() and looks() >= 3, task.on_kill), pytest.raises(RequestStoppedError):
        task.execute({"ti": ti})

    assert len(model_requests(emulator)) == 1
    assert len(records_in(CLOUD, emulator)) == 1


def test_a_task_that_was_not_started_can_be_stopped() -> None:
    generate().on_kill()


def test_a_task_that_was_stopped_can_run_again(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", status=429, headers={"Retry-After": "500"}))
    task = generate(model=GEMINI)
    with when(asked(emulator), task.on_kill), pytest.raises(RequestStoppedError):
        task.execute({"ti": ti})

    assert len(task.execute({"ti": ti})) == 1


def test_an_error_that_another_try_cannot_mend_stays_one(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", status=400))
    with pytest.raises(AirflowFailException):
        generate(model=GEMINI).execute({"ti": ti})


@pytest.mark.parametrize("model", [IMAGEN, GEMINI])
def test_the_log_and_the_metrics_say_what_may_be_billed(
    emulator: Any, ti: Any, model: str, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    counted: dict[str, float] = {}

    class Stats:
        def incr(self, name: str, count: float, **_: Any) -> None:
            counted[name] = counted.get(name, 0) + count

        def timing(self, *_: Any, **__: Any) -> None:
            return None

    monkeypatch.setattr(metrics, "Stats", Stats())
    monkeypatch.setattr(sending, "GRACE_SECONDS", 0.05)
    emulator.order_fault(Fault("generate", hang=True))

    with timeout_raised() as expire, when(asked(emulator), expire), pytest.raises(TimeoutOfTaskError) as caught:
        generate(model=model).execute({"ti": ti})

    text = "1 request was under way: Google may bill it"
    assert text in logged().splitlines()[-1]
    assert any(text in note for note in caught.value.__notes__)
    assert (counted["imagen.requests"], counted["imagen.failed_requests"]) == (1, 1)


def test_where_nothing_is_under_way_nothing_is_said_to_be_billed(
    emulator: Any, ti: Any, refused: Callable[[], bool]
) -> None:
    emulator.order_fault(Fault("generate", status=429, times=None, headers={"Retry-After": "500"}))
    with timeout_raised() as expire, when(refused, expire), pytest.raises(TimeoutOfTaskError) as caught:
        generate(model=GEMINI).execute({"ti": ti})

    (note,) = [note for note in caught.value.__notes__ if note.startswith("The task was stopped.")]
    assert note.startswith("The task was stopped. None was under way. Images that came are stored")


def test_a_response_that_was_lost_before_the_stop_may_be_billed(
    emulator: Any, ti: Any, refused: Callable[[], bool]
) -> None:
    emulator.order_fault(Fault("generate", reset=True, after_work=True))
    emulator.order_fault(Fault("generate", status=429, times=None, headers={"Retry-After": "500"}))
    with timeout_raised() as expire, when(refused, expire), pytest.raises(TimeoutOfTaskError) as caught:
        generate(model=GEMINI, number_of_images=2).execute({"ti": ti})

    (note,) = [note for note in caught.value.__notes__ if note.startswith("The task was stopped.")]
    assert note.startswith("The task was stopped. 1 response was lost: Google may bill it. Images that came are stored")
