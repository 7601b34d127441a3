"""Large responses of many threads wait for each other; small ones do not."""

from __future__ import annotations

import threading
from collections.abc import Callable

from airflow_provider_imagen.client.large_bodies import LARGE_BYTES, LargeBodies


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
