"""Uploads that succeed only while a certain generation of the object is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.client.storage import CloudStorage
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.storage.checksums import md5_of
from airflow_provider_imagen.errors import ObjectExistsError

URI = "gs://bucket/a.json"
REFUSED = b'{"error": {"code": 412, "message": "At least one of the pre-conditions you specified did not hold."}}'


@pytest.fixture
def storage(script: Any) -> CloudStorage:
    settings = ConnectionSettings(is_anonymous=True, storage_endpoint=script.url)
    return ImagenClient(settings, sleep=lambda seconds: None).storage


def stored(data: bytes) -> bytes:
    return json.dumps(
        {"name": "a.json", "md5Hash": md5_of(data), "generation": "7", "timeCreated": "2026-01-01T00:00:00Z"}
    ).encode()


@pytest.mark.parametrize("generation", [0, 17, "17"])
def test_an_upload_may_ask_for_the_generation_that_must_be_there(
    storage: CloudStorage, script: Any, answer_with: Callable[..., bytes], generation: int | str
) -> None:
    script.order(answer_with(200, stored(b"mine")))

    assert storage.upload(URI, b"mine", "application/json", if_generation_match=generation).generation == "7"
    assert f"&ifGenerationMatch={generation}" in script.received[0].path


def test_an_object_of_another_is_left_alone_and_the_upload_is_not_repeated(
    storage: CloudStorage, script: Any, answer_with: Callable[..., bytes]
) -> None:
    script.order(answer_with(412, REFUSED))

    with pytest.raises(ObjectExistsError, match="Uploading gs://bucket/a.json: HTTP 412.*It was not changed"):
        storage.upload(URI, b"mine", "application/json", if_generation_match=0)
    assert len(script.received) == 1


def test_an_upload_whose_response_was_lost_is_found_again(
    storage: CloudStorage, script: Any, answer_with: Callable[..., bytes]
) -> None:
    script.order(b"reset", answer_with(412, REFUSED), answer_with(200, stored(b"mine")))

    assert storage.upload(URI, b"mine", "application/json", if_generation_match=0) == (URI, "7")
    assert [each.method for each in script.received] == ["POST", "POST", "GET"]


def test_an_object_that_another_stored_meanwhile_is_not_taken_for_ones_own(
    storage: CloudStorage, script: Any, answer_with: Callable[..., bytes]
) -> None:
    script.order(b"reset", answer_with(412, REFUSED), answer_with(200, stored(b"another's")))

    with pytest.raises(ObjectExistsError):
        storage.upload(URI, b"mine", "application/json", if_generation_match=0)
