"""What every page keeps to: relative links, nothing from elsewhere, any id, refusals that say what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import pytest

from airflow_provider_imagen.plugins.gallery import pages, routes

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
    for name in routes.STATIC:
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


@pytest.mark.parametrize(("version", "stores"), [("3.1.8", False), ("3.2.2", False), ("3.3.0", True), ("4.0.0", True)])
def test_only_where_airflows_frame_lets_files_be_stored_it_is_tried(
    visit: Visit, posters: str, monkeypatch: pytest.MonkeyPatch, version: str, stores: bool
) -> None:
    monkeypatch.setattr(pages, "airflow_version", version)

    (body,) = [attributes for tag, attributes in visit(posters).tags if tag == "body"]
    assert ("data-stores-in-frame" in body) is stores


def test_an_image_has_a_permalink_and_everything_to_work_with(visit: Visit, posters: str) -> None:
    page = visit(posters)

    assert [link for link in page.links() if "#" in link] == [f"{posters}#image-{number}" for number in (0, 1)]
    assert [attributes["id"] for tag, attributes in page.tags if tag == "li" and "id" in attributes] == [
        "image-0",
        "image-1",
    ]
    assert page.all("button", "data-text") == [f"gs://bucket/made/sample_{number}.png" for number in (0, 1)]
    assert page.all("a", "data-uri") == page.all("button", "data-text")
    assert [f"Copy URI of image {number}" in page.all("button", "aria-label") for number in (1, 2, 3)] == [
        True,
        True,
        False,
    ]


def test_the_permalink_of_a_mapped_image_leads_to_its_own_instance(
    site: Any, visit: Visit, make_record: Record
) -> None:
    run = site.add_run()
    for index in (0, 1):
        site.add_task(make_record("gs://bucket/x.png"), run=run, map_index=index)

    everything = visit(task_page())

    permalinks = [link for link in everything.links() if "#" in link]
    assert permalinks == [f"{task_page(map_index=str(index))}#image-{index}-0" for index in (0, 1)]
    ids = [
        attributes["id"]
        for tag, attributes in visit(task_page(map_index="1")).tags
        if "image-" in str(attributes.get("id"))
    ]
    assert ids == ["image-1-0"]
