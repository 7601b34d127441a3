"""The gallery inside the newest Airflow's UI: with pictures, with filtered ones, with none, and closed to others."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from airflow_provider_imagen.emulator import Emulator, Fault

DAG, TASK = "imagen_minimal", "picture"
MADE, FILTERED, REFUSED = "gallery_made", "gallery_filtered", "gallery_refused+1"
MESSAGE = "Permission 'aiplatform.endpoints.predict' denied"
DARK_THEME = "() => localStorage.setItem('theme', 'dark')"


@pytest.fixture(scope="module")
def runs(site: Any, google: Emulator) -> None:
    """One run with an image, one in which it was filtered, and one that Google refused."""
    site.unpause([DAG])
    run(site, MADE, day=1)
    google.order_fault(Fault("generate", status=403, message=MESSAGE))
    run(site, REFUSED, day=3)
    google.order_fault(Fault("generate", times=9, filtered=1, support_codes=("58061214",)))
    run(site, FILTERED, day=2)


def run(site: Any, run_id: str, day: int) -> None:
    site.call("POST", f"dags/{DAG}/dagRuns", {"dag_run_id": run_id, "logical_date": f"2026-02-0{day}T00:00:00Z"})
    site.wait_until(
        lambda: site.call("GET", f"dags/{DAG}/dagRuns/{quote(run_id)}")["state"] in {"success", "failed"},
        f"done with {run_id}",
    )


def images_tab(page: Any, address: str) -> Any:
    page.set_viewport_size({"width": 1200, "height": 800})
    page.goto(address)
    page.get_by_role("link", name="Images", exact=True).click()
    gallery = page.frame_locator("iframe")
    gallery.locator("html[data-started]").wait_for(state="attached")
    return gallery


@pytest.mark.usefixtures("runs")
def test_a_task_instance_shows_its_image_and_opens_it_in_full_size(page: Any, picture: Callable[..., None]) -> None:
    gallery = images_tab(page, f"/dags/{DAG}/runs/{MADE}/tasks/{TASK}")

    gallery.get_by_text("A lighthouse at dawn").first.wait_for()
    gallery.get_by_text("1024 x 1024").wait_for()
    picture(page, "thumbnail")
    gallery.locator("a.thumb").press("Enter")
    gallery.get_by_role("dialog").wait_for()
    assert gallery.locator("#viewer-image").evaluate("image => image.decode().then(() => image.naturalWidth)") == 1024
    picture(page, "full-size")
    gallery.locator("#viewer-image").press("Escape")
    gallery.get_by_role("dialog").wait_for(state="hidden")


@pytest.mark.usefixtures("runs")
def test_it_is_dark_when_airflow_is(page: Any, picture: Callable[..., None]) -> None:
    page.evaluate(DARK_THEME)
    gallery = images_tab(page, f"/dags/{DAG}/runs/{MADE}/tasks/{TASK}")

    gallery.get_by_text("1024 x 1024").wait_for()
    picture(page, "dark")
    red, green, blue = re.findall(
        r"\d+", gallery.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    )[:3]
    assert max(int(red), int(green), int(blue)) < 80


@pytest.mark.usefixtures("runs")
def test_a_filtered_image_says_why(page: Any, picture: Callable[..., None]) -> None:
    gallery = images_tab(page, f"/dags/{DAG}/runs/{FILTERED}/tasks/{TASK}")

    gallery.get_by_text("No image came back.").wait_for()
    assert gallery.locator(".reasons li").count() == 1
    picture(page, "filtered")


@pytest.mark.usefixtures("runs")
def test_the_dag_shows_its_recent_runs(page: Any, picture: Callable[..., None]) -> None:
    gallery = images_tab(page, f"/dags/{DAG}")

    for run_id in (MADE, FILTERED, REFUSED):
        gallery.get_by_role("heading", name=run_id).wait_for()
    picture(page, "recent-runs")


REFUSED_TASK = f"/dags/{DAG}/runs/{quote(REFUSED)}/tasks/{TASK}"


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("address", [REFUSED_TASK, f"/dags/{DAG}"], ids=["task", "dag"])
def test_a_failed_task_says_why_and_where_its_log_is(
    page: Any, site: Any, picture: Callable[..., None], address: str
) -> None:
    """Airflow's frame lets no link lead out of it, so the address is there to copy."""
    gallery = images_tab(page, address)

    gallery.locator(".failure").last.scroll_into_view_if_needed()
    reason = gallery.locator(".reason").filter(has_text=MESSAGE)
    reason.wait_for()
    assert reason.text_content().startswith("PermissionDeniedError: ")
    field = gallery.get_by_role("textbox", name="Log of try 1").last
    assert field.input_value().endswith(f"{REFUSED_TASK}?try_number=1")
    gallery.get_by_role("button", name="Copy the address: Log of try 1").last.click()
    assert field.evaluate("field => field.value.slice(field.selectionStart, field.selectionEnd)") == field.input_value()
    picture(page, "failed")
    page.goto(field.input_value())
    page.get_by_text(MESSAGE).first.wait_for()


@pytest.mark.usefixtures("runs")
def test_opened_alone_the_gallery_leads_to_the_log(page: Any, picture: Callable[..., None]) -> None:
    page.goto(f"/imagen-gallery{REFUSED_TASK}/-1")

    page.locator(".reason").filter(has_text=MESSAGE).wait_for()
    picture(page, "failed-alone")
    page.get_by_role("link", name="Log of try 1").click()
    page.get_by_text("Task failed with exception").first.wait_for()


def test_a_dag_that_never_ran_says_so(site: Any, page: Any, picture: Callable[..., None]) -> None:
    site.wait_until(lambda: site.call("GET", "dags/imagen_local_folder"), "aware of imagen_local_folder")
    gallery = images_tab(page, "/dags/imagen_local_folder")

    gallery.get_by_text("This DAG has not run yet.").wait_for()
    picture(page, "none")


PAGES = [
    f"/imagen-gallery/dags/{DAG}",
    f"/imagen-gallery/dags/{DAG}/runs/{MADE}/tasks/{TASK}/-1",
    f"/imagen-gallery/dags/{DAG}/runs/{MADE}/tasks/{TASK}/-1/images/0",
    f"/imagen-gallery/dags/{DAG}/runs/{MADE}/tasks/{TASK}/-1/images/0/thumbnail",
]


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize(("user", "status"), [("admin", 200), ("guest", 403), (None, 401)])
def test_only_who_may_read_the_dag_sees_anything(
    site: Any, browser: Any, picture: Callable[..., None], user: str | None, status: int, address: str
) -> None:
    context = browser.new_context(base_url=site.address, extra_http_headers=site.token(user) if user else {})
    page = context.new_page()

    answer = page.goto(address)

    assert answer.status == status
    assert user == "admin" or "lighthouse" not in page.content()
    picture(page, "seen")
    context.close()
