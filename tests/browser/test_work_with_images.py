"""The gallery as a place to work in: taking images along, finding, comparing; in Airflow's frame and opened alone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

DAG, RUN = "imagen_daily_campaign", "by_hand:1+1"
PAGE = f"/imagen-gallery/dags/{DAG}"
UI = f"/dags/{DAG}"
POSTER = f"/runs/{quote(RUN)}/tasks/posters/"
LARGE = f"/runs/{quote(RUN)}/tasks/large/"
FRAME = ["frame", "alone"]
STARTED = "html[data-started]"
"""Before its scripts have started, a thumbnail is a link that leads to the image."""
NAMES = """() => [...document.querySelectorAll("a[href], button, input, select, img")]
    .filter((each) => each.checkVisibility())
    .filter((each) => !(each.getAttribute("aria-label") || each.alt || each.textContent.trim()
        || each.labels?.[0]?.textContent.trim() || each.querySelector("img[alt]:not([alt=''])")))
    .map((each) => each.outerHTML)"""
SELECTED = """beginning => [...document.querySelectorAll("input.copied")].some((field) =>
    field.value.startsWith(beginning) && field.selectionStart === 0 && field.selectionEnd === field.value.length)"""
FOLLOWS = """pane => new Promise((done) => {
    const look = () => (pane.scrollTop > 0 ? done(true) : setTimeout(look));
    look();
})"""


@pytest.fixture(scope="module")
def campaign(site: Any, google: Any) -> None:
    """Two runs, of which one was asked for by hand: posters of five products, two each, and all of them enlarged."""
    site.unpause([DAG])
    site.call("POST", f"dags/{DAG}/dagRuns", {"dag_run_id": RUN, "logical_date": "2026-02-01T00:00:00Z"})
    path = f"dags/{DAG}/dagRuns/{quote(RUN)}"
    site.wait_until(lambda: site.call("GET", path)["state"] in {"success", "failed"}, f"done with {RUN}")
    assert site.call("GET", path)["state"] == "success"
    site.wait_until(lambda: states_of_runs(site) == {"success"}, "done with the run that Airflow began itself")


def states_of_runs(site: Any) -> set[str]:
    return {run["state"] for run in site.call("GET", f"dags/{DAG}/dagRuns")["dag_runs"]}


@pytest.fixture
def gallery(page: Any, campaign: None) -> Callable[[str, str], Any]:
    """Return a function that opens a page of the gallery in Airflow's frame, or alone."""

    def open_gallery(where: str, path: str = "") -> Any:
        page.set_viewport_size({"width": 1200, "height": 900})
        if where == "alone":
            page.goto(f"{PAGE}{path}")
            page.wait_for_selector(STARTED, state="attached")
            return page
        page.goto(UI)
        page.get_by_role("link", name="Images", exact=True).click()
        frame = page.locator("iframe").element_handle().content_frame()
        frame.wait_for_selector("main")
        if path:
            frame.goto(f"{PAGE}{path}")
        frame.wait_for_selector(STARTED, state="attached")
        return frame

    return open_gallery


def width_of(image: Any) -> int:
    found: int = image.evaluate("image => image.decode().then(() => image.naturalWidth)")
    return found


def copied(place: Any, beginning: str) -> str:
    """Return the text that stands selected in a field, for a person who has to press Ctrl-C."""
    place.wait_for_function(SELECTED, arg=beginning)
    whole: str = place.locator("input.copied").last.input_value()
    return whole


@pytest.mark.parametrize("where", FRAME)
def test_a_uri_and_a_permalink_can_be_copied(
    page: Any, gallery: Any, browser: Any, site: Any, picture: Callable[..., None], where: str
) -> None:
    opened = gallery(where, f"{POSTER}3")
    opened.get_by_role("button", name="Copy URI of image 2").click()
    assert copied(opened, "gs://my-bucket/").endswith("sample_1.jpg")
    opened.get_by_role("button", name="Copy link to image 2").click()
    address = copied(opened, "http")
    picture(page, where)

    assert address == f"{site.address}{PAGE}{POSTER}3#image-3-1"
    page.goto(address)
    page.get_by_role("dialog", name="Full-size image").wait_for()
    assert page.locator("#viewer-place").text_content().startswith("Image 2 of 2")
    assert width_of(page.locator("#viewer-image")) > 800


def test_with_a_clipboard_nothing_has_to_be_selected(gallery: Any, page: Any) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = gallery("alone", f"{POSTER}3")

    opened.get_by_role("button", name="Copy URI of image 1").click()

    opened.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith("gs://my-bucket/")


@pytest.mark.parametrize("where", FRAME)
def test_images_can_be_stored_one_by_one_and_all_of_a_run(
    page: Any, gallery: Any, stores_in_frame: bool, where: str
) -> None:
    if where == "frame" and not stores_in_frame:
        pytest.skip("before Airflow 3.3 its frame stores nothing: there the addresses can be copied, see the next test")
    opened = gallery(where, f"{POSTER}3")
    with page.expect_download() as one:
        opened.get_by_role("link", name="Save image 2").click()
    opened.get_by_role("link", name=RUN).click()
    with page.expect_download() as everything:
        opened.get_by_role("link", name="All images as ZIP").click()

    assert one.value.suggested_filename == f"{DAG}-posters-3-2.jpg"
    assert everything.value.suggested_filename == f"{DAG}-by_hand_1_1.zip"
    with zipfile.ZipFile(io.BytesIO(everything.value.path().read_bytes())) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    assert len(names) == 20
    assert one.value.suggested_filename in names


def test_where_the_frame_stores_nothing_the_addresses_can_be_copied(
    page: Any, gallery: Any, stores_in_frame: bool, picture: Callable[..., None]
) -> None:
    if stores_in_frame:
        pytest.skip("from Airflow 3.3 its frame stores files, see the test before")
    opened = gallery("frame", f"{POSTER}3")
    assert opened.get_by_role("link", name="Save image 2").count() == 0
    opened.get_by_role("button", name="Copy the address: Save image 2").click()
    field = opened.get_by_role("textbox", name="Save image 2")
    assert field.evaluate("field => field.value.slice(field.selectionStart, field.selectionEnd)") == field.input_value()
    picture(page, "addresses")
    opened.locator("a.thumb").first.click()
    opened.get_by_role("dialog", name="Full-size image").wait_for()
    assert not opened.locator("#viewer-file").is_visible()

    answer = page.request.get(field.input_value())

    assert f'filename="{DAG}-posters-3-2.jpg"' in answer.headers["content-disposition"]


@pytest.mark.parametrize("where", FRAME)
def test_images_are_found_by_text_model_task_and_state(
    page: Any, gallery: Any, picture: Callable[..., None], where: str
) -> None:
    opened = gallery(where)
    opened.get_by_role("combobox", name="Task").select_option("posters")
    opened.get_by_role("searchbox", name="Text").fill("espresso")
    opened.get_by_role("searchbox", name="Text").press("Enter")
    opened.get_by_role("link", name="Show all").wait_for()
    found = opened.locator(".made h3 a").all_text_contents()
    picture(page, where)

    assert set(found) == {"posters [0]"}  # of this run, and of the one that Airflow began itself
    opened.get_by_role("link", name="Show all").click()
    opened.get_by_text("large [0]").first.wait_for()
    opened.get_by_role("combobox", name="State").select_option("failed")
    opened.get_by_role("button", name="Filter").click()
    opened.get_by_text("Nothing on this page matches the filter.").wait_for()


def test_tasks_stand_in_the_order_of_the_dag(gallery: Any) -> None:
    opened = gallery("alone", f"/runs/{quote(RUN)}")

    tasks = [name.partition(" ")[0] for name in opened.locator(".made h3 a").all_text_contents()]
    assert tasks == ["posters"] * 5 + ["large"] * 10


@pytest.mark.parametrize("where", FRAME)
def test_a_result_stands_beside_its_source(page: Any, gallery: Any, picture: Callable[..., None], where: str) -> None:
    opened = gallery(where, f"{LARGE}0")
    opened.locator("a.thumb").last.click()
    opened.get_by_role("button", name="Beside its source").click()
    panes = opened.locator("#compare-panes img")
    panes.nth(1).wait_for()
    source, result = (width_of(pane) for pane in panes.all())
    picture(page, where)

    assert result == 2 * source
    assert opened.locator("#compare-panes figcaption").first.text_content().startswith("Source")


@pytest.mark.parametrize("where", FRAME)
def test_two_images_can_be_compared_at_their_real_size(
    page: Any, gallery: Any, picture: Callable[..., None], where: str
) -> None:
    opened = gallery(where, f"/runs/{quote(RUN)}")
    boxes = opened.get_by_role("checkbox")
    boxes.nth(0).check()
    opened.get_by_text("1 image chosen, choose one more").wait_for()
    assert opened.locator("#chosen-compare").is_disabled()
    boxes.nth(3).check()
    opened.locator("#chosen-compare").click()
    dialog = opened.get_by_role("dialog", name="Images side by side")
    dialog.get_by_role("button", name="100 %").click()
    images = dialog.locator("img").all()
    picture(page, where)

    assert len(images) == 2
    for image in images:
        assert width_of(image) == image.evaluate("image => image.getBoundingClientRect().width")
    left, right = dialog.locator(".pane").all()
    left.hover()
    left.evaluate("pane => { pane.scrollTop = pane.scrollHeight; }")
    assert right.evaluate(FOLLOWS)


@pytest.mark.parametrize("where", FRAME)
def test_two_runs_stand_side_by_side(page: Any, gallery: Any, picture: Callable[..., None], where: str) -> None:
    opened = gallery(where)
    opened.get_by_role("link", name="Compare two runs").click()
    opened.get_by_role("combobox", name="Left").wait_for()
    assert opened.locator(".pair").count() == 15
    first = opened.locator(".pair").first
    assert first.locator("a.thumb img").count() == 4
    widths = [width_of(image) for image in first.locator("a.thumb img").all()]
    assert widths == [384] * 4
    picture(page, where)
    opened.get_by_role("button", name="Compare the images of posters [0]").click()
    panes = opened.locator("#compare-panes img")
    assert all(width_of(pane) > 800 for pane in panes.all())
    assert panes.count() == 4
    captions = opened.locator("#compare-panes figcaption").all_text_contents()
    assert [RUN in caption for caption in captions].count(True) == 2
    picture(page, f"{where}-side-by-side")


@pytest.mark.parametrize("where", FRAME)
def test_everything_can_be_done_with_the_keyboard(
    page: Any, gallery: Any, picture: Callable[..., None], where: str
) -> None:
    opened = gallery(where, f"{POSTER}3")
    first = opened.locator("a.thumb").first
    first.focus()
    page.keyboard.press("Enter")
    opened.get_by_role("dialog", name="Full-size image").wait_for()
    place = opened.locator("#viewer-place")
    page.keyboard.press("ArrowRight")
    opened.get_by_text("Image 2 of 2").wait_for()
    page.keyboard.press("z")
    image = opened.locator("#viewer-image")
    assert opened.locator("#viewer-zoom").get_attribute("aria-pressed") == "true"
    assert width_of(image) == image.evaluate("image => image.getBoundingClientRect().width")
    picture(page, where)
    page.keyboard.press("Home")
    assert place.text_content().startswith("Image 1 of 2")
    page.keyboard.press("Escape")
    opened.get_by_role("dialog", name="Full-size image").wait_for(state="hidden")
    assert first.evaluate("link => link === document.activeElement")


PAGES = ["", f"/compare?left={quote(RUN)}&right={quote(RUN)}", f"/runs/{quote(RUN)}", f"{POSTER}3", f"{LARGE}-1"]


@pytest.mark.parametrize("path", PAGES)
def test_everything_has_a_name_for_people_who_do_not_see_it(gallery: Any, path: str) -> None:
    opened = gallery("alone", path)
    opened.locator("a.thumb img").first.wait_for()

    assert opened.evaluate(NAMES) == []
    opened.locator("a.thumb").first.click()
    opened.get_by_role("dialog", name="Full-size image").wait_for()
    assert opened.evaluate(NAMES) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_a_telephone_shows_every_page_without_scrolling_sideways(
    page: Any, gallery: Any, picture: Callable[..., None], path: str, theme: str
) -> None:
    page.evaluate("theme => localStorage.setItem('theme', theme)", theme)
    opened = gallery("alone", path)
    page.set_viewport_size({"width": 390, "height": 844})
    opened.locator("a.thumb img").first.wait_for()
    picture(page, theme)

    assert page.evaluate("document.documentElement.scrollWidth") == 390
    opened.locator("a.thumb").first.click()
    opened.get_by_role("dialog", name="Full-size image").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    close = opened.get_by_role("dialog").get_by_role("button", name="Close").bounding_box()
    assert 0 <= close["x"] <= 390 - close["width"]
    assert 0 <= close["y"] <= 844 - close["height"]
