"""A real Airflow and a real browser: Chromium, headless, driven by Playwright. What it saw stays in ``test-output``."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PICTURES = REPOSITORY / "test-output" / "browser"
BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
TALL_ENOUGH_FOR_THE_FORM = {"width": 1200, "height": 2400}
PATIENCE_MS = 300_000
"""A bound for tests that fail; on a slow machine a page takes a minute."""
taken: list[Path] = []
noted: list[str] = []


def cannot_run(why: str) -> NoReturn:
    """Skip the test, or fail it where everything is there."""
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(f"REQUIRE_BROWSER is set, and {why}", pytrace=False)
    pytest.skip(why)


def version_of_airflow() -> tuple[int, int]:
    major, minor = importlib.metadata.version("apache-airflow").split(".")[:2]
    return int(major), int(minor)


@pytest.fixture(scope="session")
def airflow_version() -> tuple[int, int]:
    """What differs between versions is asked of this, so that each says what is expected of it."""
    return version_of_airflow()


@pytest.fixture(scope="session")
def newest_airflow(airflow_version: tuple[int, int]) -> None:
    """Skip what looks at parts of Airflow's own UI that differ from version to version."""
    if airflow_version < (3, 3):
        pytest.skip("this test knows the UI of Airflow 3.3; the gallery is looked at on every version that has it")


@pytest.fixture(scope="session")
def stores_in_frame(airflow_version: tuple[int, int]) -> bool:
    """Whether Airflow's frame lets a page in it store files."""
    return airflow_version >= (3, 3)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium: the one that CHROMIUM names, the one that make unpacked, or the machine's."""
    if version_of_airflow() < (3, 1):
        pytest.skip("this Airflow has no views of plugins")
    own = REPOSITORY / ".browser" / "chromium"
    found = os.environ.get("CHROMIUM") or (str(own) if own.exists() else None)
    found = found or next(filter(None, map(shutil.which, BROWSERS)), None)
    return found or cannot_run("there is no Chromium: run 'make .browser/ready', or set CHROMIUM to the path of one.")


@pytest.fixture(scope="session")
def site(chromium: str) -> Iterator[Any]:
    """A running Airflow with the example DAGs."""
    with running_site() as running:
        yield running


@pytest.fixture(scope="module")
def site_behind_a_path(chromium: str) -> Iterator[Any]:
    """A running Airflow whose address has a path, connected with an emulator that has the photos of the examples."""
    from product_photo import put_photos

    with running_site("/some/airflow") as running, connected_emulator(running) as emulator:
        put_photos(emulator, "my-bucket")
        yield running


@contextmanager
def running_site(base_path: str = "") -> Iterator[Any]:
    from airflow_site import AirflowSite

    home, users = Path(tempfile.mkdtemp(prefix="imagen-site-")), {"admin": "admin", "guest": ""}
    try:
        with AirflowSite(home, REPOSITORY / "dags_examples", users, base_path=base_path) as running:
            yield running
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def google(site: Any) -> Iterator[Any]:
    with connected_emulator(site) as running:
        yield running


@contextmanager
def connected_emulator(site: Any) -> Iterator[Any]:
    """The emulator, and a connection to it; a connection of that name that is there already is replaced."""
    from airflow_provider_imagen.emulator import Emulator

    with Emulator(buckets=["my-bucket"]) as running:
        forget_connection(site)
        extra = json.dumps(running.connection["extra"])
        site.call("POST", "connections", {"connection_id": "imagen_default", "conn_type": "imagen", "extra": extra})
        yield running
        forget_connection(site)


def forget_connection(site: Any) -> None:
    known = site.call("GET", "connections?limit=1000")["connections"]
    if any(each["connection_id"] == "imagen_default" for each in known):
        site.call("DELETE", "connections/imagen_default")


# For one module only: Playwright keeps an event loop running, and tests of triggers start one of their own.
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        cannot_run("Playwright is missing: pip install 'airflow-provider-imagen[browser]'.")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium)
        yield running
        running.close()


@pytest.fixture
def log_in(browser: Any, picture: Callable[..., None]) -> Iterator[Callable[[str, str], Any]]:
    """Return a function that gives a page of the UI; its user has logged in, as a person does."""
    pages: list[Any] = []

    def open_page(address: str, password: str) -> Any:
        page = browser.new_page(viewport=TALL_ENOUGH_FOR_THE_FORM, base_url=address)
        pages.append(page)
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{address}/")
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Admin").wait_for()
        return page

    yield open_page
    for page in pages:
        picture(page, "end")
        page.close()


@pytest.fixture
def page(log_in: Callable[[str, str], Any], site: Any) -> Any:
    return log_in(site.address, site.passwords["admin"])


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return a function that keeps what a page shows."""

    def keep(page: Any, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / (re.sub(r"\W+", "-", f"{request.node.name}-{name}") + ".png")
        page.screenshot(path=path, animations="disabled")
        taken.append(path)

    return keep


@pytest.fixture
def note() -> Callable[[str], None]:
    """Return a function that keeps a line for the summary."""
    return noted.append


def pytest_sessionstart() -> None:
    shutil.rmtree(PICTURES, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if taken:
        terminalreporter.section("what the browser saw")
        for path in taken:
            terminalreporter.line(str(path.relative_to(REPOSITORY)))
    for line in noted:
        terminalreporter.line(line)
