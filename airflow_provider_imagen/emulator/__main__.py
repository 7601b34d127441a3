"""``python -m airflow_provider_imagen.emulator``: serve until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from airflow_provider_imagen.emulator.server import Emulator
from airflow_provider_imagen.emulator.storage import LOOPBACK

WAKE_SECONDS = 0.5


def main() -> int:
    """Read the command line, serve, and return the exit code."""
    options = parser().parse_args()
    # Not an Event: its lock may be held by the thread that the handler interrupts, a deadlock.
    signals: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: signals.put(number))
    try:
        emulator = Emulator(
            options.bucket or ["my-bucket"],
            host=options.host,
            port=options.port,
            storage_port=options.storage_port,
            storage_folder=options.storage_folder,
            allow_remote=options.allow_remote,
        )
    except ValueError as failure:
        print(failure, file=sys.stderr)  # noqa: T201
        return 2
    with emulator:
        if not options.print_env:
            ready = {
                "endpoint": emulator.endpoint,
                "storage_endpoint": emulator.storage_endpoint,
                "buckets": emulator.buckets,
                "airflow_connection": emulator.connection,
            }
            print(json.dumps(ready))  # noqa: T201
        print(_export(emulator.connection), flush=True)  # noqa: T201
        _wait_for(signals)
    return 0


def _wait_for(signals: SimpleQueue[int]) -> None:
    """Wait for a signal.

    A signal that arrives just before the main thread begins to sleep does not wake it: Python calls its handler only
    when the thread runs. So it wakes up every now and then.
    """
    while True:
        with suppress(Empty):
            signals.get(timeout=WAKE_SECONDS)
            return


def _export(connection: dict[str, Any]) -> str:
    """Return a line for a shell that makes a connection Airflow's ``imagen_default``."""
    return f"export AIRFLOW_CONN_IMAGEN_DEFAULT={shlex.quote(json.dumps(connection))}"


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    words = argparse.ArgumentParser(
        prog="python -m airflow_provider_imagen.emulator",
        description="An emulator of Vertex AI and Cloud Storage. Prints one line of JSON when it is ready, and one "
        "for a shell that connects Airflow to it.",
    )
    words.add_argument("--host", default=LOOPBACK, help="address to listen on (default: %(default)s)")
    words.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    words.add_argument("--storage-port", type=int, default=0, help="port of fake-gcs-server (default: a free one)")
    words.add_argument("--storage-folder", type=Path, help="where to keep objects (default: in memory)")
    words.add_argument("--bucket", action="append", help="a bucket to make; may be given often (default: my-bucket)")
    words.add_argument("--print-env", action="store_true", help="print the line for a shell only")
    words.add_argument("--allow-remote", action="store_true", help="allow a host that other machines reach")
    return words


if __name__ == "__main__":
    sys.exit(main())
