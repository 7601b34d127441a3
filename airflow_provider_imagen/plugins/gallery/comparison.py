"""Two runs of a DAG side by side: what each made in the same task, under the same key or map index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from airflow_provider_imagen.plugins.gallery.addresses import NOT_MAPPED
from airflow_provider_imagen.plugins.gallery.instances import Instance
from airflow_provider_imagen.plugins.gallery.queries import read_run

MOST_PAGES = 5
"""Pages of task instances that are read of each run."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What two runs made in one task.

    :param name: task id with key or map index.
    :param sides: the task instance of each run, None where that run has none.
    """

    name: str
    sides: tuple[Instance | None, Instance | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs of a DAG side by side.

    :param run_ids: the runs.
    :param pairs: what they made, in the order of the DAG's tasks.
    :param is_cut: whether a run has more task instances than are shown.
    """

    run_ids: tuple[str, str]
    pairs: list[Pair]
    is_cut: bool


def read_comparison(dag_id: str, left: str, right: str) -> Comparison | None:
    """Return two runs side by side, None when one of them does not exist.

    :param dag_id: the DAG of both.
    :param left: id of a run.
    :param right: id of a run.
    """
    found = [_instances_of(dag_id, run_id) for run_id in (left, right)]
    if found[0] is None or found[1] is None:
        return None
    (ours, ours_cut), (theirs, theirs_cut) = found[0], found[1]
    return Comparison((left, right), pairs_of(ours, theirs), ours_cut or theirs_cut)


def pairs_of(left: Iterable[Instance], right: Iterable[Instance]) -> list[Pair]:
    """Return task instances of two runs in pairs, those of the left run first in order, then those of the right alone.

    :param left: task instances of a run.
    :param right: task instances of a run.
    """
    ours, theirs = _by_name(left), _by_name(right)
    return [Pair(name, (ours.get(name), theirs.get(name))) for name in {**ours, **theirs}]


def _by_name(instances: Iterable[Instance]) -> dict[str, Instance]:
    """Return the task instances of a run by names that tell them apart.

    Two may have the same key, in folders of their own, and a key may be the map index of another one.
    """
    found: dict[str, Instance] = {}
    for instance in instances:
        name, again = _name(instance), 1
        while name in found:
            again += 1
            name = f"{_name(instance)} ({again})"
        found[name] = instance
    return found


def _name(instance: Instance) -> str:
    """Return task id with key or map index, which are the same in another run."""
    key = instance.document.image_key if instance.document else None
    index = None if instance.address.map_index == NOT_MAPPED else str(instance.address.map_index)
    part = key or index
    return f"{instance.address.task_id} [{part}]" if part else instance.address.task_id


def _instances_of(dag_id: str, run_id: str) -> tuple[list[Instance], bool] | None:
    instances: list[Instance] = []
    for number in range(MOST_PAGES):
        run = read_run(dag_id, run_id, number)
        if run is None:
            return None
        instances += run.page.instances
        if number >= run.page.last_number:
            return instances, False
    return instances, True
