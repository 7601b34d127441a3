"""The same operator with Gemini image models: requests side by side, uploads, refusals, fallback."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from PIL import Image
from support.emulated import images_in

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.responses import GeneratedImage
from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.errors import NoImageError
from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator
from airflow_provider_imagen.runner.images import ImageFolder

GEMINI_MODELS = [model.id for model in catalogue().models if model.protocol == "generateContent"]
MODEL = "gemini-3.1-flash-image"


def operator(**arguments: Any) -> ImagenGenerateOperator:
    defaults = {"task_id": "posters", "model": MODEL, "prompt": "a red boat", "output_uri": "gs://bucket/made/"}
    return ImagenGenerateOperator(**defaults | arguments)


def asked(emulator: Any) -> list[dict[str, Any]]:
    return [call.json for call in emulator.requests if call.path.endswith(":generateContent")]


@pytest.mark.parametrize("model", GEMINI_MODELS)
def test_every_current_model_makes_images_in_cloud_storage(emulator: Any, ti: Any, model: str) -> None:
    uris = operator(model=model, number_of_images=3, aspect_ratio="16:9").execute({"ti": ti})

    assert uris == [f"gs://bucket/{name}" for name in emulator.list_objects("bucket", "made/")]
    assert len(asked(emulator)) == len(uris) == 3
    for uri in uris:
        with Image.open(io.BytesIO(emulator.read_object("bucket", uri.removeprefix("gs://bucket/")))) as image:
            assert image.width > image.height
    assert ti.pushed["result"]["location"] == "global"


def test_the_images_of_one_task_differ_although_it_has_one_seed(emulator: Any, ti: Any) -> None:
    operator(number_of_images=3, seed=5).execute({"ti": ti})

    assert sorted(body["generationConfig"]["seed"] for body in asked(emulator)) == [5, 6, 7]


def test_a_second_try_replaces_its_own_objects(emulator: Any, make_ti: Any) -> None:
    first = operator(number_of_images=2).execute({"ti": make_ti()})
    again = operator(number_of_images=2).execute({"ti": make_ti()})

    assert first == again
    assert len(emulator.list_objects("bucket", "made/")) == 2


def test_local_folders_work_as_well(ti: Any, tmp_path: Path) -> None:
    (uri,) = operator(output_uri=str(tmp_path), output_mime_type="image/png").execute({"ti": ti})

    with Image.open(uri) as image:
        assert image.format == "PNG"


def test_three_of_four_images_are_kept_and_accounted_for(emulator: Any, ti: Any, logged: Callable[[], str]) -> None:
    emulator.order_fault(Fault("generate", status=502, html=True, skip=1))

    uris = operator(number_of_images=4).execute({"ti": ti})

    result = ti.pushed["result"]
    assert len(uris) == len(emulator.list_objects("bucket", "made/")) == 3
    assert [image["uri"] for image in result["images"]] == uris
    assert (result["filtered"], len(result["failed_requests"])) == (0, 1)
    assert result["failed_requests"][0].startswith("ResponseLostError")
    assert "One of 4 requests failed, the images of the others are kept" in logged()


def test_one_refused_image_of_three_is_a_warning(emulator: Any, ti: Any, logged: Callable[[], str]) -> None:
    emulator.order_fault(Fault("generate", finish_reason="IMAGE_SAFETY", finish_message="Support code: 17301594"))

    assert len(operator(number_of_images=3).execute({"ti": ti})) == 2
    assert ti.pushed["result"]["filtered"] == 1
    assert "1 of 3 images were filtered: The image was blocked (IMAGE_SAFETY)" in logged()


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"finish_reason": "IMAGE_SAFETY"}, "The image was blocked \\(IMAGE_SAFETY\\)"),
        ({"block_reason": "PROHIBITED_CONTENT"}, "The prompt was blocked \\(PROHIBITED_CONTENT\\)"),
        ({"text_only": "I can not draw this."}, "words instead of an image: I can not draw this"),
    ],
)
def test_every_kind_of_refusal_follows_the_policy(emulator: Any, ti: Any, fault: dict[str, Any], text: str) -> None:
    emulator.order_fault(Fault("generate", times=2, **fault))

    with pytest.raises(AirflowFailException, match=text):
        operator().execute({"ti": ti})
    assert operator(on_filtered="warn").execute({"ti": ti}) == []


@pytest.mark.parametrize("policy", ["fail", "skip", "warn"])
@pytest.mark.parametrize(
    ("reason", "error", "text"),
    [
        ("NO_IMAGE", NoImageError, "The model made no image"),
        ("OTHER", NoImageError, "The model made no image"),
        ("A_REASON_OF_TOMORROW", NoImageError, "a reason that this provider does not know"),
        ("MAX_TOKENS", AirflowFailException, "TokenLimitError.*token limit"),
    ],
)
def test_no_image_is_not_filtered_so_no_policy_swallows_it(
    emulator: Any, ti: Any, policy: str, reason: str, error: type[Exception], text: str
) -> None:
    sendings = 1 if reason == "MAX_TOKENS" else 2
    emulator.order_fault(Fault("generate", finish_reason=reason, times=sendings))

    with pytest.raises(error, match=text):
        operator(on_filtered=policy).execute({"ti": ti})
    assert len(asked(emulator)) == sendings


def test_an_image_that_comes_when_it_is_asked_for_once_more_is_returned(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", finish_reason="NO_IMAGE", skip=1))

    assert len(operator(number_of_images=3).execute({"ti": ti})) == 3
    assert len(asked(emulator)) == 4


def test_a_lost_answer_is_not_asked_for_again(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True))

    with pytest.raises(AirflowFailException, match="ResponseLostError"):
        operator().execute({"ti": ti})
    assert len(asked(emulator)) == 1


def test_an_upload_whose_answer_is_lost_is_repeated_without_a_second_image(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("upload", skip=1, reset=True))
    emulator.order_fault(Fault("upload", skip=1, status=503))

    (uri,) = operator().execute({"ti": ti})

    assert emulator.list_objects("bucket", "made/") == [uri.removeprefix("gs://bucket/")]
    assert len(asked(emulator)) == 1


def test_images_that_cannot_be_uploaded_are_kept_on_the_worker(ti: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("upload", skip=1, status=403))

    with pytest.raises(
        AirflowFailException, match=r"storage.objects.create.*kept on this worker in /\S+imagen-rescued-"
    ):
        operator().execute({"ti": ti})
    assert len(asked(emulator)) == 1


def test_a_missing_bucket_is_found_out_before_images_are_paid_for(ti: Any, emulator: Any) -> None:
    with pytest.raises(AirflowFailException, match=r"StorageNotFoundError: .*Create the bucket"):
        operator(output_uri="gs://no-such-bucket/x/").execute({"ti": ti})
    assert asked(emulator) == []


def test_a_retired_imagen_model_ends_green_through_its_fallback(
    emulator: Any, ti: Any, logged: Callable[[], str]
) -> None:
    emulator.retire("imagen-3.0-generate-002")

    uris = operator(model="imagen-3.0-generate-002", fallback_model=MODEL, number_of_images=2).execute({"ti": ti})

    assert len(uris) == 2
    assert ti.pushed["result"]["model"] == MODEL
    assert ti.pushed["result"]["fallback"]["instead_of"] == "imagen-3.0-generate-002"
    assert "imagen-3.0-generate-002 is retired since 2026-06-30: using the fallback gemini-3.1-flash-image" in logged()


def test_a_model_that_answers_404_gives_way_to_the_fallback_of_the_connection(
    emulator: Any, ti: Any, set_connection: Callable[..., None], logged: Callable[[], str]
) -> None:
    set_connection(**emulator.connection["extra"], fallback_model=MODEL)
    emulator.retire("gemini-3-pro-image")

    assert len(operator(model="gemini-3-pro-image").execute({"ti": ti})) == 1
    assert "HTTP 404" in ti.pushed["result"]["fallback"]["because"]
    assert "using the fallback gemini-3.1-flash-image" in logged()


@pytest.mark.parametrize("rendered", ["None", "", " "])
def test_a_fallback_that_renders_to_nothing_leaves_that_of_the_connection(
    emulator: Any, ti: Any, set_connection: Callable[..., None], rendered: str
) -> None:
    set_connection(**emulator.connection["extra"], fallback_model=MODEL)
    emulator.retire("gemini-3-pro-image")

    assert len(operator(model="gemini-3-pro-image", fallback_model=rendered).execute({"ti": ti})) == 1
    assert ti.pushed["result"]["model"] == MODEL


def test_a_404_that_is_a_web_page_is_no_missing_model_so_no_fallback_is_asked(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", status=404, html=True))

    with pytest.raises(AirflowFailException, match="check the connection's endpoint and the proxy") as caught:
        operator(fallback_model="gemini-3-pro-image").execute({"ti": ti})
    assert "model id" not in str(caught.value)
    assert len(asked(emulator)) == 1


def test_without_a_fallback_the_error_names_the_successor(emulator: Any, ti: Any) -> None:
    emulator.retire("imagen-3.0-generate-002")

    with pytest.raises(AirflowFailException, match="is retired.*2026-06-30.*use gemini-2.5-flash-image"):
        operator(model="imagen-3.0-generate-002").execute({"ti": ti})


def test_a_location_that_was_set_is_never_replaced(emulator: Any, ti: Any) -> None:
    with pytest.raises(AirflowFailException, match="is served from global only; location is europe-west4"):
        operator(location="europe-west4").execute({"ti": ti})
    assert emulator.requests == []


def test_images_are_stored_while_others_are_still_on_their_way(
    emulator: Any, ti: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_are_stored = threading.Event()
    seen: list[str] = []
    save = ImageFolder.save

    def watched(folder: ImageFolder, number: int, image: GeneratedImage) -> GeneratedImage:
        stored = save(folder, number, image)
        seen.append(str(stored.uri))
        if len(seen) == 2:
            two_are_stored.set()
        return stored

    monkeypatch.setattr(ImageFolder, "save", watched)
    monkeypatch.setattr(ImagenHook, "client_options", {"sleep": lambda seconds: two_are_stored.wait(300)})
    emulator.order_fault(Fault("generate", status=503))

    uris = operator(output_uri=str(tmp_path), number_of_images=3).execute({"ti": ti})

    assert two_are_stored.is_set()
    assert sorted(uris) == sorted(seen)
    assert {Path(uri).name.partition(".")[0] for uri in uris} == {"sample_0", "sample_1", "sample_2"}


def test_an_image_that_cannot_be_stored_is_kept_and_the_others_are_named(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("upload", skip=1, status=403))

    with pytest.raises(AirflowFailException, match="OutputError: 1 of 2 images could not be written") as caught:
        operator(number_of_images=2).execute({"ti": ti})

    (stored,) = images_in("gs://bucket/made/", emulator)
    assert f"Written: {stored}." in str(caught.value)
    (folder,) = re.findall(r"kept on this worker in (\S+)\. ", str(caught.value))
    assert len(list(Path(folder).iterdir())) == 1
