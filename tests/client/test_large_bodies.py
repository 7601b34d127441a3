"""Large responses of many threads wait for each other; small ones do not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from airflow_provider_imagen.client.http_request import HttpRequest
from airflow_provider_imagen.client.large_bodies import LARGE_BYTES, LargeBodies
from airflow_provider_imagen.client.transport import Transport


def in_thread(action: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=action)
    thread.start()
    return thread


def test_a_large_response_waits_until_there_is_room() -> None:
    bodies, order = LargeBodies(2 * LARGE_BYTES), list[str]()
    bodies.enter(2 * LARGE_BYTES)

    def second() -> None:
        bodies.enter(LARGE_BYTES)
        order.append("second is in")
        bodies.leave()

    waiting = in_thread(second)
    order.append("first is in")
    bodies.leave()
    waiting.join()

    assert order == ["first is in", "second is in"]


def test_small_responses_never_wait() -> None:
    bodies = LargeBodies(LARGE_BYTES)
    bodies.enter(LARGE_BYTES)

    in_thread(lambda: bodies.enter(LARGE_BYTES - 1)).join()


def test_a_response_that_is_larger_than_the_bound_comes_in_alone() -> None:
    bodies = LargeBodies(LARGE_BYTES)

    bodies.enter(100 * LARGE_BYTES)
    bodies.leave()
    in_thread(lambda: (bodies.enter(LARGE_BYTES), bodies.leave())).join()


def test_a_thread_that_reads_a_second_response_gives_up_its_first() -> None:
    bodies = LargeBodies(LARGE_BYTES)

    bodies.enter(LARGE_BYTES)
    bodies.enter(LARGE_BYTES)
    bodies.leave()

    in_thread(lambda: (bodies.enter(LARGE_BYTES), bodies.leave())).join()


def test_a_thread_learns_how_long_it_has_waited() -> None:
    bodies = LargeBodies(LARGE_BYTES, clock=iter([10.0, 17.0]).__next__)

    assert bodies.enter(LARGE_BYTES) == 7.0


class NoToken:
    def headers_for(self, url: str) -> Mapping[str, str]:
        return {}


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class FullRoom(LargeBodies):
    """Room for large responses that is full for a minute."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock=clock)
        self._time = clock

    def enter(self, size: int) -> float:
        assert size >= LARGE_BYTES
        self._time.seconds += 60.0
        return 60.0


@pytest.mark.parametrize("states_its_length", [True, False])
def test_the_wait_for_room_is_not_the_server_s_slowness(
    script: Any, answer_with: Callable[..., bytes], states_its_length: bool
) -> None:
    body = b"x" * (LARGE_BYTES + 1)
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    script.order(answer_with(200, body) if states_its_length else chunked)
    clock = Clock()
    transport = Transport(NoToken(), timeout_seconds=5, large_bodies=FullRoom(clock), clock=clock)

    assert transport.send(HttpRequest("POST", script.url, json={})).body == body
    assert clock.seconds == 60.0
    transport.close()
