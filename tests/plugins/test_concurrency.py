"""Few images are read at once, and what waits in the queue takes no thread from Airflow's own pages."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from airflow_provider_imagen.plugins.gallery import image_responses, recorded_images
from airflow_provider_imagen.plugins.gallery.concurrency import MAX_CONCURRENT_IMAGES, ConcurrencyLimit
from airflow_provider_imagen.plugins.gallery.stored_files import FileUnavailableError

THREADS_OF_THE_SERVER = 40
TEST_TIMEOUT_SECONDS = 300.0


def test_only_so_many_images_are_worked_on_limit() -> None:
    working, most = 0, 0
    lock, everybody = threading.Lock(), threading.Barrier(2)

    def work() -> None:
        nonlocal working, most
        with lock:
            working += 1
            most = max(most, working)
        everybody.wait(TEST_TIMEOUT_SECONDS)  # as many as may must really be here together
        with lock:
            working -= 1

    async def all_together() -> None:
        limit = ConcurrencyLimit(limit=2)
        await asyncio.gather(*(limit.run(work) for _ in range(6)))

    asyncio.run(all_together())

    assert most == 2


def test_work_in_the_queue_leaves_the_threads_to_airflow() -> None:
    done = threading.Event()

    async def many_images_and_airflow() -> str:
        from starlette.concurrency import run_in_threadpool

        limit = ConcurrencyLimit()
        many_images = [
            asyncio.ensure_future(limit.run(lambda: done.wait(TEST_TIMEOUT_SECONDS)))
            for _ in range(THREADS_OF_THE_SERVER + MAX_CONCURRENT_IMAGES)
        ]
        await asyncio.sleep(0)
        async with asyncio.timeout(TEST_TIMEOUT_SECONDS / 2):
            words = await run_in_threadpool(lambda: "a page of Airflow")
        done.set()
        await asyncio.gather(*many_images)
        return words

    assert asyncio.run(many_images_and_airflow()) == "a page of Airflow"


def test_a_wait_that_times_out_is_said() -> None:
    done = threading.Event()

    async def one_too_many() -> None:
        limit = ConcurrencyLimit(limit=1, timeout_seconds=0.01)
        first = asyncio.ensure_future(limit.run(lambda: done.wait(TEST_TIMEOUT_SECONDS)))
        await asyncio.sleep(0)
        try:
            await limit.run(lambda: pytest.fail("was above the limit"))
        finally:
            done.set()
            await first

    with pytest.raises(FileUnavailableError, match="Try again in a minute") as refused:
        asyncio.run(one_too_many())

    assert refused.value.status == 503


@pytest.mark.parametrize("what", ["", "/thumbnail"])
def test_a_failure_leaves_the_queue(
    site: Any, posters: str, emulator: Any, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(image_responses, "concurrency_limit", ConcurrencyLimit(limit=1, timeout_seconds=0.01))
    emulator.put_object("bucket", "made/sample_0.png", b"no image", "image/png")

    for _ in range(2):
        assert site.as_user().get(f"{posters}/images/0{what}").status_code == 415


@pytest.mark.parametrize("what", ["", "/thumbnail"])
def test_nothing_is_read_beyond_the_limit(site: Any, posters: str, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setattr(image_responses, "concurrency_limit", ConcurrencyLimit(limit=0, timeout_seconds=0.01))
    monkeypatch.setattr(recorded_images, "read_image", lambda *_: pytest.fail("was read"))

    answer = site.as_user().get(f"{posters}/images/0{what}")

    assert (answer.status_code, "Try again in a minute" in answer.text) == (503, True)


def test_a_cached_thumbnail_waits_in_no_queue(site: Any, posters: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = site.as_user().get(f"{posters}/images/0/thumbnail")
    monkeypatch.setattr(image_responses, "concurrency_limit", ConcurrencyLimit(limit=0, timeout_seconds=0.01))

    assert site.as_user().get(f"{posters}/images/0/thumbnail").content == first.content
