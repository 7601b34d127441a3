"""The upscale operator: by reference, from a file, and what it refuses to send."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from PIL import Image
from support.emulated import model_requests

from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.operators.imagen import ImagenUpscaleOperator


def picture(size: tuple[int, int] = (300, 200), kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.effect_mandelbrot(size, (-2, -1.5, 1, 1.5), 10).convert("RGB").save(file, kind)
    return file.getvalue()


def operator(**arguments: Any) -> ImagenUpscaleOperator:
    defaults = {
        "task_id": "large",
        "model": "imagen-4.0-upscale-preview",
        "image": "gs://bucket/small/a.png",
        "upscale_factor": "x2",
        "output_uri": "gs://bucket/large/",
    }
    return ImagenUpscaleOperator(**defaults | arguments)


@pytest.fixture
def small(emulator: Any) -> None:
    emulator.put_object("bucket", "small/a.png", picture(), "image/png")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("factor", "size"), [("x2", (600, 400)), ("x3", (900, 600)), ("x4", (1200, 800))])
def test_a_stored_image_is_passed_by_reference_and_grows_exactly(
    emulator: Any, ti: Any, factor: str, size: tuple[int, int]
) -> None:
    (uri,) = operator(upscale_factor=factor).execute({"ti": ti})

    (request,) = model_requests(emulator)
    assert request.json == {
        "instances": [{"image": {"gcsUri": "gs://bucket/small/a.png"}}],
        "parameters": {
            "sampleCount": 1,
            "mode": "upscale",
            "includeRaiReason": True,
            "upscaleConfig": {"upscaleFactor": factor},
            "storageUri": f"gs://bucket/large/{ti.own_name}/",
        },
    }
    assert not [each for each in emulator.requests if "alt=media" in each.query and "small" in each.path]
    large = emulator.read_object("bucket", uri.removeprefix("gs://bucket/"))
    assert Image.open(io.BytesIO(large)).size == size


@pytest.mark.parametrize(("name", "kind", "mime_type"), [("a.png", "PNG", "image/png"), ("b", "JPEG", "image/jpeg")])
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_local_image_is_sent_along(
    emulator: Any, ti: Any, tmp_path: Path, name: str, kind: str, mime_type: str, scheme: str
) -> None:
    (tmp_path / name).write_bytes(picture(kind=kind))

    (uri,) = operator(image=f"{scheme}{tmp_path}/{name}", output_uri=str(tmp_path / "large")).execute({"ti": ti})

    (request,) = model_requests(emulator)
    assert request.json["instances"][0]["image"]["mimeType"] == mime_type
    with Image.open(uri) as image:
        assert image.size == (600, 400)
    assert "image" in ti.pushed["result"]["parameters"]
    assert "source" not in ti.pushed["result"]["parameters"]


@pytest.mark.usefixtures("small")
def test_every_argument_arrives_under_the_name_google_gave_it(emulator: Any, ti: Any) -> None:
    operator(
        output_mime_type="image/jpeg",
        compression_quality=90,
        enhance_input_image=True,
        image_preservation_factor=0.5,
        safety_filter_level="block_most",
        person_generation="ALLOW_ALL",
        labels={"x": "y"},
    ).execute({"ti": ti})

    (request,) = model_requests(emulator)
    assert request.json["labels"] == {"x": "y"}
    assert request.json["parameters"] == {
        "sampleCount": 1,
        "mode": "upscale",
        "safetySetting": "block_low_and_above",
        "personGeneration": "allow_all",
        "includeRaiReason": True,
        "upscaleConfig": {"upscaleFactor": "x2", "enhanceInputImage": True, "imagePreservationFactor": 0.5},
        "outputOptions": {"mimeType": "image/jpeg", "compressionQuality": 90},
        "storageUri": f"gs://bucket/large/{ti.own_name}/",
    }


@pytest.mark.usefixtures("small")
def test_a_list_with_one_image_is_that_image(ti: Any) -> None:
    assert len(operator(image=["gs://bucket/small/a.png"]).execute({"ti": ti})) == 1


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("rendered", ["['gs://bucket/small/a.png']", '["gs://bucket/small/a.png"]'])
def test_a_list_of_one_that_a_template_rendered_as_text_is_its_image(emulator: Any, ti: Any, rendered: str) -> None:
    operator(image=rendered).execute({"ti": ti})

    assert model_requests(emulator)[0].json["instances"] == [{"image": {"gcsUri": "gs://bucket/small/a.png"}}]


@pytest.mark.parametrize(
    ("rendered", "said"),
    [
        ("['gs://bucket/a.png', 'gs://bucket/b.png']", r"image is a list of 2.*\.expand\(image=\.\.\.\)"),
        ("[]", "image is an empty list: the task before made nothing"),
        (" gs://bucket/small/a.png", r"image is ' gs://bucket/small/a.png'; allowed are gs://bucket/name.png"),
    ],
)
def test_what_else_a_template_makes_of_an_image_is_named_as_it_is(ti: Any, rendered: str, said: str) -> None:
    with pytest.raises(AirflowFailException, match=said):
        operator(image=rendered).execute({"ti": ti})


def test_a_longer_list_is_refused_with_the_way_to_map_over_it(emulator: Any, ti: Any) -> None:
    with pytest.raises(AirflowFailException, match=r"image is a list of 2.*\.expand\(image=\.\.\.\)"):
        operator(image=["gs://bucket/a.png", "gs://bucket/b.png"]).execute({"ti": ti})
    assert emulator.requests == []


@pytest.mark.parametrize(
    ("data", "factor", "text"),
    [
        (b"GIF89a" + bytes(100), "x2", "neither PNG nor JPEG"),
        (picture() + bytes(10 * 1024 * 1024), "x2", "allowed are 10485760"),
        (picture((3000, 2000)), "x2", "24.0 megapixels, and imagen-4.0-upscale-preview allows 17"),
        (None, "x2", "could not be read"),
    ],
    ids=["format", "bytes", "pixels", "missing"],
)
def test_a_file_that_google_would_refuse_is_not_sent(
    emulator: Any, ti: Any, tmp_path: Path, data: bytes | None, factor: str, text: str
) -> None:
    if data is not None:
        (tmp_path / "a").write_bytes(data)

    with pytest.raises(AirflowFailException, match=text):
        operator(image=str(tmp_path / "a"), upscale_factor=factor).execute({"ti": ti})
    assert emulator.requests == []


def test_a_missing_source_in_cloud_storage_fails_without_retries(ti: Any) -> None:
    with pytest.raises(AirflowFailException, match="nowhere.png"):
        operator(image="gs://bucket/nowhere.png").execute({"ti": ti})


@pytest.mark.usefixtures("small")
def test_a_filtered_image_follows_the_policy(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("upscale", filtered=1))

    assert operator(on_filtered="warn").execute({"ti": ti}) == []


@pytest.mark.usefixtures("small")
def test_a_task_without_model_takes_the_one_that_upscales(ti: Any) -> None:
    operator(model=None).execute({"ti": ti})

    assert ti.pushed["result"]["model"] == "imagen-4.0-upscale-preview"


def test_all_arguments_are_templated() -> None:
    import inspect

    parameters = set(inspect.signature(ImagenUpscaleOperator.__init__).parameters) - {"self", "kwargs"}

    assert parameters == set(ImagenUpscaleOperator.template_fields)
