"""The operations of the matrix, each run as a DAG author runs it, on a connection to the emulator."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from airflow_provider_imagen.core.storage.locations import parse_folder
from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator
from airflow_provider_imagen.sensors.imagen import ImagenOutputSensor

CLOUD = "gs://bucket/made/"
SOURCE = "small/a.png"
WAITS = object()
"""What a look returns that did not end the wait."""


class TaskInstance(SimpleNamespace):
    """What an operator asks of a task instance."""

    def __init__(self) -> None:
        super().__init__(dag_id="matrix", run_id="manual__1", task_id="task", map_index=-1, try_number=1)
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


@dataclass(frozen=True)
class Place:
    """Where an operation runs: an emulator, a folder of its own, and a task instance."""

    emulator: Any
    folder: str
    ti: TaskInstance


@dataclass(frozen=True)
class Operation:
    """One column of the matrix.

    :param struck: the operation of the emulator that faults strike.
    :param endpoint: the field of the connection that leads there.
    :param images: how many images it asks for, or finds.
    :param is_local: images go into a local folder.
    :param accepted: how many requests Google may accept, and bill, at most.
    :param run: does it, and returns the URIs.
    :param after: how many requests of the struck kind come before the one that faults strike.
    """

    struck: str
    endpoint: str
    images: int
    run: Callable[[Place], Any]
    is_local: bool = False
    accepted: int = 1
    after: int = 0

    def requests_in(self, emulator: Any) -> list[Any]:
        """Return the calls of this operation that the emulator received."""
        ends = {"generate": (":predict", ":generateContent"), "upscale": (":predict",)}.get(self.struck)
        if ends:
            return [call for call in emulator.requests if call.path.endswith(ends)]
        if self.struck == "list":
            return [call for call in emulator.requests if call.path.startswith("/storage/")]
        uploads = [call for call in emulator.requests if call.path.startswith("/upload/")]
        return [call for call in uploads if (b"/_imagen/" in call.body[:400]) is not bool(self.after)]


def _generate(model: str, count: int, place: Place, output_uri: str) -> list[str]:
    task = ImagenGenerateOperator(
        task_id="task", model=model, prompt="a boat", number_of_images=count, output_uri=output_uri
    )
    return task.execute({"ti": place.ti})


def _imagen(place: Place, output_uri: str) -> list[str]:
    return _generate("imagen-4.0-fast-generate-001", 2, place, output_uri)


def _gemini(place: Place, output_uri: str, count: int = 1) -> list[str]:
    return _generate("gemini-3.1-flash-image", count, place, output_uri)


def _upscale(place: Place, output_uri: str) -> list[str]:
    place.emulator.put_object("bucket", SOURCE, _picture(), "image/png")
    task = ImagenUpscaleOperator(
        task_id="task",
        model="imagen-4.0-upscale-preview",
        image=f"gs://bucket/{SOURCE}",
        upscale_factor="x2",
        output_uri=output_uri,
    )
    return task.execute({"ti": place.ti})


def _look(place: Place) -> Any:
    _put_two(place)
    found = ImagenOutputSensor(task_id="task", output_uri=CLOUD, deferrable=False).poke({"ti": place.ti})
    return found.xcom_value if found.is_done else WAITS


def _list(place: Place) -> list[str]:
    _put_two(place)
    return [f"gs://bucket/{stored.name}" for stored in ImagenHook().client.storage.list(parse_folder(CLOUD))]


def _put_two(place: Place) -> None:
    for index in range(2):
        place.emulator.put_object("bucket", f"made/{index}.png", b"x", "image/png")


def _picture() -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.effect_mandelbrot((60, 40), (-2, -1.5, 1, 1.5), 10).convert("RGB").save(file, "PNG")
    return file.getvalue()


RUN = {
    "generate-imagen-gcs": Operation("generate", "endpoint", 2, lambda place: _imagen(place, CLOUD)),
    "generate-imagen-local": Operation("generate", "endpoint", 2, lambda place: _imagen(place, place.folder), True),
    "generate-gemini-gcs": Operation("generate", "endpoint", 1, lambda place: _gemini(place, CLOUD)),
    "generate-gemini-local": Operation("generate", "endpoint", 1, lambda place: _gemini(place, place.folder), True),
    "generate-gemini-three": Operation("generate", "endpoint", 3, lambda place: _gemini(place, CLOUD, 3), accepted=3),
    "upscale-gcs": Operation("upscale", "endpoint", 1, lambda place: _upscale(place, CLOUD)),
    "upscale-local": Operation("upscale", "endpoint", 1, lambda place: _upscale(place, place.folder), True),
    "record": Operation("upload", "storage_endpoint", 1, lambda place: _gemini(place, CLOUD)),
    "upload": Operation("upload", "storage_endpoint", 1, lambda place: _gemini(place, CLOUD), after=1),
    "sensor": Operation("list", "storage_endpoint", 2, _look),
    "list-folder": Operation("list", "storage_endpoint", 2, _list),
}
