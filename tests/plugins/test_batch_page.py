"""The page of a batch: its items by pages, read from the manifest, found by status and text."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_imagen.plugins.gallery import manifests
from airflow_provider_imagen.plugins.gallery.batch_document import BatchDocument
from airflow_provider_imagen.plugins.gallery.stored_files import FileUnavailableError

Visit = Callable[..., Any]
DAG = "/imagen-gallery/dags/posters_dag"
FOUND = [
    ("", ["sku-1", "sku-2", "sku-3"]),
    ("text=SKU-2", ["sku-2"]),
    ("text=refused", ["sku-3"]),
    ("text=sample_1", ["sku-2"]),
    ("text=nano", ["sku-1", "sku-2"]),
    ("status=filtered", ["sku-3"]),
    ("status=reused&text=sku", ["sku-2"]),
    ("status=lost", []),
    ("key=sku-1", ["sku-1"]),
    ("key=sku", []),
]


def keys(page: Any) -> list[str]:
    """Return the keys of the items on a page, each once."""
    words = page.answer.text.split('<p class="key">')[1:]
    return list(dict.fromkeys(each.split(" ")[0] for each in words))


@pytest.mark.parametrize(("query", "found"), FOUND)
def test_items_are_found_by_status_text_and_key(visit: Visit, table: str, query: str, found: list[str]) -> None:
    page = visit(f"{table}?{query}")

    assert keys(page) == found
    assert ("No item matches the filter." in page.text) == (not found)
    assert ("Show all" in page.text) == bool(query)


def test_counts_cost_models_and_the_manifest_are_shown(visit: Visit, table: str) -> None:
    text = visit(table).text

    for words in ("Items 3", "Made 1", "Reused 1", "Filtered 1", "Images 3", "gemini-nano-banana-2.1", "0.04 USD"):
        assert words in text
    assert "Lost" not in text
    assert "gs://bucket/made/_imagen/batches/table-0123456789ab/manifest.jsonl" in text


def test_a_manifest_with_other_numbers_is_said_to_be_of_a_later_run_or_of_one_before(
    visit: Visit, table: str, put_manifest: Any, make_line: Any
) -> None:
    words = "a later run of this batch has written it anew, or this one could not write it at its end"
    own = visit(table)

    put_manifest(make_line("sku-1"), make_line("sku-2", row=3), make_line("sku-3", row=4))
    later = visit(f"{table}?key=sku-1")

    assert words not in " ".join(own.text.split())
    assert words in " ".join(later.text.split())
    assert "Filtered 1" in later.text
    assert keys(later) == ["sku-1"]


def test_an_item_has_its_images_or_the_reason_why_it_has_none(visit: Visit, table: str) -> None:
    page = visit(table)

    assert page.thumbnails() == [
        f"{table}/items/{key}/images/{number}/thumbnail" for key, number in (("sku-1", 0), ("sku-2", 0), ("sku-2", 1))
    ]
    assert "sku-3 filtered Row 4 The prompt was refused (58061214)." in page.text
    assert page.all("a", "data-page")[2].endswith("/table/-1?key=sku-2#item-sku-2-1")
    assert [each for each in page.all("li", "id") if each.startswith("item-")] == [
        *("item-sku-1-0", "item-sku-2-0", "item-sku-2-1"),
    ]


def test_an_image_of_an_item_is_sent_as_it_is_as_a_thumbnail_and_as_a_file(
    site: Any, table: str, make_picture: Any
) -> None:
    address = f"{table}/items/sku-2/images/1"
    whole, small, file = (site.as_user().get(f"{address}{what}") for what in ("", "/thumbnail", "/file"))

    assert whole.content == file.content == make_picture((300, 600))
    assert small.headers["content-type"] == "image/jpeg"
    assert small.headers["x-imagen-pixels"] == "300 x 600"
    assert 'filename="posters_dag-table-sku-2-2.png"' in file.headers["content-disposition"]


@pytest.mark.parametrize("address", ["sku-2/images/2", "sku-3/images/0", "sku-9/images/0", "sku/images/0"])
def test_what_no_item_has_is_not_there(site: Any, table: str, address: str) -> None:
    assert site.as_user().get(f"{table}/items/{address}").status_code == 404


def test_items_come_by_pages_that_keep_the_filter(
    visit: Visit, table: str, put_manifest: Any, make_line: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifests, "ITEMS_ON_A_PAGE", 10)
    lines = [make_line(f"key-{n:03}", row=n, status="lost" if n % 2 else "failed") for n in range(95)]
    put_manifest(*lines)

    page = visit(f"{table}?status=lost&page=4")

    assert keys(page) == [f"key-{n:03}" for n in range(81, 95, 2)]
    assert "Page 5 of 5" in page.text
    assert [link.partition("/-1")[2] for link in page.links() if "page=" in link] == ["?page=3&status=lost"]
    assert "lost (47)" in page.text
    assert keys(visit(f"{table}?page=10")) == []


def test_a_manifest_is_read_anew_with_each_page_and_not_for_its_thumbnails(
    site: Any, visit: Visit, table: str, put_manifest: Any, make_line: Any, emulator: Any
) -> None:
    visit(table)
    before = len(emulator.requests)
    for number in range(2):
        assert site.as_user().get(f"{table}/items/sku-2/images/{number}/thumbnail").status_code == 200
    assert [each.path for each in emulator.requests[before:] if "manifest" in each.path] == []

    put_manifest(make_line("new", "gs://bucket/made/sample_0.png"))
    assert keys(visit(table)) == ["new"]
    assert site.as_user().get(f"{table}/items/new/images/0/thumbnail").status_code == 200


def test_another_server_that_has_read_no_page_finds_the_image_too(
    site: Any, table: str, put_manifest: Any, make_line: Any
) -> None:
    assert site.as_user().get(f"{table}/items/sku-1/images/0/thumbnail").status_code == 200
    put_manifest(make_line("later", "gs://bucket/made/sample_1.png"))

    assert site.as_user().get(f"{table}/items/later/images/0/thumbnail").status_code == 200


def test_another_server_that_read_an_earlier_manifest_finds_an_image_that_came_since(
    site: Any, table: str, visit: Visit, put_manifest: Any, make_line: Any
) -> None:
    visit(table)
    put_manifest(make_line("sku-3", "gs://bucket/made/sample_0.png", row=4))  # read by the page of another server

    assert site.as_user().get(f"{table}/items/sku-3/images/0/thumbnail").status_code == 200


def test_lines_that_cannot_be_read_are_counted_and_nothing_of_them_is_shown(
    site: Any, visit: Visit, table: str, put_manifest: Any, make_line: Any
) -> None:
    put_manifest(make_line("a"), b"root:x:0:0\n", b'{"key": "b", "planted": "secret"}\n', b"\n", make_line("c"))

    page = visit(table)

    assert keys(page) == ["a", "c"]
    assert "2 lines of the manifest cannot be read" in page.text
    saved = site.as_user().get(f"{table}/manifest.jsonl")
    assert [json.loads(line)["key"] for line in saved.text.splitlines()] == ["a", "c"]
    assert "planted" not in page.answer.text + saved.text


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("gs://bucket/made/_imagen/batches/gone/manifest.jsonl", "This manifest is not there any more."),
        ("gs://bucket/made/secret.jsonl", "This is no address of a manifest."),
        ("gs://bucket/made/_imagen/key.json", "This is no address of a manifest."),
        ("/data/_imagen/manifest.jsonl", "On the disk of the worker that made it."),
        ("http://evil/_imagen/manifest.jsonl", "The API server cannot read http:// addresses."),
    ],
)
def test_a_manifest_that_is_not_read_is_said_why(
    site: Any, visit: Visit, posters: str, make_batch: Any, uri: str, words: str
) -> None:
    site.add_task(make_batch(uri), run=site.runs["manual__1", "posters_dag"], task_id="table")
    page = visit(f"{DAG}/runs/manual__1/tasks/table/-1")

    assert words in page.text
    assert "Items 3" in page.text
    assert site.as_user().get(f"{page.path}/manifest.jsonl").status_code in {403, 404}


def test_a_manifest_has_a_bound(table: str, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifests, "MAX_MANIFEST_BYTES", 100)

    assert "This manifest is larger than" in visit(table).text


def test_a_dry_run_says_what_it_would_have_sent(site: Any, visit: Visit, posters: str, make_batch: Any) -> None:
    counts = {"made": 0, "not_sent": 3}
    value = make_batch("", counts=counts, images=0, dry_run=True, requests=7, would_cost_usd=0.273)
    site.add_task(value, run=site.runs["manual__1", "posters_dag"], task_id="table")

    text = visit(f"{DAG}/runs/manual__1/tasks/table/-1").text

    assert "A dry run: nothing was sent." in text
    assert "Requests to send 7" in text
    assert "0.27 USD" in text


def test_a_batch_stands_among_the_tasks_of_its_run(visit: Visit, table: str) -> None:
    for address in (DAG, f"{DAG}/runs/manual__1"):
        page = visit(address)
        assert "3 items: 1 made, 1 reused, 1 filtered." in page.text
        assert table in page.links()


def test_batches_of_a_mapped_task_each_have_a_page(site: Any, visit: Visit, posters: str, make_batch: Any) -> None:
    for index in range(2):
        run = site.runs["manual__1", "posters_dag"]
        site.add_task(make_batch(), run=run, task_id="table", map_index=index)

    page = visit(f"{DAG}/runs/manual__1/tasks/table/-1")

    assert page.text.count("3 items: 1 made, 1 reused, 1 filtered.") == 2
    assert {f"{DAG}/runs/manual__1/tasks/table/{index}" for index in range(2)} <= set(page.links())


def test_hostile_words_in_a_manifest_are_words(visit: Visit, table: str, put_manifest: Any, make_line: Any) -> None:
    put_manifest(make_line("a", 'gs://bucket/"><script>alert(1)</script>', reason="<img src=x onerror=alert(1)>"))

    answer = visit(table).answer.text

    assert "<script>alert" not in answer
    assert "<img src=x" not in answer


def test_many_items_need_little_memory() -> None:
    line = b'{"row": 1, "key": "k%d", "status": "made", "uris": ["gs://b/k%d.png"], "fingerprint": "0"}\n'
    content = b"".join(line % (n, n) for n in range(20_000))
    manifest = manifests.Manifest(manifests.zlib.compress(content, 1))

    assert len(manifest.compressed) < len(content) / 5
    assert len(list(manifest.lines())) == 20_000
    assert max(map(len, manifest.lines())) < 200
    found = manifest.find("k19999")
    assert found is not None
    assert found.uris == ("gs://b/k19999.png",)
    page = manifest.page(manifests.ItemFilter(), 400)
    assert (page.count, page.items[0].key) == (20_000, "k19200")


def test_an_archive_holds_the_images_of_batches(site: Any, table: str) -> None:
    answer = site.as_user().get(f"{DAG}/runs/manual__1/images.zip")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {name for name in archive.namelist() if "table" in name} == {
            *("posters_dag-table-sku-1-1.png", "posters_dag-table-sku-2-1.png", "posters_dag-table-sku-2-2.png"),
        }


def test_an_archive_says_when_a_manifest_cannot_be_read(site: Any, posters: str, make_batch: Any) -> None:
    site.add_task(make_batch(), run=site.runs["manual__1", "posters_dag"], task_id="table")

    answer = site.as_user().get(f"{DAG}/runs/manual__1/images.zip")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert b"manifest.jsonl: This manifest is not there any more." in archive.read("missing.txt")


def test_the_reader_of_manifests_says_what_it_refuses(make_batch: Any) -> None:
    batch = BatchDocument.read(make_batch("gs://bucket/other.jsonl"))
    assert batch is not None
    with pytest.raises(FileUnavailableError, match="no address of a manifest"):
        manifests.Manifests().read(batch)


@pytest.mark.parametrize(
    "value", [None, 3, "x", {}, {"manifest": 3}, {"manifest": "gs://b/o"}, {"manifest": "g" * 3000, "items": 1}]
)
def test_other_values_are_no_batch(value: Any) -> None:
    assert BatchDocument.read(value) is None
