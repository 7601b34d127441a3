"""What every page keeps to: relative links, nothing from elsewhere, any id, refusals that say what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import pytest

from airflow_provider_imagen.plugins.gallery import pages

GALLERY = "/imagen-gallery"
DAG = f"{GALLERY}/dags/posters_dag"
Record = Callable[..., dict[str, Any]]
Visit = Callable[..., Any]


def task_page(run_id: str = "manual__1", map_index: str = "-1") -> str:
    return f"{DAG}/runs/{run_id}/tasks/posters/{map_index}"


def test_every_link_is_relative_so_that_a_path_before_airflow_does_not_matter(
    site: Any, visit: Visit, posters: str
) -> None:
    for path in (posters, DAG, f"{GALLERY}/dags/none/runs/r/tasks/t/0"):
        page = visit(path, 404 if "none" in path else 200)
        links = [*page.all("a", "href"), *page.all("img", "src"), *page.all("link", "href"), *page.all("script", "src")]
        assert links
        assert all(not link.startswith("/") and "://" not in link for link in links)
        for link in (*page.all("link", "href"), *page.all("script", "src")):
            assert site.as_user(None).get(urljoin(path, link)).status_code == 200


def test_nothing_comes_from_elsewhere_and_nothing_is_written_into_the_page_itself(
    site: Any, visit: Visit, posters: str
) -> None:
    page = visit(posters)

    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=)", page.answer.text)
    for name in ("gallery.css", "gallery.js"):
        assert "://" not in site.as_user().get(f"{GALLERY}/static/{name}").text
        assert "@import" not in site.as_user().get(f"{GALLERY}/static/{name}").text


def test_ids_with_odd_letters_find_their_images(site: Any, visit: Visit, make_record: Record) -> None:
    names = {"dag_id": "posters_dag.été", "run_id": "manual__2026-11-22T10:00:00+00:00", "task_id": "group.größe"}
    run = site.add_run(names["run_id"], names["dag_id"])
    site.add_task(make_record("gs://bucket/x.png"), run=run, **names)
    path = f"{GALLERY}/dags/{names['dag_id']}/runs/{names['run_id']}/tasks/{names['task_id']}/-1"  # 3.1 encodes nothing

    page = visit(path)

    (link,) = page.thumbnails()
    assert "%C3%A9t%C3%A9" in link
    assert "%2B00%3A00" in link
    assert any(one.endswith("/images/0") for one in page.links())


def test_a_task_instance_that_never_was_leads_nowhere(visit: Visit) -> None:
    page = visit(task_page("never"), 404)

    assert "There is no such task instance." in page.text


def test_says_that_previews_are_whole_images_without_pillow(
    visit: Visit, posters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Pillow" not in visit(posters).text

    monkeypatch.setattr(pages, "pillow_is_installed", lambda: False)
    assert "Pillow is not installed" in visit(posters).text


@pytest.mark.parametrize(("name", "role", "words"), [(None, None, "not logged in"), ("stranger", None, "may not see")])
def test_refusals_are_pages_that_say_what_to_do(
    site: Any, posters: str, name: str | None, role: str | None, words: str
) -> None:
    answer = site.as_user(name, role).get(posters)

    assert answer.headers["content-type"].startswith("text/html")
    assert words in answer.text
