"""Stops that come from outside while a task runs in this thread, as Airflow's alarm and its ``on_kill`` do."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from support.emulated import model_requests

WAIT_SECONDS = 300.0
"""How long a test waits for what must happen before it fails."""


class TimeoutOfTaskError(BaseException):
    """What Airflow raises in the task's own thread when its time is over."""


@contextmanager
def when(happened: Callable[[], bool], act: Callable[[], object]) -> Iterator[None]:
    """Act in another thread as soon as something has happened."""
    ended = threading.Event()

    def watch() -> None:
        while not happened():
            if ended.wait(0.005):
                return
        act()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(WAIT_SECONDS)


@contextmanager
def timeout_raised() -> Iterator[Callable[[], None]]:
    """Yield a function that raises Airflow's time-out in this thread, as its alarm does."""

    def expire(number: int, frame: Any) -> NoReturn:
        raise TimeoutOfTaskError

    before = signal.signal(signal.SIGUSR1, expire)
    main = threading.main_thread().ident
    assert main is not None
    try:
        yield lambda: signal.pthread_kill(main, signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)


def asked(emulator: Any, number: int = 1) -> Callable[[], bool]:
    """Return a function that says whether the emulator was asked for images so often."""
    return lambda: len(model_requests(emulator)) >= number
