"""The example with a person in it, on a running Airflow: the person looks at the pictures, chooses, and answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

import pytest
from product_photo import put_photos

DAG, ASK = "imagen_approval", "ask"
WIDTH = "image => image.decode().then(() => image.naturalWidth)"


@pytest.fixture
def asked(site: Any, google: Any, airflow_version: tuple[int, int], request: pytest.FixtureRequest) -> str:
    """The id of a run, started by hand, that waits for a person. Its name has what addresses must quote."""
    put_photos(google, "my-bucket")
    site.unpause([DAG])
    run_id = f"by_hand:{request.node.callspec.id}+1"
    site.call("POST", f"dags/{DAG}/dagRuns", {"dag_run_id": run_id, "logical_date": None})
    waiting = "awaiting_input" if airflow_version >= (3, 3) else "deferred"
    site.wait_until(lambda: state_of(site, run_id, ASK) == [waiting], f"asking in {run_id}")
    # No person is that quick: an answer before the scheduler heard that the first process ended fails the task (3.3.2).
    heard = f"TaskInstance Finished: dag_id={DAG}, task_id={ASK}, run_id={run_id},"
    site.wait_until(lambda: heard in site.log.read_text(encoding="utf-8", errors="replace"), f"told that {ASK} waits")
    return run_id


def state_of(site: Any, run_id: str, task_id: str) -> list[str | None]:
    tasks = site.call("GET", f"dags/{DAG}/dagRuns/{run_id}/taskInstances")["task_instances"]
    return [each["state"] for each in tasks if each["task_id"] == task_id]


def answer(page: Any, options: Sequence[str]) -> None:
    box = page.get_by_role("combobox").last
    for option in options:
        box.fill(option)
        page.get_by_role("option", name=option, exact=True).wait_for()
        box.press("Enter")
    page.get_by_role("button", name="Respond").click()


@pytest.mark.parametrize(
    ("options", "large", "state"),
    [(["2", "4"], 2, "success"), (["none of them"], 0, "skipped")],
    ids=["two", "none"],
)
def test_a_person_sees_the_pictures_and_only_what_is_chosen_is_enlarged(
    page: Any,
    site: Any,
    google: Any,
    asked: str,
    picture: Callable[..., None],
    options: list[str],
    large: int,
    state: str,
) -> None:
    before = len(google.list_objects("my-bucket", "approval/large/"))

    page.goto("/required_actions")
    page.locator(f"a[href*='{asked}'], a[href*='{quote(asked)}']").filter(has_text="Which of these").click()
    shown = page.locator("img[alt^='image ']")
    shown.nth(3).wait_for()
    assert [image.evaluate(WIDTH) for image in shown.all()] == [384] * 4
    picture(page, "question")
    one, two, three, _ = (image.bounding_box() for image in shown.all())
    assert two["y"] == one["y"] < three["y"]
    assert two["x"] > one["x"] == three["x"]
    page.goto(page.locator("a:has(> img[alt='image 3'])").evaluate("link => link.href"))
    page.get_by_role("dialog").get_by_text("· 1024 x 1024").wait_for()
    assert page.locator("#viewer-image").get_attribute("src").endswith("/candidates/-1/images/2")
    page.go_back()
    shown.nth(3).wait_for()
    answer(page, options)

    site.wait_until(
        lambda: site.call("GET", f"dags/{DAG}/dagRuns/{asked}")["state"] in {"success", "failed"}, f"done with {asked}"
    )
    assert set(state_of(site, asked, "large")) == {state}
    assert len(google.list_objects("my-bucket", "approval/large/")) - before == large
