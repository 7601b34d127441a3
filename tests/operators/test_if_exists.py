"""What a task does when an earlier try of the same task instance made images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from support.emulated import images_in, model_requests, records_in
from support.operators import CLOUD, GEMINI, IMAGEN, generate

from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator

PLACES = ["cloud", "disk"]


def reusing(place: str, **arguments: Any) -> ImagenGenerateOperator:
    return generate(place, **{"if_exists": "reuse", **arguments})


@pytest.mark.parametrize("place", PLACES, indirect=True)
@pytest.mark.parametrize("model", [IMAGEN, GEMINI])
def test_a_second_try_returns_the_images_of_the_first_without_a_request(
    place: str, model: str, emulator: Any, make_ti: Any
) -> None:
    first, second = make_ti(), make_ti()
    uris = reusing(place, model=model, number_of_images=2).execute({"ti": first})
    asked = len(model_requests(emulator))

    assert reusing(place, model=model, number_of_images=2).execute({"ti": second}) == uris
    assert len(model_requests(emulator)) == asked
    assert second.pushed["result"] == {**first.pushed["result"], "reused": True}


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_larger_image_is_reused_too(place: str, emulator: Any, ti: Any) -> None:
    (source,) = reusing("gs://bucket/source/").execute({"ti": ti})

    def enlarge() -> list[str]:
        task = ImagenUpscaleOperator(
            task_id="large", image=source, upscale_factor="x2", output_uri=place, if_exists="reuse"
        )
        return task.execute({"ti": ti})

    assert enlarge() == enlarge()
    assert len(model_requests(emulator)) == 2


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_another_run_makes_its_own(place: str, emulator: Any, make_ti: Any) -> None:
    first = reusing(place).execute({"ti": make_ti("run 1")})
    second = reusing(place).execute({"ti": make_ti("run 2")})

    assert set(first).isdisjoint(second)


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_changed_prompt_is_a_new_request_and_replaces_nothing(place: str, emulator: Any, ti: Any) -> None:
    first = reusing(place).execute({"ti": ti})
    second = reusing(place, prompt="a blue boat").execute({"ti": ti})

    assert set(first).isdisjoint(second)
    assert images_in(place, emulator) == sorted(first + second)


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_fail_names_the_images_that_exist(place: str, emulator: Any, ti: Any) -> None:
    (uri,) = reusing(place, if_exists="fail").execute({"ti": ti})

    with pytest.raises(AirflowFailException, match=f"ImagesExistError: .*{uri}.*Use 'reuse' to return them"):
        reusing(place, if_exists="fail").execute({"ti": ti})
    assert len(model_requests(emulator)) == 1


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_generate_is_the_default_and_pays_again(place: str, emulator: Any, ti: Any) -> None:
    reusing(place, if_exists="generate").execute({"ti": ti})
    reusing(place, if_exists="generate").execute({"ti": ti})

    assert len(model_requests(emulator)) == 2
    assert ImagenGenerateOperator(task_id="t", prompt="p", output_uri=place).if_exists == "generate"


def test_images_that_were_deleted_are_made_anew(emulator: Any, ti: Any, tmp_path: Path) -> None:
    (uri,) = reusing(str(tmp_path)).execute({"ti": ti})
    Path(uri).unlink()

    (again,) = reusing(str(tmp_path)).execute({"ti": ti})
    assert Path(again).exists()
    assert len(model_requests(emulator)) == 2


def test_of_images_that_were_partly_deleted_the_rest_is_returned(emulator: Any, ti: Any, tmp_path: Path) -> None:
    first, second = reusing(str(tmp_path), number_of_images=2).execute({"ti": ti})
    Path(first).unlink()

    assert reusing(str(tmp_path), number_of_images=2).execute({"ti": ti}) == [second]
    assert [image["uri"] for image in ti.pushed["result"]["images"]] == [second]


def test_a_refused_request_leaves_nothing_to_look_for(emulator: Any, ti: Any, pauses: list[float]) -> None:
    emulator.order_fault(Fault("generate", status=400))
    with pytest.raises(AirflowFailException):
        reusing(CLOUD).execute({"ti": ti})

    assert len(reusing(CLOUD).execute({"ti": ti})) == 1
    assert pauses == []


def test_a_record_that_cannot_be_written_costs_nothing(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("upload", status=403))

    with pytest.raises(AirflowFailException, match=r"storage\.objects\.create"):
        reusing(CLOUD).execute({"ti": ti})
    assert len(model_requests(emulator)) == 0


def test_a_result_that_cannot_be_recorded_does_not_lose_the_images(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("upload", skip=1, status=403))

    uris = reusing(CLOUD).execute({"ti": ti})

    assert uris == images_in(CLOUD, emulator)
    assert reusing(CLOUD).execute({"ti": ti}) == uris
    assert len(model_requests(emulator)) == 1


def test_a_value_that_is_not_allowed_is_refused(emulator: Any, ti: Any, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="if_exists is 'skip'.*generate, reuse, fail"):
        reusing(str(tmp_path), if_exists="skip").execute({"ti": ti})
    assert emulator.requests == []


def test_the_record_is_json_that_a_person_can_read(emulator: Any, ti: Any, tmp_path: Path) -> None:
    reusing(str(tmp_path)).execute({"ti": ti})

    (name,) = records_in(str(tmp_path), emulator)
    assert json.loads((tmp_path / "_imagen" / name).read_text())["result"] == ti.pushed["result"]


@pytest.mark.parametrize("images", [[{"uri": "/etc/hostname", "mime_type": "image/png"}]], ids=str)
def test_a_record_that_somebody_else_wrote_leads_nowhere(emulator: Any, ti: Any, tmp_path: Path, images: Any) -> None:
    reusing(str(tmp_path)).execute({"ti": ti})
    (note,) = (tmp_path / "_imagen").iterdir()
    document = json.loads(note.read_text())
    note.write_text(json.dumps({**document, "result": {**document["result"], "images": images}}))

    (uri,) = reusing(str(tmp_path)).execute({"ti": ti})

    assert uri.startswith(str(tmp_path))
    assert len(model_requests(emulator)) == 2


def test_an_image_of_any_format_is_kept_and_not_replaced(emulator: Any, ti: Any, tmp_path: Path) -> None:
    (first,) = reusing(str(tmp_path), output_mime_type="image/webp").execute({"ti": ti})
    (second,) = reusing(str(tmp_path), output_mime_type="image/webp", prompt="another").execute({"ti": ti})

    assert first != second
    assert Path(first).exists()


def test_a_refused_prompt_leaves_nothing_to_look_for(emulator: Any, ti: Any, pauses: list[float]) -> None:
    emulator.order_fault(Fault("generate", blocked_prompt=True, support_codes=("58061214",)))
    with pytest.raises(AirflowFailException, match="PromptBlockedError"):
        reusing(CLOUD).execute({"ti": ti})

    assert len(reusing(CLOUD).execute({"ti": ti})) == 1
    assert pauses == []


def test_what_the_fallback_made_is_reused(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", status=404))
    uris = reusing(CLOUD, model=GEMINI, fallback_model="gemini-nano-banana-2.1").execute({"ti": ti})
    asked = len(model_requests(emulator))

    assert reusing(CLOUD, model=GEMINI, fallback_model="gemini-nano-banana-2.1").execute({"ti": ti}) == uris
    assert len(model_requests(emulator)) == asked
