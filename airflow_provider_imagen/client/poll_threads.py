"""The threads in which deferred waits look: a few for each connection, shared by its waits and gone with the last one.

They are not the event loop's own threads, of which a small machine has six for everything: waits on an endpoint that
hangs would stop whatever else runs beside them. This module loads nothing, so an event loop may import it.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import weakref
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

CONCURRENT_POLLS = 16
"""How many waits on one connection look at the same moment; the others queue."""

POLL_TIMEOUT_SECONDS = 30.0
"""How long one look waits for an answer at most: a listing is small, and a wait looks again anyway."""

ResultT = TypeVar("ResultT")


class _Outcome(NamedTuple):
    """What a look came to."""

    future: asyncio.Future[Any]
    result: Any
    failure: BaseException | None


class _Task(NamedTuple):
    """A look that waits for a thread."""

    look: Callable[[], Any]
    context: contextvars.Context
    future: asyncio.Future[Any]
    outcomes: _Outcomes

    def run(self) -> _Outcome:
        """Look."""
        try:
            return _Outcome(self.future, self.context.run(self.look), None)
        except BaseException as failure:  # noqa: BLE001  # it belongs to the wait that looks
            return _Outcome(self.future, None, failure)


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


class PollThreads:
    """Runs looks beside the event loop. Its threads end when it is dropped and the last look is over."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[_Task | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._idle = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._outcomes: dict[asyncio.AbstractEventLoop, _Outcomes] = {}
        weakref.finalize(self, _end, self._queue, self._threads)

    async def run(self, look: Callable[[], ResultT]) -> ResultT:
        """Return what ``look`` returns. A look whose caller was cancelled before it began does not begin at all."""
        loop = asyncio.get_running_loop()
        outcomes = self._outcomes.get(loop)
        if outcomes is None:
            outcomes = self._outcomes[loop] = _Outcomes(loop)
        future: asyncio.Future[ResultT] = loop.create_future()
        self._queue.put(_Task(look, contextvars.copy_context(), future, outcomes))
        if len(self._threads) < CONCURRENT_POLLS and not self._idle.acquire(blocking=False):
            self._add_thread()
        return await future

    def _add_thread(self) -> None:
        with self._lock:
            if len(self._threads) >= CONCURRENT_POLLS:
                return
            thread = threading.Thread(target=_work, args=(self._queue, self._idle), name="imagen-look", daemon=True)
            self._threads.append(thread)
            thread.start()


def _work(queue: SimpleQueue[_Task | None], idle: threading.Semaphore) -> None:
    while (task := queue.get()) is not None:
        outcomes = task.outcomes
        if not task.future.cancelled():
            outcomes.waiting.append(task.run())
        del task  # the look leads to the wait, which ends where the loop ends it
        outcomes.wake()
        del outcomes
        idle.release()


def _end(queue: SimpleQueue[_Task | None], threads: list[threading.Thread]) -> None:
    for _ in threads:
        queue.put(None)


_threads: weakref.WeakValueDictionary[str, PollThreads] = weakref.WeakValueDictionary()


def poll_threads(conn_id: str) -> PollThreads:
    """Return the threads of a connection. Keep them as long as the wait lasts. Call this on the event loop only."""
    threads = _threads.get(conn_id)
    if threads is None:
        threads = _threads[conn_id] = PollThreads()
    return threads
