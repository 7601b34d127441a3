"""What images cost by the catalogue, and that nobody guesses where it names no price."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_imagen.core.catalogue import Catalogue, Model, catalogue
from airflow_provider_imagen.core.catalogue.pricing import cost_of, estimated_cost_usd, in_words
from airflow_provider_imagen.core.image_size import ImageSize
from airflow_provider_imagen.core.requests import GenerateRequest, ImageRequest, UpscaleRequest
from airflow_provider_imagen.core.token_usage import TokenUsage

PRO = "gemini-3-pro-image"
SIZES = {"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}
TOKENS = {
    "gemini-nano-banana-2.1": {"1K": 1120, "2K": 1680, "4K": 3780},
    "gemini-3.1-flash-image": {"512": 747, "1K": 1120, "2K": 1680, "4K": 2520},
    "gemini-3.1-flash-lite-image": {"1K": 1120},
    "gemini-3-pro-image": {"1K": 1120, "2K": 1120, "4K": 2000},
    "gemini-2.5-flash-image": {"any": 1290},
}
"""Output tokens of an image by its size, as the model cards have them."""


def square(name: str) -> ImageSize:
    return ImageSize(SIZES[name], SIZES[name])


def image_usage(tokens: int = 1120, **others: Any) -> TokenUsage:
    counts: dict[str, Any] = {"candidates_token_count": tokens, "candidates_tokens_details": {"IMAGE": tokens}}
    return TokenUsage(**{"images": 1, **counts, **others})


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
    assert cost_of(request_, row(request_), [None] * 3) == (cost, "images")


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
    assert cost_of(request_, row(request_), [None] * 3) is None


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


@pytest.mark.parametrize(("model", "size"), [(model, size) for model, sizes in TOKENS.items() for size in sizes])
def test_the_price_of_an_image_is_that_of_its_tokens(model: str, size: str) -> None:
    known = catalogue().find(model)
    assert known is not None
    assert known.token_prices_usd is not None

    assert known.token_prices_usd.output_image * TOKENS[model][size] / 1e6 == pytest.approx(
        price(model, size), rel=0.01
    )


def test_every_model_that_is_billed_by_tokens_has_their_prices() -> None:
    priced = [model.id for model in catalogue().models if model.token_prices_usd]

    assert priced == list(TOKENS)


def test_what_came_costs_its_tokens_where_google_counted_them() -> None:
    request = generate(PRO)
    usage = image_usage(prompt_token_count=1000, thoughts_token_count=500)
    words = image_usage(1150, candidates_tokens_details={"IMAGE": 1120, "TEXT": 30})

    cost = cost_of(request, row(request), [None, None], usages=[usage, words])
    assert cost == (pytest.approx((1000 * 2 + 2240 * 120 + 530 * 12) / 1e6), "usage")


def test_a_refusal_costs_the_tokens_that_it_took() -> None:
    request = generate(PRO)
    refusal = TokenUsage(prompt_token_count=1000, candidates_token_count=50)

    assert cost_of(request, row(request), [], usages=[refusal]) == (pytest.approx(0.0026), "usage")


@pytest.mark.parametrize(
    "usages",
    [
        [],
        [image_usage()],
        [image_usage(), TokenUsage(prompt_token_count=7, images=1)],
        [image_usage(), TokenUsage(candidates_token_count=0, images=1)],
        [image_usage(), image_usage(candidates_tokens_details={"TEXT": 7})],
    ],
)
def test_images_whose_tokens_are_not_all_known_cost_their_sizes(usages: list[TokenUsage]) -> None:
    request = generate(PRO, image_size="4K")

    assert cost_of(request, row(request), [None, None], usages=usages) == (pytest.approx(0.48), "images")


def test_the_delivered_size_counts_and_not_the_one_that_was_asked() -> None:
    request = generate(PRO, image_size="4K")

    assert cost_of(request, row(request), [square("1K"), square("4K"), None]) == (pytest.approx(0.614), "images")
    lite = generate("gemini-3.1-flash-lite-image", image_size="2K")
    assert cost_of(lite, row(lite), [square("1K")]) == (pytest.approx(0.0336), "images")
    assert cost_of(lite, row(lite), [square("1K"), None]) is None


def test_a_delivered_size_without_a_price_costs_what_was_asked() -> None:
    request = generate(PRO, image_size="4K")

    assert cost_of(request, row(request), [square("512")]) == (pytest.approx(0.24), "images")


@pytest.mark.parametrize(
    ("asked", "served", "factor"),
    [
        (None, "", 1),
        ("flex", "", 0.5),
        ("priority", "", 1.8),
        ("flex", "ON_DEMAND", 1),
        ("flex", "ON_DEMAND_FLEX", 0.5),
        (None, "ON_DEMAND_PRIORITY", 1.8),
        ("flex", "PROVISIONED_THROUGHPUT", 0.5),
    ],
)
@pytest.mark.parametrize("basis", ["usage", "images"])
def test_the_tier_that_google_served_counts_before_the_one_that_was_asked(
    asked: str | None, served: str, factor: float, basis: str
) -> None:
    request = generate(PRO, service_tier=asked)
    tokens = 1120 if basis == "usage" else 0
    cost = cost_of(request, row(request), [None], usages=[image_usage(tokens, traffic_type=served)])

    assert cost == (pytest.approx(factor * (0.1344 if basis == "usage" else 0.134)), basis)


def test_an_expected_cost_knows_the_tier_too() -> None:
    request = generate(PRO, service_tier="flex")

    assert estimated_cost_usd(request, 2, row(request)) == pytest.approx(0.134)


def test_responses_of_several_tiers_each_cost_their_own() -> None:
    request = generate(PRO)
    usages = [image_usage(traffic_type="ON_DEMAND_FLEX"), image_usage(traffic_type="ON_DEMAND")]

    assert cost_of(request, row(request), [None, None], usages=usages) == (pytest.approx(0.1344 * 1.5), "usage")


def test_pictures_and_a_search_a_request_are_in_the_expected_cost() -> None:
    plain = generate(PRO)
    rich = generate(PRO, reference_images=["gs://b/a.png", "/data/b.png"], google_search=True)
    prices = row(plain).token_prices_usd
    assert prices is not None

    extra = estimated_cost_usd(rich, 3, row(rich)) - estimated_cost_usd(plain, 3, row(plain))  # type: ignore[operator]
    assert extra == pytest.approx(3 * (2 * 560 * prices.input / 1e6 + 0.014))


def test_google_counts_the_pictures_itself_and_not_the_search() -> None:
    rich = generate(PRO, reference_images=["gs://b/a.png"], google_search=True)
    plain = generate(PRO)
    usage = image_usage(prompt_token_count=600)

    with_search = cost_of(rich, row(rich), [None], usages=[usage])
    without = cost_of(plain, row(plain), [None], usages=[usage])
    assert with_search is not None
    assert without is not None
    assert with_search.usd == pytest.approx(without.usd + 0.014)
