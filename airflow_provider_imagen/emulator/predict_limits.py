"""What each model accepts, from the catalogue's data file: data only, none of the client's code."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

PIXELS = {"1:1": (1024, 1024), "3:4": (896, 1280), "4:3": (1280, 896), "9:16": (768, 1408), "16:9": (1408, 768)}
"""Width and height of an image at size 1K, by aspect ratio. At 2K both are doubled."""

FIELD_OF_PARAMETER = {
    "negativePrompt": "negative_prompt",
    "sampleImageStyle": "sample_image_style",
    "sampleImageSize": "image_size",
    "personGeneration": "person_generation",
    "safetySetting": "safety_filter_level",
    "enhancePrompt": "enhance_prompt",
    "language": "language",
}
"""Parameters that not every model takes, and what the data file calls them."""

ACCEPTED = {"imagen-4.0-": {"negativePrompt"}}
"""Parameters that generating models take although the data file has no such argument for them, by the beginning of
their ids: Google's own tests send them (google-genai 3.4.0, ``test_generate_images.py``)."""


@cache
def models() -> dict[str, dict[str, Any]]:
    """Return the rows of the data file by id and alias."""
    text = (files("airflow_provider_imagen") / "core" / "catalogue" / "models.toml").read_text(encoding="utf-8")
    return {name: row for row in tomllib.loads(text)["models"] for name in (row["id"], *row.get("aliases", ()))}


def is_served_in(model: dict[str, Any], location: str) -> bool:
    """Whether Google serves a model in a location; an entry that ends in "-" is the beginning of region names."""
    served = model.get("locations", ())
    return not served or any(
        location.startswith(place) if place.endswith("-") else location == place for place in served
    )
