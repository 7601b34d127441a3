"""The images themselves: real type, small versions, caching that asks about rights first, and clear failures."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.plugins.gallery import image_responses, image_storage, thumbnails
from airflow_provider_imagen.plugins.gallery.thumbnails import new_thumbnail_cache

PAGE = "/imagen-gallery/dags/posters_dag/runs/manual__1/tasks/posters/-1"
Record = Callable[..., dict[str, Any]]
Picture = Callable[..., bytes]


def downloads(emulator: Any) -> int:
    return len([call for call in emulator.requests if call.method == "GET" and "/o/" in call.path])


def opened(answer: Any) -> Image.Image:
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


def test_an_image_is_sent_as_it_is_stored(site: Any, posters: str, make_picture: Picture) -> None:
    answer = site.as_user().get(f"{posters}/images/0")

    assert answer.content == make_picture()
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "private, no-cache"


def test_a_thumbnail_is_small_and_keeps_its_shape(site: Any, posters: str) -> None:
    wide, tall = (opened(site.as_user().get(f"{posters}/images/{number}/thumbnail")) for number in (0, 1))

    assert (wide.size, tall.size) == ((384, 288), (192, 384))


def test_a_thumbnail_tells_how_large_the_image_is(site: Any, posters: str, make_picture: Picture) -> None:
    headers = site.as_user().get(f"{posters}/images/0/thumbnail").headers

    assert headers["x-imagen-pixels"] == "640 x 480"
    assert headers["x-imagen-bytes"] == str(len(make_picture()))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_the_type_is_that_of_the_bytes_whatever_was_recorded(
    site: Any, posters: str, emulator: Any, make_picture: Picture, kind: str
) -> None:
    emulator.put_object("bucket", "made/sample_0.png", make_picture(kind=kind), "text/html")

    assert site.as_user().get(f"{posters}/images/0").headers["content-type"] == f"image/{kind.lower()}"
    assert opened(site.as_user().get(f"{posters}/images/0/thumbnail")).width == 384


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<html><script>alert(1)</script></html>",
        b"root:x:0:0:root:/root:/bin/bash\n",
        b"%PDF-1.7",
        b"BM and then words",
        b"RIFF....WAVE",
        b"\x89PNG",
        b"",
    ],
)
@pytest.mark.parametrize("what", ["", "/thumbnail"])
def test_what_is_no_image_is_not_sent(site: Any, posters: str, emulator: Any, content: bytes, what: str) -> None:
    emulator.put_object("bucket", "made/sample_0.png", content, "image/png")

    answer = site.as_user().get(f"{posters}/images/0{what}")

    assert (answer.status_code, answer.headers["content-type"]) == (415, "text/plain; charset=utf-8")
    assert "no PNG, JPEG, WebP, GIF or BMP image" in answer.text


def test_a_page_is_not_sent_as_an_image_only_because_it_begins_like_one(site: Any, posters: str, emulator: Any) -> None:
    emulator.put_object("bucket", "made/sample_0.png", b"GIF89a<script>alert(1)</script>", "text/html")

    answer = site.as_user().get(f"{posters}/images/0")

    assert (answer.status_code, answer.headers["content-type"]) == (415, "text/plain; charset=utf-8")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert site.as_user().get(f"{posters}/images/0/thumbnail").status_code == 415


@pytest.mark.parametrize("kind", ["TIFF", "ICO"])
def test_an_image_that_browsers_do_not_show_is_not_sent(
    site: Any, posters: str, emulator: Any, make_picture: Picture, kind: str
) -> None:
    emulator.put_object("bucket", "made/sample_0.png", make_picture(kind=kind), "image/png")

    assert site.as_user().get(f"{posters}/images/0").status_code == 415


def test_a_numbered_image_is_a_thumbnail_of_its_own(site: Any, posters: str) -> None:
    plain, first, second = (
        site.as_user().get(f"{posters}/images/{path}") for path in ("0/thumbnail", "0/numbered", "1/numbered")
    )

    assert opened(first).size == opened(plain).size
    assert len({each.content for each in (plain, first, second)}) == 3
    assert len({each.headers["etag"] for each in (plain, first, second)}) == 3


def test_a_thumbnail_is_made_once(site: Any, posters: str, emulator: Any) -> None:
    before = downloads(emulator)
    first, second = (site.as_user(name).get(f"{posters}/images/0/thumbnail") for name in ("reader", "other"))

    assert first.content == second.content
    assert downloads(emulator) - before == 1


def test_a_kept_thumbnail_is_not_given_to_somebody_without_rights(site: Any, posters: str) -> None:
    tag = site.as_user().get(f"{posters}/images/0/thumbnail").headers["etag"]

    for name, status in ((None, 401), ("stranger", 403)):
        client = site.as_user(name, role=None)
        assert client.get(f"{posters}/images/0/thumbnail").status_code == status
        assert client.get(f"{posters}/images/0/thumbnail", headers={"If-None-Match": tag}).status_code == status


def test_a_browser_that_has_it_is_told_so_without_sending_it_again(site: Any, posters: str) -> None:
    first = site.as_user().get(f"{posters}/images/0/thumbnail")

    again = site.as_user().get(f"{posters}/images/0/thumbnail", headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")


def test_a_later_try_gets_a_thumbnail_of_its_own(
    site: Any, posters: str, emulator: Any, make_record: Record, make_picture: Picture
) -> None:
    first = site.as_user().get(f"{posters}/images/0/thumbnail")
    site.clear()
    emulator.put_object("bucket", "made/sample_0.png", make_picture(color="red"), "image/png")
    site.add_task(make_record("gs://bucket/made/sample_0.png"), run=site.add_run())

    again = site.as_user().get(f"{posters}/images/0/thumbnail", headers={"If-None-Match": first.headers["etag"]})

    assert opened(again).convert("RGB").getpixel((9, 9))[0] > 200


def test_a_deleted_image_says_so(site: Any, posters: str, make_record: Record) -> None:
    site.add_task(make_record("gs://bucket/made/gone.png"), run=site.add_run("manual__2"), run_id="manual__2")

    answer = site.as_user().get(f"{posters.replace('manual__1', 'manual__2')}/images/0/thumbnail")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    assert "not there any more" in answer.text


def test_failures_are_not_remembered(site: Any, posters: str, emulator: Any, make_picture: Picture) -> None:
    emulator.put_object("bucket", "made/sample_0.png", b"no image", "image/png")
    assert site.as_user().get(f"{posters}/images/0/thumbnail").status_code == 415

    emulator.put_object("bucket", "made/sample_0.png", make_picture(), "image/png")
    assert site.as_user().get(f"{posters}/images/0/thumbnail").status_code == 200


def test_a_connection_that_does_not_work_is_named_and_its_secrets_are_not(
    site: Any, posters: str, set_connection: Callable[..., None]
) -> None:
    set_connection(keyfile_dict='{"private_key": "planted-secret"}', project="p")

    answer = site.as_user().get(f"{posters}/images/0")

    assert answer.status_code == 502
    assert "through the connection imagen_default" in answer.text
    assert "planted-secret" not in answer.text


def test_the_connection_is_the_one_that_the_task_recorded(
    site: Any, emulator: Any, posters: str, make_record: Record, set_connection: Callable[..., None]
) -> None:
    set_connection("imagen_default", storage_endpoint="http://127.0.0.1:1", is_anonymous=True)
    set_connection("imagen_other", **emulator.connection["extra"])
    value = make_record("gs://bucket/made/sample_0.png", imagen_conn_id="imagen_other")
    site.add_task(value, run=site.add_run("manual__2"), run_id="manual__2")

    assert site.as_user().get(f"{posters}/images/0").status_code == 502
    assert site.as_user().get(f"{posters.replace('manual__1', 'manual__2')}/images/0").status_code == 200


def test_a_connection_of_airflows_own_database_is_found(
    site: Any, posters: str, emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session

    monkeypatch.delenv("AIRFLOW_CONN_IMAGEN_DEFAULT")
    extra = json.dumps(emulator.connection["extra"])
    with create_session() as session:
        session.add(Connection(conn_id="imagen_default", conn_type="imagen", extra=extra))
    try:
        assert site.as_user().get(f"{posters}/images/0").status_code == 200
    finally:
        with create_session() as session:
            session.query(Connection).filter_by(conn_id="imagen_default").delete()


def test_an_image_beyond_the_bound_is_not_read_to_its_end(
    site: Any, posters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_storage, "MAX_IMAGE_BYTES", 100)

    answer = site.as_user().get(f"{posters}/images/0")

    assert answer.status_code == 413
    assert "Open it in its storage" in answer.text


def test_a_bomb_is_not_decoded(site: Any, posters: str, emulator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("was decoded"))
    bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (50_000).to_bytes(4) * 2 + b"\x08\x02\0\0\0"
    emulator.put_object("bucket", "made/sample_0.png", bomb, "image/png")

    answer = site.as_user().get(f"{posters}/images/0/thumbnail")

    assert answer.status_code == 422
    assert answer.text == "No preview: the image says that it has 50000 x 50000 pixels."


def test_without_pillow_the_image_itself_is_the_thumbnail_if_it_is_small(
    site: Any, posters: str, make_picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "pillow_is_installed", lambda: False)
    monkeypatch.setattr(thumbnails, "MAX_BYTES_WITHOUT_PILLOW", len(make_picture()))

    answer = site.as_user().get(f"{posters}/images/0/thumbnail")
    assert answer.content == make_picture()
    assert answer.headers["x-imagen-pixels"] == "640 x 480"

    monkeypatch.setattr(thumbnails, "MAX_BYTES_WITHOUT_PILLOW", len(make_picture()) - 1)
    monkeypatch.setattr(image_responses, "thumbnail_cache", new_thumbnail_cache())
    refused = site.as_user().get(f"{posters}/images/0/thumbnail")
    assert (refused.status_code, "Pillow is not installed" in refused.text) == (422, True)


def test_local_images_are_shown_from_folders_that_the_configuration_names(
    site: Any, make_record: Record, make_picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "a.png").write_bytes(make_picture())
    (tmp_path / "b.png").write_bytes(make_picture())
    (tmp_path / "open" / "link.png").symlink_to(tmp_path / "b.png")
    uris = ["open/a.png", "b.png", "open/link.png", "open/../b.png", "open/gone.png", "open"]
    site.add_task(make_record(*[f"{tmp_path}/{uri}" for uri in uris]), run=site.add_run())
    monkeypatch.setenv("AIRFLOW__IMAGEN__GALLERY_LOCAL_FOLDERS", f" {tmp_path}/open , relative")

    statuses = [site.as_user().get(f"{PAGE}/images/{number}").status_code for number in range(len(uris))]

    assert statuses == [200, 403, 403, 403, 404, 502]


def test_local_images_are_not_shown_without_such_a_folder(
    site: Any, make_record: Record, make_picture: Picture, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(make_picture())
    site.add_task(make_record(f"{tmp_path}/a.png", f"file://{tmp_path}/a.png"), run=site.add_run())

    for number in (0, 1):
        answer = site.as_user().get(f"{PAGE}/images/{number}")
        assert (answer.status_code, "On the disk of the worker" in answer.text) == (403, True)


def test_a_lost_answer_is_no_mystery(site: Any, posters: str, emulator: Any) -> None:
    emulator.order_fault(Fault("download", status=503))

    answer = site.as_user().get(f"{posters}/images/0")

    assert (answer.status_code, "could not read this image" in answer.text) == (502, True)
