"""Images to take along: files with telling names, and all of a run in an archive that is never in memory as a whole."""

from __future__ import annotations

import asyncio
import io
import threading
import zipfile
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from airflow_provider_imagen.plugins.gallery import archive, archive_routes, image_responses, queries
from airflow_provider_imagen.plugins.gallery.addresses import TaskInstanceAddress
from airflow_provider_imagen.plugins.gallery.concurrency import ConcurrencyLimit
from airflow_provider_imagen.plugins.gallery.file_names import archive_file_name, attachment, image_file_name

RUN = "/imagen-gallery/dags/posters_dag/runs/manual__1"
Record = Callable[..., dict[str, Any]]
Picture = Callable[..., bytes]


@pytest.mark.parametrize(
    ("parts", "key", "number", "mime_type", "name"),
    [
        (("dag", "run", "task", -1), None, 0, "image/png", "dag-task-1.png"),
        (("dag", "run", "task", 12), None, 3, "image/jpeg", "dag-task-12-4.jpg"),
        (("dag", "run", "task", 12), "sku-17", 0, "image/webp", "dag-task-sku-17-1.webp"),
        (("dag", "run", "group.task", -1), "../../etc/passwd", 0, "image/png", "dag-group.task-_.._etc_passwd-1.png"),
        (("dag", "run", "größe", -1), 'a"b\r\nc', 0, "image/gif", "dag-größe-a_b_c-1.gif"),
        (("d" * 300, "run", "t" * 300, -1), None, 0, "text/html", f"{'d' * 80}-{'t' * 80}-1.bin"),
    ],
)
def test_a_file_is_named_after_dag_task_key_and_number(
    parts: Any, key: str | None, number: int, mime_type: str, name: str
) -> None:
    assert image_file_name(TaskInstanceAddress(*parts), key, number, mime_type) == name


def test_an_archive_is_named_after_dag_and_run() -> None:
    assert archive_file_name("dag", "manual__2026-11-22T00:00:00+00:00") == "dag-manual__2026-11-22T00_00_00_00_00.zip"


def test_a_name_in_any_letters_reaches_every_browser() -> None:
    assert attachment("größe.png") == {
        "Content-Disposition": "attachment; filename=\"gr__e.png\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.png"
    }


def test_an_image_is_sent_as_a_file(site: Any, posters: str, make_picture: Picture) -> None:
    answer = site.as_user().get(f"{posters}/images/0/file")

    assert answer.content == make_picture()
    assert answer.headers["content-type"] == "image/png"
    assert 'attachment; filename="posters_dag-posters-1.png"' in answer.headers["content-disposition"]
    assert "content-disposition" not in site.as_user().get(f"{posters}/images/0").headers


def test_the_ending_is_that_of_the_bytes(site: Any, posters: str, emulator: Any, make_picture: Picture) -> None:
    emulator.put_object("bucket", "made/sample_0.png", make_picture(kind="JPEG"), "image/png")

    assert "posters-1.jpg" in site.as_user().get(f"{posters}/images/0/file").headers["content-disposition"]


def unpacked(answer: Any) -> dict[str, bytes]:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def test_an_archive_holds_every_image_of_the_run(
    site: Any, posters: str, make_record: Record, make_picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "INSTANCES_ON_A_PAGE", 2)
    uri = "gs://bucket/made/sample_1.png"
    for index in range(4):
        site.add_task(make_record(uri), run=site.runs["manual__1", "posters_dag"], task_id="banners", map_index=index)
    keyed = {"image_key": "sku"}
    site.add_task(make_record(uri, uri) | keyed, run=site.runs["manual__1", "posters_dag"], task_id="keyed")
    other = site.add_run("manual__2")
    site.add_task(make_record(uri), run=other, run_id="manual__2", task_id="elsewhere")

    answer = site.as_user().get(f"{RUN}/images.zip")

    assert 'filename="posters_dag-manual__1.zip"' in answer.headers["content-disposition"]
    tall = make_picture((300, 600))
    assert unpacked(answer) == {
        **{f"posters_dag-banners-{index}-1.png": tall for index in range(4)},
        "posters_dag-keyed-sku-1.png": tall,
        "posters_dag-keyed-sku-2.png": tall,
        "posters_dag-posters-1.png": make_picture(),
        "posters_dag-posters-2.png": tall,
    }


def test_what_is_missing_is_listed_with_the_reason(site: Any, posters: str, make_record: Record) -> None:
    uris = ["gs://bucket/made/gone.png", "/etc/passwd", "gs://bucket/made/sample_1.png"]
    site.add_task(make_record(*uris), run=site.runs["manual__1", "posters_dag"], task_id="broken")

    files = unpacked(site.as_user().get(f"{RUN}/images.zip"))

    assert set(files) == {
        "missing.txt",
        "posters_dag-broken-3.png",
        "posters_dag-posters-1.png",
        "posters_dag-posters-2.png",
    }
    lines = files["missing.txt"].decode().splitlines()
    assert [line.partition(": ")[0] for line in lines] == uris[:2]
    assert "not there any more" in lines[0]


@pytest.mark.parametrize(("name", "bound"), [("MAX_ARCHIVE_IMAGES", 1), ("MAX_ARCHIVE_BYTES", 1)])
def test_an_archive_has_a_bound_and_says_what_is_beyond_it(
    site: Any, posters: str, monkeypatch: pytest.MonkeyPatch, name: str, bound: int
) -> None:
    monkeypatch.setattr(archive, name, bound)

    files = unpacked(site.as_user().get(f"{RUN}/images.zip"))

    assert set(files) == {"missing.txt", "posters_dag-posters-1.png"}
    assert b"gs://bucket/made/sample_1.png: this archive is full" in files["missing.txt"]


def test_two_images_of_one_name_are_both_there(site: Any, posters: str, make_record: Record) -> None:
    """Two keys may differ only in letters that no file name has."""
    for index, key in enumerate(("a/b", "a:b")):
        value = make_record("gs://bucket/made/sample_0.png") | {"image_key": key}
        site.add_task(value, run=site.runs["manual__1", "posters_dag"], task_id="x", map_index=index)

    files = unpacked(site.as_user().get(f"{RUN}/images.zip"))

    assert {"posters_dag-x-a_b-1.png", "posters_dag-x-a_b-1~2.png"} <= set(files)


def test_names_that_differ_in_case_alone_do_not_overwrite_each_other_where_they_are_unpacked(
    site: Any, posters: str, make_record: Record
) -> None:
    run = site.runs["manual__1", "posters_dag"]
    for index, key in enumerate(("Lamp", "lamp")):
        document = make_record("gs://bucket/made/sample_1.png") | {"image_key": key}
        site.add_task(document, run=run, task_id="keyed", map_index=index)

    files = unpacked(site.as_user().get(f"{RUN}/images.zip"))

    # Windows and macOS take Lamp.png and lamp.png for one file.
    assert {name for name in files if "keyed" in name} == {
        "posters_dag-keyed-Lamp-1.png",
        "posters_dag-keyed-lamp-1~2.png",
    }


@pytest.mark.parametrize("run", ["manual__9", "~", ".."])
def test_a_run_that_never_was_has_no_archive(site: Any, posters: str, run: str) -> None:
    assert site.as_user().get(f"/imagen-gallery/dags/posters_dag/runs/{run}/images.zip").status_code == 404


def test_a_run_without_images_has_an_empty_archive(site: Any) -> None:
    site.add_run()

    assert unpacked(site.as_user().get(f"{RUN}/images.zip")) == {}


def test_only_one_image_is_in_memory_and_each_is_sent_before_the_next_is_read(
    make_picture: Picture, make_record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_imagen.core.result_document import ResultDocument
    from airflow_provider_imagen.plugins.gallery.instances import Instance
    from airflow_provider_imagen.plugins.gallery.recorded_images import RecordedImage, results_of

    events: list[str] = []
    document = ResultDocument.read(make_record("gs://bucket/a.png", "gs://bucket/b.png"))
    address = TaskInstanceAddress("dag", "run", "task", -1)

    async def images() -> AsyncIterator[RecordedImage]:
        for number in range(2):
            events.append(f"query {number}")
            for recorded in results_of(Instance(address._replace(map_index=number), "success", 1, None, document)):
                yield recorded

    async def read(action: Callable[[], tuple[bytes, str]]) -> tuple[bytes, str]:
        events.append("read")
        return make_picture(), "image/png"

    async def collect() -> bytes:
        parts = []
        async for part in archive.archive_of(images(), read):
            events.append("sent")
            parts.append(part)
        return b"".join(parts)

    content = asyncio.run(collect())

    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert len(found.namelist()) == 4
        assert found.infolist()[0].date_time[:3] == (1980, 1, 1)
    of_one = ["read", "sent", "read", "sent"]
    assert events == ["query 0", *of_one, "query 1", *of_one, "sent"]


def test_a_run_is_queried_in_threads_so_that_other_requests_are_served_meanwhile(
    site: Any, posters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    read_run = archive_routes.read_run

    def watched(*arguments: Any) -> Any:
        threads.append(threading.current_thread())
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        return read_run(*arguments)

    monkeypatch.setattr(archive_routes, "read_run", watched)

    assert len(unpacked(site.as_user().get(f"{RUN}/images.zip"))) == 2
    assert len(threads) == 2  # whether it is there, and its one page


def test_archives_leave_the_turns_of_pages_alone(site: Any, posters: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_responses, "concurrency_limit", ConcurrencyLimit(limit=0, timeout_seconds=0.01))

    assert len(unpacked(site.as_user().get(f"{RUN}/images.zip"))) == 2
