"""The gallery where the address of Airflow has a path, as behind a proxy that serves more than Airflow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

RUN = "behind:a+path"
WIDTH = "image => image.decode().then(() => image.naturalWidth)"
CHOICE = "imagen_approval"


@pytest.fixture
def opened(site_behind_a_path: Any, log_in: Callable[[str, str], Any]) -> Any:
    return log_in(site_behind_a_path.address, site_behind_a_path.passwords["admin"])


def start(site: Any, dag_id: str, task_id: str, state: str) -> None:
    """Start a run, and wait until a task of it is in a state."""
    site.unpause([dag_id])
    site.call("POST", f"dags/{dag_id}/dagRuns", {"dag_run_id": RUN, "logical_date": None})
    path = f"dags/{dag_id}/dagRuns/{quote(RUN)}/taskInstances/{task_id}"
    ended = {state, "failed", "upstream_failed"}
    site.wait_until(lambda: site.call("GET", path)["state"] in ended, f"done with {task_id} of {dag_id}")
    assert site.call("GET", path)["state"] == state


def test_the_tab_shows_images_and_their_links_keep_the_path(
    site_behind_a_path: Any, opened: Any, picture: Callable[..., None]
) -> None:
    site = site_behind_a_path
    start(site, "imagen_minimal", "picture", "success")
    task = f"/dags/imagen_minimal/runs/{quote(RUN)}/tasks/picture"

    opened.goto(f"{site.address}{task}")
    opened.get_by_role("link", name="Images", exact=True).click()
    gallery = opened.frame_locator("iframe")
    assert gallery.locator("a.thumb img").evaluate(WIDTH) > 0
    gallery.get_by_role("button", name="Copy link to image 1").click()
    address = gallery.locator("input.copied").input_value()
    picture(opened, "frame")

    assert address == f"{site.address}/imagen-gallery{task}/-1#image-0"
    opened.goto(address)
    opened.get_by_text("Image 1 of 1 · 1024 x 1024").wait_for()
    opened.get_by_role("dialog").get_by_role("button", name="Close").click()
    for name in (RUN, "Recent runs of imagen_minimal"):
        opened.get_by_role("link", name=name).click()
        opened.locator("a.thumb img").first.wait_for()
        assert opened.url.startswith(f"{site.address}/imagen-gallery/")


def test_a_person_who_is_asked_sees_the_images(
    site_behind_a_path: Any, opened: Any, airflow_version: tuple[int, int], picture: Callable[..., None]
) -> None:
    start(site_behind_a_path, CHOICE, "ask", "awaiting_input" if airflow_version >= (3, 3) else "deferred")

    opened.goto(f"{site_behind_a_path.address}/dags/{CHOICE}/runs/{quote(RUN)}/tasks/ask/required_actions")
    shown = opened.locator("img[alt^='image ']")
    shown.nth(3).wait_for()
    picture(opened, "question")

    assert [image.evaluate(WIDTH) for image in shown.all()] == [384] * 4
