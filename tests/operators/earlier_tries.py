"""A task whose earlier try made images, or died before it could return them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow_provider_imagen.core.recovery.request_record import Receipt, fingerprint_of
from airflow_provider_imagen.core.requests import GenerateRequest
from airflow_provider_imagen.core.storage.object_names import TaskIdentity, folder_name
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

IMAGEN = "imagen-4.0-generate-001"
GEMINI = "gemini-2.5-flash-image"
PLACES = ["cloud", "disk"]


class StateStore(dict[str, str]):
    """Airflow's task state store, as far as a task uses it."""

    def set(self, key: str, value: str) -> None:
        self[key] = value

    def delete(self, key: str) -> None:
        self.pop(key, None)


class BrokenStore:
    """A state store that does nothing but fail."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("no connection to the API server")


def operator(place: str, **arguments: Any) -> ImagenGenerateOperator:
    defaults = {"task_id": "posters", "model": IMAGEN, "prompt": "a red boat", "if_exists": "reuse"}
    return ImagenGenerateOperator(**defaults | arguments, output_uri=place)


def questions(emulator: Any) -> int:
    return len([request for request in emulator.requests if ":predict" in request.path or ":gen" in request.path])


def images_in(place: str, emulator: Any) -> list[str]:
    if place.startswith("gs://"):
        names = emulator.list_objects("bucket", "made/")
        return [f"gs://bucket/{name}" for name in names if not name.endswith(".json")]
    return sorted(str(path) for path in Path(place).rglob("sample_*"))


def receipt_for(place: str, *, minutes_ago: float = 0, earlier: tuple[str, ...] = (), **asked: Any) -> Receipt:
    request = GenerateRequest(**{"model": IMAGEN, "prompt": "a red boat", "output_uri": place, **asked})
    asked_at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return Receipt(fingerprint=fingerprint_of(request), asked_at=asked_at, earlier=earlier)


def leave_receipt(place: str, ti: Any, emulator: Any, **asked: Any) -> Path:
    """Leave what a worker that died after sending its request leaves behind."""
    content = receipt_for(place, **asked).encode()
    name = folder_name(TaskIdentity(ti.dag_id, ti.run_id, ti.task_id, ti.map_index))
    if place.startswith("gs://"):
        emulator.put_object("bucket", f"made/{name}/request.json", content, "application/json")
    else:
        (Path(place) / name).mkdir(parents=True)
        (Path(place) / name / "request.json").write_bytes(content)
    return Path(place) / name
