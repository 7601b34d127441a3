"""The page of a batch in Airflow's UI: items by pages, by status and by text, and why some have no image."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image

from airflow_provider_imagen.core.batch.manifest import ManifestLine

DAG, TASK, RUN = "imagen_minimal", "picture", "batch+1"
TASK_PAGE = f"/dags/{DAG}/runs/{quote(RUN)}/tasks/{TASK}"
ALONE = f"/imagen-gallery{TASK_PAGE}/-1"
FOLDER = "catalogue"
MANIFEST = f"{FOLDER}/_imagen/batches/picture-0123456789ab/manifest.jsonl"
ITEMS = 60
REASON = "The image was blocked (IMAGE_SAFETY). Try rephrasing the prompt."
COLORS = ("teal", "gold", "salmon", "orchid", "steelblue", "seagreen")
FRAME = ["frame", "alone"]


def item(number: int) -> ManifestLine:
    is_filtered = number % 10 == 9
    key = f"sku-{number:03}"
    values: dict[str, Any] = {"row": number + 2, "key": key, "fingerprint": f"{number:012}"}
    if is_filtered:
        return ManifestLine(status="filtered", reason=REASON, **values)
    values |= {"uris": (f"gs://my-bucket/{FOLDER}/{key}.png",), "model": "gemini-nano-banana-2.1"}
    return ManifestLine(status="reused" if number % 10 < 2 else "made", estimated_cost_usd=0.039, **values)


@pytest.fixture(scope="module")
def batch(site: Any, google: Any) -> list[ManifestLine]:
    """A task instance whose ``result`` is that of a batch, and what the batch stored."""
    site.unpause([DAG])
    site.call("POST", f"dags/{DAG}/dagRuns", {"dag_run_id": RUN, "logical_date": "2026-02-09T00:00:00Z"})
    run = f"dags/{DAG}/dagRuns/{quote(RUN)}"
    site.wait_until(lambda: site.call("GET", run)["state"] in {"success", "failed"}, f"done with {RUN}")
    items = [item(number) for number in range(ITEMS)]
    for number, each in enumerate(items):
        if each.uris:
            picture = io.BytesIO()
            Image.new("RGB", (800, 600), COLORS[number % len(COLORS)]).save(picture, "PNG")
            google.put_object("my-bucket", f"{FOLDER}/{each.key}.png", picture.getvalue(), "image/png")
    google.put_object("my-bucket", MANIFEST, b"".join(each.encode() for each in items), "application/x-ndjson")
    document = {
        "manifest": f"gs://my-bucket/{MANIFEST}",
        "items": ITEMS,
        "counts": Counter(each.status for each in items),
        "images": sum(len(each.uris) for each in items),
        "estimated_cost_usd": 1.638,
        "models": {"gemini-nano-banana-2.1": 42},
        "imagen_conn_id": "imagen_default",
    }
    site.call("PATCH", f"{run}/taskInstances/{TASK}/xcomEntries/result", {"value": document})
    return items


@pytest.fixture
def opened(page: Any, batch: Any, where: str) -> Any:
    page.set_viewport_size({"width": 1200, "height": 900})
    if where == "alone":
        page.goto(ALONE)
        return page
    page.goto(TASK_PAGE)
    page.get_by_role("link", name="Images", exact=True).click()
    frame = page.locator("iframe").element_handle().content_frame()
    frame.wait_for_selector("main")
    return frame


@pytest.mark.parametrize("where", FRAME)
def test_items_are_looked_at_by_pages_status_and_text(
    page: Any, opened: Any, picture: Callable[..., None], where: str
) -> None:
    opened.get_by_text("Page 1 of 2").wait_for()
    assert opened.locator("a.thumb").count() == 44  # of the 48 items on this page
    assert opened.locator("a.thumb img").first.evaluate("image => image.decode().then(() => image.naturalWidth)") == 384
    picture(page, where)
    opened.get_by_role("link", name="Next page").click()
    opened.get_by_text("Page 2 of 2").wait_for()
    assert opened.locator(".key").first.text_content().startswith("sku-048")

    opened.get_by_role("combobox", name="Status").select_option("filtered")
    opened.get_by_role("button", name="Filter").click()
    opened.get_by_role("link", name="Show all").wait_for()
    assert opened.locator(".reason").all_text_contents() == [REASON] * 6
    assert opened.locator("a.thumb").count() == 0
    picture(page, f"{where}-filtered")
    opened.get_by_role("link", name="Show all").click()
    opened.get_by_text("Page 1 of 2").wait_for()
    opened.get_by_role("searchbox", name="Text").fill("SKU-04")
    opened.get_by_role("searchbox", name="Text").press("Enter")
    opened.get_by_role("link", name="Show all").wait_for()
    assert opened.locator("a.thumb").count() == 9


@pytest.mark.parametrize("where", FRAME)
def test_an_item_is_opened_by_its_link_and_the_manifest_can_be_taken_along(
    page: Any, opened: Any, where: str, stores_in_frame: bool, batch: list[ManifestLine]
) -> None:
    opened.locator("a.thumb").nth(1).click()
    opened.get_by_text("Image 2 of 44 · 800 x 600").wait_for()
    link = opened.locator("a.thumb").nth(1).evaluate("link => new URL(link.dataset.page, document.baseURI).href")
    opened.get_by_role("dialog").get_by_role("button", name="Close").click()
    if where == "alone" or stores_in_frame:
        with page.expect_download() as download:
            opened.get_by_role("link", name="Save the manifest").click()
        assert download.value.suggested_filename == f"{DAG}-{TASK}.jsonl"
        content = download.value.path().read_text()
    else:
        content = page.request.get(opened.get_by_role("textbox", name="Save the manifest").input_value()).text()
    assert [json.loads(line)["key"] for line in content.splitlines()] == [each.key for each in batch]

    page.goto(link)
    page.get_by_text("Image 1 of 1 · 800 x 600").wait_for()
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
