"""An outcome that came is noted, wherever a time-out interrupts the thread that waits for it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.errors import RequestStoppedError, ResponseLostError
from airflow_provider_imagen.runner.sending import EndedRequests, Round, StopSwitch, send_round


class Connection:
    """Notes what happens to it; its responses come when it is stopped."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.stopped = threading.Event()

    def stop(self) -> None:
        self.calls.append("stop")
        self.stopped.set()

    def abort(self) -> None:
        self.calls.append("abort")
        self.stopped.set()


def test_an_outcome_whose_number_the_interrupted_reader_took_is_noted_at_the_stop() -> None:
    ended, found = EndedRequests(), Round()
    response = ImagesResponse((), 1, ())
    ended.add(0, response)
    ended.queue.get()

    ended.drain_into(found, 1)

    assert found.responses == [response]


def test_an_error_that_was_noted_before_the_stop_stays_what_it_is() -> None:
    ended, found = EndedRequests(), Round()
    ended.add(0, ResponseLostError("no response"))
    ended.wait_into(found)

    ended.drain_into(found, 1)

    assert found.lost == [0]


@pytest.mark.parametrize("failure", [ResponseLostError("no response"), MemoryError()])
def test_what_may_be_billed_without_a_response_counts_as_lost_at_the_stop_too(failure: Exception) -> None:
    ended, found = EndedRequests(), Round()
    ended.add(0, failure)

    ended.drain_into(found, 1)

    assert found.lost == [0]


def test_a_request_that_was_not_sent_before_the_stop_is_not_lost() -> None:
    ended, found = EndedRequests(), Round()
    ended.add(0, RequestStoppedError("The task was stopped."))

    ended.drain_into(found, 1)

    assert (found.lost, len(found.errors)) == ([], 1)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, ValueError])
def test_whatever_ends_the_wait_stops_the_connection_before_responses_under_way_are_waited_for(
    kind: type[BaseException],
) -> None:
    connection, missing = Connection(), list[int]()

    def send(numbers: Sequence[int]) -> ImagesResponse:
        if numbers[0] == 0:
            raise kind
        connection.stopped.wait()
        return ImagesResponse((), 1, ())

    def on_stop(found: Round, left: int) -> str:
        missing.append(left)
        return f"{len(found.responses)} came."

    with pytest.raises(kind) as caught:
        send_round(send, [[0], [1], [2]], connection, StopSwitch(), on_stop)

    assert connection.calls == ["stop", "abort"]
    assert (missing, caught.value.__notes__) == ([0], ["2 came."])


def test_a_stopped_task_ends_before_airflow_kills_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow 3 does so 5 s after it asked for the stop; 3 of them are for responses under way."""
    waited: list[float] = []

    class ElapsedTimer(threading.Timer):
        def start(self) -> None:
            waited.append(self.interval)
            self.function(*self.args)

    monkeypatch.setattr(threading, "Timer", ElapsedTimer)
    found = Round()

    EndedRequests().drain_into(found, 1)

    assert found.outcomes == {}
    assert waited
    assert max(waited) <= 3.0
