"""The client against a local server: where it asks, what it retries, how it names failures."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from support.plans import generate_plan

from airflow_provider_imagen.client.http_request import HttpRequest
from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.client.shared_clients import waiting_client
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse
from airflow_provider_imagen.core.storage.locations import CloudFolder
from airflow_provider_imagen.errors import (
    InvalidConnectionError,
    ModelNotFoundError,
    PromptBlockedError,
    ResponseLostError,
    ServerError,
    StorageNotFoundError,
    UnexpectedResponseError,
)

PLAN = generate_plan("imagen-3.0-generate-002")
IMAGES = b'{"predictions": [{"gcsUri": "gs://bucket/a/1/sample_0.png", "mimeType": "image/png"}]}'


def client_for(url: str, **settings: Any) -> ImagenClient:
    made = ConnectionSettings(**{"project": "payer", "endpoint": url, "storage_endpoint": url} | settings)
    return ImagenClient(made, sleep=lambda seconds: None, now=lambda: datetime(2026, 11, 22, tzinfo=UTC))


def test_asks_the_model_in_its_own_location(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200, IMAGES))

    answer = client_for(script.url).vertex.send(PLAN)

    place = "/v1/projects/payer/locations/us-central1/publishers/google/models/imagen-3.0-generate-002:predict"
    assert script.received[0].path == place
    assert json.loads(script.received[0].body)["parameters"]["sampleCount"] == 1
    assert answer.images[0].uri == "gs://bucket/a/1/sample_0.png"


class PlayedTransport:
    """Plays Google, and keeps the requests."""

    def __init__(self) -> None:
        self.sent: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        self.sent.append(request)
        data = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
        part = {"inlineData": {"mimeType": "image/png", "data": data}}
        answer = {"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]}
        return HttpResponse(200, {}, json.dumps(answer).encode())


@pytest.mark.parametrize(("tier", "seconds"), [(None, 40.0), ("priority", 40.0), ("flex", 1230.0)])
def test_a_response_is_waited_for_as_long_as_its_tier_may_take(tier: str | None, seconds: float) -> None:
    played: Any = PlayedTransport()
    client = ImagenClient(ConnectionSettings(project="payer", timeout_seconds=40), transport=played)

    client.vertex.send(generate_plan("gemini-3.1-flash-image", service_tier=tier))

    assert [each.timeout_seconds for each in played.sent] == [seconds]


def test_a_location_that_was_set_is_obeyed(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200, IMAGES))

    plan = generate_plan("imagen-3.0-generate-002", location="europe-west4")
    client_for(script.url).vertex.send(plan)

    assert "/locations/europe-west4/" in script.received[0].path


@pytest.mark.parametrize("status", [429, 503])
def test_asks_again_when_google_accepted_nothing(script: Any, answer_with: Callable[..., bytes], status: int) -> None:
    script.order(answer_with(status), answer_with(status), answer_with(200, IMAGES))

    assert len(client_for(script.url).vertex.send(PLAN).images) == 1
    assert len(script.received) == 3


@pytest.mark.parametrize("status", [500, 502, 504])
def test_does_not_repeat_a_request_whose_outcome_is_unknown(
    script: Any, answer_with: Callable[..., bytes], status: int
) -> None:
    script.order(answer_with(status))

    with pytest.raises(ResponseLostError):
        client_for(script.url).vertex.send(PLAN)
    assert len(script.received) == 1


INTERNAL = b'{"error": {"code": 500, "message": "Internal error", "status": "INTERNAL"}}'
PART = b'{"inlineData": {"mimeType": "image/gif", "data": "R0lGODlhAQABAAAAACw="}}'
IMAGE = b'{"candidates": [{"content": {"parts": [' + PART + b"]}}]}"


def test_an_error_in_google_s_own_words_is_not_charged_so_it_is_sent_again(
    script: Any, answer_with: Callable[..., bytes]
) -> None:
    script.order(answer_with(500, INTERNAL), answer_with(500, INTERNAL), answer_with(200, IMAGE))

    assert len(client_for(script.url).vertex.send(generate_plan("gemini-2.5-flash-image"), requested=1).images) == 1
    assert len(script.received) == 3


def test_where_google_stores_images_its_folder_is_looked_at_before_anything_is_sent_again(
    script: Any, answer_with: Callable[..., bytes]
) -> None:
    script.order(answer_with(500, INTERNAL))

    with pytest.raises(ServerError, match="The output folder is gs://bucket/a/own/"):
        client_for(script.url).vertex.send(PLAN, storage_uri="gs://bucket/a/own/")
    assert len(script.received) == 1


def test_says_that_a_model_is_retired_and_what_comes_after_it(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(404, b'{"error": {"code": 404, "message": "was not found", "status": "NOT_FOUND"}}'))

    with pytest.raises(ModelNotFoundError, match="is retired.*2026-06-30.*use gemini-2.5-flash-image"):
        client_for(script.url).vertex.send(PLAN)


def test_lists_a_folder_page_by_page_and_asks_only_for_the_fields_it_needs(
    script: Any, answer_with: Callable[..., bytes]
) -> None:
    first = (
        b'{"items": [{"name": "a/1.png", "size": "3", "timeCreated": "2026-01-01T00:00:00Z"}], "nextPageToken": "n x"}'
    )
    second = b'{"items": [{"name": "a/2.png", "size": "3", "timeCreated": "2026-01-01T00:00:00Z"}]}'
    script.order(answer_with(200, first), answer_with(200, second))

    listed = list(client_for(script.url).storage.list(CloudFolder("bucket", "a/")))

    assert [each.name for each in listed] == ["a/1.png", "a/2.png"]
    fields = "fields=items(name,contentType,size,timeCreated,generation,md5Hash,crc32c),nextPageToken"
    assert script.received[0].path == f"/storage/v1/b/bucket/o?prefix=a/&{fields}"
    assert script.received[1].path.endswith("&pageToken=n+x")


def test_a_listing_is_repeated_after_any_passing_failure(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(b"reset", answer_with(500), answer_with(503), answer_with(200, b"{}"))

    assert list(client_for(script.url).storage.list(CloudFolder("bucket", "a/"))) == []


def test_a_missing_bucket_is_named(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(404))

    with pytest.raises(StorageNotFoundError, match="gs://bucket/a/.*Create the bucket"):
        list(client_for(script.url).storage.list(CloudFolder("bucket", "a/")))


def test_without_any_project_nothing_is_sent(script: Any) -> None:
    with pytest.raises(InvalidConnectionError, match="Set project in the connection"):
        client_for(script.url, project=None, is_anonymous=True).vertex.send(PLAN)
    assert script.received == []


def test_equal_connections_share_one_client_and_changed_ones_do_not() -> None:
    settings = ConnectionSettings(project="one", is_anonymous=True)

    assert waiting_client(settings) is waiting_client(settings.model_copy())
    assert waiting_client(settings) is not waiting_client(settings.model_copy(update={"project": "two"}))


@pytest.mark.parametrize("answer", [b"reset", 200], ids=["lost", "no answer of Google's"])
def test_an_error_after_which_images_may_be_there_names_their_folder(
    script: Any, answer_with: Callable[..., bytes], answer: Any
) -> None:
    script.order(answer if isinstance(answer, bytes) else answer_with(answer, b"<html>"))

    with pytest.raises((ResponseLostError, UnexpectedResponseError), match="The output folder is gs://bucket/a/"):
        client_for(script.url).vertex.send(PLAN, storage_uri="gs://bucket/a/")


def test_google_is_given_the_folder_that_the_caller_names_and_no_other(
    script: Any, answer_with: Callable[..., bytes]
) -> None:
    script.order(answer_with(200, IMAGES))

    response = client_for(script.url).vertex.send(PLAN, storage_uri="gs://bucket/a/own/")

    assert json.loads(script.received[0].body)["parameters"]["storageUri"] == "gs://bucket/a/own/"
    assert response.duration_seconds > 0


def test_without_a_folder_the_images_come_as_bytes(script: Any, answer_with: Callable[..., bytes]) -> None:
    script.order(answer_with(200, IMAGES))

    client_for(script.url).vertex.send(PLAN)

    assert "storageUri" not in json.loads(script.received[0].body)["parameters"]


def test_a_plan_may_be_sent_in_parts(script: Any, answer_with: Callable[..., bytes]) -> None:
    plan = generate_plan("gemini-2.5-flash-image", seed=7, number_of_images=3)
    script.order(answer_with(200, b'{"promptFeedback": {"blockReason": "SAFETY"}}'))

    with pytest.raises(PromptBlockedError):
        client_for(script.url).vertex.send(plan, index=2, requested=1)

    assert script.received[0].path.endswith("gemini-2.5-flash-image:generateContent")
    assert json.loads(script.received[0].body)["generationConfig"]["seed"] == 9
