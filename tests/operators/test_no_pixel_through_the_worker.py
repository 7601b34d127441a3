"""With a ``gs://`` place the worker handles names only: no pixel comes, none is fetched."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_imagen.client.transport import Transport
from airflow_provider_imagen.client.vertex import VertexClient
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator

SMALL_BYTES = 2_000
"""More than names and a prompt take, less than any image."""


@pytest.fixture
def bodies(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of all answers that this process received."""
    sizes: list[int] = []
    send = Transport.send

    def weighed(self: Transport, request: Any) -> HttpResponse:
        answer = send(self, request)
        sizes.append(len(answer.body))
        return answer

    monkeypatch.setattr(Transport, "send", weighed)
    return sizes


@pytest.fixture
def responses(monkeypatch: pytest.MonkeyPatch) -> list[ImagesResponse]:
    """What Google answered, decoded."""
    seen: list[ImagesResponse] = []
    send = VertexClient.send

    def noted(self: VertexClient, *arguments: Any, **options: Any) -> ImagesResponse:
        response = send(self, *arguments, **options)
        seen.append(response)
        return response

    monkeypatch.setattr(VertexClient, "send", noted)
    return seen


def test_four_images_for_cloud_storage_never_pass_the_worker(
    emulator: Any, ti: Any, bodies: list[int], responses: list[ImagesResponse]
) -> None:
    operator = ImagenGenerateOperator(
        task_id="t", model="imagen-4.0-generate-001", prompt="x", number_of_images=4, output_uri="gs://bucket/made/"
    )

    uris = operator.execute({"ti": ti})

    assert [image.data for image in responses[0].images] == [None] * 4
    assert [len(emulator.read_object("bucket", uri.removeprefix("gs://bucket/"))) > SMALL_BYTES for uri in uris] == [
        True
    ] * 4
    assert sum(bodies) < SMALL_BYTES


def test_an_image_in_cloud_storage_is_upscaled_without_being_fetched(
    emulator: Any, ti: Any, bodies: list[int], responses: list[ImagesResponse]
) -> None:
    (source,) = ImagenGenerateOperator(
        task_id="t", model="imagen-4.0-generate-001", prompt="x", output_uri="gs://bucket/made/"
    ).execute({"ti": ti})
    known = len(emulator.requests)

    ImagenUpscaleOperator(task_id="u", image=source, output_uri="gs://bucket/large/", upscale_factor="x2").execute(
        {"ti": ti}
    )

    calls = emulator.requests[known:]
    assert [call.path.rpartition(":")[2] for call in calls if ":" in call.path] == ["predict"]
    assert all(len(call.body) < SMALL_BYTES for call in calls)
    assert not [call for call in calls if "alt=media" in call.query]
    assert responses[1].images[0].data is None
    assert sum(bodies) < SMALL_BYTES
