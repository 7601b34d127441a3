"""``models``: the catalogue on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import Namespace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from airflow_provider_imagen.commands.models import list_models
from airflow_provider_imagen.core.catalogue import catalogue

if TYPE_CHECKING:
    from conftest import Run

DAY = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
DAY_OR_NULL = {"anyOf": [DAY, {"type": "null"}]}
TEXT = {"type": "string", "minLength": 1}
TEXT_OR_NULL = {"type": ["string", "null"], "minLength": 1}
TEXTS = {"type": "array", "items": TEXT}
PRICES = {"type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": 0}}
ROW = {
    "id": TEXT,
    "aliases": TEXTS,
    "jobs": {**TEXTS, "minItems": 1},
    "default_for": {"type": "array", "items": {"enum": ["generate", "upscale"]}},
    "state": {"enum": ["active", "deprecated", "retiring", "retired"]},
    "released": TEXT_OR_NULL,
    "deprecation_date": DAY_OR_NULL,
    "retirement_date": DAY_OR_NULL,
    "replacement": TEXT_OR_NULL,
    "location": TEXT,
    "locations": TEXTS,
    "batch_locations": TEXTS,
    "images_per_task": {"type": "integer", "minimum": 1},
    "parameters": TEXTS,
    "pictures": {
        "type": ["object", "null"],
        "required": ["most", "inline_bytes", "object_bytes", "mime_types", "tokens"],
    },
    "without_effect": TEXTS,
    "aspect_ratios": TEXTS,
    "sizes": TEXTS,
    "thinking_levels": TEXTS,
    "service_tiers": {"type": "array", "items": {"enum": ["flex", "priority"]}},
    "upscale_factors": TEXTS,
    "prices_usd": PRICES,
    "token_prices_usd": {"anyOf": [PRICES, {"type": "null"}]},
    "source": {**TEXTS, "minItems": 1},
    "checked": DAY,
}
SCHEMA = {
    "type": "array",
    "items": {"type": "object", "properties": ROW, "required": list(ROW), "additionalProperties": False},
}


def options(**given: Any) -> Namespace:
    return Namespace(**{"format": "text", "today": None, "job": None, "all": False, **given})


def test_json_is_the_whole_catalogue_with_state_source_and_date(command: tuple[str, ...], run: Run) -> None:
    done = run(*command, "models", "--format", "json", "--all", "--today", "2027-01-05")
    rows = json.loads(done.stdout)

    assert (done.returncode, {row["id"] for row in rows}) == (0, {model.id for model in catalogue().models})
    jsonschema.validate(rows, SCHEMA)
    by_id = {row["id"]: row for row in rows}
    assert by_id["imagen-3.0-generate-002"]["state"] == "retired"
    assert by_id["gemini-3-pro-image"]["state"] == "active"
    assert by_id["gemini-3-pro-image"]["prices_usd"] == {"1K": 0.134, "2K": 0.134, "4K": 0.24}
    assert (
        by_id["gemini-2.5-flash-image"].items()
        >= {
            "state": "retiring",
            "retirement_date": "2027-03-15",
            "replacement": "gemini-3.1-flash-lite-image",
            "locations": ["global", "us-", "europe-"],
            "checked": "2026-11-25",
        }.items()
    )
    assert any(source.startswith("https://docs.cloud.google.com/") for source in by_id["gemini-3-pro-image"]["source"])
    assert [row["id"] for row in rows if row["default_for"]] == list(catalogue().defaults.values())
    assert by_id["gemini-3-pro-image"]["token_prices_usd"] == {"input": 2, "output_image": 120, "output_text": 12}
    assert by_id["gemini-3.1-flash-image"]["thinking_levels"] == ["MINIMAL", "HIGH"]
    assert by_id["gemini-3.1-flash-image"]["pictures"]["most"] == 14
    assert "google_search" in by_id["gemini-3.1-flash-image"]["parameters"]


def test_the_text_has_living_models_with_the_defaults_first_and_what_each_can_do(
    command: tuple[str, ...], run: Run
) -> None:
    done = run(*command, "models", "--today", "2027-01-05")
    blocks = done.stdout.rstrip("\n").split("\n\n")

    assert done.returncode == 0
    assert [block.splitlines()[0] for block in blocks] == [
        "gemini-nano-banana-2.1 (the default to generate)",
        "imagen-4.0-upscale-preview (the default to upscale)",
        "gemini-3.1-flash-image",
        "gemini-3.1-flash-lite-image",
        "gemini-3-pro-image",
        "gemini-2.5-flash-image",
        f"Retired models: {len(catalogue().models) - 6}. --all lists them too.",
    ]
    said = " ".join(blocks[-2].split())
    assert "retiring, last day 2027-03-15, then gemini-3.1-flash-lite-image; served in global, us-*, europe-*" in said
    assert "does: generate 1 to 8 images a task, up to 3 pictures as input" in said
    assert "USD an image: 0.039" in said
    assert "thinking_level (MINIMAL HIGH)" in " ".join(blocks[2].split())


def test_all_and_job_choose_the_models(capsys: pytest.CaptureFixture[str]) -> None:
    list_models(options(job="upscale"))
    upscalers = capsys.readouterr().out
    list_models(options(all=True))
    everything = capsys.readouterr().out

    assert upscalers.splitlines()[0] == "imagen-4.0-upscale-preview (the default to upscale)"
    assert "gemini" not in upscalers
    assert [model.id for model in catalogue().models if model.id not in everything] == []
    assert "  imagen-3.0-generate-002: last day 2026-06-30; use gemini-2.5-flash-image" in everything.splitlines()


@pytest.mark.parametrize("day", [date(2024, 1, 1) + timedelta(days=30 * month) for month in range(60)])
def test_the_text_fits_a_terminal_on_every_day(day: date, capsys: pytest.CaptureFixture[str]) -> None:
    list_models(options(today=day, all=True))

    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_today_is_the_default_day(capsys: pytest.CaptureFixture[str]) -> None:
    list_models(options(format="json", all=True))

    (row,) = [row for row in json.loads(capsys.readouterr().out) if row["id"] == "imagen-3.0-generate-002"]
    assert row["state"] == "retired"


def test_models_that_take_pictures_edit_them(capsys: pytest.CaptureFixture[str]) -> None:
    list_models(Namespace(job="edit", today=date(2026, 11, 26), format="json", all=False))

    shown = [each["id"] for each in json.loads(capsys.readouterr().out)]
    assert shown[0] == "gemini-nano-banana-2.1"
    assert not [each for each in shown if "upscale" in each]


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    words = [sys.executable, "-m", "airflow_provider_imagen", "models"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.close()
        said = command.stderr.read()

    assert (command.wait(), said) == (0, "")
