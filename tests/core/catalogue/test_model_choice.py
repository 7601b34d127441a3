"""Which model a task uses, and why."""

from __future__ import annotations

import pytest

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.catalogue.model_choice import choose_model

GENERATE, UPSCALE = "gemini-nano-banana-2.1", "imagen-4.0-upscale-preview"
TASK, CONNECTION = "named by the task", "default_model of the connection"


@pytest.mark.parametrize(
    ("job", "named", "default_model", "model", "reason"),
    [
        ("generate", "my-model", "imagen-3.0-generate-002", "my-model", TASK),
        ("upscale", "my-model", None, "my-model", TASK),
        ("generate", None, "imagen-3.0-generate-002", "imagen-3.0-generate-002", CONNECTION),
        ("generate", None, "imagegeneration", "imagegeneration", CONNECTION),
        ("generate", None, "model-of-tomorrow", "model-of-tomorrow", CONNECTION),
        ("generate", "", "imagen-3.0-generate-002", "imagen-3.0-generate-002", CONNECTION),
        ("generate", " None ", "imagen-3.0-generate-002", "imagen-3.0-generate-002", CONNECTION),
        ("upscale", None, "imagegeneration@002", "imagegeneration@002", CONNECTION),
        ("upscale", None, "imagen-3.0-generate-002", UPSCALE, "the catalogue's default to upscale"),
        ("generate", None, UPSCALE, GENERATE, "the catalogue's default to generate"),
        ("generate", None, None, GENERATE, "the catalogue's default to generate"),
        ("upscale", None, "", UPSCALE, "the catalogue's default to upscale"),
    ],
)
def test_task_before_connection_before_catalogue(
    job: str, named: str | None, default_model: str | None, model: str, reason: str
) -> None:
    assert choose_model(job, named, default_model, catalogue()) == (model, reason)
