"""The threads in which deferred waits look: a few for each connection, shared by its waits and gone with the last one.

They are not the event loop's own threads, of which a small machine has six for everything: waits on an endpoint that
hangs would stop whatever else runs beside them. A wait that looks again and again stays in these threads, which also
keep the time: the event loop has no part in a look that changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from airflow_provider_imagen.triggers.poll_queue import CONCURRENT_POLLS, PollQueue

ResultT = TypeVar("ResultT")


class _Outcome(NamedTuple):
    """What the looks of a wait came to."""

    future: asyncio.Future[Any]
    result: Any
    failure: BaseException | None


class _Outcomes:
    """Hands outcomes to one event loop, many at a time: waking the loop takes longer than most looks."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.waiting: deque[_Outcome] = deque()
        self._is_waking = False

    def wake(self) -> None:
        """Have the loop take what was added to ``waiting``. Called by the threads."""
        # Set before it is cleared by the loop, or cleared before the loop takes what was added: none is left behind.
        if not self._is_waking:
            self._is_waking = True
            with contextlib.suppress(RuntimeError):  # the loop is gone, and with it the waits
                self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._is_waking = False
        while self.waiting:
            future, result, failure = self.waiting.popleft()
            if future.done():
                continue  # cancelled
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)


@dataclass(slots=True)
class _Poll:
    """The looks of one wait.

    :param look: looks; None when the wait has ended.
    :param pause_after: returns the seconds from a result to the next look, None when the result is the last one.
    """

    look: Callable[[], Any] | None
    pause_after: Callable[[Any], float | None]
    context: contextvars.Context
    future: asyncio.Future[Any]
    outcomes: _Outcomes

    def run(self) -> float | None:
        """Look, and return the seconds to the next look. None: there is none, and the loop has the outcome."""
        look = self.look
        if look is None:
            return None
        try:
            result = self.context.run(look)
            pause = self.pause_after(result)
        except BaseException as failure:  # noqa: BLE001  # it belongs to the wait that looks
            outcome = _Outcome(self.future, None, failure)
        else:
            if pause is not None:
                return pause
            outcome = _Outcome(self.future, result, None)
        self.outcomes.waiting.append(outcome)
        self.outcomes.wake()
        return None


class _Workers:
    """The threads. Of those that have nothing to do one keeps the time, and calls another when it begins to look."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        lock = threading.RLock()  # the last wait may be dropped by a thread that holds it
        self._timekeeper, self._spare = threading.Condition(lock), threading.Condition(lock)
        self._queue: PollQueue[_Poll] = PollQueue()
        self._wakes_at: float | None = None  # when the timekeeper does, and None while there is none
        self._spares = self._threads = 0
        self._has_ended = False

    def add(self, poll: _Poll) -> None:
        """Have a thread look."""
        with self._timekeeper:
            now = self._clock()
            self._queue.add(poll, now)
            if self._wakes_at is None:
                self._call_timekeeper()
            elif now < self._wakes_at:
                self._wakes_at = now
                self._timekeeper.notify()

    def end(self) -> None:
        """End each thread after the look that it makes."""
        with self._timekeeper:
            self._has_ended = True
            self._queue.clear()
            self._timekeeper.notify_all()
            self._spare.notify_all()

    def _call_timekeeper(self) -> None:
        """Have another thread keep the time, if there is one or may be one more."""
        if self._spares:
            self._spares -= 1
            self._spare.notify()
        elif self._threads < CONCURRENT_POLLS:
            self._threads += 1
            threading.Thread(target=self._work, name="imagen-look", daemon=True).start()
        else:
            return
        self._wakes_at = float("-inf")

    def _work(self) -> None:
        keeps_time = True
        while (poll := self._next(keeps_time=keeps_time)) is not None:
            keeps_time, pause = False, poll.run()
            with self._timekeeper:
                now = self._clock()
                self._queue.end(now)
                if pause is not None:
                    self._queue.add(poll, now, pause)
            del poll  # it leads to the wait, which ends where the loop ends it

    def _next(self, *, keeps_time: bool) -> _Poll | None:
        """Return the next look when it may begin, None when all waits are gone.

        :param keeps_time: this thread was called to keep the time.
        """
        with self._timekeeper:
            while not self._has_ended:
                now, begins_at = self._clock(), self._queue.next_at()
                if begins_at is not None and begins_at <= now:
                    poll = self._queue.begin(now)
                    if keeps_time:
                        self._wakes_at = None
                    if self._wakes_at is None and self._queue:
                        self._call_timekeeper()
                    return poll
                if keeps_time or self._wakes_at is None:
                    keeps_time = True
                    self._wakes_at = float("inf") if begins_at is None else begins_at
                    self._timekeeper.wait(None if begins_at is None else begins_at - now)
                else:
                    if begins_at is not None and begins_at < self._wakes_at:
                        self._timekeeper.notify()
                    self._spares += 1
                    self._spare.wait()
                    keeps_time = True
        return None


class PollThreads:
    """Runs looks beside the event loop. Its threads end when it is dropped and the last look is over.

    :param clock: returns seconds of a clock that only goes forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._workers = _Workers(clock)
        self._outcomes: dict[asyncio.AbstractEventLoop, _Outcomes] = {}
        weakref.finalize(self, self._workers.end)

    async def run(
        self, look: Callable[[], ResultT], pause_after: Callable[[ResultT], float | None] = lambda _result: None
    ) -> ResultT:
        """Look, once or again and again, and return the last result. A caller that is cancelled looks no more.

        :param look: looks. Each time in the context of the caller.
        :param pause_after: returns the seconds from a result to the next look, None when the result is the last one.
        """
        loop = asyncio.get_running_loop()
        outcomes = self._outcomes.get(loop)
        if outcomes is None:
            outcomes = self._outcomes[loop] = _Outcomes(loop)
        future: asyncio.Future[ResultT] = loop.create_future()
        poll = _Poll(look, pause_after, contextvars.copy_context(), future, outcomes)
        self._workers.add(poll)
        try:
            return await future
        finally:
            poll.look = None


_threads: weakref.WeakValueDictionary[str, PollThreads] = weakref.WeakValueDictionary()


def poll_threads(conn_id: str) -> PollThreads:
    """Return the threads of a connection. Keep them as long as the wait lasts. Call this on the event loop only."""
    threads = _threads.get(conn_id)
    if threads is None:
        threads = _threads[conn_id] = PollThreads()
    return threads
