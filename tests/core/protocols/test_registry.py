"""The protocols by the names that the catalogue has for them."""

from __future__ import annotations

import pytest

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.protocols import protocol_named
from airflow_provider_imagen.core.requests import GenerateRequest, UpscaleRequest


@pytest.mark.parametrize("name", sorted({model.protocol for model in catalogue().models}))
def test_every_protocol_of_the_catalogue_is_there_under_its_name(name: str) -> None:
    protocol = protocol_named(name)

    assert protocol.name == name
    assert protocol is protocol_named(name)
    assert protocol.not_sent.keys() | protocol.approximated.keys() <= GenerateRequest.model_fields.keys()
    assert not protocol.not_sent.keys() & protocol.approximated.keys()


def test_another_name_is_a_programming_error() -> None:
    with pytest.raises(LookupError, match="no protocol is named 'rawPredict'"):
        protocol_named("rawPredict")


def test_what_a_protocol_ignores_is_not_in_its_bodies() -> None:
    values = {"language": "ja", "enhance_prompt": True, "include_safety_attributes": True}
    plain = {"model": "some-model", "prompt": "a cat", "output_uri": "/data"}
    for protocol in map(protocol_named, ("predict", "generateContent")):
        least = protocol.encode(GenerateRequest(**plain))  # type: ignore[arg-type]
        for name, value in values.items():
            body = protocol.encode(GenerateRequest(**plain, **{name: value}))  # type: ignore[arg-type]

            assert (body == least) == (name in protocol.not_sent)


def test_only_where_google_stores_images_a_folder_is_sent() -> None:
    request = GenerateRequest(model="some-model", prompt="a cat", output_uri="gs://bucket/cats/")
    for protocol in map(protocol_named, ("predict", "generateContent")):
        assert ("gs://bucket/own/" in str(protocol.encode(request, 0, "gs://bucket/own/"))) == protocol.stores_output


def test_an_upscale_is_asked_by_predict() -> None:
    model = catalogue().find_or_default("upscaler-of-tomorrow", UpscaleRequest.job)

    assert protocol_named(model.protocol).verb == "predict"
