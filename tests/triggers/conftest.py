"""What tests of triggers share: waits on the emulator, and the way of a trigger through Airflow's database."""

from __future__ import annotations

import gc
import importlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airflow.models.trigger import Trigger

from airflow_provider_imagen.triggers.imagen import ImagenOutputTrigger


def _looking() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("imagen-look")]


@pytest.fixture
def no_thread_stays() -> Iterator[None]:
    """Fail when a thread still looks after the test."""
    yield
    until = time.monotonic() + 300
    while _looking() and time.monotonic() < until:
        gc.collect()  # once is too few: a thread may not yet have let go of what it raised
        for thread in _looking():
            thread.join(timeout=0.05)
    assert not _looking()


@pytest.fixture
def emulated(set_connection: Callable[..., None], emulator: Any) -> None:
    """Point the default connection to the emulator."""
    set_connection(**emulator.connection["extra"])


@pytest.fixture
def wait_for() -> Callable[..., ImagenOutputTrigger]:
    """Return a function that makes a trigger."""

    def make(uri: str, *, seconds: float = 600.0, min_images: int = 1) -> ImagenOutputTrigger:
        wait = {"output_uri": uri, "min_images": min_images, "mime_types": None, "newer_than": None}
        return ImagenOutputTrigger(wait, time.time() + seconds, 0.01, "imagen_default")

    return make


@pytest.fixture
def stored_and_rebuilt() -> Callable[[ImagenOutputTrigger], ImagenOutputTrigger]:
    """Return a function that stores a trigger as Airflow's database does and makes it anew, as a triggerer does."""

    def rebuild(trigger: ImagenOutputTrigger) -> ImagenOutputTrigger:
        row = Trigger(*trigger.serialize())
        module, _, name = row.classpath.rpartition(".")
        rebuilt: ImagenOutputTrigger = getattr(importlib.import_module(module), name)(**row.kwargs)
        return rebuilt

    return rebuild
