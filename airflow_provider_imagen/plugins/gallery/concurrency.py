"""How many images are fetched and decoded side by side. Who waits for a turn holds no thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from airflow_provider_imagen.plugins.gallery.fetching import NotShownError

T = TypeVar("T")
IMAGES_AT_ONCE = 4
"""The API server has other work, its threads are shared by all pages, and images fill its memory."""
LONGEST_QUEUE_SECONDS = 30.0


class ConcurrencyLimit:
    """Gives each piece of work one of the API server's threads when its turn comes.

    Who waits holds no thread: Airflow's own pages need them, and there are only 40.
    """

    def __init__(self, at_once: int = IMAGES_AT_ONCE, patience_seconds: float = LONGEST_QUEUE_SECONDS) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._patience_seconds = patience_seconds

    async def run(self, work: Callable[[], T]) -> T:
        """Return what the work returns.

        :raises NotShownError: its turn did not come in time.
        """
        await self._take()
        try:
            return await run_in_threadpool(work)
        finally:
            self._free.release()

    async def _take(self) -> None:
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._free.acquire()
        except TimeoutError:
            words = "Many images are being shown. Try again in a minute."
            raise NotShownError(HTTPStatus.SERVICE_UNAVAILABLE, words) from None
