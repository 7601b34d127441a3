"""With a ``gs://`` place the worker handles names only: no pixel comes, none is fetched."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_imagen.client.transport import Transport
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.operators import delivery
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
def answers(monkeypatch: pytest.MonkeyPatch) -> list[ImagesResponse]:
    """What the operator was given to deliver."""
    seen: list[ImagesResponse] = []
    deliver = delivery.Delivery.deliver

    def noted(self: delivery.Delivery, answer: ImagesResponse, *more: Any) -> list[str]:
        seen.append(answer)
        return deliver(self, answer, *more)

    monkeypatch.setattr(delivery.Delivery, "deliver", noted)
    return seen


def test_four_images_for_cloud_storage_never_pass_the_worker(
    emulator: Any, ti: Any, bodies: list[int], answers: list[ImagesResponse]
) -> None:
    operator = ImagenGenerateOperator(
        task_id="t", model="imagen-4.0-generate-001", prompt="x", number_of_images=4, output_uri="gs://bucket/made/"
    )

    uris = operator.execute({"ti": ti})

    assert [image.data for image in answers[0].images] == [None] * 4
    assert [len(emulator.read_object("bucket", uri.removeprefix("gs://bucket/"))) > SMALL_BYTES for uri in uris] == [
        True
    ] * 4
    assert len(bodies) == 1
    assert sum(bodies) < SMALL_BYTES


def test_an_image_in_cloud_storage_is_upscaled_without_being_fetched(
    emulator: Any, ti: Any, bodies: list[int], answers: list[ImagesResponse]
) -> None:
    (source,) = ImagenGenerateOperator(
        task_id="t", model="imagen-4.0-generate-001", prompt="x", output_uri="gs://bucket/made/"
    ).execute({"ti": ti})
    known = len(emulator.requests)

    ImagenUpscaleOperator(task_id="u", image=source, output_uri="gs://bucket/large/", upscale_factor="x2").execute(
        {"ti": ti}
    )

    calls = emulator.requests[known:]
    assert [call.path.rpartition(":")[2] for call in calls] == ["predict"]
    assert len(calls[0].body) < SMALL_BYTES
    assert answers[1].images[0].data is None
    assert sum(bodies) < SMALL_BYTES
