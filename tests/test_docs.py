"""The pages in docs/ say what is so: their links lead somewhere, and their examples are executed."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.task_instances import RecordingTaskInstance

from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = sorted((REPOSITORY / "docs").glob("*.md"))
HOW_TO = (REPOSITORY / "docs" / "how-to.md").read_text(encoding="utf-8")


def python_block(heading: str) -> str:
    section = HOW_TO.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    return str(block)


def anchors_in(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        name, _, anchor = target.partition("#")
        if "://" in target:
            continue
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        assert not anchor or anchor in anchors_in(file), target


def test_the_readme_leads_to_every_page() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")

    assert [page.name for page in PAGES if f"docs/{page.name}" not in readme] == []


def test_the_upscaling_example_is_an_operator_that_airflow_takes() -> None:
    from airflow.providers.common.compat.sdk import DAG

    from airflow_provider_imagen.operators.imagen import ImagenUpscaleOperator

    with DAG("example", schedule=None):
        posters = ImagenGenerateOperator(task_id="posters", prompt="a boat", output_uri="gs://bucket/a/")
        names: dict[str, Any] = {"posters": posters, "ImagenUpscaleOperator": ImagenUpscaleOperator}
        exec(python_block("Upscale"), names)

    assert posters.downstream_task_ids == {"large"}


def test_the_example_with_a_photo_edits_it_once(emulator: Any, set_connection: Any) -> None:
    set_connection(**emulator.connection["extra"])
    photo = io.BytesIO()
    Image.new("RGB", (80, 60), "red").save(photo, "PNG")
    emulator.put_object("my-bucket", "photos/mug.png", photo.getvalue(), "image/png")
    names: dict[str, Any] = {"ImagenGenerateOperator": ImagenGenerateOperator}
    exec(python_block("Edit a photo"), names)

    made = [names["scene"].execute({"ti": RecordingTaskInstance(try_number=number)}) for number in (1, 2)]

    assert made == [["gs://my-bucket/scenes/mug.jpg"]] * 2
    assert len([call for call in emulator.requests if call.path.endswith(":generateContent")]) == 1


def test_the_example_of_a_table_is_an_operator_that_airflow_takes() -> None:
    from airflow.providers.common.compat.sdk import DAG

    from airflow_provider_imagen.operators.batch import ImagenBatchOperator

    with DAG("example", schedule=None) as dag:
        exec(python_block("A table of prompts"), {"ImagenBatchOperator": ImagenBatchOperator})

    assert dag.task_ids == ["pictures"]


def test_the_example_of_ci_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_IMAGEN_DEFAULT", "{}")
    asked: list[str] = []

    def run_the_dag() -> None:
        from airflow_provider_imagen.hooks.imagen import ImagenHook

        monkeypatch.setattr(ImagenHook, "client_options", {"sleep": lambda seconds: None})
        client = ImagenHook().client
        task = ImagenGenerateOperator(
            task_id="posters", prompt="a boat", model="imagen-4.0-generate-001", output_uri=str(tmp_path)
        )
        assert client.vertex.send(task._planner(client.settings).first()).images
        asked.append("yes")

    exec(python_block("Test DAGs in CI without Google"), {"run_the_dag": run_the_dag})

    assert asked == ["yes"]
