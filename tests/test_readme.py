"""The README says what is so: its tables are compared with the code, its examples are executed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airflow_provider_imagen import errors
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.connection import ConnectionSettings

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def first_cells(heading: str) -> list[str]:
    """Return the names in the first column of the table below a heading."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def leaves(kind: type[errors.ImagenError]) -> set[str]:
    children = kind.__subclasses__()
    return {kind.__name__} if not children else set.union(*map(leaves, children))


def test_a_dag_stands_in_the_first_twenty_lines() -> None:
    assert "with DAG(" in "\n".join(README.splitlines()[:20])


def test_the_connection_table_names_every_extra() -> None:
    assert sorted(first_cells("Connection")) == sorted(ConnectionSettings.model_fields)


def test_the_errors_table_names_every_error_a_person_can_see() -> None:
    assert set(first_cells("Errors")) == leaves(errors.ImagenError) | {
        "ImagesFilteredError",
        "NoImageError",
        "BatchFailedError",
    }


def test_the_model_table_is_the_catalogue() -> None:
    expected = [
        f"| `{model.id}` | {', '.join(model.jobs)} | {model.discontinued or 'none'} | "
        + (f"`{model.replacement}` |" if model.replacement else "|")
        for model in catalogue().models
        if "edit" not in model.jobs
    ]
    section = README.split("\n## Which models answer today\n")[1].split("\n## ")[0]

    assert [line for line in section.splitlines() if line.startswith("| `")] == expected


def test_every_file_it_links_to_is_there() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)

    assert [target for target in targets if "://" not in target and not (REPOSITORY / target).exists()] == []


def test_every_make_verb_it_names_is_one() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")

    assert [verb for verb in re.findall(r"`?make ([a-z-]+)[`\n ]", README) if f"\n{verb}:" not in makefile] == []


def test_its_first_dag_is_a_dag() -> None:
    pytest.importorskip("airflow.sdk", reason="the README's imports are those of Airflow 3")

    exec(PYTHON_BLOCKS[0], {})


def test_its_operators_are_wired_as_shown() -> None:
    sdk = pytest.importorskip("airflow.sdk", reason="the README's imports are those of Airflow 3")

    with sdk.DAG("readme", schedule=None) as dag:
        exec(PYTHON_BLOCKS[1], {})

    for task in dag.tasks:
        if task.task_id != "large":  # which is mapped, and rendered when it runs
            task.render_template_fields({"run_id": "manual__1", "params": {"product": "tea"}})  # no logical date
    assert dag.get_task("ready").upstream_task_ids == {"posters"}
    assert dag.get_task("large").upstream_task_ids == {"posters", "ready"}
