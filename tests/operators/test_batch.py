"""A table of prompts in one task, against the emulator."""

from __future__ import annotations

import inspect
import io
from typing import Any

import pytest
from PIL import Image
from support.emulated import images_in, model_requests

from airflow_provider_imagen.operators.batch import ImagenBatchOperator, read_manifest
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator as Generate

GEMINI = "gemini-2.5-flash-image"


def batch(place: str, items: Any, **arguments: Any) -> ImagenBatchOperator:
    defaults = {"task_id": "catalogue", "model": GEMINI}
    return ImagenBatchOperator(**defaults | arguments, items=items, output_uri=place)


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, "PNG")
    return file.getvalue()


def prompts(number: int) -> list[dict[str, str]]:
    return [{"key": f"sku-{n}", "prompt": f"a red boat, number {n}"} for n in range(number)]


@pytest.mark.parametrize("place", ["cloud", "disk"], indirect=True)
def test_each_item_has_its_image_under_its_key_and_a_line_in_the_manifest(place: str, ti: Any, emulator: Any) -> None:
    uri = batch(place, prompts(5)).execute({"ti": ti})
    lines = list(read_manifest(uri))
    assert [line["key"] for line in lines] == [f"sku-{n}" for n in range(5)]
    assert {line["status"] for line in lines} == {"made"}
    assert [uri for line in lines for uri in line["uris"]] == sorted(images_in(place, emulator))
    assert len(model_requests(emulator)) == 5
    assert ti.pushed["result"]["counts"]["made"] == 5


@pytest.mark.parametrize("place", ["cloud", "disk"], indirect=True)
def test_a_second_run_asks_for_nothing(place: str, make_ti: Any, emulator: Any) -> None:
    batch(place, prompts(5)).execute({"ti": make_ti("monday")})
    ti = make_ti("tuesday")
    uri = batch(place, [*prompts(5), {"key": "new", "prompt": "a blue boat"}]).execute({"ti": ti})
    assert len(model_requests(emulator)) == 6
    assert [line["status"] for line in read_manifest(uri)] == [*["reused"] * 5, "made"]
    assert 0.03 < ti.pushed["result"]["estimated_cost_usd"] < 0.05


def test_every_argument_of_the_generate_operator_is_a_default_for_all_items() -> None:
    ours, theirs = (inspect.signature(each.__init__).parameters for each in (ImagenBatchOperator, Generate))
    assert theirs.keys() - {"image_key"} <= ours.keys()
    shared = theirs.keys() - {"image_key", "prompt"}
    assert {name for name in shared if theirs[name].default != ours[name].default} == {"if_exists"}


def test_an_item_takes_its_own_picture_and_the_tasks_prompt(ti: Any, emulator: Any) -> None:
    emulator.put_object("bucket", "photos/a.png", png(), "image/png")
    emulator.put_object("bucket", "photos/b.png", png(), "image/png")
    items = [{"key": name, "reference_images": f"gs://bucket/photos/{name}.png", "where": "beach"} for name in "ab"]
    uri = batch("gs://bucket/made/", items, prompt="Put it on a {where}").execute({"ti": ti})
    assert [line["status"] for line in read_manifest(uri)] == ["made", "made"]
    parts = [request.json["contents"][0]["parts"] for request in model_requests(emulator)]
    assert sorted(part[0]["fileData"]["fileUri"] for part in parts) == [f"gs://bucket/photos/{n}.png" for n in "ab"]
    assert {part[1]["text"] for part in parts} == {"Put it on a beach"}
