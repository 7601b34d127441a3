"""The page of a batch in Airflow's UI: items by pages, by status and by text, and why some have no image."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from airflow_provider_imagen.core.batch.manifest import ManifestLine, read_lines
from airflow_provider_imagen.emulator import Emulator, Fault

DAG, TASK, RUN = "imagen_catalogue", "pictures", "batch+1"
TASK_PAGE = f"/dags/{DAG}/runs/{quote(RUN)}/tasks/{TASK}"
ALONE = f"/imagen-gallery{TASK_PAGE}/-1"
BATCHES = "catalogue/_imagen/batches/"
MANY = 60
STARTED = "html[data-started]"
"""Before its scripts have started, a thumbnail is a link that leads to the image."""
FRAME = ["frame", "alone"]
WIDTH = "image => { image.loading = 'eager'; return image.decode().then(() => image.naturalWidth); }"


@pytest.fixture(scope="module")
def batch(site: Any, google: Emulator) -> str:
    """A batch of six items, of which one was filtered; returns the name of its manifest."""
    google.order_fault(Fault("generate", times=None, filtered=1, prompt_contains="Paper lantern"))
    site.unpause([DAG])
    site.call("POST", f"dags/{DAG}/dagRuns", {"dag_run_id": RUN, "logical_date": "2026-02-09T00:00:00Z"})
    task = f"dags/{DAG}/dagRuns/{quote(RUN)}/taskInstances/{TASK}"
    site.wait_until(lambda: site.call("GET", task)["state"] in {"success", "failed"}, f"done with {TASK} of {RUN}")
    runs = f"dags/{DAG}/dagRuns"
    site.wait_until(
        lambda: {run["state"] for run in site.call("GET", runs)["dag_runs"]} <= {"success", "failed"}, "done with all"
    )
    (name,) = [name for name in google.list_objects("my-bucket", BATCHES) if name.endswith("/manifest.jsonl")]
    return name


@pytest.fixture(scope="module")
def many_items(batch: str, google: Emulator) -> list[ManifestLine]:
    """The items of a longer manifest in place of the first, as a later run of the batch may write it."""
    known = list(read_lines([google.read_object("my-bucket", batch)]))
    changes = [{"row": number + 2, "key": f"sku-{number:03}"} for number in range(MANY)]
    items = [known[number % len(known)].model_copy(update=each) for number, each in enumerate(changes)]
    google.put_object("my-bucket", batch, b"".join(each.encode() for each in items), "application/x-ndjson")
    return items


@pytest.fixture
def opened(page: Any, batch: str, where: str) -> Any:
    page.set_viewport_size({"width": 1200, "height": 900})
    if where == "alone":
        page.goto(ALONE)
        page.wait_for_selector(STARTED, state="attached")
        return page
    page.goto(TASK_PAGE)
    page.get_by_role("link", name="Images", exact=True).click()
    frame = page.locator("iframe").element_handle().content_frame()
    frame.wait_for_selector(STARTED, state="attached")
    return frame


@pytest.mark.parametrize("where", FRAME)
def test_a_batch_shows_its_items_and_why_one_has_no_image(
    page: Any, opened: Any, picture: Callable[..., None], where: str
) -> None:
    shown = opened.locator("a.thumb img")
    assert all(image.evaluate(WIDTH) > 0 for image in shown.all())
    assert shown.count() == 5
    assert opened.locator(".card").count() == 6
    picture(page, where)

    opened.get_by_role("combobox", name="Status").select_option("filtered")
    opened.get_by_role("button", name="Filter").click()
    opened.get_by_role("link", name="Show all").wait_for()
    (card,) = opened.locator(".card").all()
    assert card.locator(".key").text_content().startswith("lamp-002")
    assert "filtered" in card.locator(".reason").text_content()
    picture(page, f"{where}-filtered")


@pytest.mark.usefixtures("many_items")
@pytest.mark.parametrize("where", FRAME)
def test_many_items_come_by_pages_and_are_found_by_text(opened: Any, where: str) -> None:
    opened.get_by_text("Page 1 of 2").wait_for()
    assert opened.locator(".card").count() == 48
    opened.get_by_role("link", name="Next page").click()
    opened.get_by_text("Page 2 of 2").wait_for()
    assert opened.locator(".key").first.text_content().startswith("sku-048")

    opened.get_by_role("searchbox", name="Text").fill("SKU-05")
    opened.get_by_role("searchbox", name="Text").press("Enter")
    opened.get_by_role("link", name="Show all").wait_for()
    assert opened.locator(".card").count() == 10


@pytest.mark.parametrize("where", FRAME)
def test_an_item_is_opened_by_its_link_and_the_manifest_can_be_taken_along(
    page: Any, many_items: list[ManifestLine], opened: Any, where: str, stores_in_frame: bool
) -> None:
    opened.locator("a.thumb").nth(1).click()
    opened.get_by_role("dialog", name="Full-size image").wait_for()
    link = opened.locator("a.thumb").nth(1).evaluate("link => new URL(link.dataset.page, document.baseURI).href")
    opened.get_by_role("dialog").get_by_role("button", name="Close").click()
    if where == "alone" or stores_in_frame:
        with page.expect_download() as download:
            opened.get_by_role("link", name="Save the manifest").click()
        assert download.value.suggested_filename == f"{DAG}-{TASK}.jsonl"
        content = download.value.path().read_text()
    else:
        content = page.request.get(opened.get_by_role("textbox", name="Save the manifest").input_value()).text()
    assert [json.loads(line)["key"] for line in content.splitlines()] == [each.key for each in many_items]

    page.goto(link)
    page.get_by_text("Image 1 of 1 · ").wait_for()
    assert page.url.endswith("?key=sku-001#item-sku-001-0")


@pytest.mark.parametrize("where", ["alone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_telephone_shows_it_without_scrolling_sideways(
    page: Any, opened: Any, picture: Callable[..., None], theme: str, where: str
) -> None:
    page.evaluate("theme => localStorage.setItem('theme', theme)", theme)
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    page.locator("a.thumb img").first.wait_for()
    picture(page, theme)

    assert page.evaluate("document.documentElement.scrollWidth") == 390
