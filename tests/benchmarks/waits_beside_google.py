"""Prints what deferred waits cost a triggerer, beside Google's own trigger for Cloud Storage in its own environment.

Each side is a fresh process with one event loop that starts its triggers one after another, as Airflow's triggerer
does, and looks at a server of this machine in which every folder is empty. The server is a process of its own, counts
the looks and knows when each wait looked first. What an idle process with the same ticking clock takes is measured too,
and left out. ``DateTimeTrigger`` of Airflow's standard provider is started in the
same way, to compare how long starting holds the loop up.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

GOOGLE_PYTHON = Path(".venv-google/bin/python")
WAITS = (500, 1000)
POLL_SECONDS = 5.0
RUN_SECONDS = 40.0
TICK_SECONDS = 0.005


class EmptyBucket(asyncio.Protocol):
    """Answers every listing with nothing."""

    looks: list[tuple[str, float]]

    def __init__(self, looks: list[tuple[str, float]]) -> None:
        self.looks = looks
        self._received = b""

    def connection_made(self, transport: Any) -> None:
        """Keep the connection."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request as soon as it is whole."""
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            target = urlsplit(head.split(b" ", 2)[1].decode())
            if target.path == "/looks":
                body = json.dumps(self.looks).encode()
                self.looks.clear()
            else:
                self.looks.append((parse_qs(target.query).get("prefix", [""])[0], time.time()))
                body = b'{"kind": "storage#objects"}'
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            self._transport.write(head + body)


async def serve() -> None:
    """Serve until this process ends, and print the port."""
    looks: list[tuple[str, float]] = []
    server = await asyncio.get_running_loop().create_server(lambda: EmptyBucket(looks), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def ours(count: int, url: str) -> list[Any]:
    """Return triggers of this provider."""
    from airflow_provider_imagen.triggers.imagen import ImagenOutputTrigger

    extra = {"project": "p", "is_anonymous": True, "storage_endpoint": url}
    os.environ["AIRFLOW_CONN_IMAGEN_DEFAULT"] = json.dumps({"conn_type": "imagen", "extra": extra})
    wait: dict[str, Any] = {"min_images": 1, "mime_types": None, "newer_than": None}
    return [
        ImagenOutputTrigger(
            {"output_uri": f"gs://bucket/{index}/", **wait}, time.time() + 3600, POLL_SECONDS, "imagen_default"
        )
        for index in range(count)
    ]


def google(count: int, url: str) -> list[Any]:
    """Return triggers of Google's provider."""
    from airflow.providers.google.cloud.triggers.gcs import GCSPrefixBlobTrigger

    os.environ["STORAGE_EMULATOR_HOST"] = url
    os.environ["AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT"] = json.dumps(
        {"conn_type": "google_cloud_platform", "extra": {"project": "p", "is_anonymous": True}}
    )
    arguments = {"poke_interval": POLL_SECONDS, "google_cloud_conn_id": "google_cloud_default", "hook_params": {}}
    return [GCSPrefixBlobTrigger(bucket="bucket", prefix=f"{index}/", **arguments) for index in range(count)]


def nothing(_count: int, _url: str) -> list[Any]:
    """Return no triggers."""
    return []


def moments(count: int, _url: str) -> list[Any]:
    """Return triggers that only sleep."""
    from airflow.providers.standard.triggers.temporal import DateTimeTrigger

    return [DateTimeTrigger(datetime.now(UTC) + timedelta(hours=1)) for _ in range(count)]


async def run(make: Callable[[int, str], list[Any]], count: int, url: str) -> dict[str, float]:
    """Start triggers, let them wait, and return what that took."""
    triggers = make(count, url)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pauses: list[float] = []

    async def tick() -> None:
        while True:
            due = time.perf_counter() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            pauses.append(time.perf_counter() - due)

    ticker = asyncio.ensure_future(tick())
    await asyncio.sleep(0.5)
    pauses.clear()
    cpu, waits = time.process_time(), []
    for trigger in triggers:
        waits.append(asyncio.ensure_future(anext(trigger.run())))
        await asyncio.sleep(0)
    await asyncio.sleep(TICK_SECONDS)
    start_pause = max(pauses, default=0.0)
    await asyncio.sleep(RUN_SECONDS)
    figures = {
        "cpu": time.process_time() - cpu,
        "longest_pause": max(pauses),
        "start_pause": start_pause,
        "megabytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
    }
    ticker.cancel()
    assert not any(wait.done() for wait in waits), [wait for wait in waits if wait.done()][:1]
    print(json.dumps(figures), flush=True)
    os._exit(0)  # what still looks is of no interest


SIDES: dict[str, Callable[[int, str], list[Any]]] = {
    "ours": ours,
    "google": google,
    "moments": moments,
    "nothing": nothing,
}


@contextmanager
def empty_bucket() -> Iterator[str]:
    """Run the server in a process of its own."""
    command = [sys.executable, __file__, "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"  # type: ignore[union-attr]
        finally:
            process.terminate()


def measured(python: Path, side: str, count: int, url: str, home: str) -> dict[str, float]:
    """Return the figures of one side, with what the server saw of it."""
    environment = {**os.environ, "AIRFLOW_HOME": home, "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO"}
    command = [str(python), "-W", "ignore", __file__, side, str(count), url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    with urllib.request.urlopen(f"{url}/looks") as answer:
        looks = json.load(answer)
    first: dict[str, float] = {}
    for prefix, moment in looks:
        first.setdefault(prefix, moment)
    moments_of_first = sorted(first.values()) or [0.0]
    figures["looks"] = len(looks)
    figures["first_spread"] = moments_of_first[-1] - moments_of_first[0]
    return figures


def show(name: str, count: int, figures: dict[str, float]) -> None:
    """Print one line."""
    looks = figures["looks"]
    a_look = f"{figures['cpu'] * 1000 / looks:.2f} ms CPU a look of {looks:.0f}, " if looks else ""
    spread = f"first looks within {figures['first_spread']:.1f} s, " if looks else ""
    print(
        f"{count:5} {name:10} {a_look}{spread}longest pause {figures['longest_pause'] * 1000:.0f} ms "
        f"({figures['start_pause'] * 1000:.0f} ms while starting), {figures['megabytes']:.0f} MB"
    )


def main() -> None:
    """Measure and print."""
    print(f"poll interval {POLL_SECONDS:.0f} s, for {RUN_SECONDS:.0f} s")
    with empty_bucket() as url, tempfile.TemporaryDirectory() as home:
        idle = measured(Path(sys.executable), "nothing", 0, url, home)
        for count in WAITS:
            sides = {"ours": Path(sys.executable), "google": GOOGLE_PYTHON, "moments": Path(sys.executable)}
            figures = {side: measured(python, side, count, url, home) for side, python in sides.items()}
            for side, each in figures.items():
                each["cpu"] -= idle["cpu"]
                show(side, count, each)
            each_look = [figures[side]["cpu"] / figures[side]["looks"] for side in ("ours", "google")]
            print(f"      ours / google: {each_look[0] / each_look[1]:.2f} of the CPU (goal: at most 0.50)")


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    elif len(sys.argv) > 1:
        asyncio.run(run(SIDES[sys.argv[1]], int(sys.argv[2]), sys.argv[3]))
    else:
        main()
