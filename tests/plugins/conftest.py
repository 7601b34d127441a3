"""Airflow's real web application with users of several rights, and task instances that recorded images."""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import airflow
import pytest
from PIL import Image

NO_GALLERY = tuple(map(int, airflow.__version__.split(".")[:2])) < (3, 1)
EVERYWHERE = {"test_imagen_plugin.py", "test_thumbnails.py"}
NEEDS_GALLERY = [path.name for path in sorted(Path(__file__).parent.glob("test_*.py")) if path.name not in EVERYWHERE]
collect_ignore = NEEDS_GALLERY if NO_GALLERY else []

os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = "of the tests' own, and as long as the library likes it: 64 bytes or more"
with warnings.catch_warnings():
    # Airflow's web parts warn of themselves when they are first imported; that is not ours.
    warnings.simplefilter("ignore")
    if not NO_GALLERY:
        import airflow.api_fastapi.app
        import starlette.testclient  # noqa: F401  # as used below, without what it says of its own dependencies

GALLERY = "/imagen-gallery"
MANIFEST = "gs://bucket/made/_imagen/batches/table-0123456789ab/manifest.jsonl"
FIRST_RUN = 1_000_000
"""The database is shared with tests that run DAGs: their runs have small numbers."""
STARTED = datetime(2026, 11, 20, 8, tzinfo=UTC)


def record(*uris: str, **changes: Any) -> dict[str, Any]:
    """Return a ``result`` document as the operators push it."""
    from airflow_provider_imagen.core.responses import GeneratedImage, ImagesResponse
    from airflow_provider_imagen.core.result_document import ResultDocument

    images = tuple(GeneratedImage("image/png", uri, prompt=f"rewritten for {uri[-5:]}") for uri in uris)
    sent = {"model": "imagen-4.0-generate-001", "prompt": "a red boat", "aspect_ratio": "16:9"}
    document = ResultDocument.build(sent, ImagesResponse(images, len(uris)), uris, location="us-central1")
    return document.to_json() | changes


def line(key: str, *uris: str, row: int = 1, status: str = "made", **changes: Any) -> bytes:
    """Return a line of a manifest as a batch writes it."""
    from airflow_provider_imagen.core.batch.manifest import ManifestLine

    values = {"row": row, "key": key, "status": status, "uris": uris, "fingerprint": "0" * 12}
    return ManifestLine.model_validate({"model": "gemini-nano-banana-2.1", **values, **changes}).encode()


def batch_record(manifest: str = MANIFEST, **changes: Any) -> dict[str, Any]:
    """Return the ``result`` of a batch as its operator pushes it."""
    from airflow_provider_imagen.core.batch.outcome import Counts, ItemOutcome

    counts, model = Counts(3), "gemini-nano-banana-2.1"
    counts.add(2, "sku-1", ItemOutcome("made", ("a",), None, model, 0.039))
    counts.add(3, "sku-2", ItemOutcome("reused", ("b", "c"), None, model, 0))
    counts.add(4, "sku-3", ItemOutcome("filtered", (), "The prompt was refused (58061214)."))
    document = counts.document(manifest, output_uri="gs://bucket/made/", imagen_conn_id="imagen_default")
    return document | changes


def picture(size: tuple[int, int] = (640, 480), kind: str = "PNG", color: str = "teal", mode: str = "RGB") -> bytes:
    """Return an image file."""
    target = io.BytesIO()
    Image.new(mode, size, color).save(target, kind)
    return target.getvalue()


@pytest.fixture
def make_record() -> Callable[..., dict[str, Any]]:
    return record


@pytest.fixture
def make_line() -> Callable[..., bytes]:
    return line


@pytest.fixture
def make_batch() -> Callable[..., dict[str, Any]]:
    return batch_record


@pytest.fixture
def put_manifest(emulator: Any) -> Callable[..., None]:
    """Return a function that stores lines as the manifest of the batch."""
    name = MANIFEST.removeprefix("gs://bucket/")
    return lambda *lines: emulator.put_object("bucket", name, b"".join(lines), "application/x-ndjson")


@pytest.fixture
def table(site: Airflow, posters: str, put_manifest: Callable[..., None]) -> str:
    """A batch with three items, one of them with two images and one without; returns the address of its page."""
    images = [f"gs://bucket/made/sample_{number}.png" for number in range(2)]
    put_manifest(
        line("sku-1", images[0], row=2),
        line("sku-2", *images, row=3, status="reused", estimated_cost_usd=0),
        line("sku-3", row=4, status="filtered", model=None, reason="The prompt was refused (58061214)."),
    )
    site.add_task(batch_record(), run=site.runs["manual__1", "posters_dag"], task_id="table")
    return f"{GALLERY}/dags/posters_dag/runs/manual__1/tasks/table/-1"


@pytest.fixture
def make_picture() -> Callable[..., bytes]:
    return picture


class Airflow:
    """Airflow's own database, and its web application as people with different rights see it."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.runs: dict[tuple[str, str], int] = {}
        self._numbers = count(1)

    def as_user(self, name: str | None = "reader", role: str | None = "viewer", **headers: str) -> Any:
        """Return a web client with a valid login; without one when the name is None."""
        from airflow.api_fastapi.app import get_auth_manager
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
        from starlette.testclient import TestClient

        client = TestClient(self._app, headers=headers, raise_server_exceptions=False)
        if name is not None:
            user = SimpleAuthManagerUser(username=name, role=role)
            client.headers["Authorization"] = f"Bearer {get_auth_manager().generate_jwt(user)}"
        return client

    def add_run(self, run_id: str = "manual__1", dag_id: str = "posters_dag", state: str = "success") -> int:
        """Add a run, each one an hour later than the one before, and return its number."""
        from airflow.models.dagrun import DagRun

        number = next(self._numbers)
        moment = STARTED + timedelta(hours=number)
        values = {"dag_id": dag_id, "run_id": run_id, "run_type": "manual", "state": state, "run_after": moment}
        self._insert(DagRun, id=FIRST_RUN + number, **values)
        self.runs[run_id, dag_id] = FIRST_RUN + number
        return FIRST_RUN + number

    def add_task(
        self, value: Any = None, *, run: int, run_id: str = "manual__1", key: str = "result", **changes: Any
    ) -> None:
        """Add a task instance, with an XCom when there is a value."""
        from airflow.models.taskinstance import TaskInstance
        from airflow.models.xcom import XComModel

        state = changes.pop("state", "success")
        names = {"dag_id": "posters_dag", "run_id": run_id, "task_id": "posters", "map_index": -1, **changes}
        self._insert(TaskInstance, pool="default_pool", state=state, try_number=1, **names)
        if value is not None:
            moment = {"timestamp": STARTED + timedelta(minutes=next(self._numbers))}
            self._insert(XComModel, dag_run_id=run, key=key, value=value, **moment, **names)

    def clear(self) -> None:
        """Forget everything."""
        from airflow.models.dagrun import DagRun
        from airflow.models.taskinstance import TaskInstance
        from airflow.models.xcom import XComModel
        from airflow.utils.session import create_session

        with create_session() as session:
            for table in (XComModel, TaskInstance, DagRun):
                session.execute(table.__table__.delete().where(table.__table__.c.dag_id.like("%posters_dag%")))

    @staticmethod
    def _insert(table: Any, **values: Any) -> None:
        from airflow.utils.session import create_session

        with create_session() as session:
            session.execute(table.__table__.insert().values(**values))


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


@pytest.fixture(scope="session")
def airflow_app(airflow_database: None) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Airflow and its web framework warn of while they start is not ours
        from airflow.api_fastapi.app import create_app
        from sqlalchemy.orm import configure_mappers

        app = create_app("core")
        configure_mappers()
        return app


@pytest.fixture
def site(airflow_app: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Airflow]:
    """Airflow with an empty database and empty caches."""
    from airflow_provider_imagen.plugins.gallery import batch_routes, image_responses
    from airflow_provider_imagen.plugins.gallery.manifests import Manifests
    from airflow_provider_imagen.plugins.gallery.thumbnails import new_thumbnail_cache

    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")  # as in the API server
    monkeypatch.setattr(image_responses, "thumbnail_cache", new_thumbnail_cache())
    monkeypatch.setattr(batch_routes, "manifests", Manifests())
    airflow_site = Airflow(airflow_app)
    airflow_site.clear()
    yield airflow_site
    airflow_site.clear()


@pytest.fixture
def posters(site: Airflow, emulator: Any, set_connection: Callable[..., None]) -> str:
    """A task instance with two images in Cloud Storage; returns the address of its page."""
    set_connection(**emulator.connection["extra"])
    emulator.put_object("bucket", "made/sample_0.png", picture(), "image/png")
    emulator.put_object("bucket", "made/sample_1.png", picture((300, 600)), "image/png")
    site.add_task(record("gs://bucket/made/sample_0.png", "gs://bucket/made/sample_1.png"), run=site.add_run())
    return f"{GALLERY}/dags/posters_dag/runs/manual__1/tasks/posters/-1"


@pytest.fixture
def visit(site: Airflow) -> Callable[..., Page]:
    """Return a function that opens a page as somebody who may read it."""
    return lambda path, status=200: Page(site, path, status)
