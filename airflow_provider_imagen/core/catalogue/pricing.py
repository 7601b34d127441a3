"""What images cost, by the prices in the catalogue: an estimate, and none where no price is known."""

from __future__ import annotations

from airflow_provider_imagen.core.catalogue import Model
from airflow_provider_imagen.core.requests import GenerateRequest, ImageRequest

USUAL_SIZE = "1K"
"""What Google makes when a request names no ``image_size``."""


def estimated_cost_usd(request: ImageRequest, images: int, model: Model) -> float | None:
    """Return what a number of images costs, without the input text of Gemini models; None when no price is known.

    Google does not charge for filtered images, so those that came are what counts.

    :param request: what was asked.
    :param images: how many images came, or are expected.
    :param model: the catalogue's row that the request is planned with; another model's price is none.
    """
    size = (request.image_size if isinstance(request, GenerateRequest) else None) or USUAL_SIZE
    price = model.prices_usd.get(size, model.prices_usd.get("any")) if model.is_named(request.model) else None
    return None if price is None else round(price * images, 6)


def in_words(cost_usd: float | None) -> str:
    """Return an estimate for people, with what it is not."""
    return "no price known" if cost_usd is None else f"about {cost_usd:.4g} USD by list price"


def cost_note(request: ImageRequest, images: int, model: Model) -> dict[str, float]:
    """Return what the ``result`` document says about the price of its images: nothing where none is known."""
    cost = estimated_cost_usd(request, images, model)
    return {} if cost is None else {"estimated_cost_usd": cost}
