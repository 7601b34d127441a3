"""Tasks stand in the order of Airflow's own grid, and by name where that is not known."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_imagen.plugins.gallery import queries, task_order
from airflow_provider_imagen.plugins.gallery.task_order import sorted_tasks

DAG = "/imagen-gallery/dags/posters_dag"
Record = Callable[..., dict[str, Any]]
Visit = Callable[..., Any]


@pytest.mark.parametrize(
    ("downstream", "order"),
    [
        ({}, []),
        ({"b": [], "a": []}, ["a", "b"]),
        ({"a": [], "b": ["a"]}, ["b", "a"]),
        (
            {"made": ["large"], "mistakes": [], "many": [], "large": ["many"], "broken": ["after"], "after": []},
            ["broken", "made", "mistakes", "after", "large", "many"],  # as the grid of Airflow 3.3.2 has them
        ),
        ({"a": ["b"], "b": ["a"], "c": []}, ["c", "a", "b"]),
        ({"a": ["gone"]}, ["a", "gone"]),
    ],
)
def test_a_task_comes_after_its_upstream_tasks(downstream: dict[str, list[str]], order: list[str]) -> None:
    assert sorted_tasks(downstream) == order


@pytest.mark.parametrize("prefix", [True, False])
def test_the_page_has_the_order_of_the_dag(
    site: Any, visit: Visit, make_record: Record, monkeypatch: pytest.MonkeyPatch, prefix: bool
) -> None:
    tasks: list[Any] = [{"task_id": "zebra", "downstream_task_ids": ["apple"]}, {"task_id": "apple"}]
    data = {"dag": {"tasks": [{"__type": "operator", "__var": task} if prefix else task for task in tasks]}}
    stored = SimpleNamespace(get=lambda dag_id, session: SimpleNamespace(data=data))
    monkeypatch.setattr(task_order, "SerializedDagModel", stored)
    run = site.add_run()
    for task_id in ("apple", "gone", "zebra"):
        site.add_task(make_record("gs://bucket/x.png"), run=run, task_id=task_id)
    site.add_task(run=run, task_id="zebra", map_index=7, state="failed")

    for path in (DAG, f"{DAG}/runs/manual__1"):
        links = [link.split("/tasks/")[1] for link in visit(path).links() if link.split("/")[-1] in {"-1", "7"}]
        assert links == ["zebra/-1", "zebra/7", "apple/-1", "gone/-1"]


@pytest.mark.parametrize("data", [None, {}, {"dag": 3}, {"dag": {"tasks": [{}]}}])
def test_a_dag_that_cannot_be_read_is_shown_by_name(
    site: Any, visit: Visit, make_record: Record, monkeypatch: pytest.MonkeyPatch, data: Any
) -> None:
    stored = SimpleNamespace(get=lambda dag_id, session: SimpleNamespace(data=data))
    monkeypatch.setattr(task_order, "SerializedDagModel", stored)
    run = site.add_run()
    for task_id in ("zebra", "apple"):
        site.add_task(make_record("gs://bucket/x.png"), run=run, task_id=task_id)

    text = visit(DAG).text
    assert text.index("apple imagen") < text.index("zebra imagen")


def test_a_dag_with_very_many_tasks_is_shown_by_name() -> None:
    by_name = queries._order([])

    assert len(queries._order(["a"] * queries.MOST_SORTED_TASKS)) == len(by_name) + 1
    assert len(queries._order(["a"] * (queries.MOST_SORTED_TASKS + 1))) == len(by_name)
