"""What the emulator was asked, and what lies in its storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BUCKET = "bucket"


def model_requests(emulator: Any) -> list[Any]:
    """Return the requests to make images, which are those that cost money."""
    return [each for each in emulator.requests if each.path.endswith((":predict", ":generateContent"))]


def images_in(place: str, emulator: Any) -> list[str]:
    """Return the URIs of the images below an ``output_uri``."""
    if place.startswith("gs://"):
        prefix = place.removeprefix(f"gs://{BUCKET}/")
        names = [name for name in emulator.list_objects(BUCKET, prefix) if "/_imagen/" not in name]
        return [f"gs://{BUCKET}/{name}" for name in names]
    found = [path for path in Path(place).rglob("*") if path.is_file() and "_imagen" not in path.parts]
    return sorted(str(path) for path in found)


def records_in(place: str, emulator: Any) -> list[str]:
    """Return the names of the records below an ``output_uri``."""
    if place.startswith("gs://"):
        prefix = f"{place.removeprefix(f'gs://{BUCKET}/').rstrip('/')}/_imagen/"
        return [name.removeprefix(prefix) for name in emulator.list_objects(BUCKET, prefix)]
    return sorted(path.name for path in (Path(place) / "_imagen").glob("*"))


def put(place: str, name: str, content: bytes, emulator: Any, mime_type: str = "image/png") -> str:
    """Put a file below an ``output_uri`` and return its URI."""
    if place.startswith("gs://"):
        prefix = f"{place.removeprefix(f'gs://{BUCKET}/').rstrip('/')}/"
        emulator.put_object(BUCKET, f"{prefix}{name}", content, mime_type)
        return f"gs://{BUCKET}/{prefix}{name}"
    path = Path(place) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)
