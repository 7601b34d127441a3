"""The filter of a DAG's page: text, model, task and state, on whatever letters prompts are written in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from airflow_provider_imagen.plugins.gallery import queries, xcom_backend
from airflow_provider_imagen.plugins.gallery.bounded_cache import BoundedCache

GALLERY = "/imagen-gallery"
DAG = f"{GALLERY}/dags/posters_dag"
Record = Callable[..., dict[str, Any]]
Visit = Callable[..., Any]
PROMPTS = {
    "boat": "a red boat",
    "tea": 'a "GREEN" tea, 100 % organic_leaf',
    "umlaut": "Größe und Übermut",
    "kanji": "赤い船",
    "slash": "back\\slash",
}


@pytest.fixture(autouse=True)
def runs(site: Any, make_record: Record) -> None:
    """One run with a task for each prompt, one with a failed task, and an older one without images."""
    site.add_run("empty")
    failed = site.add_run("broken", state="failed")
    site.add_task(run=failed, run_id="broken", task_id="boat", state="failed")
    run = site.add_run("made")
    for task_id, prompt in PROMPTS.items():
        model = "gemini-3-pro-image" if task_id == "tea" else "imagen-4.0-generate-001"
        value = make_record(f"gs://bucket/{task_id}-1.png", parameters={"prompt": prompt}, model=model)
        key = {"image_key": "SKU-17"} if task_id == "kanji" else {}
        site.add_task(value | key, run=run, run_id="made", task_id=task_id)


def shown(visit: Visit, **conditions: str) -> list[str]:
    """Return run and task of everything that the page shows."""
    page = visit(f"{DAG}?{urlencode(conditions)}")
    links = [link.removeprefix(f"{DAG}/runs/").split("/") for link in page.links() if link.endswith("/-1")]
    return sorted(f"{run} {task}" for run, _, task, _ in links)


@pytest.mark.parametrize(
    ("text", "tasks"),
    [
        ("RED", ["boat"]),
        ("  red boat ", ["boat"]),
        ('"green"', ["tea"]),
        ("100 %", ["tea"]),
        ("organic_leaf", ["tea"]),
        ("organic%leaf", []),
        ("r_d", []),
        ("größe", ["umlaut"]),
        ("ÜBERMUT", ["umlaut"]),
        ("赤い", ["kanji"]),
        ("back\\slash", ["slash"]),
        ("sku-17", ["kanji"]),
        ("gs://bucket/boat-1", ["boat"]),
        ("rewritten", list(PROMPTS)),
        ("reason", []),
        ("nothing of this", []),
    ],
)
def test_text_is_found_in_prompts_keys_and_uris(visit: Visit, text: str, tasks: list[str]) -> None:
    assert shown(visit, text=text) == sorted(f"made {task}" for task in tasks)


def test_text_is_found_in_task_ids_also_of_failed_tasks(visit: Visit) -> None:
    assert shown(visit, text="BOAT") == ["broken boat", "made boat"]


@pytest.mark.parametrize(
    ("conditions", "tasks"),
    [
        ({"model": "gemini"}, ["made tea"]),
        ({"model": "GEMINI-3"}, ["made tea"]),
        ({"model": "gemini%"}, []),
        ({"task": "boat"}, ["broken boat", "made boat"]),
        ({"task": "boa"}, []),
        ({"state": "failed"}, ["broken boat"]),
        ({"state": "success", "task": "boat"}, ["made boat"]),
        ({"state": "nonsense"}, []),
        ({"model": "imagen", "text": "red", "task": "boat", "state": "success"}, ["made boat"]),
        ({"model": "gemini", "text": "red"}, []),
        ({}, ["broken boat", *(f"made {task}" for task in sorted(PROMPTS))]),
    ],
)
def test_model_task_and_state_all_have_to_match(visit: Visit, conditions: dict[str, str], tasks: list[str]) -> None:
    assert shown(visit, **conditions) == tasks


def test_runs_without_a_match_are_left_out_and_it_is_said_when_there_is_none(visit: Visit) -> None:
    assert "empty" not in visit(f"{DAG}?task=boat").text
    assert "Nothing on this page matches the filter." in visit(f"{DAG}?text=nowhere").text
    assert "No images." in visit(DAG).text


def test_pages_keep_the_filter(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "RUNS_ON_A_PAGE", 1)

    first = visit(f"{DAG}?task=boat&text=boat")
    (older,) = [link for link in first.links() if "?page=1" in link]
    second = visit(older)

    assert "made" in first.text
    assert "broken" in second.text
    assert [link for link in second.links() if link.endswith("?page=0&text=boat&task=boat")]


def test_the_form_shows_what_was_chosen(visit: Visit) -> None:
    page = visit(f"{DAG}?text=%22%3E&model=gemini&task=gone&state=failed")

    values = {attributes.get("name"): attributes.get("value") for tag, attributes in page.tags if tag == "input"}
    assert (values["text"], values["model"]) == ('">', "gemini")
    assert len([1 for tag, attributes in page.tags if tag == "option" and "selected" in attributes]) == 2
    assert "Show all" in page.text


@pytest.mark.parametrize("name", ["text", "model", "task", "state"])
def test_conditions_have_a_bound(site: Any, name: str) -> None:
    assert site.as_user().get(f"{DAG}?{name}={'x' * 250}").status_code == 200
    assert site.as_user().get(f"{DAG}?{name}={'x' * 251}").status_code == 404


def test_results_outside_the_database_are_filtered_too(
    site: Any, visit: Visit, make_record: Record, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    backend = "airflow.providers.common.io.xcom.backend.XComObjectStorageBackend"
    monkeypatch.setenv("AIRFLOW__CORE__XCOM_BACKEND", backend)
    monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_PATH", f"file://{tmp_path}")
    monkeypatch.setattr(xcom_backend, "_files", BoundedCache(1 << 20, len))
    run = site.add_run("outside")
    for name in ("violet", "orange"):
        (tmp_path / f"{name}.json").write_text(
            json.dumps(make_record("gs://bucket/x.png", parameters={"prompt": name}))
        )
        site.add_task(f"file://{tmp_path}/{name}.json", run=run, run_id="outside", task_id=f"in_{name}")

    assert shown(visit, text="VIOLET") == ["outside in_violet"]
    assert shown(visit, text="red") == ["made boat"]


@pytest.mark.parametrize(
    ("conditions", "tasks"),
    [
        ({}, [*PROMPTS]),
        ({"model": "gemini"}, ["tea"]),
        ({"text": "größe"}, ["umlaut"]),
        ({"task": "kanji"}, ["kanji"]),
        ({"state": "failed"}, []),
    ],
)
def test_the_page_of_a_run_has_the_same_filter(visit: Visit, conditions: dict[str, str], tasks: list[str]) -> None:
    page = visit(f"{DAG}/runs/made?{urlencode(conditions)}")

    found = {link.split("/")[-2] for link in page.links() if link.endswith("/-1")}
    assert found == set(tasks)
    assert ("Nothing on this page matches the filter." in page.text) == (not tasks)
    assert ("Show all" in page.text) == bool(conditions)


def test_a_long_run_is_led_to_with_the_filter_and_its_pages_keep_it(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "INSTANCES_OF_A_RUN", 2)
    monkeypatch.setattr(queries, "INSTANCES_ON_A_PAGE", 2)

    (link,) = (each for each in visit(f"{DAG}?model=imagen-4").links() if "/runs/made?" in each)
    following = [each for each in visit(link).links() if "page=" in each]

    assert link == f"{DAG}/runs/made?model=imagen-4"
    assert following == [f"{DAG}/runs/made?page=1&model=imagen-4"]
