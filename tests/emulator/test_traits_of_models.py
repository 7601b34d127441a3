"""What the emulator knows of Gemini's models beside the catalogue's data file agrees with that file."""

from __future__ import annotations

import pytest

from airflow_provider_imagen.emulator.generate_content_limits import TRAITS
from airflow_provider_imagen.emulator.input_pictures import MOST_BYTES
from airflow_provider_imagen.emulator.predict_limits import models

GEMINI = sorted({row["id"] for row in models().values() if row["protocol"] == "generateContent"})


def test_every_model_of_gemini_has_traits() -> None:
    assert sorted(TRAITS) == GEMINI


@pytest.mark.parametrize("model", GEMINI)
def test_the_traits_of_a_model_agree_with_its_row(model: str) -> None:
    traits, row = TRAITS[model], models()[model]
    parameters, pictures = row["parameters"], row["pictures"]

    assert (traits.max_pictures, traits.picture_tokens) == (pictures["most"], pictures["tokens"])
    assert {"inlineData": pictures["inline_bytes"], "fileData": pictures["object_bytes"]} == MOST_BYTES
    assert traits.thinking_levels == tuple(row.get("thinking_levels", ()))
    assert traits.takes_instruction == ("system_instruction" in parameters)
    assert ("webSearch" in traits.searches) == ("google_search" in parameters)
    assert traits.has_flex == ("flex" in row.get("service_tiers", ()))
    assert set(traits.tokens) == set(row.get("image_sizes") or ["1K"])
