"""The table of docs/batch-jobs.md, row by row: how a job ends, what becomes of the task, what its next try asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from support.emulated import images_in

from airflow_provider_imagen.emulator import Fault, JobOrder
from airflow_provider_imagen.errors import ImagenError
from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.operators.batch import ImagenBatchOperator, read_manifest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "batch-jobs.md"
PLACE = "gs://bucket/made/"
ITEMS = [{"key": f"sku-{n}", "prompt": f"a red boat, number {n}"} for n in range(4)]


class End(NamedTuple):
    """One way for a job of four items to end."""

    known: str
    order: JobOrder = JobOrder()
    fault: Fault | None = None
    arguments: Mapping[str, Any] = MappingProxyType({})
    after: Callable[[Any], None] = lambda emulator: None


def partial(state: str, lines: int) -> JobOrder:
    return JobOrder(end_state=f"JOB_STATE_{state}", finished_lines=lines)


SLOW = JobOrder(pending_seconds=7200, running_seconds=0)
WARN = {"on_filtered": "warn"}
SHORT = {"job_timeout_seconds": 3600}
LOST = Fault("create_job", reset=True, after_work=True)
SUCCEEDED = "`SUCCEEDED`"
UNLISTED = JobOrder(hidden_seconds=9999)
ENDS = (
    End(SUCCEEDED),
    End(f"{SUCCEEDED}, one line refused", JobOrder(failed_lines=1)),
    End(f"{SUCCEEDED}, one line missing in the results", JobOrder(missing_lines=1)),
    End(f"{SUCCEEDED}, two lines answered three times", JobOrder(duplicated_lines=2, copies=3)),
    End(f"{SUCCEEDED}, one image filtered", JobOrder(), Fault("line", filtered=1)),
    End(
        f'{SUCCEEDED}, one filtered, `on_filtered="warn"`',
        JobOrder(),
        Fault("line", filtered=1),
        {"on_filtered": "warn"},
    ),
    End(f"{SUCCEEDED}, one prompt blocked", JobOrder(), Fault("line", blocked_prompt=True)),
    End(f"{SUCCEEDED}, one answer without an image", JobOrder(), Fault("line", finish_reason="NO_IMAGE")),
    End("`PARTIALLY_SUCCEEDED` after three lines", partial("PARTIALLY_SUCCEEDED", 3)),
    End("`FAILED` at the import of the requests", JobOrder(fails_at="import")),
    End("`FAILED` after one line", partial("FAILED", 1)),
    End("`FAILED` at the export of the results", JobOrder(fails_at="export")),
    End("`CANCELLED` after two lines", partial("CANCELLED", 2)),
    End("`EXPIRED` in the queue", JobOrder(end_state="JOB_STATE_EXPIRED")),
    End("not done in `job_timeout_seconds`", SLOW, arguments=SHORT, after=lambda emulator: emulator.advance(9999)),
    End("not done in time, `cancel_on_timeout=True`", SLOW, arguments=SHORT | {"cancel_on_timeout": True}),
    End("the creation is refused (403)", fault=Fault("create_job", status=403)),
    End("the answer to the creation is lost, the job is listed after 4 minutes", JobOrder(hidden_seconds=240), LOST),
    End("the answer to the creation is lost, the job is not listed within 5 minutes", UNLISTED, LOST),
    End('the same with `on_lost="resend"`', UNLISTED, LOST, {"on_lost": "resend"}),
    End("the results cannot be read for a moment (503)", fault=Fault("download", status=503, skip=12)),
)


@pytest.fixture(autouse=True)
def passing_time(monkeypatch: pytest.MonkeyPatch, emulator: Any) -> None:
    """Pauses take no time, but put the clock of the jobs forward."""
    from datetime import UTC, datetime, timedelta

    began, made = datetime.now(UTC), list[float]()

    def pause(seconds: float) -> None:
        made.append(seconds)
        emulator.advance(seconds)

    later = {"sleep": pause, "now": lambda: began + timedelta(seconds=sum(made))}
    monkeypatch.setattr(ImagenHook, "client_options", later)


def batch(arguments: Mapping[str, Any]) -> ImagenBatchOperator:
    defaults = {"task_id": "t", "model": "gemini-3.1-flash-image", "mode": "batch", "deferrable": False}
    return ImagenBatchOperator(**defaults | dict(arguments), items=ITEMS, output_uri=PLACE)


def tried(arguments: Mapping[str, Any], ti: Any) -> str:
    """Run one try, and return its state in words."""
    try:
        batch(arguments).execute({"ti": ti})
    except AirflowFailException:
        return "failed for good"
    except ImagenError:
        return "failed, Airflow may retry"
    return "success"


def manifest_of(emulator: Any) -> str:
    """Return how many items the manifest has of each status."""
    names = emulator.list_objects("bucket", "made/_imagen/batches/")
    uris = [f"gs://bucket/{name}" for name in names if name.endswith("/manifest.jsonl")]
    found = [line["status"] for uri in uris for line in read_manifest(uri)]
    counts = {status: found.count(status) for status in dict.fromkeys(sorted(found))}
    return ", ".join(f"{number} `{status}`" for status, number in counts.items()) or "none"


def created(emulator: Any) -> int:
    posts = [each for each in emulator.requests if each.method == "POST"]
    return len([each for each in posts if each.path.endswith("/batchPredictionJobs")])


def row_of(end: End, make_ti: Any, emulator: Any) -> str:
    """Return the row of the table, as it comes true."""
    emulator.order_job(end.order)
    if end.fault:
        emulator.order_fault(end.fault)
    state, manifest = tried(end.arguments, make_ti(max_tries=1)), manifest_of(emulator)
    paid, jobs = emulator.accepted, created(emulator)
    end.after(emulator)
    again = tried(end.arguments, make_ti(try_number=2, max_tries=1))
    new = emulator.accepted - paid
    asked = "creates a job" if created(emulator) > jobs else "no job"
    images = f"{len(images_in(PLACE, emulator))} images"
    return f"| {end.known} | {state} | {manifest} | {paid} | {asked}: {again}, {images}, {new} more answered |"


@pytest.mark.parametrize("end", ENDS, ids=[end.known for end in ENDS])
def test_what_becomes_of_a_job_is_what_the_page_says(end: End, make_ti: Any, emulator: Any) -> None:
    row = row_of(end, make_ti, emulator)

    assert row in PAGE.read_text(encoding="utf-8").splitlines(), row


def test_the_page_has_a_row_for_each_end_and_no_other() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("| how the job ends")[2]
    ends = [line for line in table.splitlines() if line.startswith("| ")]

    assert [row.split(" | ")[0] for row in ends] == [f"| {end.known}" for end in ENDS]
