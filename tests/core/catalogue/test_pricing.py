"""What images cost by the catalogue, and that nobody guesses where it names no price."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_imagen.core.catalogue import Catalogue, Model, catalogue
from airflow_provider_imagen.core.catalogue.pricing import cost_note, estimated_cost_usd, in_words
from airflow_provider_imagen.core.requests import GenerateRequest, ImageRequest, UpscaleRequest


def generate(model: str, **arguments: Any) -> GenerateRequest:
    return GenerateRequest(model=model, prompt="a boat", output_uri="/x", **arguments)


def row(request: ImageRequest) -> Model:
    return catalogue().find_or_default(request.model, request.job)


def price(model: str, size: str) -> float:
    known = catalogue().find(model)
    assert known is not None
    return known.prices_usd[size]


@pytest.mark.parametrize(
    ("request_", "size"),
    [
        (generate("imagen-4.0-generate-001"), "any"),
        (generate("imagen-4.0-generate-001", image_size="2K"), "any"),
        (generate("gemini-3-pro-image"), "1K"),
        (generate("gemini-3-pro-image", image_size="4k"), "4K"),
        (UpscaleRequest(model="imagen-4.0-upscale-preview", image="/i", output_uri="/x", upscale_factor="x2"), "any"),
    ],
)
def test_each_image_costs_the_price_of_its_size(request_: Any, size: str) -> None:
    cost = estimated_cost_usd(request_, 3, row(request_))

    assert cost == pytest.approx(3 * price(request_.model, size))
    assert cost_note(request_, 3, row(request_)) == {"estimated_cost_usd": cost}


@pytest.mark.parametrize(
    "request_",
    [
        generate("imagen-9.0-generate-001"),
        generate("imagegeneration@002"),
        generate("gemini-3.1-flash-lite-image", image_size="2K"),
    ],
)
def test_without_a_known_price_there_is_no_number(request_: GenerateRequest) -> None:
    assert estimated_cost_usd(request_, 3, row(request_)) is None
    assert cost_note(request_, 3, row(request_)) == {}


def test_what_google_makes_without_a_size_has_a_price_wherever_prices_go_by_size() -> None:
    models: Catalogue = catalogue()
    priced = [model for model in models.models if model.prices_usd]

    assert [model.id for model in priced if estimated_cost_usd(generate(model.id), 1, model) is None] == []


def test_no_image_costs_nothing() -> None:
    model = "imagen-4.0-generate-001"

    assert estimated_cost_usd(generate(model), 0, row(generate(model))) == 0


def test_an_estimate_in_words_says_what_it_is() -> None:
    assert in_words(0.1344) == "about 0.1344 USD by list price"
    assert in_words(None) == "no price known"
