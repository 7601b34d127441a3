"""A table of prompts in one task: what it makes, and what it says about each row."""

from __future__ import annotations

import inspect
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from PIL import Image
from support.batches import batch, lines_of, rows, statuses
from support.emulated import images_in, model_requests, records_in
from support.operators import generate

from airflow_provider_imagen.operators.batch import ImagenBatchOperator
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator as Generate


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("place", ["cloud", "disk"], indirect=True)
def test_each_item_has_its_image_under_its_key_and_a_line_in_the_manifest(place: str, ti: Any, emulator: Any) -> None:
    uri = batch(rows(5), place).execute({"ti": ti})

    lines = lines_of(uri)
    assert [line["key"] for line in lines] == [f"sku-{n}" for n in range(5)]
    assert {line["status"] for line in lines} == {"made"}
    assert [uri for line in lines for uri in line["uris"]] == sorted(images_in(place, emulator))
    assert len(model_requests(emulator)) == 5
    assert ti.pushed["result"]["counts"]["made"] == 5
    assert ti.pushed["result"]["manifest"] == uri


def test_several_images_of_an_item_lie_in_a_folder_of_its_key(ti: Any, emulator: Any) -> None:
    uri = batch(rows(2), number_of_images=3).execute({"ti": ti})

    assert lines_of(uri)[0]["uris"] == [f"gs://bucket/made/sku-0/{n}.png" for n in range(3)]
    assert len(model_requests(emulator)) == 6


def test_rows_fill_the_prompt_and_override_only_what_may_be_overridden(ti: Any, emulator: Any, logged: Any) -> None:
    items = [{"key": "a", "name": "bottle", "aspect_ratio": "16:9", "labels": "x", "model": "no-model"}]

    batch(items, prompt="Photo of {name} {not a column}").execute({"ti": ti})

    (call,) = model_requests(emulator)
    assert call.json["contents"][0]["parts"][0]["text"] == "Photo of bottle {not a column}"
    assert call.json["generationConfig"]["imageConfig"]["aspectRatio"] == "16:9"
    assert "labels, model" in logged()


def test_tuples_of_a_sql_operator_take_their_names_from_item_columns(ti: Any, emulator: Any) -> None:
    uri = batch([(7, "a red boat"), (8, "a blue boat")], item_columns=["key", "prompt"]).execute({"ti": ti})

    assert [line["key"] for line in lines_of(uri)] == ["7", "8"]


@pytest.mark.parametrize("name", ["rows.csv", "rows.JSONL"])
def test_rows_come_from_a_file(name: str, ti: Any, emulator: Any, tmp_path: Path) -> None:
    text = "key;prompt\r\na;a red boat\r\nb;a blue boat\r\n"
    if name.endswith("L"):
        text = "".join(json.dumps({"key": key, "prompt": key}) + "\n" for key in "ab")
    (tmp_path / name).write_text(text)

    assert statuses(batch(f"file://{tmp_path}/{name}").execute({"ti": ti})) == ["made", "made"]


def test_rows_come_from_a_file_in_the_bucket_of_the_connection(ti: Any, emulator: Any) -> None:
    emulator.put_object("bucket", "in/rows.csv", b"\xef\xbb\xbfkey,prompt\na,a red boat\n", "text/csv")

    assert [line["key"] for line in lines_of(batch("gs://bucket/in/rows.csv").execute({"ti": ti}))] == ["a"]


def test_an_empty_file_is_refused(ti: Any, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").touch()

    with pytest.raises(AirflowFailException, match="an empty file"):
        batch(f"file://{tmp_path}/rows.csv").execute({"ti": ti})


@pytest.mark.parametrize("items", ["gs://bucket/none.csv", "file:///none.jsonl"])
def test_a_file_that_is_not_there_is_refused(items: str, ti: Any, emulator: Any) -> None:
    with pytest.raises(AirflowFailException, match="none"):
        batch(items).execute({"ti": ti})

    assert not model_requests(emulator)


@pytest.mark.parametrize("items", [None, 7, {"prompt": "x"}, "no json", '{"prompt": "x"}', b"x"])
def test_what_is_no_table_is_refused(items: Any, ti: Any) -> None:
    with pytest.raises(AirflowFailException, match=r"Allowed are"):
        batch(items).execute({"ti": ti})


def test_every_mistake_is_told_with_its_rows_before_the_first_request(ti: Any, emulator: Any) -> None:
    items: list[Any] = rows(4)
    items[1]["aspect_ratio"] = "7:5"
    items[2]["aspect_ratio"] = "7:5"
    items[3]["key"] = "a/b"
    items.append({"key": "sku-0", "prompt": "another boat"})
    items.append({"key": " "})

    with pytest.raises(AirflowFailException) as failure:
        batch(items).execute({"ti": ti})

    text = str(failure.value)
    assert "rows 2 (key 'sku-1'), 3 (key 'sku-2'): aspect_ratio is '7:5'" in text
    assert "row 4 (key 'a/b'): key is 'a/b'" in text
    assert "row 5 (key 'sku-0'): key is 'sku-0', which row 1 has too" in text
    assert "row 6: key is blank" in text
    assert "row 6: The row has no prompt" in text
    assert not model_requests(emulator)
    assert not records_in("gs://bucket/made/", emulator)


def test_a_mistake_of_the_task_is_told_once_for_all_rows(ti: Any) -> None:
    with pytest.raises(
        AirflowFailException, match=r"rows 1 .key 'sku-0'., 2 .*, 5 .key 'sku-4'. and 95 more: aspect_ratio is '7:5'"
    ):
        batch(rows(100), aspect_ratio="7:5").execute({"ti": ti})


def test_mistakes_of_the_task_and_of_its_rows_are_told_at_once(ti: Any, emulator: Any) -> None:
    wrong = {"mode": "batch", "max_concurrency": 0, "max_failed_items": "some", "output_uri": "/tmp/made"}
    items = [{"key": "a", "prompt": "x"}, {"key": "b"}]

    with pytest.raises(AirflowFailException) as failure:
        ImagenBatchOperator(task_id="catalogue", items=items, **wrong).execute({"ti": ti})

    text = str(failure.value)
    assert "max_concurrency is 0" in text
    assert "max_failed_items is 'some'" in text
    assert "output_uri is '/tmp/made'; a batch job writes to gs://bucket/folder/ only" in text
    assert "row 2 (key 'b'): The row has no prompt" in text
    assert not model_requests(emulator)


def test_a_table_that_cannot_be_read_hides_no_mistake_of_the_task(ti: Any) -> None:
    with pytest.raises(AirflowFailException, match="max_concurrency is 0; allowed are 1 to 64"):
        batch("gs://bucket/nowhere.csv", max_concurrency=0).execute({"ti": ti})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"max_concurrency": 0}, "max_concurrency is 0; allowed are 1 to 64"),
        ({"max_concurrency": "many"}, "max_concurrency is 'many' and must be a whole number"),
        ({"model": b"gemini-3-pro-image"}, "model is b'gemini-3-pro-image' and must be text"),
        ({"max_cost_usd": "cheap"}, "max_cost_usd is 'cheap' and must be a number"),
        ({"max_failed_items": "some"}, "max_failed_items is 'some' and must be a number of items"),
        ({"max_failed_items": "120%"}, "allowed are a number of items from 0, and a share"),
        ({"mode": "later"}, "mode is 'later'; allowed are online"),
        ({"item_arguments": ["prompt", "output_uri"]}, "item_arguments names 'output_uri'"),
        ({"output_uri": "no place"}, "output_uri"),
        ({"output_uri": "no place", "items": []}, "output_uri"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_sent(arguments: dict[str, Any], words: str, ti: Any) -> None:
    given = {"items": rows(1), "output_uri": "gs://bucket/made/", **arguments}

    with pytest.raises(AirflowFailException, match=words):
        ImagenBatchOperator(task_id="catalogue", **given).execute({"ti": ti})


def test_no_items_make_an_empty_manifest_and_a_warning(ti: Any, logged: Any) -> None:
    assert lines_of(batch([]).execute({"ti": ti})) == []
    assert "items is empty" in logged()


def test_equal_rows_are_made_once(ti: Any, emulator: Any) -> None:
    uri = batch(["a red boat", "a blue boat", "a red boat"]).execute({"ti": ti})

    lines = lines_of(uri)
    assert [line["status"] for line in lines] == ["made", "made", "reused"]
    assert lines[0]["uris"] == lines[2]["uris"]
    assert len(model_requests(emulator)) == 2


def test_an_item_and_a_single_task_find_each_others_images(make_ti: Any, emulator: Any) -> None:
    words = {"model": "gemini-2.5-flash-image", "if_exists": "reuse"}
    generate(prompt="a red boat", image_key="single", **words).execute({"ti": make_ti("monday")})
    uri = batch([{"key": "single", "prompt": "a red boat"}, {"key": "item", "prompt": "b"}]).execute({"ti": make_ti()})
    generate(prompt="b", image_key="item", **words).execute({"ti": make_ti("tuesday")})

    assert statuses(uri) == ["reused", "made"]
    assert len(model_requests(emulator)) == 2


def test_a_dry_run_says_what_would_be_asked_and_writes_nothing(make_ti: Any, emulator: Any) -> None:
    batch(rows(2)).execute({"ti": make_ti("monday")})
    ti, before = make_ti("tuesday"), emulator.list_objects("bucket", "")

    assert batch(rows(5), number_of_images=1, dry_run="true").execute({"ti": ti}) is None

    assert emulator.list_objects("bucket", "") == before
    assert len(model_requests(emulator)) == 2
    document = ti.pushed["result"]
    assert (document["counts"]["reused"], document["requests"]) == (2, 3)
    assert document["would_cost_usd"] == pytest.approx(3 * 0.039)


def test_every_argument_of_the_generate_operator_is_a_default_for_all_items() -> None:
    ours, theirs = (inspect.signature(each.__init__).parameters for each in (ImagenBatchOperator, Generate))
    shared = theirs.keys() - {"image_key", "prompt"}

    assert theirs.keys() - {"image_key"} <= ours.keys()
    assert {name for name in shared if theirs[name].default != ours[name].default} == {"if_exists"}


def test_every_argument_is_templated() -> None:
    named = inspect.signature(ImagenBatchOperator.__init__).parameters.keys() - {
        "self",
        "kwargs",
        "dry_run",
        "deferrable",
    }

    assert named | {"is_dry_run"} == set(ImagenBatchOperator.template_fields)


def test_an_item_takes_its_own_picture_and_the_tasks_prompt(ti: Any, emulator: Any) -> None:
    for name in "ab":
        emulator.put_object("bucket", f"photos/{name}.png", png(), "image/png")
    items = [{"key": name, "reference_images": f"gs://bucket/photos/{name}.png", "where": "beach"} for name in "ab"]

    uri = batch(items, prompt="Put it on a {where}").execute({"ti": ti})

    assert statuses(uri) == ["made", "made"]
    parts = [request.json["contents"][0]["parts"] for request in model_requests(emulator)]
    assert sorted(part[0]["fileData"]["fileUri"] for part in parts) == [f"gs://bucket/photos/{n}.png" for n in "ab"]
    assert {part[1]["text"] for part in parts} == {"Put it on a beach"}


def test_a_picture_that_is_not_there_is_told_with_its_rows(ti: Any, emulator: Any) -> None:
    with pytest.raises(
        AirflowFailException,
        match=r"rows 1 .key 'sku-0'., 2 .key 'sku-1'.: reference_images gs://bucket/none.png is not there",
    ):
        batch(rows(2), reference_images="gs://bucket/none.png").execute({"ti": ti})


def test_the_document_stays_small_for_any_number_of_items(ti: Any, emulator: Any) -> None:
    from airflow_provider_imagen.emulator import Fault

    emulator.order_fault(Fault("generate", status=400, message="No. " * 200, times=None))

    with pytest.raises(AirflowFailException):
        batch(rows(60)).execute({"ti": ti})

    assert len(json.dumps(ti.pushed["result"])) < 10_000


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_person_at_a_terminal_sees_how_far_the_batch_is(ti: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    batch(rows(3)).execute({"ti": ti})

    assert "[##############################] 3 of 3 items" in terminal.getvalue()
