"""``check`` leaves out what only a run knows: a template in place of a value never makes a task wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import combinations
from typing import Any

import pytest

from airflow_provider_imagen.commands.check_report import Connections, report_on
from airflow_provider_imagen.commands.dag_tasks import ImagenTask, TaskKind
from airflow_provider_imagen.commands.judgement import judge
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.connection import ConnectionSettings

TODAY, BEFORE = date(2026, 11, 26), date(2026, 3, 1)
"""Today the Imagen models that generate are retired; before, they had rules of their own."""
PLACE = {"output_uri": "gs://bucket/made/"}
GEMINI, OLD, REGIONAL = "gemini-3-pro-image", "imagen-4.0-generate-001", "gemini-2.5-flash-image"
LIVES_ON = {"model": OLD, "fallback_model": GEMINI, "add_watermark": False}
WHO = {"project_id": "my-project", "impersonation_chain": "robot@my-project.iam.gserviceaccount.com"}
BETTER = {"compression_quality": 95}
TASKS: list[tuple[TaskKind, dict[str, Any]]] = [
    ("generate", {"prompt": "a", "model": GEMINI, "image_size": "4K", "seed": 1, "image_key": "a"}),
    ("generate", {"prompt": "a", "image_size": "2K", "output_mime_type": "image/jpeg", "seed": 1, **LIVES_ON}),
    ("generate", {"prompt": "a", "output_mime_type": "image/jpeg", "compression_quality": 80, **LIVES_ON}),
    ("generate", {"prompt": "a", "model": "gemini-3.1-flash-image", "image_size": "512", "thinking_level": "HIGH"}),
    ("generate", {"prompt": "a", "model": REGIONAL, "location": "europe-west4", "imagen_conn_id": "other"}),
    ("generate", {"prompt": "a", "model": GEMINI, "location": "global"}),
    ("generate", {"prompt": "a", "number_of_images": 8, "image_size": "4K", "labels": {"a": "b"}, **WHO}),
    ("generate", {"prompt": "a", "reference_images": ["gs://bucket/a.png"], "aspect_ratio": "16:9"}),
    ("upscale", {"image": "gs://bucket/a.png", "upscale_factor": "x4", "output_mime_type": "image/jpeg"}),
    ("upscale", {"image": "gs://bucket/a.png", "upscale_factor": "x2", "output_mime_type": "image/jpeg", **BETTER}),
    ("wait", {"min_images": 3, "mime_types": ["image/png"], "newer_than": "2026-01-01T00:00:00+00:00"}),
    ("batch", {"items": [{"name": "mug"}], "prompt": "Photo of {name}"}),
    ("batch", {"items": ["a", "b"], "mode": "batch", "model": GEMINI, "first_job_items": 1, "poll_interval": 60}),
    ("batch", {"items": [("a", "b")], "item_columns": ["key", "prompt"]}),
    ("batch", {"items": [{"prompt": "a", "image_size": "512"}], "model": "gemini-3.1-flash-image"}),
    ("batch", {"items": [{"prompt": "a", "output_mime_type": "image/png"}], "item_arguments": ["prompt", "seed"]}),
    ("batch", {"items": [{"prompt": "a", "seed": 3}], "output_mime_type": "image/jpeg", **LIVES_ON}),
    ("batch", {"items": ["a"], "output_mime_type": "image/jpeg", "compression_quality": 80, **LIVES_ON}),
    ("batch", {"items": [{"prompt": "a", "reference_images": "gs://bucket/a.png"}], "model": REGIONAL}),
    ("batch", {"items": ["a"], "model": REGIONAL, "location": "europe-west4", "imagen_conn_id": "other"}),
    ("batch", {"items": '["a", {"key": "b", "prompt": "c"}]', "image_size": "2K", "max_failed_items": "5%"}),
    (
        "batch",
        {
            "items": [{"prompt": "a", "model": GEMINI, "image_size": "4K"}],
            "item_arguments": ["prompt", "model", "image_size"],
            "model": REGIONAL,
        },
    ),
]
CONNECTIONS = [
    None,
    ConnectionSettings(location="us-central1"),
    ConnectionSettings(default_model=OLD, fallback_model=REGIONAL, location="europe-west4"),
]


class OneConnection:
    """The connection with the default id, and no other."""

    missing: Mapping[str, None]

    def __init__(self, settings: ConnectionSettings) -> None:
        self.missing = {}
        self._settings = settings

    def read(self, conn_id: str, /) -> ConnectionSettings | None:
        return self._settings if conn_id == "imagen_default" else None


def errors(kind: TaskKind, arguments: Mapping[str, Any], settings: ConnectionSettings | None, day: date) -> set[str]:
    verdict = judge(ImagenTask("dag", "task", kind, arguments), settings, catalogue(), day)
    return {each.text for each in verdict.findings if each.level == "error"}


@pytest.mark.parametrize("day", [TODAY, BEFORE])
@pytest.mark.parametrize(("kind", "arguments"), TASKS)
def test_a_template_in_place_of_a_value_makes_no_task_wrong(
    kind: TaskKind, arguments: dict[str, Any], day: date
) -> None:
    arguments = {**arguments, **PLACE}
    places = dict.fromkeys([*arguments, "model", "fallback_model", "location", "imagen_conn_id"])

    assert errors(kind, arguments, None, day) == set()
    for settings in CONNECTIONS:
        written = errors(kind, arguments, settings, day)
        for names in _one_or_two(places):
            templated = {**arguments, **dict.fromkeys(names, "{{ var.value.some }}")}

            assert errors(kind, templated, settings, day) <= written, (names, settings)


def test_what_is_written_beside_a_template_is_judged_all_the_same() -> None:
    rows = [
        {"key": "a", "number_of_images": "x"},
        {"key": "a/../b", "prompt": "x"},
        {"key": "c", "model": "gemini-3.1-flash-lite-image", "image_size": "4K"},
        {"key": "d", "image_size": "4K"},
    ]
    table = {"items": rows, "item_arguments": ["key", "prompt", "model", "number_of_images", "image_size"]}
    open_model = {"model": "{{ var.value.model }}", "output_uri": "{{ var.value.place }}", "prompt": "{{ ds }}"}

    found = errors("batch", {**table, **open_model}, None, TODAY)

    assert {each.partition(" is ")[0] for each in found} == {
        "items, row 1 (key 'a'): number_of_images",
        "items, row 2 (key 'a/../b'): key",
        "items, row 3 (key 'c'): image_size",
    }


def test_a_connection_that_only_a_run_knows_is_not_taken_for_the_default_one() -> None:
    settings = ConnectionSettings(location="us-central1")
    tasks = [
        ImagenTask("dag", conn_id, "generate", {"prompt": "a", "model": GEMINI, "imagen_conn_id": conn_id, **PLACE})
        for conn_id in ("imagen_default", "{{ var.value.conn }}")
    ]
    folder = type("Folder", (), {"home": "/", "dag_count": 1, "tasks": tasks, "import_errors": {}})()
    connections: Connections = OneConnection(settings)

    report = report_on([folder], connections, TODAY)

    assert [(row.task_id, row.breaks) for row in report.rows] == [
        ("imagen_default", True),
        ("{{ var.value.conn }}", False),
    ]


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("generate", {"prompt": "a", "seed": 1}),  # which the default model does not take
        ("generate", {"prompt": "a", "model": OLD}),
        ("batch", {"items": ["a"], "seed": 1}),
        ("batch", {"items": ["a"], "model": OLD}),
        ("batch", {"items": ["a"], "if_exists": "generate", "max_cost_usd": 0.01}),
    ],
)
def test_a_connection_that_only_a_run_knows_may_name_model_and_fallback(kind: TaskKind, what: dict[str, Any]) -> None:
    arguments = {**what, **PLACE}

    assert errors(kind, arguments, None, TODAY)
    assert errors(kind, {**arguments, "imagen_conn_id": "{{ var.value.conn }}"}, None, TODAY) == set()


BUDGET = {"if_exists": "generate", "max_cost_usd": 5}


@pytest.mark.parametrize(
    ("kind", "what"),
    [("generate", {"prompt": "a"}), ("batch", {"items": ["a"]}), ("batch", {"items": ["a"], **BUDGET})],
)
def test_a_fallback_that_only_a_run_knows_takes_the_place_of_a_retired_model(
    kind: TaskKind, what: dict[str, Any]
) -> None:
    arguments = {**what, **PLACE, "model": OLD, "image_size": "4K", "number_of_images": 20}
    task = ImagenTask("dag", "task", kind, {**arguments, "fallback_model": "{{ var.value.next }}"})

    verdict = judge(task, None, catalogue(), TODAY)

    assert not verdict.breaks
    assert (verdict.images, verdict.cost_usd) == (None, None)


def _one_or_two(names: Mapping[str, None]) -> Iterator[tuple[str, ...]]:
    for number in (1, 2):
        yield from combinations(names, number)
