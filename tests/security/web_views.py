"""Writes what Airflow's web server shows of a run: ``links.txt``, and from Airflow 3.1 on ``gallery.html``."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import airflow

HOME = Path(os.environ["AIRFLOW_HOME"])
VERSION = tuple(map(int, airflow.__version__.split(".")[:2]))


def query(statement: str) -> list[Any]:
    with closing(sqlite3.connect(HOME / "airflow.db")) as database:
        return database.execute(statement).fetchall()


def links() -> Iterator[str]:
    """Yield each link: Airflow 3 keeps them in XCom, Airflow 2 makes them when they are shown."""
    if VERSION >= (3, 0):
        yield from (str(value) for (value,) in query("SELECT value FROM xcom WHERE key LIKE '%link_%'"))
        return
    from airflow.models.dagbag import DagBag
    from airflow.models.taskinstancekey import TaskInstanceKey

    runs = [run_id for (run_id,) in query("SELECT run_id FROM dag_run WHERE dag_id = 'hunted'")]
    for task in DagBag(HOME / "dags", include_examples=False).dags["hunted"].tasks:
        for run_id in runs:
            key = TaskInstanceKey("hunted", task.task_id, run_id, 1, -1)
            yield from (link.get_link(task, ti_key=key) for link in task.operator_extra_links)


def gallery() -> Iterator[str]:
    """Yield every page of the gallery, and what it sends for every image."""
    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from starlette.testclient import TestClient

    client = TestClient(create_app("core"), raise_server_exceptions=False)
    reader = SimpleAuthManagerUser(username="reader", role="viewer")
    client.headers["Authorization"] = f"Bearer {get_auth_manager().generate_jwt(reader)}"
    paths = ["/imagen-gallery/dags/hunted"]
    for run_id, task_id in query("SELECT run_id, task_id FROM task_instance"):
        page = f"/imagen-gallery/dags/hunted/runs/{run_id}/tasks/{task_id}/-1"
        paths += [page, *(f"{page}/images/{number}{what}" for number in (0, 1) for what in ("", "/thumbnail"))]
    for path in paths:
        answer = client.get(path)
        yield f"{path} {answer.status_code} {dict(answer.headers)} {answer.content.decode('latin-1')}"


if __name__ == "__main__":
    (HOME / "links.txt").write_text("\n".join(links()), encoding="utf-8")
    if VERSION >= (3, 1):
        (HOME / "gallery.html").write_text("\n".join(gallery()), encoding="latin-1", errors="replace")
