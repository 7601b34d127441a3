"""What a request costs, by the prices in the catalogue: an estimate, and none where no price is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from airflow_provider_imagen.core.catalogue import Model
from airflow_provider_imagen.core.delivered_size import nearest_size
from airflow_provider_imagen.core.image_size import ImageSize
from airflow_provider_imagen.core.requests import GenerateRequest, ImageRequest
from airflow_provider_imagen.core.token_usage import TokenUsage

USUAL_SIZE = "1K"
"""What Google makes when a request names no ``image_size``."""

JOB_FACTOR = 0.5
"""The price of a request in a batch prediction job by that of one sent by itself. Source: Google's price page."""
TIER_FACTORS = {"flex": 0.5, "priority": 1.8}
"""The price of a service tier by that of the standard one. Source: Google's pages on these tiers (2026-11-25)."""
TIERS = {"ON_DEMAND": "standard", "ON_DEMAND_FLEX": "flex", "ON_DEMAND_PRIORITY": "priority"}
"""The service tiers by the ``trafficType`` of a response."""

SEARCH_USD = 0.014
"""What one search of Google costs; a request may make several, and one is counted (public reports, 2026-11-25)."""
MILLION = 1_000_000


class CostEstimate(NamedTuple):
    """What a request costs by list price.

    :param usd: in US dollars.
    :param basis: ``usage``: the tokens that Google counted; ``images``: the images, each by its size.
    """

    usd: float
    basis: Literal["usage", "images"]


def estimated_cost_usd(request: ImageRequest, images: int, model: Model) -> float | None:
    """Return what a number of images costs before they are made; None when no price is known.

    Pictures that are sent and one search a request are counted; texts and thoughts are not.

    Google does not charge for filtered images, so those that came are what counts.

    :param request: what is asked.
    :param images: how many images are expected.
    :param model: the catalogue's row that the request is planned with; another model's price is none.
    """
    cost = cost_of(request, model, [None] * images)
    return None if cost is None else cost.usd


def cost_of(
    request: ImageRequest,
    model: Model,
    images: Sequence[ImageSize | None],
    *,
    usages: Sequence[TokenUsage] = (),
) -> CostEstimate | None:
    """Return what came cost: by tokens where all of them are known and have a price, else by image.

    A token without a price, and texts and thoughts where images are counted, are left out.

    :param request: what was asked.
    :param model: the catalogue's row that the request is planned with; another model's price is none.
    :param images: the size of each image; None where it is not known, and then the size that was asked counts.
    :param usages: the usage of each response that has one. Its own tier counts, if it says which.
    """
    if not model.is_named(request.model):
        return None
    tier = getattr(request, "service_tier", None)
    by_tokens = [_by_tokens(usage, model, tier) for usage in usages]
    known = [cost for cost in by_tokens if cost is not None]
    if known and len(known) == len(by_tokens) and sum(usage.images for usage in usages) >= len(images):
        return CostEstimate(round(sum(known) + len(usages) * _search_price(request), 6), "usage")
    tiers = {_tier_of(usage, tier) for usage in usages}
    factor = TIER_FACTORS.get(tiers.pop() if len(tiers) == 1 else tier or "", 1.0)
    prices = [_price_of(request, size, model) for size in images or [None]]
    if None in prices:
        return None
    total = sum(filter(None, prices)) + len(images) * _input_price(request, model) if images else 0.0
    return CostEstimate(round(total * factor + len(images) * _search_price(request), 6), "images")


def in_words(cost_usd: float | None) -> str:
    """Return an estimate for people, with what it is not."""
    return "no price known" if cost_usd is None else f"about {cost_usd:.4g} USD by list price"


def _by_tokens(usage: TokenUsage, model: Model, tier: str | None) -> float | None:
    prices = model.token_prices_usd
    if prices is None or (usage.images and not usage.image_tokens):
        return None
    words = usage.output_tokens - usage.image_tokens + (usage.thoughts_token_count or 0)
    cost = (
        (usage.prompt_token_count or 0) * prices.input
        + usage.image_tokens * prices.output_image
        + words * (prices.output_text or 0)
    )
    return cost / MILLION * TIER_FACTORS.get(_tier_of(usage, tier), 1.0)


def _search_price(request: ImageRequest) -> float:
    """Return what the searches of one request cost."""
    return SEARCH_USD if isinstance(request, GenerateRequest) and request.google_search else 0.0


def _input_price(request: ImageRequest, model: Model) -> float:
    """Return what the pictures that one request sends cost."""
    if not isinstance(request, GenerateRequest) or model.pictures is None or model.token_prices_usd is None:
        return 0.0
    return len(request.sources) * model.pictures.tokens * model.token_prices_usd.input / MILLION


def _tier_of(usage: TokenUsage, asked: str | None) -> str:
    return TIERS.get(usage.traffic_type, asked or "standard")


def _price_of(request: ImageRequest, size: ImageSize | None, model: Model) -> float | None:
    """Return the price of one image: of the size that it has, else of the one that was asked."""
    asked = (request.image_size if isinstance(request, GenerateRequest) else None) or USUAL_SIZE
    made = asked if size is None else nearest_size(size)
    prices = model.prices_usd
    return prices.get(made, prices.get(asked, prices.get("any")))
