"""The threads in which deferred waits look: a few for each connection, shared by its waits and gone with the last one.

They are not the event loop's own threads, of which a small machine has six for everybody: waits on an endpoint that
hangs would stop whatever else runs beside them. This module loads nothing, so an event loop may import it.
"""

from __future__ import annotations

import asyncio
import contextvars
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

CONCURRENT_POLLS = 16
"""How many waits on one connection look at the same moment; the others queue."""

POLL_TIMEOUT_SECONDS = 30.0
"""How long one look waits for an answer at most: a listing is small, and whoever waits looks again anyway."""

ResultT = TypeVar("ResultT")


class PollThreads:
    """Runs looks beside the event loop. Its threads end when nobody holds it any more and the last look is over."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(CONCURRENT_POLLS, thread_name_prefix="imagen-look")

    async def run(self, look: Callable[[], ResultT]) -> ResultT:
        """Return what ``look`` returns. A look that begins after its caller was cancelled does not begin at all."""
        in_context = partial(contextvars.copy_context().run, look)
        return await asyncio.get_running_loop().run_in_executor(self._threads, in_context)


_threads: weakref.WeakValueDictionary[str, PollThreads] = weakref.WeakValueDictionary()


def poll_threads(conn_id: str) -> PollThreads:
    """Return the threads of a connection. Keep them as long as the wait lasts. Call this on the event loop only."""
    threads = _threads.get(conn_id)
    if threads is None:
        threads = _threads[conn_id] = PollThreads()
    return threads
