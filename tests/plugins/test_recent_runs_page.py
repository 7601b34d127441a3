"""The page about a DAG: its recent runs, the latest first, within bounds, and nothing of another DAG."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_imagen.plugins.gallery import pages
from airflow_provider_imagen.plugins.gallery import queries as reading

GALLERY = "/imagen-gallery"
DAG = f"{GALLERY}/dags/posters_dag"
Record = Callable[..., dict[str, Any]]
Visit = Callable[..., Any]


def task_page(run_id: str = "manual__1", map_index: str = "-1") -> str:
    return f"{DAG}/runs/{run_id}/tasks/posters/{map_index}"


def test_the_dags_page_shows_recent_runs_the_latest_first(site: Any, visit: Visit, make_record: Record) -> None:
    for name in ("first", "second", "third"):
        run = site.add_run(name)
        if name != "second":
            site.add_task(make_record(f"gs://bucket/{name}.png"), run=run, run_id=name)
    other = site.add_run("elsewhere", "other_posters_dag")
    site.add_task(make_record("gs://bucket/y.png"), run=other, run_id="elsewhere", dag_id="other_posters_dag")

    page = visit(DAG)

    assert page.thumbnails() == [f"{task_page(name)}/images/0/thumbnail" for name in ("third", "first")]
    assert page.text.index("third") < page.text.index("second success No images.") < page.text.index("first")
    assert {task_page("third"), task_page("first")} <= set(page.links())
    assert "elsewhere" not in page.text


def test_the_dags_page_leads_to_older_runs(site: Any, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "RUNS_ON_A_PAGE", 2)
    for number in range(5):
        site.add_run(f"run_{number}")

    shown, path = [], DAG
    for _ in range(3):
        page = visit(path)
        shown.append(re.findall(r"run_\d", page.text))
        older = [link for link in page.links() if link.endswith(f"?page={len(shown)}")]
        path = older[0] if older else ""

    assert shown == [["run_4", "run_3"], ["run_2", "run_1"], ["run_0"]]
    assert path == ""
    assert "No older runs." in visit(f"{DAG}?page=9").text


def test_a_dag_without_runs_says_so(visit: Visit) -> None:
    assert "This DAG has not run yet." in visit(DAG).text


def test_the_dags_page_has_a_bound(
    site: Any, visit: Visit, make_record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_RESULTS", 2)
    monkeypatch.setattr(pages, "MAX_RESULTS", 2)
    run = site.add_run()
    for index in range(3):
        site.add_task(make_record(f"gs://bucket/{index}.png"), run=run, map_index=index)

    page = visit(DAG)

    assert len(page.thumbnails()) == 2
    assert "Only the first 2 task instances" in page.text


def test_a_run_of_another_dag_with_the_same_id_stays_out(site: Any, visit: Visit, make_record: Record) -> None:
    site.add_run("same")
    other = site.add_run("same", "other_posters_dag")
    site.add_task(make_record("gs://bucket/secret.png"), run=other, run_id="same", dag_id="other_posters_dag")

    page = visit(DAG)

    assert page.thumbnails() == []
    assert "other_posters_dag" not in page.answer.text


def test_what_other_operators_keep_under_the_same_key_takes_no_place(
    site: Any, visit: Visit, make_record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_RESULTS", 1)
    run = site.add_run()
    for index in range(3):
        site.add_task({"rows": index}, run=run, task_id="a_report", map_index=index)
    site.add_task(make_record("gs://bucket/x.png"), run=run)

    page = visit(DAG)

    assert len(page.thumbnails()) == 1
    assert "Only the first" not in page.text


@pytest.mark.parametrize("path", [DAG, task_page()])
def test_a_huge_value_under_the_same_key_is_never_loaded(
    site: Any, visit: Visit, make_record: Record, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    lengths: list[int] = []

    def read(value: Any) -> None:
        lengths.append(len(str(value)))

    monkeypatch.setattr(reading, "ResultDocument", SimpleNamespace(read=read))
    run = site.add_run()
    site.add_task({**make_record("gs://bucket/x.png"), "more": "x" * reading.MAX_DOCUMENT_CHARACTERS}, run=run)
    visit(path)
    assert lengths == []

    site.add_task(make_record("gs://bucket/y.png"), run=run, task_id="others")
    visit(path.replace("/posters/", "/others/"))
    assert len(lengths) == 1
