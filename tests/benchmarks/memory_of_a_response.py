"""Prints how much memory it takes to read four images of 20 MB base64 each and to write them to the local disk.

Each figure comes from a fresh interpreter that asks a local server over a real socket. ``allocated`` is the peak that
tracemalloc counts: Python objects and their buffers, much the same in every run. ``resident`` is how far the process
grew in the eyes of Linux (VmHWM; ru_maxrss would begin with the size of the parent), with everything that tracemalloc
does not see; it is measured in a run of its own, because tracemalloc takes memory itself.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import threading
import tracemalloc
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

IMAGES = 4
BASE64_BYTES = 20_000_000
GOAL = 2.5
MODELS = {":predict, one answer": "imagen-4.0-generate-001", ":generateContent, four answers": "gemini-2.5-flash-image"}


class Replay(BaseHTTPRequestHandler):
    """Answers every request with images made before."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = self.server.bodies["predict" if self.path.endswith(":predict") else "generateContent"]  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def bodies() -> dict[str, bytes]:
    """Return one answer of each protocol."""
    data = base64.b64encode(os.urandom(BASE64_BYTES // 4 * 3)).decode()
    item = {"mimeType": "image/png", "bytesBase64Encoded": data}
    part = {"inlineData": {"mimeType": "image/png", "data": data}}
    return {
        "predict": json.dumps({"predictions": [item] * IMAGES}).encode(),
        "generateContent": json.dumps(
            {"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]}
        ).encode(),
    }


def read_and_write(url: str, model: str, measure: str) -> int:
    """Ask, decode and write, and return the peak over what was taken before, in bytes."""
    from airflow_provider_imagen.client.imagen import ImagenClient
    from airflow_provider_imagen.core.connection import ConnectionSettings

    sys.path.append(str(Path(__file__).resolve().parent.parent))
    from support.plans import generate_plan
    from support.runs import run

    client = ImagenClient(ConnectionSettings(project="one", is_anonymous=True, endpoint=url))
    with tempfile.TemporaryDirectory() as folder:
        plan = generate_plan(model, output_uri=folder, number_of_images=IMAGES)
        before = resident_bytes("VmRSS")
        if measure == "allocated":
            tracemalloc.start()
        uris = run(plan, client).document.uris
        assert sum(Path(uri).stat().st_size for uri in uris) == IMAGES * (BASE64_BYTES // 4 * 3)
        if measure == "allocated":
            return tracemalloc.get_traced_memory()[1]
        return resident_bytes("VmHWM") - before


def resident_bytes(field: str) -> int:
    """Return what Linux says of this process's memory: now (VmRSS) or at its peak (VmHWM)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) * 1024


def measured(url: str, model: str, measure: str) -> int:
    """Return the peak of a fresh interpreter."""
    command = [sys.executable, "-W", "ignore", __file__, url, model, measure]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure and print."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Replay)
    server.bodies = bodies()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    size = len(server.bodies["predict"])  # type: ignore[attr-defined]
    print(f"{IMAGES} images, {size / 1e6:.1f} MB of body (goal: at most {GOAL} times as much at the peak)")
    for name, model in MODELS.items():
        for measure in ("allocated", "resident"):
            peak = measured(url, model, measure)
            print(f"{name:30} {measure:10} {peak / 1e6:7.1f} MB = {peak / size:.2f} times the body")
    server.shutdown()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(read_and_write(*sys.argv[1:]))
    else:
        main()
