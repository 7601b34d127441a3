"""The bound on images that are read and decoded at the same time. Work in the queue holds no thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from airflow_provider_imagen.plugins.gallery.stored_files import FileUnavailableError

T = TypeVar("T")
MAX_CONCURRENT_IMAGES = 4
"""The API server has other work, its threads are shared by all pages, and images fill its memory."""
QUEUE_TIMEOUT_SECONDS = 30.0


class ConcurrencyLimit:
    """Runs work in the API server's threads, a limited number at a time.

    Work in the queue holds no thread: Airflow's own pages need them, and there are only 40.

    :param limit: how much work runs at the same time.
    :param timeout_seconds: the longest wait in the queue.
    """

    def __init__(self, limit: int = MAX_CONCURRENT_IMAGES, timeout_seconds: float = QUEUE_TIMEOUT_SECONDS) -> None:
        self._semaphore = asyncio.Semaphore(limit)
        self._timeout_seconds = timeout_seconds

    async def run(self, work: Callable[[], T]) -> T:
        """Return what the work returns.

        :raises FileUnavailableError: the wait in the queue timed out.
        """
        await self._acquire()
        try:
            return await run_in_threadpool(work)
        finally:
            self._semaphore.release()

    async def _acquire(self) -> None:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._semaphore.acquire()
        except TimeoutError:
            message = "Many images are being shown. Try again in a minute."
            raise FileUnavailableError(HTTPStatus.SERVICE_UNAVAILABLE, message) from None
