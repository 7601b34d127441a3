"""The generate operator, end to end over real sockets: request, storage, XCom."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from PIL import Image
from support.emulated import model_requests

from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator

MODEL = "imagen-3.0-generate-002"
EVERYTHING = {
    "negative_prompt": "dogs",
    "aspect_ratio": "16:9",
    "seed": 7,
    "language": "ja",
    "safety_filter_level": "block_only_high",
    "person_generation": "allow_adult",
    "add_watermark": False,
    "output_mime_type": "image/jpeg",
    "compression_quality": 80,
    "guidance_scale": 7.5,
    "include_safety_attributes": True,
    "labels": {"team": "ads"},
}


def operator(**arguments: Any) -> ImagenGenerateOperator:
    defaults = {"task_id": "posters", "model": MODEL, "prompt": "a red boat", "output_uri": "gs://bucket/made/"}
    return ImagenGenerateOperator(**defaults | arguments)


def size_of(path: Path, expected_format: str = "PNG") -> tuple[int, int]:
    with Image.open(path) as image:
        image.load()
        assert image.format == expected_format
        return image.size


def sent_by(emulator: Any) -> dict[str, Any]:
    (request,) = model_requests(emulator)
    return dict(request.json)


def test_google_writes_to_the_tasks_own_folder_and_the_task_returns_the_uris(emulator: Any, ti: Any) -> None:
    uris = operator(number_of_images=3).execute({"ti": ti})

    assert uris == [f"gs://bucket/{name}" for name in emulator.list_objects("bucket", "made/")]
    assert len(uris) == 3
    assert sent_by(emulator)["parameters"]["storageUri"] == f"gs://bucket/made/{ti.own_name}/"


def test_the_links_follow_from_what_the_task_recorded_and_not_from_an_earlier_try(ti: Any) -> None:
    task = operator()
    task.execute({"ti": ti})
    recorded = task.result_document
    task.on_lost = "maybe"

    with pytest.raises(AirflowFailException):
        task.execute({"ti": ti})

    assert recorded.to_json() == ti.pushed["result"]
    assert task.result_document is None


def test_the_result_document_tells_what_was_made_and_holds_no_pixels(emulator: Any, ti: Any) -> None:
    uris = operator(number_of_images=2, output_mime_type="image/jpeg", enhance_prompt=True).execute({"ti": ti})

    result = ti.pushed["result"]
    assert result["model"] == MODEL
    assert result["location"] == "us-central1"
    assert result["parameters"]["prompt"] == "a red boat"
    assert [image["uri"] for image in result["images"]] == uris
    assert {image["mime_type"] for image in result["images"]} == {"image/jpeg"}
    assert all(image["prompt"] for image in result["images"])
    assert (result["filtered"], result["filter_reasons"]) == (0, [])
    assert result["duration_seconds"] >= 0
    assert len(json.dumps(result)) < 4000


def test_one_image_is_asked_for_unless_the_task_says_otherwise(emulator: Any, ti: Any) -> None:
    operator().execute({"ti": ti})

    assert sent_by(emulator)["parameters"] == {
        "sampleCount": 1,
        "includeRaiReason": True,
        "storageUri": f"gs://bucket/made/{ti.own_name}/",
    }


def test_every_argument_arrives_under_the_name_google_gave_it(emulator: Any, ti: Any) -> None:
    operator(model="imagen-3.0-generate-001", **EVERYTHING).execute({"ti": ti})

    assert sent_by(emulator) == {
        "instances": [{"prompt": "a red boat"}],
        "parameters": {
            "sampleCount": 1,
            "negativePrompt": "dogs",
            "aspectRatio": "16:9",
            "seed": 7,
            "language": "ja",
            "safetySetting": "block_only_high",
            "personGeneration": "allow_adult",
            "addWatermark": False,
            "outputOptions": {"mimeType": "image/jpeg", "compressionQuality": 80},
            "guidanceScale": 7.5,
            "includeRaiReason": True,
            "includeSafetyAttributes": True,
            "storageUri": f"gs://bucket/made/{ti.own_name}/",
        },
        "labels": {"team": "ads"},
    }


def test_images_for_a_local_folder_are_written_whole_by_the_worker(tmp_path: Path, ti: Any) -> None:
    uris = operator(output_uri=str(tmp_path), number_of_images=2, aspect_ratio="9:16").execute({"ti": ti})

    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert sorted(uris) == [str(path) for path in files]
    assert [path.name for path in files] == ["sample_0.png", "sample_1.png"]
    assert {size_of(path) for path in files} == {(768, 1408)}


def test_a_file_uri_is_a_local_folder_too(tmp_path: Path, ti: Any) -> None:
    (uri,) = operator(output_uri=f"file://{tmp_path}/x", output_mime_type="image/jpeg").execute({"ti": ti})

    assert uri.startswith(f"file://{tmp_path}/x/posters-")
    assert size_of(Path(uri.removeprefix("file://")), "JPEG") == (1024, 1024)


def test_a_second_try_replaces_its_own_files_and_another_run_does_not(tmp_path: Path, make_ti: Any) -> None:
    first = operator(output_uri=str(tmp_path)).execute({"ti": make_ti()})
    again = operator(output_uri=str(tmp_path)).execute({"ti": make_ti()})
    other_run = operator(output_uri=str(tmp_path)).execute({"ti": make_ti(run_id="manual__2")})
    other_map_index = operator(output_uri=str(tmp_path)).execute({"ti": make_ti(map_index=3)})

    assert first == again
    assert len({first[0], other_run[0], other_map_index[0]}) == 3


def test_other_schemes_are_written_through_object_storage(ti: Any, emulator: Any, memory_storage: Any) -> None:
    (uri,) = operator(output_uri="memory://other-bucket/x", if_exists="reuse").execute({"ti": ti})

    assert uri == f"memory://other-bucket/x/{ti.own_name}/sample_0.png"
    assert Image.open(io.BytesIO(memory_storage.cat(uri))).size == (1024, 1024)
    assert operator(output_uri="memory://other-bucket/x", if_exists="reuse").execute({"ti": ti}) == [uri]
    assert len(model_requests(emulator)) == 1


def test_the_prompt_stays_out_of_the_log(ti: Any, logged: Callable[[], str]) -> None:
    operator(prompt="a secret garden").execute({"ti": ti})

    said = logged()
    assert "Asking imagen-3.0-generate-002" in said
    assert "secret garden" not in said


def test_a_retired_model_is_announced_before_it_is_asked(ti: Any, logged: Callable[[], str]) -> None:
    operator().execute({"ti": ti})

    assert "announced 2026-06-30 as the last day of imagen-3.0-generate-002; use gemini-2.5-flash-image" in logged()


def test_all_arguments_are_templated() -> None:
    import inspect

    parameters = set(inspect.signature(ImagenGenerateOperator.__init__).parameters) - {"self", "kwargs"}

    assert parameters == set(ImagenGenerateOperator.template_fields)


def test_rendered_text_is_read_as_what_it_means(emulator: Any, ti: Any) -> None:
    task = operator(
        prompt="{{ what }}", number_of_images="{{ n }}", enhance_prompt="{{ flag }}", aspect_ratio="{{ nothing }}"
    )
    task.render_template_fields({"what": "a boat", "n": 2, "flag": False, "nothing": None})
    task.execute({"ti": ti})

    sent = sent_by(emulator)
    assert sent["instances"][0]["prompt"] == "a boat"
    assert (sent["parameters"]["sampleCount"], sent["parameters"]["enhancePrompt"]) == (2, False)
    assert "aspectRatio" not in sent["parameters"]


def test_project_and_location_of_the_task_are_the_ones_that_are_asked(emulator: Any, ti: Any) -> None:
    operator(project_id="task-project", location="europe-west2").execute({"ti": ti})

    assert "/projects/task-project/locations/europe-west2/" in model_requests(emulator)[0].path
    assert ti.pushed["result"]["location"] == "europe-west2"


@pytest.mark.parametrize(("rendered", "conn_id"), [("other", "other"), (42, "42")])
def test_the_connection_of_the_task_is_the_one_that_is_read(
    emulator: Any, ti: Any, set_connection: Callable[..., None], rendered: Any, conn_id: str
) -> None:
    set_connection(conn_id, **{**emulator.connection["extra"], "project": "other-project"})

    operator(imagen_conn_id=rendered).execute({"ti": ti})

    assert "/projects/other-project/" in model_requests(emulator)[0].path
    assert ti.pushed["result"]["imagen_conn_id"] == conn_id


def test_the_impersonation_chain_of_the_task_reaches_the_client() -> None:
    assert operator(impersonation_chain=["a@x.iam", "b@x.iam"]).hook.client.settings.impersonation_chain == (
        "a@x.iam",
        "b@x.iam",
    )


@pytest.mark.parametrize("name", ["project_id", "location", "impersonation_chain"])
@pytest.mark.parametrize("blank", ["", "None"])
def test_a_place_that_renders_to_nothing_is_not_given(emulator: Any, ti: Any, name: str, blank: str) -> None:
    operator(**{name: blank}).execute({"ti": ti})

    assert "/projects/emulator-project/locations/us-central1/" in model_requests(emulator)[0].path
