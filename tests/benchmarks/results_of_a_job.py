"""Prints how long 2 GB of results of a batch job take to become stored images, beside the bare loop, and what memory.

Both sides read the same 1,000 lines of 2 MB over a real socket and write 1,000 files into a folder that stands for a
bucket. The bare loop is "read a line, json, base64, write". Ours also tells each line's item, judges the answer, keeps
a record of each image and counts duplicates. ``grown`` is how far the process grew in the eyes of Linux (VmHWM) over
what it had before the first line. A second part writes the requests of 100,000 items as a stream.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LINES = 1_000
IMAGE_BYTES = 1_500_000
ITEMS = 100_000
FINGERPRINT = "0123abcd" + "0" * 56
TIME_GOAL, MEMORY_GOAL_MB = 1.5, 150
MB = 1_000_000
SIDES = ("the bare loop", "ours")


def line(number: int, data: str) -> bytes:
    """Return one line of the results."""
    parts = [{"inlineData": {"mimeType": "image/png", "data": data}}]
    answer = {
        "key": f"r{number}-{FINGERPRINT[:8]}",
        "status": "",
        "request": {"contents": [{"role": "user", "parts": [{"text": "a boat"}]}]},
        "response": {"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}]},
    }
    return json.dumps(answer).encode() + b"\n"


class Results(BaseHTTPRequestHandler):
    """Sends the lines as one object, without keeping them."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        data = self.server.data  # type: ignore[attr-defined]
        size = sum(len(line(number, "")) for number in range(1, LINES + 1)) + LINES * len(data)
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        start, end = line(1, "\0").split(b"\\u0000")
        for number in range(1, LINES + 1):
            self.wfile.write(start.replace(b'"r1-', f'"r{number}-'.encode()))
            self.wfile.write(data)
            self.wfile.write(end)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def high_water() -> int:
    """Return the most memory that this process ever had, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def forget_high_water() -> None:
    """Let the most memory count from now on."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def bare_loop(url: str, folder: Path) -> None:
    """Read a line, json, base64, write."""
    with urllib.request.urlopen(url) as response:
        for number, each in enumerate(response):
            part = json.loads(each)["response"]["candidates"][0]["content"]["parts"][0]
            (folder / f"{number}.png").write_bytes(base64.b64decode(part["inlineData"]["data"]))


def ours(url: str, folder: Path) -> None:
    """Read and store the results as a task does."""
    from datetime import UTC, date, datetime

    from airflow_provider_imagen.client.imagen import ImagenClient
    from airflow_provider_imagen.core.batch.job_files import LineOrigin
    from airflow_provider_imagen.core.batch.outcome import ItemOutcome
    from airflow_provider_imagen.core.batch.plan import BatchArguments, ItemPlanner, PlannedItem
    from airflow_provider_imagen.core.batch.reuse import Listed
    from airflow_provider_imagen.core.catalogue import catalogue
    from airflow_provider_imagen.core.catalogue.plan import ModelPreferences
    from airflow_provider_imagen.core.connection import ConnectionSettings
    from airflow_provider_imagen.core.recovery.request_record import RequestRecord, TaskIdentity
    from airflow_provider_imagen.core.storage.locations import LocalFolder
    from airflow_provider_imagen.core.storage.resumable import lines_in
    from airflow_provider_imagen.runner.batch_table import BatchTable
    from airflow_provider_imagen.runner.job_items import JobPlace
    from airflow_provider_imagen.runner.job_reading import JobReading
    from airflow_provider_imagen.runner.local_store import LocalStore

    class Bucket(LocalStore):
        """Writes as the bare loop does; a bucket has no disk of ours to wait for."""

        def write(self, name: str, data: bytes, mime_type: str, *, version: str | None = None) -> str | None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            return None

    model = "gemini-3.1-flash-image"
    arguments = BatchArguments({"output_uri": "gs://bucket/made/"})
    planner = ItemPlanner(arguments, ModelPreferences(model), catalogue(), date(2026, 11, 25))
    items = [
        PlannedItem(n, f"sku-{n}", FINGERPRINT, {"key": f"sku-{n}", "prompt": "a boat"}, 1, 1, model)
        for n in range(1, LINES + 1)
    ]
    table = BatchTable("fail", "fail")
    table.restore(iter(items))
    task = TaskIdentity(dag_id="d", run_id="r", task_id="t")
    sent = RequestRecord(fingerprint="", writer=task, sent_at=datetime.now(UTC))
    place = JobPlace(Bucket(LocalFolder(str(folder), str(folder))), Listed(), task, sent)
    reading = JobReading(
        [LineOrigin(item.key, FINGERPRINT, 0) for item in items],
        table,
        planner.request_plan,
        place,
        ItemOutcome("not_sent"),
        lambda: False,
        lambda: None,
    )
    client = ImagenClient(ConnectionSettings(project="p", is_anonymous=True, endpoint=url, storage_endpoint=url))
    reading.run(lines_in(client.storage.chunks("gs://bucket/predictions.jsonl"), 256 << 20), iter(()))
    assert reading.tally.images == LINES
    table.close()


def measured(side: str, url: str) -> tuple[float, float]:
    """Return seconds, and MB that the process grew, of one side in a process of its own."""
    command = [sys.executable, "-W", "ignore", __file__, side, url]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    seconds, grown = json.loads(done.stdout.splitlines()[-1])
    return seconds, grown


def run_side(side: str, url: str) -> None:
    """Run one side, and print what it took."""
    work: Any = {"the bare loop": bare_loop, "ours": ours, "requests": written_requests}[side]
    with tempfile.TemporaryDirectory() as folder:
        if side == "ours":
            import airflow_provider_imagen.client.imagen
            import airflow_provider_imagen.runner.job_reading  # noqa: F401
        forget_high_water()
        before, started = high_water(), time.perf_counter()
        work(url, Path(folder))
        print(json.dumps([time.perf_counter() - started, (high_water() - before) / MB]))


def written_requests(_url: str, folder: Path) -> None:
    """Write the requests of many items as a stream, as a task uploads them."""
    from datetime import date

    from airflow_provider_imagen.core.batch.plan import BatchArguments, ItemPlanner, PlannedItem
    from airflow_provider_imagen.core.catalogue import catalogue
    from airflow_provider_imagen.core.catalogue.plan import ModelPreferences
    from airflow_provider_imagen.core.storage.resumable import in_pieces
    from airflow_provider_imagen.runner.job_requests import RequestFile, RequestWriter

    model = "gemini-3.1-flash-image"
    planner = ItemPlanner(
        BatchArguments({"output_uri": "gs://bucket/made/"}), ModelPreferences(model), catalogue(), date(2026, 11, 25)
    )
    items = (
        PlannedItem(n, f"sku-{n}", FINGERPRINT, {"key": f"sku-{n}", "prompt": f"a boat, number {n}"}, 1, 1, model)
        for n in range(1, ITEMS + 1)
    )
    writer, file = RequestWriter(items, planner, lambda plan: plan), RequestFile()
    with (folder / "requests.jsonl").open("wb") as out:
        for piece, _ in in_pieces(writer.lines(file)):
            out.write(piece)
    assert file.size.lines == ITEMS
    file.close()


def main() -> None:
    """Measure, and print."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Results)
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\4\0\0\0\4\0\x08\2\0\0\0" + os.urandom(IMAGE_BYTES - 29)
    server.data = base64.b64encode(png)  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    print(f"{LINES} lines of {len(server.data) / MB:.0f} MB, {LINES * len(server.data) / MB:.0f} MB in all")  # type: ignore[attr-defined]
    found = {side: measured(side, url) for side in SIDES}
    for side, (seconds, grown) in found.items():
        print(f"  {side}: {seconds:.1f} s, grown by {grown:.0f} MB")
    ratio = found["ours"][0] / found["the bare loop"][0]
    print(f"  ratio {ratio:.2f} (goal: at most {TIME_GOAL}); memory goal: at most {MEMORY_GOAL_MB} MB")
    seconds, grown = measured("requests", url)
    print(f"{ITEMS} requests written as a stream: {seconds:.1f} s, grown by {grown:.0f} MB")


if __name__ == "__main__":
    run_side(*sys.argv[1:]) if len(sys.argv) > 1 else main()
