"""What a model cannot do of what was asked: refused, remarked on, or given up when a fallback steps in.

Nothing is dropped without a word. What a protocol ignores or approximates is said where the protocol is defined.
"""

from __future__ import annotations

from airflow_provider_imagen.core.catalogue import Model
from airflow_provider_imagen.core.protocols import protocol_named
from airflow_provider_imagen.core.requests import ImageRequest
from airflow_provider_imagen.core.text import counted, quoted

JPEG = "image/jpeg"
LEVELS = {"thinking_level": "thinking_levels", "service_tier": "service_tiers"}
"""Arguments whose values differ by model, and the field of its row that has them."""
PRIVATE = ("prompt", "negative_prompt", "system_instruction")
"""Arguments in an author's own words, which stay out of logs; the ``result`` document has them."""


def is_needless(name: str, value: object, model: Model) -> bool:
    """Say whether a model does without an argument, so that it is not sent."""
    if name == "add_watermark":
        return value is True and model.watermark_default and name not in model.parameters
    return name in protocol_named(model.protocol).not_sent


def remarks_on_losses(request: ImageRequest, model: Model) -> list[str]:
    """Return one sentence for each argument that is not sent, or means less, with this model."""
    protocol = protocol_named(model.protocol)
    lost = [(protocol.not_sent, "it is not sent"), (protocol.approximated, "it means less")]
    remarks = [
        f"{name} is {_shown(name, value)}; with {request.model} {what}: {reason}."
        for reasons, what in lost
        for name, reason in reasons.items()
        if (value := getattr(request, name, None)) is not None
    ]
    return remarks + [
        f"{name} is {_shown(name, value)}; Google's page on {model.id} does not list it, so it may do nothing."
        for name in sorted(model.tolerated if model.is_named(request.model) else ())
        if (value := getattr(request, name, None)) is not None
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
        too_much = name in LEVELS and value not in getattr(model, LEVELS[name])
        has_no_jpeg = name == "compression_quality" and (request.output_mime_type or model.mime_type_default) != JPEG
        if name not in model.parameters | model.tolerated or too_large or too_much or has_no_jpeg:
            losses[name] = value
    texts = [
        f"{name}={_shown(name, value)} is given up: {model.id} does not accept it." for name, value in losses.items()
    ]
    return dict.fromkeys(losses), texts


def _shown(name: str, value: object) -> str:
    """Return a value for the log, where words of a prompt have no place."""
    is_private = name in PRIVATE and isinstance(value, str)
    return f"a text of {counted(len(str(value)), 'character')}" if is_private else quoted(value)


ALWAYS_THERE = {
    "model",
    "prompt",
    "number_of_images",
    "image",
    "upscale_factor",
    "output_uri",
    "labels",
    "pictures",
    "reference_images",
    "include_rai_reason",
    "on_filtered",
    "if_exists",
    "on_lost",
    "image_key",
    "aspect_ratio",
}
"""Arguments that every model of a job takes, or that are never given up."""
