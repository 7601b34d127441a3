"""A wait begins on the event loop without loading anything, and its looks load nothing that only requests need."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

BEGINNING = """
import asyncio, importlib, json, sys, threading, time
module, name, arguments = sys.argv[1:]
kind = getattr(importlib.import_module(f"airflow_provider_imagen.triggers.{module}"), name)
threading.Timer.start = lambda thread: None  # the connection is read at another time

async def main():
    rest = {"deadline": time.time() + 60, "poll_interval": 5.0, "imagen_conn_id": "imagen_default"}
    trigger = kind(**json.loads(arguments), **rest)
    before = set(sys.modules)
    waiting = asyncio.ensure_future(anext(trigger.run()))
    await asyncio.sleep(0)
    print("found", json.dumps([waiting.done(), *sorted(set(sys.modules) - before)]))
    waiting.cancel()

asyncio.run(main())
"""

LOOKING = """
import asyncio, json, sys
from airflow_provider_imagen.triggers.imagen import ImagenOutputTrigger

async def main():
    wait = {"output_uri": "gs://bucket/none/", "min_images": 1, "mime_types": None, "newer_than": None}
    event = await anext(ImagenOutputTrigger(wait, 0.0, 5.0, "imagen_default").run())
    print("found", json.dumps(event.payload["status"]))

asyncio.run(main())
print("found", json.dumps(sorted(sys.modules)))
"""


def found_by(code: str, *arguments: str) -> list[Any]:
    """Return what code found in a fresh process."""
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line.removeprefix("found ")) for line in done.stdout.splitlines() if line.startswith("found ")]


@pytest.mark.parametrize(
    ("module", "name", "arguments"),
    [
        ("imagen", "ImagenOutputTrigger", {"wait": {"output_uri": "gs://bucket/none/"}}),
        ("batch_job", "ImagenJobTrigger", {"jobs": ["a"], "place": "gs://bucket/jobs/"}),
    ],
)
def test_the_first_step_of_a_wait_loads_nothing(module: str, name: str, arguments: dict[str, Any]) -> None:
    (found,) = found_by(BEGINNING, module, name, json.dumps(arguments))

    assert found == [False]


@pytest.mark.usefixtures("emulated")
def test_a_wait_for_images_loads_neither_the_models_nor_what_asks_them() -> None:
    status, loaded = found_by(LOOKING)

    assert status == "timeout"
    ours = {name.removeprefix("airflow_provider_imagen.") for name in loaded}
    assert {"client.storage", "core.storage.listing"} <= ours
    assert not {"client.vertex", "client.batch_jobs", "core.catalogue", "core.requests", "core.responses"} & ours
