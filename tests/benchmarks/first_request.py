"""Prints the CPU that the first request of a fresh process takes, beside Google's own SDK in its own environment.

Ours is a task: Airflow and the operator are imported, as in every worker, and the clock runs from ``execute`` to its
return. Google's is a client that is imported, made and asked once, as in a task that uses it. Both talk to the emulator
over a real socket; ``to the wire`` ends where a connection to it is opened. Airflow loads its plugins when a task
reports lineage; that is counted apart. Each figure is the median of fresh processes, which take turns.
"""

from __future__ import annotations

import base64
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROUNDS = 5
SDK_PYTHON = Path(".venv-sdk/bin/python")
IMAGEN, GEMINI = "imagen-4.0-generate-001", "gemini-2.5-flash-image"
CASES = {
    "Imagen to gs://, no token": (IMAGEN, "gs://bucket/made/", False),
    "Gemini to gs://, no token": (GEMINI, "gs://bucket/made/", False),
    "Imagen to gs://, service account key": (IMAGEN, "gs://bucket/made/", True),
    "Gemini to gs://, service account key": (GEMINI, "gs://bucket/made/", True),
}
PARTS = ("to_the_wire", "to_the_end", "plugins")


class Watch:
    """Counts the CPU of this process from its making on.

    :param port: the port of the emulator.
    """

    def __init__(self, port: int) -> None:
        self.figures = dict.fromkeys(PARTS, 0.0)
        self._port = port
        self._start = time.process_time()
        sys.addaudithook(self._on_event)

    def _on_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and not self.figures["to_the_wire"] and arguments[1][1] == self._port:
            self.figures["to_the_wire"] = time.process_time() - self._start

    def timed(self, load: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that counts its time as that of plugins."""

        def loading(*arguments: Any, **options: Any) -> Any:
            start = time.process_time()
            try:
                return load(*arguments, **options)
            finally:
                self.figures["plugins"] += time.process_time() - start

        return loading

    def report(self) -> None:
        """Print the figures."""
        self.figures["to_the_end"] = time.process_time() - self._start - self.figures["plugins"]
        print(json.dumps(self.figures))


def run_our_task(order: dict[str, Any]) -> None:
    """Run a task of ours in this process."""
    from types import SimpleNamespace

    from airflow.providers.common.compat.sdk import DAG

    from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

    with DAG("benchmark", schedule=None):
        task = ImagenGenerateOperator(
            task_id="posters", prompt="a boat", model=order["model"], output_uri=order["output_uri"]
        )
    ti = SimpleNamespace(dag_id="benchmark", run_id="r", task_id="posters", map_index=-1, try_number=1, max_tries=0)
    ti.xcom_push = lambda **_: None
    watch = Watch(order["port"])
    count_plugins(watch)
    uris = task.execute({"ti": ti, "task": task})
    watch.report()
    assert uris


def count_plugins(watch: Watch) -> None:
    """Count what Airflow loads when the lineage collector is asked for."""
    try:
        from airflow.sdk import plugins_manager

        name = "get_hook_lineage_readers_plugins"
    except ImportError:  # Airflow 2
        from airflow import plugins_manager  # type: ignore[no-redef]

        name = "initialize_hook_lineage_readers_plugins"
    setattr(plugins_manager, name, watch.timed(getattr(plugins_manager, name)))


def run_the_sdk(order: dict[str, Any]) -> None:
    """Make the same request with Google's SDK in this process."""
    watch = Watch(order["port"])
    from google import genai
    from google.genai import types

    if order["key"]:
        from google.oauth2 import service_account

        scope = ["https://www.googleapis.com/auth/cloud-platform"]
        credentials: Any = service_account.Credentials.from_service_account_info(order["key"], scopes=scope)
    else:
        from google.oauth2.credentials import Credentials

        credentials = Credentials(token="static")
    place = "us-central1" if order["model"] == IMAGEN else "global"
    options = types.HttpOptions(base_url=order["endpoint"])
    client = genai.Client(
        vertexai=True, project="emulator-project", location=place, credentials=credentials, http_options=options
    )
    if order["model"] == IMAGEN:
        config = types.GenerateImagesConfig(number_of_images=1, output_gcs_uri=order["output_uri"])
        images: Any = client.models.generate_images(model=IMAGEN, prompt="a boat", config=config).generated_images
    else:
        wanted = types.GenerateContentConfig(response_modalities=["IMAGE"])
        images = client.models.generate_content(model=GEMINI, contents="a boat", config=wanted).parts
    watch.report()
    assert images


class TokenServer(BaseHTTPRequestHandler):
    """Gives everybody the same token."""

    def do_POST(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"access_token": "planted", "expires_in": 3600, "token_type": "Bearer"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Log nothing."""


def new_key(token_uri: str) -> dict[str, str]:
    """Return a service account key that works nowhere else."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(encoding, form, serialization.NoEncryption()).decode()
    account = "benchmark@emulator-project.iam.gserviceaccount.com"
    return {
        "type": "service_account",
        "project_id": "emulator-project",
        "private_key": pem,
        "client_email": account,
        "token_uri": token_uri,
    }


def measured(python: Path, side: str, order: dict[str, Any], environment: dict[str, str]) -> dict[str, float]:
    """Return the figures of one fresh process."""
    command = [str(python), "-W", "ignore", __file__, side, base64.b64encode(json.dumps(order).encode()).decode()]
    everything = {**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=everything)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {part: statistics.median(run[part] for run in runs) for part in PARTS}


def main() -> None:
    """Measure and print."""
    from airflow_provider_imagen.emulator import Emulator

    tokens = ThreadingHTTPServer(("127.0.0.1", 0), TokenServer)
    threading.Thread(target=tokens.serve_forever, daemon=True).start()
    key = new_key(f"http://127.0.0.1:{tokens.server_address[1]}/token")
    with Emulator(buckets=["bucket"]) as emulator, tempfile.TemporaryDirectory() as home:
        for case, (model, output_uri, has_key) in CASES.items():
            extra = dict(emulator.connection["extra"])
            if has_key:
                extra |= {"keyfile_dict": key, "send_credentials_to_endpoint": True, "is_anonymous": False}
            environment = {
                "AIRFLOW_HOME": home,
                "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                "AIRFLOW_CONN_IMAGEN_DEFAULT": json.dumps({"conn_type": "imagen", "extra": extra}),
                "NO_GCE_CHECK": "true",
            }
            endpoint = emulator.endpoint
            order = {
                "model": model,
                "output_uri": output_uri,
                "key": key if has_key else None,
                "endpoint": endpoint,
                "port": urlsplit(endpoint).port,
            }
            ours, theirs = [], []
            for _ in range(1 + ROUNDS):
                ours.append(measured(Path(sys.executable), "ours", order, environment))
                theirs.append(measured(SDK_PYTHON, "sdk", order, {}))
            show(case, medians(ours[1:]), medians(theirs[1:]))  # the first ones compile
    tokens.shutdown()


def show(case: str, ours: dict[str, float], theirs: dict[str, float]) -> None:
    """Print one case."""
    print(f"{case} (CPU seconds)")
    for part in ("to_the_wire", "to_the_end"):
        ratio = ours[part] / theirs[part]
        name = part.replace("_", " ")
        print(f"  {name:12} ours {ours[part]:.2f}, google-genai {theirs[part]:.2f}: {ratio:.2f} of it")
    print(f"  apart: Airflow's plugins {ours['plugins']:.2f}")


SIDES = {"ours": run_our_task, "sdk": run_the_sdk}

if __name__ == "__main__":
    if len(sys.argv) > 1:
        SIDES[sys.argv[1]](json.loads(base64.b64decode(sys.argv[2])))
    else:
        main()
