"""The example with a person in it: a test plays the person, everything else is Airflow's own runner."""

from __future__ import annotations

import importlib.util
import io
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image

pytestmark = pytest.mark.filterwarnings("ignore")  # as in test_example_dags


@pytest.fixture(autouse=True)
def emulated(set_connection: Callable[..., None], emulator: Any, airflow_database: None) -> None:
    set_connection(**emulator.connection["extra"])
    photo = io.BytesIO()
    Image.new("RGB", (80, 60), "red").save(photo, "PNG")
    emulator.put_object("my-bucket", "photos/mug.png", photo.getvalue(), "image/png")


@pytest.fixture
def example() -> Any:
    path = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]) / "imagen_approval.py"
    spec = importlib.util.spec_from_file_location("imagen_approval", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def can_ask_people() -> bool:
    from airflow import __version__

    return tuple(map(int, __version__.split(".")[:2])) >= (3, 1)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a person was shown; the person chooses images 2 and 4 at once. Nobody waits, which is Airflow's own part."""
    if not can_ask_people():
        pytest.skip("this Airflow cannot ask people")
    from airflow.providers.standard.operators.hitl import HITLOperator

    bodies: list[str] = []

    def answer(self: Any, context: Any) -> Any:
        bodies.append(self.body)
        event = {"chosen_options": ["2", "4"], "params_input": {}, "responded_by_user": None}
        return self.execute_complete(context, {**event, "responded_at": datetime.now(UTC)})

    monkeypatch.setattr(HITLOperator, "execute", answer)
    return bodies


def test_the_person_sees_each_image_and_only_what_is_chosen_is_enlarged(
    example: Any, emulator: Any, shown: list[str]
) -> None:
    run = example.dag.test(run_conf={"bucket": "bucket"})

    assert str(run.state) == "success"
    (body,) = shown
    gallery = f"imagen-gallery/dags/imagen_approval/runs/{quote(run.run_id)}/tasks/candidates/-1"
    cells = [f"[![image {n + 1}]({gallery}/images/{n}/numbered)]({gallery}#image-{n})" for n in range(4)]
    assert body.splitlines() == [f"| {cells[0]} | {cells[1]} |", "|---|---|", f"| {cells[2]} | {cells[3]} |"]
    assert "{{" not in body
    small = [size_of(emulator, name) for name in emulator.list_objects("bucket", "approval/candidates/")]
    large = [size_of(emulator, name) for name in emulator.list_objects("bucket", "approval/large/")]
    assert len(small) == 4
    assert large == [(2 * small[0][0], 2 * small[0][1])] * 2
    made = [each.json for each in emulator.requests if each.path.endswith(":generateContent")]
    photos = [message["contents"][0]["parts"][0] for message in made]
    assert photos == [{"fileData": {"mimeType": "image/png", "fileUri": "gs://my-bucket/photos/mug.png"}}] * 4
    asked = [each.json["instances"][0]["image"] for each in emulator.requests if each.path.endswith(":predict")]
    chosen = [name for name in emulator.list_objects("bucket", "approval/candidates/") if name[-5] in "13"]
    assert sorted(image["gcsUri"] for image in asked) == [f"gs://bucket/{name}" for name in chosen]


def test_whoever_wants_none_of_them_pays_for_none(example: Any, shown: list[str]) -> None:
    uris = ["gs://bucket/a.png", "gs://bucket/b.png"]
    chosen = example.dag.task_dict["chosen"].python_callable

    assert chosen({"chosen_options": [example.NONE]}, uris) == []
    assert chosen({"chosen_options": ["2", "4", example.NONE]}, uris) == ["gs://bucket/b.png"]
    assert example.NONE in example.dag.task_dict["ask"].options


def test_where_nobody_can_be_asked_there_is_no_such_dag(example: Any) -> None:
    assert hasattr(example, "dag") == can_ask_people()


def size_of(emulator: Any, name: str) -> tuple[int, int]:
    return Image.open(io.BytesIO(emulator.read_object("bucket", name))).size
