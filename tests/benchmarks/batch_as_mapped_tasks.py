"""Prints what 100 prompts cost Airflow as one batch task, and as 100 mapped tasks of the generate operator.

Both are a run of Airflow's own runner (``dag.test``) in a fresh process, which starts no process for a task; with a
scheduler and workers the mapped tasks cost more. Airflow's start is measured with an empty DAG and left out.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from replay_server import count_at, replay

PROMPTS = 100
IMAGE_BYTES = 200_000
LATENCY_SECONDS = 0.05
MODEL = "gemini-2.5-flash-image"


DAG_FILE = """# a DAG of Airflow
from batch_as_mapped_tasks import dag_from_environment
dag = dag_from_environment()
"""


def dag_from_environment() -> Any:
    """Return the DAG whose kind and folder the environment names."""
    from airflow.providers.common.compat.sdk import DAG
    from airflow.providers.standard.operators.empty import EmptyOperator

    from airflow_provider_imagen.operators.batch import ImagenBatchOperator
    from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

    kind, folder = os.environ["BENCHMARK_KIND"], os.environ["BENCHMARK_FOLDER"]
    prompts = [f"a boat number {number}" for number in range(PROMPTS)]
    with DAG(f"benchmark_{kind}", schedule=None) as dag:
        if kind == "batch":
            ImagenBatchOperator(task_id="pictures", items=prompts, output_uri=folder, model=MODEL)
        elif kind == "mapped":
            ImagenGenerateOperator.partial(task_id="pictures", output_uri=folder, model=MODEL).expand(prompt=prompts)
        else:
            EmptyOperator(task_id="pictures")
    return dag


def run_dag() -> None:
    """Run a DAG in this process and print what its run took."""
    dag = importlib.import_module("benchmark_dag").dag
    begun, cpu = time.monotonic(), cpu_seconds()
    run = dag.test()
    print(json.dumps({"state": str(run.state), "wall": time.monotonic() - begun, "cpu": cpu_seconds() - cpu}))


def cpu_seconds() -> float:
    """Return the CPU of this process and of those that it started and that ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measured(kind: str, environment: dict[str, str]) -> dict[str, float]:
    """Return the figures of one kind of DAG, run in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-W", "ignore", __file__, "run"]
        named = {"BENCHMARK_KIND": kind, "BENCHMARK_FOLDER": folder}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment | named)
        images = len(list(Path(folder).rglob("*.png")))
    if done.returncode or '"success"' not in done.stdout.splitlines()[-1]:
        sys.exit(f"{kind} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {**figures, "images": images}


def main() -> None:
    """Measure and print."""
    print(f"{PROMPTS} prompts, answered after {LATENCY_SECONDS * 1000:.0f} ms, in one run of Airflow's own runner")
    with replay(IMAGE_BYTES, LATENCY_SECONDS) as url, tempfile.TemporaryDirectory() as home:
        extra = {"project": "one", "is_anonymous": True, "endpoint": url}
        dags = Path(home) / "dags"
        dags.mkdir()
        (dags / "benchmark_dag.py").write_text(DAG_FILE, encoding="utf-8")
        environment = {
            **os.environ,
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(dags), os.environ.get("PYTHONPATH", "")]),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
            "AIRFLOW_CONN_IMAGEN_DEFAULT": json.dumps({"conn_type": "imagen", "extra": extra}),
        }
        airflow = Path(sys.executable).with_name("airflow")
        subprocess.run([airflow, "db", "migrate"], check=True, capture_output=True, env=environment)
        measured("empty", environment)  # compiles and fills caches
        kinds = {kind: measured(kind, environment) for kind in ("empty", "batch", "mapped")}
        assert count_at(url) == 2 * PROMPTS
    wall, cpu = kinds["empty"]["wall"], kinds["empty"]["cpu"]
    for kind in ("batch", "mapped"):
        figures = kinds[kind]
        assert figures["images"] == PROMPTS, figures
        print(f"  {kind:7} {figures['wall'] - wall:6.1f} s, CPU {figures['cpu'] - cpu:6.1f} s")
    ratio = {
        each: (kinds["batch"][each] - kinds["empty"][each]) / (kinds["mapped"][each] - kinds["empty"][each])
        for each in ("wall", "cpu")
    }
    print(f"  batch / mapped: wall {ratio['wall']:.3f}, CPU {ratio['cpu']:.3f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_dag()
    else:
        main()
