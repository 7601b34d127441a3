"""Runs some of the examples for real: Airflow's own runner, our operators, an emulator of Google.

The daily campaign makes posters from words, ``imagen_product_photos`` scenes from photos, and ``imagen_catalogue`` a
picture for each row of a table.

Started by ``make demo``. Leaves images, a list of them, a contact sheet and a manifest in ``demo-output``.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from airflow_site import airflow_command, airflow_environment
from contact_sheet import contact_sheet
from PIL import Image
from product_photo import put_photos

from airflow_provider_imagen.core.batch.manifest import read_lines
from airflow_provider_imagen.core.storage.object_names import mime_type_of
from airflow_provider_imagen.emulator import Emulator

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
OUTPUT = PROJECT / "demo-output"
HOME = PROJECT / ".airflow-home"
BUCKET = "demo-bucket"
DAG_IDS = ("imagen_daily_campaign", "imagen_product_photos")
TABLE_DAG_ID = "imagen_catalogue"
STEP = re.compile(r"\[DAG TEST\] (starting|end task) task_id=(\S+) map_index=(-?\d+)")


def main() -> int:
    """Run the demo and return the exit code."""
    started = time.monotonic()
    for folder in (OUTPUT, HOME):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    with Emulator(buckets=[BUCKET]) as emulator:
        say(f"Emulator of Vertex AI: {emulator.endpoint}   Cloud Storage: {emulator.storage_endpoint}")
        connection = {"AIRFLOW_CONN_IMAGEN_DEFAULT": json.dumps(emulator.connection)}
        environment = airflow_environment(HOME, HERE.parent) | connection
        say("Preparing an Airflow home in .airflow-home ...")
        run_quietly([airflow_command(), "db", "migrate"], environment)
        put_photos(emulator, BUCKET)
        images: list[dict[str, Any]] = []
        for dag_id in DAG_IDS:
            say(f"Running {dag_id} ...")
            run_dag(dag_id, environment)
            images += saved_images(emulator, results(dag_id, environment))
        say(f"Running {TABLE_DAG_ID} ...")
        run_dag(TABLE_DAG_ID, environment)
        images += saved_images(emulator, pictures_in(saved_manifest(emulator)))
    return report(images, time.monotonic() - started)


def run_quietly(command: list[str], environment: dict[str, str]) -> None:
    """Run a command; its output goes to the log, or to the screen when it fails."""
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    with (OUTPUT / "airflow.log").open("a", encoding="utf-8") as log:
        log.write(done.stdout)
    if done.returncode:
        sys.exit(f"{done.stdout}\n{' '.join(command)} ended with {done.returncode}.")


def run_dag(dag_id: str, environment: dict[str, str]) -> None:
    """Run a DAG and print a line for each task that ends."""
    command = [airflow_command(), "dags", "test", dag_id, "--conf", json.dumps({"bucket": BUCKET})]
    begun = time.monotonic()
    with (
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run,
        (OUTPUT / "airflow.log").open("a", encoding="utf-8") as log,
    ):
        for line in run.stdout or ():
            log.write(line)
            if step := STEP.search(line):
                what, task_id, map_index = step.groups()
                if what == "starting":
                    begun = time.monotonic()
                else:
                    which = "" if map_index == "-1" else f"[{map_index}]"
                    say(f"  {task_id}{which:5} {time.monotonic() - begun:5.1f} s")
    if run.returncode:
        sys.exit(f"The DAG run failed; see {OUTPUT / 'airflow.log'}.")


def results(dag_id: str, environment: dict[str, str]) -> list[dict[str, Any]]:
    """Return task id, URI, MIME type and photos of every image that the run recorded in XCom."""
    script = [sys.executable, str(HERE / "read_results.py"), dag_id]
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def saved_images(emulator: Emulator, images: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Save a copy of each image, behind one of each photo it was made from; yield task, URI, type, size and file."""
    for image in images:
        for uri in image.pop("photos"):
            yield saved(emulator, {"task_id": "photo", "uri": uri, "mime_type": "image/png"})
        yield saved(emulator, image)


def saved(emulator: Emulator, image: dict[str, Any]) -> dict[str, Any]:
    """Save a copy of an image, and return what is known of it with its size and file."""
    folder = OUTPUT / "images"
    folder.mkdir(exist_ok=True)
    bucket, _, name = image["uri"].removeprefix("gs://").partition("/")
    path = folder / f"{len(list(folder.iterdir())):02}-{image['task_id']}{Path(name).suffix}"
    path.write_bytes(emulator.read_object(bucket, name))
    with Image.open(path) as picture:
        return {**image, "width": picture.width, "height": picture.height, "file": str(path.relative_to(PROJECT))}


def saved_manifest(emulator: Emulator) -> bytes:
    """Save a copy of the table's manifest, which has a line for each row, and return it."""
    names = emulator.list_objects(BUCKET, "catalogue/_imagen/batches/")
    manifest = emulator.read_object(BUCKET, next(name for name in names if name.endswith("/manifest.jsonl")))
    (OUTPUT / "manifest.jsonl").write_bytes(manifest)
    return manifest


def pictures_in(manifest: bytes) -> list[dict[str, Any]]:
    """Return key, URI, type and photos of every image in a manifest."""
    return [
        {"task_id": line.key, "uri": uri, "mime_type": mime_type_of(uri), "photos": []}
        for line in read_lines([manifest])
        for uri in line.uris
    ]


def report(images: list[dict[str, Any]], seconds: float) -> int:
    """List the images, write list and contact sheet, and return the exit code."""
    (OUTPUT / "images.json").write_text(json.dumps(images, indent=2) + "\n", encoding="utf-8")
    for image in images:
        say(f"{image['width']:>5} x {image['height']:<5} {image['task_id']:8} {image['uri']}")
    contact_sheet(
        [(PROJECT / str(image["file"]), str(image["task_id"])) for image in images], OUTPUT / "contact_sheet.png"
    )
    say(f"\n{len(images)} images in {seconds:.0f} s. Look at {OUTPUT / 'contact_sheet.png'}")
    say(f"What became of each row of the catalogue: {OUTPUT / 'manifest.jsonl'}")
    return 0 if images else 1


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
