"""The order of a DAG's tasks, as the grid of Airflow's UI has it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from airflow.models.serialized_dag import SerializedDagModel
from sqlalchemy.orm import Session

log: logging.Logger = logging.getLogger(__name__)


def task_order(dag_id: str, session: Session) -> list[str]:
    """Return the ids of a DAG's tasks in order; an empty list if the DAG cannot be read.

    :param dag_id: the DAG; its latest version is read.
    :param session: session of Airflow's database.
    """
    try:
        stored = SerializedDagModel.get(dag_id, session=session)
        return sorted_tasks(_downstream(stored.data if stored else None))
    except Exception:  # the form of serialized DAGs is Airflow's own, and an order is no reason to show nothing
        log.warning("The tasks of the DAG %s cannot be read; they are shown by name.", dag_id, exc_info=True)
        return []


def sorted_tasks(downstream: Mapping[str, Iterable[str]]) -> list[str]:
    """Return tasks so that each comes after its upstream tasks, else by name.

    The passes are those of Airflow's ``TaskGroup.topological_sort``.

    :param downstream: task id to the ids of its downstream tasks.
    """
    upstream: dict[str, set[str]] = {task_id: set() for task_id in sorted(downstream)}
    for task_id, others in downstream.items():
        for other in others:
            upstream.setdefault(other, set()).add(task_id)
    found: list[str] = []
    while upstream:
        before = len(upstream)
        for task_id in list(upstream):
            if not upstream[task_id] & upstream.keys():
                found.append(task_id)
                del upstream[task_id]
        if len(upstream) == before:  # a circle, which no DAG has
            return [*found, *upstream]
    return found


def _downstream(data: Any) -> dict[str, list[str]]:
    tasks = [task.get("__var", task) for task in data["dag"]["tasks"]] if data else []
    return {task["task_id"]: list(task.get("downstream_task_ids") or ()) for task in tasks}
