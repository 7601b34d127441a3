"""What a worker leaves that died between its request and its return."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_imagen.core.recovery.request_record import (
    RequestRecord,
    TaskIdentity,
    fingerprint_of,
    record_name,
)
from airflow_provider_imagen.core.requests import GenerateRequest
from support.emulated import put

IMAGEN = "imagen-4.0-generate-001"
GEMINI = "gemini-2.5-flash-image"


def identity_of(ti: Any, **changes: Any) -> TaskIdentity:
    given = {
        name: getattr(ti, name) for name in ("dag_id", "run_id", "task_id", "map_index", "try_number", "max_tries")
    }
    return TaskIdentity(**given | changes)


def fingerprint(**asked: Any) -> str:
    defaults = {"model": IMAGEN, "prompt": "a red boat", "output_uri": "gs://bucket/made/"}
    arguments = defaults | asked
    return fingerprint_of(GenerateRequest(**arguments), arguments["model"])


def record_of(
    ti: Any,
    *,
    minutes_ago: float = 0,
    before: dict[str, str] | None = None,
    state: Any = "in_flight",
    writer: TaskIdentity | None = None,
    **asked: Any,
) -> RequestRecord:
    return RequestRecord(
        fingerprint=fingerprint(**asked),
        writer=writer or identity_of(ti),
        sent_at=datetime.now(UTC) - timedelta(minutes=minutes_ago),
        timeout_seconds=300,
        requested=asked.get("number_of_images", 1),
        before=before or {},
        state=state,
    )


def leave_intent(place: str, ti: Any, emulator: Any, *, own_name: str | None = None, **options: Any) -> str:
    """Leave what a worker leaves that died after it sent its request, and return the URI of that record."""
    record = record_of(ti, **options)
    name = record_name(own_name or ti.own_name, record.fingerprint, is_intent=True)
    return put(place, f"_imagen/{name}", record.encode(), emulator, "application/json")
