"""What a model cannot do of what was asked: refused, remarked on, or given up when a fallback steps in.

Nothing is dropped without a word. Source: Google's migration guide from Imagen to Gemini image models.
"""

from __future__ import annotations

from airflow_provider_imagen.core.catalogue import Model
from airflow_provider_imagen.core.requests import ImageRequest
from airflow_provider_imagen.core.text import quoted

NEEDLESS = {
    "language": "it understands prompts in every language by itself",
    "enhance_prompt": "it has no prompt rewriting to switch, and returns no rewritten prompt",
    "include_safety_attributes": "it returns no safety scores",
}
"""Arguments that a Gemini image model has no field for and whose absence changes no image that was asked for."""

SPELLED_DIFFERENTLY = {
    "negative_prompt": "it has no field for it, so the prompt ends with 'Do not show: ...'",
    "seed": "it only tries to repeat an image",
}


def is_needless(name: str, value: object, model: Model) -> bool:
    """Say whether a model does without an argument, so that it is not sent, with a remark."""
    if model.protocol != "generateContent":
        return False
    return name in NEEDLESS or (name == "add_watermark" and value is True)


def remarks_on_losses(request: ImageRequest, model: Model) -> list[str]:
    """Return one sentence for each argument that is not sent, or means less, with this model."""
    if model.protocol != "generateContent":
        return []
    given = {
        name: value for name in (*NEEDLESS, *SPELLED_DIFFERENTLY) if (value := getattr(request, name, None)) is not None
    }
    return [
        f"{name} is {_shown(name, value)}; with {model.id} "
        f"{'it is not sent' if name in NEEDLESS else 'it means less'}: "
        f"{NEEDLESS.get(name) or SPELLED_DIFFERENTLY[name]}."
        for name, value in given.items()
    ]


def fitted_to(request: ImageRequest, model: Model) -> tuple[dict[str, object], list[str]]:
    """Return what to change in a request so that a fallback can take it, and one sentence for each loss.

    Only optional arguments are given up. What cannot be given up (the shape of the image, their number) stays, and is
    refused by the rules if the fallback lacks it.
    """
    losses: dict[str, object] = {}
    for name in type(request).model_fields:
        value = getattr(request, name)
        if name in ALWAYS_THERE or value is None or is_needless(name, value, model):
            continue
        too_large = name == "image_size" and value not in model.image_sizes
        if name not in model.parameters or too_large:
            losses[name] = value
    texts = [
        f"{name}={_shown(name, value)} is given up: {model.id} does not accept it." for name, value in losses.items()
    ]
    return dict.fromkeys(losses), texts


def _shown(name: str, value: object) -> str:
    """Return a value for the log, where words of a prompt have no place."""
    return (
        f"a text of {len(value)} characters" if name == "negative_prompt" and isinstance(value, str) else quoted(value)
    )


ALWAYS_THERE = {
    "model",
    "prompt",
    "number_of_images",
    "image",
    "upscale_factor",
    "output_uri",
    "labels",
    "source",
    "include_rai_reason",
    "on_filtered",
    "if_exists",
    "aspect_ratio",
}
"""Arguments that every model of a job takes, or that are never given up."""
