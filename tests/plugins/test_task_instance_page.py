"""The page about a task instance: its images and their story, nothing yet, filtered, mapped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_imagen.plugins.gallery import queries

GALLERY = "/imagen-gallery"
DAG = f"{GALLERY}/dags/posters_dag"
Record = Callable[..., dict[str, Any]]
Visit = Callable[..., Any]


def task_page(run_id: str = "manual__1", map_index: str = "-1") -> str:
    return f"{DAG}/runs/{run_id}/tasks/posters/{map_index}"


def test_shows_each_image_with_its_story(site: Any, visit: Visit, posters: str) -> None:
    page = visit(posters)

    assert page.thumbnails() == [f"{posters}/images/{number}/thumbnail" for number in (0, 1)]
    assert [link for link in page.links() if "/images/" in link] == [
        f"{posters}/images/{number}{what}" for number in (0, 1) for what in ("", "/file")
    ]
    assert page.all("img", "alt") == ["rewritten for 0.png", "rewritten for 1.png"]
    for words in ("a red boat", "rewritten for 1.png", "imagen-4.0-generate-001", "us-central1", "16:9", "image/png"):
        assert words in page.text
    for link in (*page.links(), *page.thumbnails()):
        assert site.as_user().get(link).status_code == 200, link


def test_says_that_an_earlier_try_made_the_images(site: Any, visit: Visit, make_record: Record) -> None:
    site.add_task(make_record("gs://bucket/x.png", reused=True), run=site.add_run())

    assert "An earlier try made these images" in visit(task_page()).text


def test_says_why_images_were_filtered(site: Any, visit: Visit, make_record: Record) -> None:
    reason = {"reason": "Sexual content.", "codes": [{"code": "90789179", "category": "Sexual"}]}
    site.add_task(make_record(filtered=2, filter_reasons=[reason]), run=site.add_run(), state="failed")

    page = visit(task_page())

    assert "2 images were filtered:" in page.text
    assert "Sexual content. 90789179: Sexual" in page.text
    assert "No image came back." in page.text
    assert page.thumbnails() == []


def test_tells_of_failed_requests_and_of_the_fallback(
    site: Any, visit: Visit, make_record: Record, posters: str
) -> None:
    fallback = {"instead_of": "imagen-3.0-generate-001", "because": "it is retired", "given_up": ["No seed."]}
    value = make_record("gs://bucket/made/sample_0.png", failed_requests=["HTTP 429"], fallback=fallback)
    site.add_task(value, run=site.add_run("manual__2"), run_id="manual__2")

    page = visit(task_page("manual__2"))

    assert "1 of the requests failed: HTTP 429" in page.text
    assert "instead of imagen-3.0-generate-001: it is retired. No seed." in page.text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (None, "No images yet."),
        ("queued", "No images yet."),
        ("running", "No images yet."),
        ("up_for_retry", "No images yet."),
        ("deferred", "No images yet."),
        ("failed", "failed and recorded no images"),
        ("upstream_failed", "recorded no images"),
        ("skipped", "recorded no images"),
        ("success", "recorded no images"),
    ],
)
def test_says_what_is_going_on_when_there_are_no_images(site: Any, visit: Visit, state: str | None, words: str) -> None:
    site.add_task(run=site.add_run(), state=state)

    assert words in visit(task_page()).text


@pytest.mark.parametrize("value", ["s3://bucket/x.json", 7, ["gs://bucket/a.png"], {"images": [{"uri": "gs://b/a"}]}])
def test_what_other_operators_keep_under_the_same_key_is_not_shown(site: Any, visit: Visit, value: Any) -> None:
    site.add_task(value, run=site.add_run())

    page = visit(task_page())

    assert "recorded no images" in page.text
    assert "gs://" not in page.text
    assert site.as_user().get(f"{task_page()}/images/0").status_code == 404


def test_other_xcoms_of_the_task_are_not_shown(site: Any, visit: Visit, make_record: Record) -> None:
    site.add_task(make_record("gs://bucket/secret.png"), run=site.add_run(), key="return_value")

    assert "secret.png" not in visit(task_page()).text
    assert site.as_user().get(f"{task_page()}/images/0").status_code == 404


def test_a_mapped_task_shows_all_its_instances_or_one(site: Any, visit: Visit, make_record: Record) -> None:
    run = site.add_run()
    for index in range(3):
        site.add_task(make_record(f"gs://bucket/{index}.png"), run=run, map_index=index)
    site.add_task(run=run, map_index=3, state="running")

    everything = visit(task_page(map_index="%7BMAP_INDEX%7D"))
    one = visit(task_page(map_index="2"))

    assert everything.thumbnails() == [f"{task_page(map_index=str(index))}/images/0/thumbnail" for index in range(3)]
    assert "Map index 3 running No images yet." in everything.text
    assert one.thumbnails() == [f"{task_page(map_index='2')}/images/0/thumbnail"]


def test_a_page_about_a_mapped_task_has_a_bound(
    site: Any, visit: Visit, make_record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "INSTANCES_ON_A_PAGE", 2)
    run = site.add_run()
    for index in range(3):
        site.add_task(make_record(f"gs://bucket/{index}.png"), run=run, map_index=index)

    first, second = visit(task_page()), visit(f"{task_page()}?page=1")

    assert (len(first.thumbnails()), len(second.thumbnails())) == (2, 1)
    assert "Page 1 of 2 Next page" in first.text
    assert "Map index 2" in second.text


def test_an_image_on_a_workers_disk_is_named_and_not_asked_for(site: Any, visit: Visit, make_record: Record) -> None:
    site.add_task(make_record("/data/images/sample_0.png"), run=site.add_run())

    page = visit(task_page())

    assert page.thumbnails() == []
    assert "On the disk of the worker that made it." in page.text
    assert "/data/images/sample_0.png" in page.text
    assert "gallery_local_folders" in page.text


def test_a_page_that_shows_every_instance_says_nothing_of_a_bound(
    site: Any, visit: Visit, make_record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "INSTANCES_ON_A_PAGE", 2)
    run = site.add_run()
    for index in range(2):
        site.add_task(make_record(f"gs://bucket/{index}.png"), run=run, map_index=index)

    assert "Page 1" not in visit(task_page()).text


@pytest.mark.parametrize("state", ["failed", "success", "running", "upstream_failed"])
def test_only_a_failed_task_has_a_reason_and_a_log(site: Any, visit: Visit, make_record: Record, state: str) -> None:
    run = site.add_run()
    site.add_task(make_record(filtered=1), run=run, state=state, map_index=0)
    site.add_task(run=run, state=state, map_index=1)

    page = visit(task_page())

    logs = [link for link in page.links() if "try_number" in link]
    wanted = [f"/dags/posters_dag/runs/manual__1/tasks/posters/mapped/{index}?try_number=1" for index in (0, 1)]
    assert logs == (wanted if state == "failed" else [])
    assert page.text.count("Its log has the reason.") == len(logs)
