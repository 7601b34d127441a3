"""Two runs side by side: what each made in the same task, under the same key or map index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_imagen.plugins.gallery import comparison, queries

DAG = "/imagen-gallery/dags/posters_dag"
BOTH = f"{DAG}/compare?left=manual__1&right=manual__2"
URI = "gs://bucket/made/sample_0.png"
Record = Callable[..., dict[str, Any]]
Visit = Callable[..., Any]


@pytest.fixture
def second(site: Any, posters: str, make_record: Record) -> Callable[..., None]:
    """Return a function that adds a task instance to a second run."""
    run = site.add_run("manual__2")

    def add(**changes: Any) -> None:
        values = {name: changes.pop(name) for name in ("model", "image_key") if name in changes}
        site.add_task(make_record(URI) | values, run=run, run_id="manual__2", **changes)

    return add


def pairs(page: Any) -> list[list[str]]:
    """Return the addresses of the thumbnails of each pair."""
    parts = page.answer.text.split('<section class="pair">')[1:]
    sources = [[each.split('"')[0] for each in part.split('<img src="')[1:]] for part in parts]
    return [[each.removeprefix("../../dags/posters_dag/runs/") for each in part] for part in sources]


def test_the_same_task_of_two_runs_stands_side_by_side(visit: Visit, second: Any) -> None:
    second(model="gemini-nano-banana-2.1")

    page = visit(BOTH)

    assert pairs(page) == [
        [
            *(f"manual__1/tasks/posters/-1/images/{number}/thumbnail" for number in range(2)),
            "manual__2/tasks/posters/-1/images/0/thumbnail",
        ]
    ]
    for words in ("imagen-4.0-generate-001", "gemini-nano-banana-2.1"):
        assert words in page.text


def test_keys_find_each_other_whatever_their_map_index(site: Any, visit: Visit, second: Any, make_record: Any) -> None:
    for index, key in enumerate(("a", "b")):
        run = site.runs["manual__1", "posters_dag"]
        site.add_task(make_record(URI) | {"image_key": key}, run=run, task_id="keyed", map_index=index)
    second(task_id="keyed", map_index=0, image_key="b")
    second(task_id="keyed", map_index=1, image_key="c")

    page = visit(BOTH)

    assert [part for part in pairs(page) if "keyed" in part[0]] == [
        ["manual__1/tasks/keyed/0/images/0/thumbnail"],
        ["manual__1/tasks/keyed/1/images/0/thumbnail", "manual__2/tasks/keyed/0/images/0/thumbnail"],
        ["manual__2/tasks/keyed/1/images/0/thumbnail"],
    ]
    assert page.text.count("This run has no such task instance.") == 3  # and one for the posters


def test_instances_of_one_run_that_share_a_key_are_all_shown(
    site: Any, visit: Visit, second: Any, make_record: Any
) -> None:
    run = site.runs["manual__1", "posters_dag"]
    for index in range(2):  # the same key below two folders, one for each country
        site.add_task(make_record(URI) | {"image_key": "hero"}, run=run, task_id="keyed", map_index=index)
        second(task_id="keyed", map_index=index, image_key="hero")

    assert [part for part in pairs(visit(BOTH)) if "keyed" in part[0]] == [
        [f"manual__{number}/tasks/keyed/{index}/images/0/thumbnail" for number in (1, 2)] for index in range(2)
    ]


def test_a_key_that_is_the_map_index_of_another_instance_hides_none(
    site: Any, visit: Visit, second: Any, make_record: Any
) -> None:
    run = site.runs["manual__1", "posters_dag"]
    site.add_task(make_record(URI) | {"image_key": "1"}, run=run, task_id="keyed", map_index=0)
    site.add_task(run=run, task_id="keyed", map_index=1, state="failed")
    second()

    page = visit(BOTH)

    assert ["manual__1/tasks/keyed/0/images/0/thumbnail"] in pairs(page)
    assert "This task failed and recorded no images." in page.text


def test_without_both_runs_the_page_asks_for_them(visit: Visit, second: Any) -> None:
    for address in (f"{DAG}/compare", f"{DAG}/compare?right=manual__1"):
        page = visit(address)
        assert pairs(page) == []
        assert page.text.count("manual__2") == 2
    assert "<option selected>manual__1</option>" in page.answer.text


@pytest.mark.parametrize("query", ["left=manual__1&right=manual__9", "left=~&right=manual__1", "left=a%2Fb", "left=.."])
def test_a_run_that_never_was_is_not_there(visit: Visit, second: Any, query: str) -> None:
    visit(f"{DAG}/compare?{query}", 404)


def test_a_run_of_another_dag_is_not_there(site: Any, visit: Visit, posters: str) -> None:
    site.add_run("foreign", dag_id="other_posters_dag")

    visit(f"{DAG}/compare?left=manual__1&right=foreign", 404)


def test_long_runs_are_cut_and_that_is_said(visit: Visit, second: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "INSTANCES_ON_A_PAGE", 1)
    for index in range(comparison.MOST_PAGES + 1):
        second(task_id="many", map_index=index)

    page = visit(BOTH)

    assert len(pairs(page)) == comparison.MOST_PAGES + 1
    assert "Not all task instances of these runs are shown." in page.text


def test_runs_lead_to_their_comparison(visit: Visit, second: Any) -> None:
    second()

    assert BOTH in visit(DAG).links()
    assert f"{DAG}/compare?right=manual__2" in visit(f"{DAG}/runs/manual__2").links()
