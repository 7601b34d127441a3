"""Prints what 200 deferred waits on one triggerer cost: pauses of its event loop, connections, tokens, looks.

The waits run in this process, the emulator in another one, so that its work is not taken for ours; each of its listings
takes ``LISTING_SECONDS``. A ticker on the same loop measures how late it wakes up, first without any wait, for
comparison on a busy machine. The last image arrives after ``WAIT_SECONDS``.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Coroutine
from contextlib import contextmanager
from typing import Any

import google.auth
from google.auth.credentials import Credentials

WAITS = 200
POLL_SECONDS = 2.0
LISTING_SECONDS = 0.05
WAIT_SECONDS = 10.0
TICK_SECONDS = 0.005


class CountedToken(Credentials):
    """Credentials that count how often a token was fetched."""

    fetched = 0

    def refresh(self, request: Any) -> None:
        """Fetch a token."""
        del request
        self.fetched += 1
        self.token = "planted"


@contextmanager
def emulator() -> Any:
    """Run the emulator in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "airflow_provider_imagen.emulator", "--bucket", "bucket"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline())  # type: ignore[union-attr]
        finally:
            process.terminate()


def post(url: str, content_type: str, body: bytes) -> None:
    """Send something to the emulator."""
    urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": content_type})).close()


def looks_at(endpoint: str) -> int:
    """Return how many listings the emulator was asked for."""
    with urllib.request.urlopen(f"{endpoint}/emulator/requests") as answer:
        return sum(call["method"] == "GET" for call in json.load(answer))


async def longest_pause(work: Coroutine[Any, Any, Any]) -> tuple[float, Any]:
    """Return how long the loop answered nobody while some work went on, at most, and what the work returned."""
    pauses = [0.0]

    async def tick() -> None:
        while True:
            due = time.perf_counter() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            pauses.append(time.perf_counter() - due)

    ticker = asyncio.ensure_future(tick())
    try:
        done = await work
    finally:
        ticker.cancel()
    return max(pauses), done


async def run(endpoint: str) -> None:
    """Measure and print."""
    from airflow_provider_imagen.hooks.shared_connections import shared_connection
    from airflow_provider_imagen.triggers.imagen import ImagenOutputTrigger

    wait = {"output_uri": "gs://bucket/many/", "min_images": 1, "mime_types": None, "newer_than": None}
    triggers = [ImagenOutputTrigger(wait, time.time() + 600, POLL_SECONDS, "imagen_default") for _ in range(WAITS)]

    async def bring_the_image() -> None:
        await asyncio.sleep(WAIT_SECONDS)
        url = f"{endpoint}/upload/storage/v1/b/bucket/o?uploadType=media&name=many/a.png"
        await asyncio.to_thread(post, url, "image/png", b"x")

    async def all_waits() -> list[Any]:
        return await asyncio.gather(bring_the_image(), *(anext(trigger.run()) for trigger in triggers))

    idle, _ = await longest_pause(asyncio.sleep(WAIT_SECONDS))
    began = time.perf_counter()
    busy, (_, *events) = await longest_pause(all_waits())
    seconds = time.perf_counter() - began
    done = sum(event.payload["status"] == "done" for event in events)
    looks = await asyncio.to_thread(looks_at, endpoint)
    with shared_connection("imagen_default") as connection:
        clients = {await connection.client()}
    pools = [route.pool for client in clients for route in client.session.transport._pools._pools.values()]
    connections = sum(pool.num_connections for pool in pools)
    print(f"{done} of {WAITS} waits done after {seconds:.1f} s; the image came after {WAIT_SECONDS:.0f} s")
    print(f"longest pause of the loop: {busy * 1000:.1f} ms with the waits, {idle * 1000:.1f} ms without")
    print(f"clients {len(clients)}, connections opened {connections}, tokens fetched {TOKEN.fetched}")
    print(f"looks {looks}: {looks / seconds:.0f} a second, {looks / connections:.0f} a connection")


TOKEN = CountedToken()


def main() -> None:
    """Start the emulator, make its listings slow, and measure."""
    google.auth.default = lambda **_: (TOKEN, "emulator-project")
    with emulator() as ready:
        endpoint = ready["endpoint"]
        slow = {"operation": "list", "times": 1_000_000, "delay_seconds": LISTING_SECONDS}
        post(f"{endpoint}/emulator/faults", "application/json", json.dumps(slow).encode())
        connection = ready["airflow_connection"]
        connection["extra"]["send_credentials_to_endpoint"] = True
        os.environ["AIRFLOW_CONN_IMAGEN_DEFAULT"] = json.dumps(connection)
        asyncio.run(run(endpoint))


if __name__ == "__main__":
    main()
