"""The two sides of the benchmarks of a batch, each run in a fresh process: our task, and a loop around Google's SDK.

``batch_sides.py ours|sdk`` reads its order as JSON from standard input and prints its figures as JSON. Memory is what
Linux counts as resident: the peak over ``idle``, which is the process with everything imported.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MODEL = "gemini-2.5-flash-image"
SDK_PYTHON = Path(".venv-sdk/bin/python")


def run_our_batch(order: dict[str, Any]) -> Callable[[], int]:
    """Return a function that runs a batch task as a worker does, and returns how many images it made or reused."""
    from types import SimpleNamespace

    from airflow.providers.common.compat.sdk import DAG

    # What execute imports, so that both sides have everything imported when the clock starts.
    from airflow_provider_imagen.client import imagen  # noqa: F401
    from airflow_provider_imagen.operators import batch_report  # noqa: F401
    from airflow_provider_imagen.operators.batch import ImagenBatchOperator
    from airflow_provider_imagen.runner import batch_run, local_store  # noqa: F401

    with DAG("benchmark", schedule=None):
        task = ImagenBatchOperator(
            task_id="pictures",
            items=order["prompts"],
            model=MODEL,
            output_uri=order["output_uri"],
            max_concurrency=order["width"],
            dry_run=order.get("dry_run", False),
        )
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(dag_id="benchmark", run_id="r", task_id="pictures", map_index=-1, try_number=1, max_tries=0)
    ti.xcom_push = lambda key, value, **_: pushed.update({key: value})

    def run() -> int:
        task.execute({"ti": ti, "task": task})
        counts = pushed["result"]["counts"]
        return int(counts["made"] + counts["reused"])

    return run


def run_the_sdk(order: dict[str, Any]) -> Callable[[], int]:
    """Return a function that asks with Google's SDK in a pool of threads and stores each image, as a user writes it."""
    from concurrent.futures import ThreadPoolExecutor

    from google import genai
    from google.genai import types
    from google.oauth2.credentials import Credentials

    client = genai.Client(
        vertexai=True,
        project="emulator-project",
        location="global",
        credentials=Credentials(token="static"),
        http_options=types.HttpOptions(base_url=order["endpoint"]),
    )
    config = types.GenerateContentConfig(response_modalities=["IMAGE"])
    folder = Path(order["output_uri"])
    folder.mkdir(parents=True, exist_ok=True)

    def make(numbered: tuple[int, str]) -> int:
        number, prompt = numbered
        answer = client.models.generate_content(model=MODEL, contents=prompt, config=config)
        for part in answer.parts or ():
            if part.inline_data is not None and part.inline_data.data is not None:
                (folder / f"{number}.png").write_bytes(part.inline_data.data)
                return 1
        return 0

    def run() -> int:
        with ThreadPoolExecutor(order["width"]) as pool:
            return sum(pool.map(make, enumerate(order["prompts"])))

    return run


def resident_bytes(field: str) -> int:
    """Return what Linux says of this process's memory: now (VmRSS) or at its peak (VmHWM)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) * 1024


def measured(side: str, order: dict[str, Any]) -> dict[str, float]:
    """Run one side in a fresh process and return its figures: wall, CPU, idle and peak memory."""
    python = SDK_PYTHON if side == "sdk" else Path(sys.executable)
    command = [str(python), "-W", "ignore", __file__, side]
    extra = {"project": "emulator-project", "is_anonymous": True, **order.get("connection", {})}
    environment = {
        **os.environ,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW_CONN_IMAGEN_DEFAULT": json.dumps({"conn_type": "imagen", "extra": extra}),
        "NO_GCE_CHECK": "true",
    }
    done = subprocess.run(
        command, input=json.dumps(order), capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        sys.exit(f"{side} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    """Run one side and print its figures."""
    order = json.load(sys.stdin)
    run = {"ours": run_our_batch, "sdk": run_the_sdk}[sys.argv[1]](order)
    idle, cpu, begun = resident_bytes("VmRSS"), time.process_time(), time.monotonic()
    images = run()
    figures = {
        "wall": time.monotonic() - begun,
        "cpu": time.process_time() - cpu,
        "idle": idle,
        "over_idle": resident_bytes("VmHWM") - idle,
        "images": images,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
