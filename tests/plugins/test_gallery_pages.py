"""What the pages say: images and their story, nothing yet, filtered, mapped, hostile words."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import pytest

from airflow_provider_imagen.plugins.gallery import pages, reading

GALLERY = "/imagen-gallery"
DAG = f"{GALLERY}/dags/posters_dag"
Record = Callable[..., dict[str, Any]]


class Page(HTMLParser):
    """A page as a person meets it: its words, its links, its images."""

    def __init__(self, site: Any, path: str, status: int = 200) -> None:
        super().__init__()
        self.answer = site.as_user().get(path)
        assert self.answer.status_code == status, self.answer.text
        self.path = path
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._words: list[str] = []
        self.feed(self.answer.text)
        self.text = re.sub(r"\s+", " ", " ".join(self._words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self._words.append(data)

    def all(self, tag: str, name: str) -> list[str]:
        return [str(attributes[name]) for kind, attributes in self.tags if kind == tag and attributes.get(name)]

    def links(self) -> list[str]:
        return [urljoin(self.path, link) for link in self.all("a", "href")]

    def thumbnails(self) -> list[str]:
        return [urljoin(self.path, link) for link in self.all("img", "src")]


def task_page(run_id: str = "manual__1", map_index: str = "-1") -> str:
    return f"{DAG}/runs/{run_id}/tasks/posters/{map_index}"


def test_shows_each_image_with_its_story(site: Any, posters: str) -> None:
    page = Page(site, posters)

    assert page.thumbnails() == [f"{posters}/images/{number}/thumbnail" for number in (0, 1)]
    assert [link for link in page.links() if "/images/" in link] == [f"{posters}/images/{number}" for number in (0, 1)]
    assert page.all("img", "alt") == ["rewritten for 0.png", "rewritten for 1.png"]
    for words in ("a red boat", "rewritten for 1.png", "imagen-4.0-generate-001", "us-central1", "16:9", "image/png"):
        assert words in page.text
    for link in (*page.links(), *page.thumbnails()):
        assert site.as_user().get(link).status_code == 200, link


def test_every_link_is_relative_so_that_a_path_before_airflow_does_not_matter(site: Any, posters: str) -> None:
    for path in (posters, DAG, f"{GALLERY}/dags/none/runs/r/tasks/t/0"):
        page = Page(site, path, 404 if "none" in path else 200)
        links = [*page.all("a", "href"), *page.all("img", "src"), *page.all("link", "href"), *page.all("script", "src")]
        assert links
        assert all(not link.startswith("/") and "://" not in link for link in links)
        for link in (*page.all("link", "href"), *page.all("script", "src")):
            assert site.as_user(None).get(urljoin(path, link)).status_code == 200


def test_nothing_comes_from_elsewhere_and_nothing_is_written_into_the_page_itself(site: Any, posters: str) -> None:
    page = Page(site, posters)

    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=)", page.answer.text)
    for name in ("gallery.css", "gallery.js"):
        assert "://" not in site.as_user().get(f"{GALLERY}/static/{name}").text
        assert "@import" not in site.as_user().get(f"{GALLERY}/static/{name}").text


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% for x in y %}",
    "</p></section><iframe src=//evil.example>",
    "javascript:alert(1)",
    "\u202egnp.exe \u0007 <!--",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_stay_words(site: Any, make_record: Record, words: str) -> None:
    reason = {"reason": words, "codes": [{"code": words, "category": words}]}
    fallback = {"instead_of": words, "because": words, "given_up": [words]}
    plain = make_record("gs://bucket/x.png")
    images = [{**plain["images"][0], "prompt": words, "mime_type": words, "uri": f"gs://bucket/{words}"}]
    hostile = {"model": words, "location": words, "parameters": {"prompt": words, "aspect_ratio": words}}
    value = plain | hostile | {"images": images, "filtered": 2, "filter_reasons": [reason], "fallback": fallback}
    site.add_task({**value, "failed_requests": [words]}, run=site.add_run())

    for path in (task_page(), DAG):
        page = Page(site, path)
        tags = {tag for tag, _ in page.tags}
        assert tags <= {
            *("html", "head", "meta", "title", "link", "script", "body", "main", "header", "h1", "h2", "h3", "p", "a"),
            *("section", "dl", "div", "dt", "dd", "ul", "li", "span", "img", "dialog", "button", "nav"),
        }
        assert len([1 for tag, _ in page.tags if tag == "script"]) == 1
        assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
        assert not any(link.startswith("javascript:") for link in page.all("a", "href"))
        assert "49" not in page.text.replace("2049", "")


def test_half_a_character_in_a_prompt_is_no_reason_to_show_nothing(site: Any, make_record: Record) -> None:
    words = "a boat \ud83d at sea"
    site.add_task(make_record("gs://bucket/x.png", parameters={"prompt": words}), run=site.add_run())

    assert "a boat ? at sea" in Page(site, task_page()).text
    assert "a boat ? at sea" in Page(site, DAG).text


def test_says_that_an_earlier_try_made_the_images(site: Any, make_record: Record) -> None:
    site.add_task(make_record("gs://bucket/x.png", reused=True), run=site.add_run())

    assert "An earlier try made these images" in Page(site, task_page()).text


def test_says_why_images_were_filtered(site: Any, make_record: Record) -> None:
    reason = {"reason": "Sexual content.", "codes": [{"code": "90789179", "category": "Sexual"}]}
    site.add_task(make_record(filtered=2, filter_reasons=[reason]), run=site.add_run(), state="failed")

    page = Page(site, task_page())

    assert "2 images were filtered:" in page.text
    assert "Sexual content. 90789179: Sexual" in page.text
    assert "No image came back." in page.text
    assert page.thumbnails() == []


def test_tells_of_failed_requests_and_of_the_fallback(site: Any, make_record: Record, posters: str) -> None:
    fallback = {"instead_of": "imagen-3.0-generate-001", "because": "it is retired", "given_up": ["No seed."]}
    value = make_record("gs://bucket/made/sample_0.png", failed_requests=["HTTP 429"], fallback=fallback)
    site.add_task(value, run=site.add_run("manual__2"), run_id="manual__2")

    page = Page(site, task_page("manual__2"))

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
def test_says_what_is_going_on_when_there_are_no_images(site: Any, state: str | None, words: str) -> None:
    site.add_task(run=site.add_run(), state=state)

    assert words in Page(site, task_page()).text


@pytest.mark.parametrize("value", ["s3://bucket/x.json", 7, ["gs://bucket/a.png"], {"images": [{"uri": "gs://b/a"}]}])
def test_what_other_operators_keep_under_the_same_key_is_not_shown(site: Any, value: Any) -> None:
    site.add_task(value, run=site.add_run())

    page = Page(site, task_page())

    assert "recorded no images" in page.text
    assert "gs://" not in page.text
    assert site.as_user().get(f"{task_page()}/images/0").status_code == 404


def test_other_xcoms_of_the_task_are_not_shown(site: Any, make_record: Record) -> None:
    site.add_task(make_record("gs://bucket/secret.png"), run=site.add_run(), key="return_value")

    assert "secret.png" not in Page(site, task_page()).text
    assert site.as_user().get(f"{task_page()}/images/0").status_code == 404


def test_a_mapped_task_shows_all_its_instances_or_one(site: Any, make_record: Record) -> None:
    run = site.add_run()
    for index in range(3):
        site.add_task(make_record(f"gs://bucket/{index}.png"), run=run, map_index=index)
    site.add_task(run=run, map_index=3, state="running")

    everything = Page(site, task_page(map_index="%7BMAP_INDEX%7D"))
    one = Page(site, task_page(map_index="2"))

    assert everything.thumbnails() == [f"{task_page(map_index=str(index))}/images/0/thumbnail" for index in range(3)]
    assert "Map index 3 running No images yet." in everything.text
    assert one.thumbnails() == [f"{task_page(map_index='2')}/images/0/thumbnail"]


def test_a_page_about_a_mapped_task_has_a_bound(
    site: Any, make_record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_MAPPED", 2)
    monkeypatch.setattr(pages, "MOST_MAPPED", 2)
    run = site.add_run()
    for index in range(3):
        site.add_task(make_record(f"gs://bucket/{index}.png"), run=run, map_index=index)

    page = Page(site, task_page())

    assert len(page.thumbnails()) == 2
    assert "Only the first 2 instances" in page.text


def test_ids_with_odd_letters_find_their_images(site: Any, make_record: Record) -> None:
    names = {"dag_id": "posters_dag.été", "run_id": "manual__2026-11-22T10:00:00+00:00", "task_id": "group.größe"}
    run = site.add_run(names["run_id"], names["dag_id"])
    site.add_task(make_record("gs://bucket/x.png"), run=run, **names)
    path = f"{GALLERY}/dags/{names['dag_id']}/runs/{names['run_id']}/tasks/{names['task_id']}/-1"  # 3.1 encodes nothing

    page = Page(site, path)

    (link,) = page.thumbnails()
    assert "%C3%A9t%C3%A9" in link
    assert "%2B00%3A00" in link
    assert any(one.endswith("/images/0") for one in page.links())


def test_a_task_instance_that_never_was_leads_nowhere(site: Any) -> None:
    page = Page(site, task_page("never"), 404)

    assert "There is no such task instance." in page.text


def test_the_dags_page_shows_recent_runs_the_latest_first(site: Any, make_record: Record) -> None:
    for name in ("first", "second", "third"):
        run = site.add_run(name)
        if name != "second":
            site.add_task(make_record(f"gs://bucket/{name}.png"), run=run, run_id=name)
    other = site.add_run("elsewhere", "other_posters_dag")
    site.add_task(make_record("gs://bucket/y.png"), run=other, run_id="elsewhere", dag_id="other_posters_dag")

    page = Page(site, DAG)

    assert page.thumbnails() == [f"{task_page(name)}/images/0/thumbnail" for name in ("third", "first")]
    assert page.text.index("third") < page.text.index("second success No images.") < page.text.index("first")
    assert {task_page("third"), task_page("first")} <= set(page.links())
    assert "elsewhere" not in page.text


def test_the_dags_page_leads_to_older_runs(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "RUNS_ON_A_PAGE", 2)
    for number in range(5):
        site.add_run(f"run_{number}")

    shown, path = [], DAG
    for _ in range(3):
        page = Page(site, path)
        shown.append(re.findall(r"run_\d", page.text))
        older = [link for link in page.links() if link.endswith(f"?page={len(shown)}")]
        path = older[0] if older else ""

    assert shown == [["run_4", "run_3"], ["run_2", "run_1"], ["run_0"]]
    assert path == ""
    assert "No older runs." in Page(site, f"{DAG}?page=9").text


def test_a_dag_without_runs_says_so(site: Any) -> None:
    assert "This DAG has not run yet." in Page(site, DAG).text


def test_the_dags_page_has_a_bound(site: Any, make_record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_RECORDS", 2)
    monkeypatch.setattr(pages, "MOST_RECORDS", 2)
    run = site.add_run()
    for index in range(3):
        site.add_task(make_record(f"gs://bucket/{index}.png"), run=run, map_index=index)

    page = Page(site, DAG)

    assert len(page.thumbnails()) == 2
    assert "Only the first 2 task instances" in page.text


def test_an_image_on_a_workers_disk_is_named_and_not_asked_for(site: Any, make_record: Record) -> None:
    site.add_task(make_record("/data/images/sample_0.png"), run=site.add_run())

    page = Page(site, task_page())

    assert page.thumbnails() == []
    assert "On the disk of the worker that made it." in page.text
    assert "/data/images/sample_0.png" in page.text
    assert "gallery_local_folders" in page.text


def test_says_that_previews_are_whole_images_without_pillow(
    site: Any, posters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Pillow" not in Page(site, posters).text

    monkeypatch.setattr(pages, "pillow_is_installed", lambda: False)
    assert "Pillow is not installed" in Page(site, posters).text


@pytest.mark.parametrize(("name", "role", "words"), [(None, None, "not logged in"), ("stranger", None, "may not see")])
def test_refusals_are_pages_that_say_what_to_do(
    site: Any, posters: str, name: str | None, role: str | None, words: str
) -> None:
    answer = site.as_user(name, role).get(posters)

    assert answer.headers["content-type"].startswith("text/html")
    assert words in answer.text
