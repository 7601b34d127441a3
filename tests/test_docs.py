"""The pages in docs/ say what is so: their links lead somewhere, and their examples are executed."""

from __future__ import annotations

import configparser
import io
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from pages import blocks
from PIL import Image
from support.task_instances import RecordingTaskInstance

from airflow_provider_imagen.__main__ import parser as the_command_line
from airflow_provider_imagen.core.connection import read_settings
from airflow_provider_imagen.emulator.__main__ import parser as the_emulators_command_line
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator
from airflow_provider_imagen.provider_info import CONFIG_OPTIONS

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = sorted((REPOSITORY / "docs").glob("*.md"))
HOW_TO = (REPOSITORY / "docs" / "how-to.md").read_text(encoding="utf-8")


def python_block(heading: str) -> str:
    section = HOW_TO.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    return str(block)


def blocks_of(language: str, *pages: Path) -> list[str]:
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def python_examples() -> list[str]:
    """All but the one that a test below runs as a test of a DAG."""
    return [block for block in blocks_of("python", *PAGES) if "run_the_dag()" not in block]


def commands() -> list[str]:
    """All but the lines that only a shell knows, which the README's test runs."""
    lines = [line for block in blocks_of("sh", *PAGES, REPOSITORY / "README.md") for line in block.splitlines()]
    return sorted({line for line in lines if line.strip() and not line.startswith("until ")})


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


@pytest.mark.parametrize("page", blocks.PAGES, ids=lambda page: page.name)
def test_a_page_says_what_code_catalogue_and_docstrings_say(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert text == blocks.rewritten(text), "run: make docs (which is: PYTHONPATH=tests python -m pages)"


def test_the_map_leads_to_every_page_and_the_readme_to_the_map() -> None:
    readme, a_map = (
        page.read_text(encoding="utf-8") for page in (REPOSITORY / "README.md", REPOSITORY / "docs/README.md")
    )

    assert [page.name for page in PAGES if f"({page.name})" not in a_map] == ["README.md"]
    assert "(docs/README.md)" in readme


@pytest.mark.parametrize("example", python_examples())
def test_every_example_in_python_is_one_that_airflow_takes(example: str) -> None:
    from airflow.providers.common.compat.sdk import DAG

    from airflow_provider_imagen.operators.batch import ImagenBatchOperator
    from airflow_provider_imagen.operators.imagen import ImagenUpscaleOperator

    with DAG("example", schedule=None) as dag:
        names: dict[str, Any] = {
            each.__name__: each for each in (ImagenGenerateOperator, ImagenUpscaleOperator, ImagenBatchOperator)
        }
        if "posters.output" in example:
            names["posters"] = ImagenGenerateOperator(task_id="posters", prompt="a boat", output_uri="gs://bucket/a/")
        exec(example, names)

    assert example.startswith("from airflow_provider_imagen.") or dag.task_ids


@pytest.mark.parametrize("line", commands())
def test_every_command_is_one_that_exists_and_takes_its_arguments(line: str) -> None:
    words = shlex.split(line, comments=True)
    if words[:3] == ["python", "-m", "airflow_provider_imagen"]:
        assert the_command_line().parse_args(words[3:]).function
    elif words[:2] == ["airflow", "imagen"]:
        assert the_command_line().parse_args(words[2:]).function
    elif words[:3] == ["python", "-m", "airflow_provider_imagen.emulator"]:
        the_emulators_command_line().parse_args([word for word in words[3:] if word not in {">", "emulator.env", "&"}])
    elif words[0] == "airflow":
        from airflow.cli.cli_parser import get_parser

        options = get_parser().parse_args(words[1:])
        if extra := getattr(options, "conn_extra", None):
            assert read_settings("example", json.loads(extra)).project == "my-project"
    elif words[0] == "export":
        name, _, value = words[1].partition("=")
        assert name == "AIRFLOW_CONN_IMAGEN_DEFAULT"
        assert read_settings("example", json.loads(value)["extra"]).project == "my-project"
    else:
        assert words[:2] == ["pip", "install"]
        assert words[2] in {"airflow-provider-imagen", "airflow-provider-imagen[emulator]"}


def test_the_settings_and_the_hook_for_commits_can_be_read() -> None:
    (settings,) = blocks_of("ini", REPOSITORY / "docs" / "gallery.md")
    (commits,) = blocks_of("yaml", REPOSITORY / "docs" / "how-to.md")
    ours = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))

    parser = configparser.ConfigParser()
    parser.read_string(settings)
    assert set(parser["imagen"]) <= set(CONFIG_OPTIONS)
    assert {hook["id"] for entry in yaml.safe_load(commits) for hook in entry["hooks"]} <= {hook["id"] for hook in ours}


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
