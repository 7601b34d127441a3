"""What a task does when an earlier try of the same task instance made images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from operators.earlier_tries import GEMINI, IMAGEN, PLACES, images_in, operator, questions

from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator


@pytest.mark.parametrize("place", PLACES, indirect=True)
@pytest.mark.parametrize("model", [IMAGEN, GEMINI])
def test_a_second_try_returns_the_images_of_the_first_without_a_request(
    place: str, model: str, emulator: Any, make_ti: Any
) -> None:
    first, second = make_ti(), make_ti()
    uris = operator(place, model=model, number_of_images=2).execute({"ti": first})
    asked = questions(emulator)

    assert operator(place, model=model, number_of_images=2).execute({"ti": second}) == uris
    assert questions(emulator) == asked
    assert second.pushed["result"] == {**first.pushed["result"], "reused": True}


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_larger_image_is_reused_too(place: str, emulator: Any, ti: Any) -> None:
    (source,) = operator("gs://bucket/source/").execute({"ti": ti})

    def enlarge() -> list[str]:
        task = ImagenUpscaleOperator(
            task_id="large", image=source, upscale_factor="x2", output_uri=place, if_exists="reuse"
        )
        return task.execute({"ti": ti})

    assert enlarge() == enlarge()
    assert questions(emulator) == 2


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_another_run_makes_its_own(place: str, emulator: Any, make_ti: Any) -> None:
    first = operator(place).execute({"ti": make_ti("run 1")})
    second = operator(place).execute({"ti": make_ti("run 2")})

    assert set(first).isdisjoint(second)


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_changed_prompt_is_a_new_request_and_replaces_nothing(place: str, emulator: Any, ti: Any) -> None:
    first = operator(place).execute({"ti": ti})
    second = operator(place, prompt="a blue boat").execute({"ti": ti})

    assert set(first).isdisjoint(second)
    assert images_in(place, emulator) == sorted(first + second)


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_fail_names_the_images_that_exist(place: str, emulator: Any, ti: Any) -> None:
    (uri,) = operator(place, if_exists="fail").execute({"ti": ti})

    with pytest.raises(AirflowFailException, match=f"ImagesExistError: .*{uri}.*Use 'reuse' to return them"):
        operator(place, if_exists="fail").execute({"ti": ti})
    assert questions(emulator) == 1


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_generate_is_the_default_and_pays_again(place: str, emulator: Any, ti: Any) -> None:
    operator(place, if_exists="generate").execute({"ti": ti})
    operator(place, if_exists="generate").execute({"ti": ti})

    assert questions(emulator) == 2
    assert ImagenGenerateOperator(task_id="t", prompt="p", output_uri=place).if_exists == "generate"


def test_images_that_were_deleted_are_made_anew(emulator: Any, ti: Any, tmp_path: Path) -> None:
    (uri,) = operator(str(tmp_path)).execute({"ti": ti})
    Path(uri).unlink()

    (again,) = operator(str(tmp_path)).execute({"ti": ti})
    assert Path(again).exists()
    assert questions(emulator) == 2


def test_of_images_that_were_partly_deleted_the_rest_is_returned(emulator: Any, ti: Any, tmp_path: Path) -> None:
    first, second = operator(str(tmp_path), number_of_images=2).execute({"ti": ti})
    Path(first).unlink()

    assert operator(str(tmp_path), number_of_images=2).execute({"ti": ti}) == [second]
    assert [image["uri"] for image in ti.pushed["result"]["images"]] == [second]


def test_a_refused_request_leaves_nothing_to_look_for(emulator: Any, ti: Any, pauses: list[float]) -> None:
    emulator.order_fault(Fault("generate", status=400))
    with pytest.raises(AirflowFailException):
        operator("gs://bucket/made/").execute({"ti": ti})

    assert len(operator("gs://bucket/made/").execute({"ti": ti})) == 1
    assert pauses == []


def test_a_receipt_that_cannot_be_written_costs_nothing(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("upload", status=403))

    with pytest.raises(AirflowFailException, match=r"storage\.objects\.create"):
        operator("gs://bucket/made/").execute({"ti": ti})
    assert questions(emulator) == 0


def test_a_receipt_that_cannot_be_replaced_does_not_lose_the_images(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("upload", skip=1, status=403))

    assert operator("gs://bucket/made/").execute({"ti": ti}) == images_in("gs://bucket/made/", emulator)


def test_a_receipt_tells_nothing_of_an_unfinished_prompt(emulator: Any, ti: Any, tmp_path: Path) -> None:
    emulator.order_fault(Fault("generate", reset=True))
    with pytest.raises(AirflowFailException, match="ResponseLostError"):
        operator(str(tmp_path)).execute({"ti": ti})

    (note,) = tmp_path.rglob("request.json")
    assert "red boat" not in note.read_text()


def test_a_value_that_is_not_allowed_is_refused(emulator: Any, ti: Any, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="if_exists is 'skip'.*generate, reuse, fail"):
        operator(str(tmp_path), if_exists="skip").execute({"ti": ti})
    assert emulator.requests == []


def test_the_receipt_is_json_that_a_person_can_read(emulator: Any, ti: Any, tmp_path: Path) -> None:
    operator(str(tmp_path)).execute({"ti": ti})

    (note,) = tmp_path.rglob("request.json")
    assert json.loads(note.read_text())["result"] == ti.pushed["result"]


def test_a_refused_prompt_leaves_nothing_to_look_for(emulator: Any, ti: Any, pauses: list[float]) -> None:
    emulator.order_fault(Fault("generate", blocked_prompt=True, support_codes=("58061214",)))
    with pytest.raises(AirflowFailException, match="PromptBlockedError"):
        operator("gs://bucket/made/").execute({"ti": ti})

    assert len(operator("gs://bucket/made/").execute({"ti": ti})) == 1
    assert pauses == []


def test_what_the_fallback_made_is_reused(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", status=404))
    uris = operator("gs://bucket/made/", model=GEMINI, fallback_model="gemini-nano-banana-2.1").execute({"ti": ti})
    asked = questions(emulator)

    assert (
        operator("gs://bucket/made/", model=GEMINI, fallback_model="gemini-nano-banana-2.1").execute({"ti": ti}) == uris
    )
    assert questions(emulator) == asked
