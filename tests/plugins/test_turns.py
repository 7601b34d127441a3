"""Images take turns: few at once, and whoever waits takes no thread from Airflow's own pages."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from airflow_provider_imagen.plugins.gallery import routes
from airflow_provider_imagen.plugins.gallery.concurrency import IMAGES_AT_ONCE, ConcurrencyLimit
from airflow_provider_imagen.plugins.gallery.fetching import NotShownError

THREADS_OF_THE_SERVER = 40
PATIENCE_OF_A_TEST_SECONDS = 20.0


def test_only_so_many_images_are_worked_on_at_once() -> None:
    working, most = 0, 0
    lock, everybody = threading.Lock(), threading.Barrier(2)

    def work() -> None:
        nonlocal working, most
        with lock:
            working += 1
            most = max(most, working)
        everybody.wait(PATIENCE_OF_A_TEST_SECONDS)  # as many as may must really be here together
        with lock:
            working -= 1

    async def all_at_once() -> None:
        turns = ConcurrencyLimit(at_once=2)
        await asyncio.gather(*(turns.run(work) for _ in range(6)))

    asyncio.run(all_at_once())

    assert most == 2


def test_who_waits_for_a_turn_leaves_the_threads_to_airflow() -> None:
    done = threading.Event()

    async def crowd_and_airflow() -> str:
        from starlette.concurrency import run_in_threadpool

        turns = ConcurrencyLimit()
        crowd = [
            asyncio.ensure_future(turns.run(lambda: done.wait(PATIENCE_OF_A_TEST_SECONDS)))
            for _ in range(THREADS_OF_THE_SERVER + IMAGES_AT_ONCE)
        ]
        await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE_OF_A_TEST_SECONDS / 2):
            words = await run_in_threadpool(lambda: "a page of Airflow")
        done.set()
        await asyncio.gather(*crowd)
        return words

    assert asyncio.run(crowd_and_airflow()) == "a page of Airflow"


def test_a_turn_that_does_not_come_is_said() -> None:
    done = threading.Event()

    async def one_too_many() -> None:
        turns = ConcurrencyLimit(at_once=1, patience_seconds=0.01)
        first = asyncio.ensure_future(turns.run(lambda: done.wait(PATIENCE_OF_A_TEST_SECONDS)))
        await asyncio.sleep(0)
        try:
            await turns.run(lambda: pytest.fail("was not its turn"))
        finally:
            done.set()
            await first

    with pytest.raises(NotShownError, match="Try again in a minute") as refused:
        asyncio.run(one_too_many())

    assert refused.value.status == 503


@pytest.mark.parametrize("what", ["", "/thumbnail"])
def test_a_turn_is_given_back_after_a_failure(
    site: Any, posters: str, emulator: Any, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(routes, "turns", ConcurrencyLimit(at_once=1, patience_seconds=0.01))
    emulator.put_object("bucket", "made/sample_0.png", b"no image", "image/png")

    for _ in range(2):
        assert site.as_user().get(f"{posters}/images/0{what}").status_code == 415


@pytest.mark.parametrize("what", ["", "/thumbnail"])
def test_without_a_turn_no_image_is_fetched(
    site: Any, posters: str, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(routes, "turns", ConcurrencyLimit(at_once=0, patience_seconds=0.01))
    monkeypatch.setattr(routes, "fetch", lambda *_: pytest.fail("was fetched"))

    answer = site.as_user().get(f"{posters}/images/0{what}")

    assert (answer.status_code, "Try again in a minute" in answer.text) == (503, True)


def test_a_kept_thumbnail_waits_for_no_turn(site: Any, posters: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = site.as_user().get(f"{posters}/images/0/thumbnail")
    monkeypatch.setattr(routes, "turns", ConcurrencyLimit(at_once=0, patience_seconds=0.01))

    assert site.as_user().get(f"{posters}/images/0/thumbnail").content == first.content
