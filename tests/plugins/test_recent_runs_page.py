"""The page about a DAG: its recent runs, the latest first, within bounds, and nothing of another DAG."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin

import pytest

from airflow_provider_imagen.plugins.gallery import queries

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
    assert {task_page("third"), task_page("first"), f"{DAG}/runs/second"} <= set(page.links())
    assert "elsewhere" not in page.text


def test_the_dags_page_leads_to_older_runs(site: Any, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "RUNS_ON_A_PAGE", 2)
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


def test_each_run_has_a_bound_of_its_own_and_a_page_with_all(
    site: Any, visit: Visit, make_record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "INSTANCES_OF_A_RUN", 2)
    monkeypatch.setattr(queries, "INSTANCES_ON_A_PAGE", 2)
    for name in ("first", "second"):
        run = site.add_run(name)
        for index in range(3):
            site.add_task(make_record(f"gs://bucket/{index}.png"), run=run, run_id=name, map_index=index)

    page = visit(DAG)
    all_of_one = [visit(f"{DAG}/runs/first?page={number}") for number in (0, 1)]

    assert len(page.thumbnails()) == 4
    assert page.text.count("The first 2 of 3 task instances · all of this run") == 2
    assert [link for each in all_of_one for link in each.thumbnails()] == [
        f"{task_page('first', str(index))}/images/0/thumbnail" for index in range(3)
    ]
    assert "Page 1 of 2 Next page" in all_of_one[0].text
    assert "Previous page Page 2 of 2" in all_of_one[1].text


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
    monkeypatch.setattr(queries, "INSTANCES_OF_A_RUN", 1)
    run = site.add_run()
    for index in range(3):
        site.add_task({"rows": index}, run=run, task_id="a_report", map_index=index)
    site.add_task(make_record("gs://bucket/x.png"), run=run)

    page = visit(DAG)

    assert len(page.thumbnails()) == 1
    assert "The first" not in page.text


@pytest.mark.parametrize("path", [DAG, task_page()])
def test_a_huge_value_under_the_same_key_is_never_loaded(
    site: Any, visit: Visit, make_record: Record, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    lengths: list[int] = []

    def read(value: Any) -> None:
        lengths.append(len(str(value)))

    monkeypatch.setattr(queries, "ResultDocument", SimpleNamespace(read=read))
    run = site.add_run()
    site.add_task({**make_record("gs://bucket/x.png"), "more": "x" * queries.MAX_DOCUMENT_CHARACTERS}, run=run)
    visit(path)
    assert lengths == []

    site.add_task(make_record("gs://bucket/y.png"), run=run, task_id="others")
    visit(path.replace("/posters/", "/others/"))
    assert len(lengths) == 1


def test_failed_tasks_of_a_run_are_shown_with_their_logs(site: Any, visit: Visit, make_record: Record) -> None:
    run = site.add_run("scheduled__2026-11-22T00:00:00+00:00", state="failed")
    names = {"run": run, "run_id": "scheduled__2026-11-22T00:00:00+00:00"}
    site.add_task(make_record("gs://bucket/x.png"), **names)
    site.add_task(task_id="products", state="failed", **names)
    site.add_task(task_id="banners", state="failed", map_index=3, **names)
    site.add_task(task_id="later", state="upstream_failed", **names)

    page = visit(DAG)

    quoted = "scheduled__2026-11-22T00%3A00%3A00%2B00%3A00"
    logs = [link for link in page.links() if "try_number" in link]
    assert set(logs) == {
        f"/dags/posters_dag/runs/{quoted}/tasks/products?try_number=1",
        f"/dags/posters_dag/runs/{quoted}/tasks/banners/mapped/3?try_number=1",
    }
    assert page.text.count("Its log has the reason.") == 2
    assert "banners [3] failed" in page.text
    assert f"/runs/{quoted}/tasks/products/-1" in " ".join(page.links())
    assert len(page.thumbnails()) == 1


def test_a_failed_task_with_a_result_is_shown_once(site: Any, visit: Visit, make_record: Record) -> None:
    site.add_task(make_record(filtered=1), run=site.add_run(state="failed"), state="failed")

    page = visit(DAG)

    assert page.text.count("Its log has the reason.") == 1
    assert "1 filtered failed" in page.text


def test_the_reasons_of_failures_come_from_airflows_own_api(site: Any, visit: Visit) -> None:
    """It checks permissions and masks secrets. It knows no DAG of these tests, so it names what it looked for."""
    site.add_task(task_id="products", state="failed", run=site.add_run())
    page = visit(DAG)

    for name in ("data-log", "data-events"):
        (link,) = page.all("div", name)
        answer = site.as_user().get(urljoin(DAG, link))
        assert urljoin(DAG, link).startswith("/api/v2/")
        assert answer.status_code == 200 or "TaskInstance not found" in answer.text
        assert site.as_user("stranger", role=None).get(urljoin(DAG, link)).status_code == 403


def test_failures_have_the_same_bound(site: Any, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "INSTANCES_OF_A_RUN", 2)
    run = site.add_run()
    for index in range(3):
        site.add_task(run=run, state="failed", map_index=index)

    page = visit(DAG)

    assert page.text.count("Its log has the reason.") == 2
    assert "The first 2 of 3 task instances" in page.text
