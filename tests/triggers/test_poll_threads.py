"""The threads of waits: beside the event loop, apart for each connection, gone with the last wait."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import weakref
from collections import deque
from contextvars import ContextVar
from functools import partial
from typing import Any
from unittest.mock import Mock

from airflow_provider_imagen.client.shared_clients import POLL_CONNECTIONS
from airflow_provider_imagen.triggers.poll_queue import CONCURRENT_POLLS
from airflow_provider_imagen.triggers.poll_threads import PollThreads, _Outcomes, poll_threads

SAID: ContextVar[str] = ContextVar("SAID")


def test_looks_run_beside_the_event_loop_in_the_context_of_their_wait() -> None:
    async def look() -> tuple[int, str]:
        SAID.set("by the wait")
        return await poll_threads("one").run(lambda: (threading.get_ident(), SAID.get()))

    thread, said = asyncio.run(look())

    assert thread != threading.get_ident()
    assert said == "by the wait"


def test_as_many_looks_as_promised_run_at_once() -> None:
    together = threading.Barrier(CONCURRENT_POLLS, timeout=300)

    async def look() -> list[int]:
        threads = poll_threads("one")
        return await asyncio.gather(*[threads.run(together.wait) for _ in range(CONCURRENT_POLLS)])

    assert sorted(asyncio.run(look())) == list(range(CONCURRENT_POLLS))


def test_each_look_of_those_that_run_at_once_has_a_connection() -> None:
    assert POLL_CONNECTIONS == CONCURRENT_POLLS


def test_a_wait_that_looks_again_stays_in_the_threads_until_its_last_result() -> None:
    looked: list[int] = []
    on_the_loop: list[int] = []

    def look() -> int:
        looked.append(threading.get_ident())
        return len(looked)

    async def wait() -> int:
        looks = poll_threads("again")
        waiting = asyncio.ensure_future(looks.run(look, lambda count: None if count == 5 else 0.0))
        waiting.add_done_callback(lambda _: on_the_loop.append(len(looked)))
        return await waiting

    assert asyncio.run(wait()) == 5
    assert on_the_loop == [5]
    assert threading.get_ident() not in looked


def test_a_wait_that_is_cancelled_during_its_pause_looks_no_more_and_is_let_go() -> None:
    looked, paused = threading.Event(), threading.Event()
    looks_made: list[int] = []

    class Wait:
        def look(self) -> None:
            looks_made.append(1)
            looked.set()

    async def cancel() -> weakref.ref[Wait]:
        threads, wait = PollThreads(), Wait()
        waiting = asyncio.ensure_future(threads.run(wait.look, lambda _: 3600.0))
        await asyncio.to_thread(looked.wait)
        await threads.run(paused.set)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return weakref.ref(wait)

    kept = asyncio.run(cancel())
    gc.collect()

    assert (looks_made, kept()) == ([1], None)


def test_a_connection_that_hangs_keeps_neither_another_one_nor_other_work_waiting() -> None:
    release = threading.Event()

    async def look() -> tuple[str, str]:
        hanging = poll_threads("hanging")
        looks = [asyncio.ensure_future(hanging.run(release.wait)) for _ in range(200)]
        try:
            return await poll_threads("healthy").run(lambda: "seen"), await asyncio.to_thread(lambda: "done")
        finally:
            release.set()
            await asyncio.gather(*looks)

    assert asyncio.run(look()) == ("seen", "done")


def test_waits_on_one_connection_share_threads_and_the_last_one_ends_them() -> None:
    first, second = poll_threads("shared"), poll_threads("shared")
    assert first is second
    thread = asyncio.run(first.run(threading.current_thread))
    assert thread.is_alive()

    del first, second
    gc.collect()
    thread.join(timeout=300)

    assert not thread.is_alive()


def test_every_one_of_many_looks_comes_back_with_its_own_result_or_error() -> None:
    def look(number: int) -> int:
        if number % 7 == 0:
            raise LookupError(number)
        return number

    async def look_often() -> list[Any]:
        threads = poll_threads("many")
        looks = [threads.run(partial(look, number)) for number in range(5000)]
        return await asyncio.gather(*looks, return_exceptions=True)

    outcomes = asyncio.run(look_often())

    assert [each.args[0] if isinstance(each, LookupError) else each for each in outcomes] == list(range(5000))
    assert sum(isinstance(each, LookupError) for each in outcomes) == len(range(0, 5000, 7))


def test_a_look_whose_wait_was_cancelled_before_it_began_does_not_begin() -> None:
    release, begun = threading.Event(), []

    async def cancel_the_last() -> None:
        threads = poll_threads("cancelled")
        looks = [asyncio.ensure_future(threads.run(release.wait)) for _ in range(CONCURRENT_POLLS)]
        last = asyncio.ensure_future(threads.run(lambda: begun.append(1)))
        await asyncio.sleep(0)
        last.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await last
        release.set()
        await asyncio.gather(*looks)
        await threads.run(lambda: None)

    asyncio.run(cancel_the_last())

    assert begun == []


def test_a_result_that_comes_while_the_loop_takes_the_last_one_wakes_it_again() -> None:
    class TakenMeanwhile(deque[Any]):
        def append(self, outcome: Any) -> None:
            outcomes._deliver()
            super().append(outcome)

    loop = Mock()
    outcomes = _Outcomes(loop)
    outcomes.waiting.append((Mock(), "first", None))
    outcomes.wake()
    outcomes.waiting = TakenMeanwhile(outcomes.waiting)

    outcomes.waiting.append((Mock(), "second", None))
    outcomes.wake()

    assert loop.call_soon_threadsafe.call_count == 2
