"""Photos as input in a DAG that Airflow's own runner runs: from disk, Cloud Storage, both at once, XCom, and mapped."""

from __future__ import annotations

import base64
import importlib.util
import io
import os
import random
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.emulated import model_requests

from airflow_provider_imagen.client.transport import Transport
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse

pytestmark = pytest.mark.filterwarnings("ignore")  # as in test_example_dags
SMALL_BYTES = 20_000
"""More than the names and prompts of all tasks take, less than any of the photos."""
DAG = """
    import pendulum
    from airflow.providers.common.compat.sdk import DAG, task
    from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

    COMMON = {"model": "gemini-3.1-flash-image", "output_uri": "{{ params.folder }}"}
    DISK, CLOUD = "{{ params.disk }}", "gs://bucket/photos/boots.png"

    with DAG(
        "photos", schedule=None, start_date=pendulum.datetime(2026, 1, 1), params={"disk": "", "folder": ""}
    ) as dag:

        @task
        def photos(disk: str) -> list[str]:
            return [disk, CLOUD]

        ImagenGenerateOperator(task_id="disk", prompt="disk", reference_images=DISK, **COMMON)
        ImagenGenerateOperator(task_id="cloud", prompt="cloud", reference_images=CLOUD, **COMMON)
        ImagenGenerateOperator(task_id="both", prompt="both", reference_images=[DISK, CLOUD], **COMMON)
        found = photos(DISK)
        ImagenGenerateOperator(task_id="xcom", prompt="xcom", reference_images=found, **COMMON)
        ImagenGenerateOperator.partial(task_id="mapped", prompt="mapped", **COMMON).expand(reference_images=found)
"""


@pytest.fixture(autouse=True)
def emulated(set_connection: Callable[..., None], emulator: Any, airflow_database: None) -> None:
    set_connection(**emulator.connection["extra"])


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of all answers that the worker received, but for those with new images."""
    sizes: list[int] = []
    send = Transport.send

    def weighed(self: Transport, request: Any) -> HttpResponse:
        answer = send(self, request)
        if not request.url.endswith(":generateContent"):
            sizes.append(len(answer.body))
        return answer

    monkeypatch.setattr(Transport, "send", weighed)
    return sizes


def photo(seed: int) -> bytes:
    """Return a PNG of noise, which no format makes small."""
    size = (240, 160)
    file = io.BytesIO()
    Image.frombytes("RGB", size, random.Random(seed).randbytes(3 * size[0] * size[1])).save(file, "PNG")
    return file.getvalue()


def run(**conf: str) -> Any:
    path = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]) / "photos.py"
    path.write_text(textwrap.dedent(DAG))
    spec = importlib.util.spec_from_file_location("photos", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.dag.test(run_conf=conf)


def test_photos_from_everywhere_give_images_and_those_in_the_bucket_never_pass_the_worker(
    emulator: Any, received: list[int], tmp_path: Path
) -> None:
    local, cloud = photo(1), photo(2)
    (tmp_path / "mug.png").write_bytes(local)
    emulator.put_object("bucket", "photos/boots.png", cloud, "image/png")

    done = run(disk=str(tmp_path / "mug.png"), folder=str(tmp_path / "made"))

    assert str(done.state) == "success"
    assert len(list((tmp_path / "made").rglob("*.jpg"))) == 6
    inline = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(local).decode()}}
    by_uri = {"fileData": {"mimeType": "image/png", "fileUri": "gs://bucket/photos/boots.png"}}
    sent = [call.json["contents"][0]["parts"] for call in model_requests(emulator)]
    assert sorted((parts[-1]["text"], parts[:-1]) for parts in sent if parts[-1]["text"] != "mapped") == [
        ("both", [inline, by_uri]),
        ("cloud", [by_uri]),
        ("disk", [inline]),
        ("xcom", [inline, by_uri]),
    ]
    assert {str(parts[:-1]) for parts in sent if parts[-1]["text"] == "mapped"} == {str([inline]), str([by_uri])}
    assert min(len(local), len(cloud)) > 2 * SMALL_BYTES
    assert sum(received) < SMALL_BYTES
    encoded = len(base64.b64encode(local)) * sum(part == inline for parts in sent for part in parts)
    assert sum(len(call.body) for call in emulator.requests) - encoded < SMALL_BYTES
