"""``models``: the catalogue on the command line."""

from __future__ import annotations

import json
import re
from argparse import Namespace
from datetime import date, timedelta
from typing import TYPE_CHECKING

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
    "images_per_task": {"type": "integer", "minimum": 1},
    "sizes": TEXTS,
    "upscale_factors": TEXTS,
    "parameters": TEXTS,
    "pictures": {
        "type": ["object", "null"],
        "required": ["most", "inline_bytes", "object_bytes", "mime_types", "tokens"],
    },
    "thinking_levels": TEXTS,
    "service_tiers": {"type": "array", "items": {"enum": ["flex", "priority"]}},
    "prices_usd": PRICES,
    "token_prices_usd": {"anyOf": [PRICES, {"type": "null"}]},
    "source": {**TEXTS, "minItems": 1},
    "checked": DAY,
}
SCHEMA = {
    "type": "array",
    "items": {"type": "object", "properties": ROW, "required": list(ROW), "additionalProperties": False},
}


def test_json_is_the_whole_catalogue_with_state_source_and_date(command: tuple[str, ...], run: Run) -> None:
    done = run(*command, "models", "--format", "json", "--today", "2027-01-05")
    rows = json.loads(done.stdout)

    assert (done.returncode, [row["id"] for row in rows]) == (0, [model.id for model in catalogue().models])
    jsonschema.validate(rows, SCHEMA)
    by_id = {row["id"]: row for row in rows}
    assert by_id["imagen-3.0-generate-002"]["state"] == "retired"
    assert by_id["gemini-3-pro-image"]["state"] == "active"
    assert by_id["gemini-3-pro-image"]["prices_usd"] == {"1K": 0.134, "2K": 0.134, "4K": 0.24}
    assert by_id["gemini-3-pro-image"]["token_prices_usd"] == {"input": 2, "output_image": 120, "output_text": 12}
    assert by_id["gemini-3.1-flash-image"]["thinking_levels"] == ["MINIMAL", "HIGH"]
    assert by_id["gemini-3.1-flash-image"]["pictures"]["most"] == 14
    assert "google_search" in by_id["gemini-3.1-flash-image"]["parameters"]
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
    assert [row["id"] for row in rows if row["default_for"]] == list(
        dict.fromkeys(sorted(catalogue().defaults.values(), key=list(by_id).index))
    )


def test_table_is_aligned_and_prices_stand_beside_their_sizes(command: tuple[str, ...], run: Run) -> None:
    done = run(*command, "models", "--today", "2027-01-05")
    lines = done.stdout.partition("\n\n")[0].splitlines()
    header = lines[0]

    assert done.returncode == 0
    assert header.split() == ["MODEL", "JOBS", "STATE", "RETIRES", "REPLACEMENT", "LOCATIONS", "IMAGES", "SIZE", "USD"]
    start = next(number for number, line in enumerate(lines) if line.startswith("gemini-3-pro-image "))
    assert lines[start].split() == ["gemini-3-pro-image", "generate", "active", "-", "-", "global", "8", "1K", "0.134"]
    assert [line.split() for line in lines[start + 1 : start + 3]] == [["2K", "0.134"], ["4K", "0.24"]]
    for column, word in [("STATE", "retiring"), ("RETIRES", "2027-03-15"), ("LOCATIONS", "global"), ("USD", "0.039")]:
        (row,) = [line for line in lines if line.startswith("gemini-2.5-flash-image ")]
        assert row.index(f" {word}") == header.index(f" {column}")
    assert "  europe-*" in lines[-1]


def test_a_second_table_says_which_models_take_pictures_and_which_switches(command: tuple[str, ...], run: Run) -> None:
    done = run(*command, "models", "--today", "2027-01-05")
    lines = done.stdout.partition("\n\n")[2].splitlines()
    cells = {row[0]: row[1:] for row in (re.split(" {2,}", line.strip()) for line in lines)}

    assert cells["MODEL"] == ["PICTURES", "THINKING", "TIERS", "SWITCHES"]
    assert cells["gemini-3.1-flash-image"] == [
        "up to 14",
        "MINIMAL, HIGH",
        "flex, priority",
        "system_instruction, google_search, prominent_people",
    ]
    assert cells["gemini-2.5-flash-image"] == ["up to 3", "-", "-", "-"]
    assert len(cells) == 1 + sum(model.pictures is not None for model in catalogue().models)


@pytest.mark.parametrize("day", [date(2024, 1, 1) + timedelta(days=30 * month) for month in range(60)])
def test_the_table_fits_a_terminal_on_every_day(day: date, capsys: pytest.CaptureFixture[str]) -> None:
    list_models(Namespace(format="text", today=day))

    assert max(map(len, capsys.readouterr().out.splitlines())) <= 140


def test_today_is_the_default_day(capsys: pytest.CaptureFixture[str]) -> None:
    list_models(Namespace(format="json", today=None))

    (row,) = [row for row in json.loads(capsys.readouterr().out) if row["id"] == "imagen-3.0-generate-002"]
    assert row["state"] == "retired"
