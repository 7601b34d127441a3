"""Every way to write a model into a DAG file, read by a real run of ``check``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run, WriteDags

OLD, NEW, DEFAULT = "imagen-3.0-generate-002", "gemini-3-pro-image", "gemini-nano-banana-2.1"
UPSCALER = "imagen-4.0-upscale-preview"

DAGS = """
    class Poster(ImagenGenerateOperator):
        def __init__(self, **kwargs):
            super().__init__(model="imagen-3.0-generate-001", **kwargs)

    class Picky(ImagenGenerateOperator):
        def __init__(self, *, size, **kwargs):
            super().__init__(image_size=size.upper(), **kwargs)

    params = {
        "model": "imagen-3.0-generate-002",
        "version": "4.0",
        "none": Param(None, type=["null", "string"]),
        "open": Param(type="string"),
    }
    start = {"schedule": None, "start_date": datetime(2026, 1, 1)}
    out = {"output_uri": "gs://bucket/x/"}
    with DAG("all", params=params, default_args=out, **start) as dag:
        first = ImagenGenerateOperator(task_id="first", prompt="x", model="gemini-3-pro-image")
        ImagenGenerateOperator(task_id="default", prompt="x")
        ImagenGenerateOperator(task_id="empty", prompt="x", model="")
        ImagenUpscaleOperator(task_id="upscale", image="gs://bucket/i.png", upscale_factor="x2")
        ImagenGenerateOperator(task_id="param", prompt="x", model="{{ params.model }}")
        ImagenGenerateOperator(task_id="param_key", prompt="x", model="{{params['model']}}")
        ImagenGenerateOperator(task_id="param_part", prompt="x", model='imagen-{{ params["version"] }}-generate-001')
        ImagenGenerateOperator(task_id="param_none", prompt="x", model="{{ params.none }}")
        ImagenGenerateOperator(task_id="param_open", prompt="x", model="{{ params.open }}")
        ImagenGenerateOperator(task_id="param_own", prompt="x", model="{{ params.model }}", params={"model": "own"})
        ImagenGenerateOperator(task_id="variable", prompt="x", model="{{ var.value.model }}")
        ImagenGenerateOperator(task_id="statement", prompt="x", model="{% if ds %}a{% endif %}")
        ImagenGenerateOperator(task_id="output", prompt="x", model=first.output)
        Poster(task_id="poster", prompt="x")
        Poster(task_id="poster_safe", prompt="x", fallback_model="gemini-3-pro-image")

        mapped = {"task_id": "map_fixed", "model": "imagen-3.0-generate-002"}
        ImagenGenerateOperator.partial(**mapped).expand(prompt=["a", "b"])
        ImagenGenerateOperator.partial(task_id="map_model", prompt="x").expand(
            model=["imagen-3.0-generate-002", "gemini-3-pro-image", "{{ params.model }}"]
        )
        ImagenGenerateOperator.partial(task_id="map_output", prompt="x").expand(model=first.output)
        ImagenUpscaleOperator.partial(task_id="map_image", upscale_factor="x2").expand(image=first.output)
        ImagenGenerateOperator.partial(task_id="map_nothing", prompt="x").expand(model=[])
        ImagenGenerateOperator.partial(task_id="map_kwargs").expand_kwargs(
            [{"prompt": "a", "model": "imagen-3.0-generate-002"}, {"prompt": "b"}, {"prompt": "c"}]
        )
        ImagenGenerateOperator.partial(task_id="map_kwargs_output").expand_kwargs(first.output)
        ImagenGenerateOperator.partial(task_id="map_kwargs_fixed", model="imagen-3.0-generate-002").expand_kwargs(
            first.output
        )
        Poster.partial(task_id="map_poster", fallback_model="gemini-3-pro-image").expand(prompt=["a", "b"])
        Picky.partial(task_id="map_picky", prompt="x", model="imagen-3.0-generate-002").expand(size=[1, 2])

        @task_group
        def each(model):
            ImagenGenerateOperator(task_id="grouped", prompt="x", model=model)

        each.expand(model=["a", "b"])

    with DAG("by_default_args", default_args={**out, "model": "imagen-3.0-generate-002"}, **start):
        ImagenGenerateOperator(task_id="plain", prompt="x")
        ImagenGenerateOperator.partial(task_id="mapped").expand(prompt=["a", "b"])
"""


@pytest.fixture
def rows(run: Run, write_dags: WriteDags) -> list[dict[str, Any]]:
    words = ("check", str(write_dags(all_kinds=DAGS)), "--today", "2026-11-22", "--format", "json")
    done = run(sys.executable, "-m", "airflow_provider_imagen", *words)
    assert done.returncode == 1, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["tasks"]
    return found


def rows_by_task(run: Run, folder: Path) -> dict[str, dict[str, Any]]:
    done = run(sys.executable, "-m", "airflow_provider_imagen", "check", str(folder), "--format", "json")
    return {row["task_id"]: row for row in json.loads(done.stdout)["tasks"]}


def test_finds_the_model_of_every_task(rows: list[dict[str, Any]]) -> None:
    models: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        shown = "(template)" if row["state"] == "templated" else row["model"]
        models.setdefault(f"{row['dag_id']}.{row['task_id']}", []).append((shown, row["state"]))

    assert models == {
        "all.first": [(NEW, "healthy")],
        "all.default": [(DEFAULT, "default")],
        "all.empty": [(DEFAULT, "default")],
        "all.upscale": [(UPSCALER, "default")],
        "all.param": [(OLD, "retired")],
        "all.param_key": [(OLD, "retired")],
        "all.param_part": [("imagen-4.0-generate-001", "retired")],
        "all.param_none": [(DEFAULT, "default")],
        "all.param_open": [("(template)", "templated")],
        "all.param_own": [("own", "unknown")],
        "all.variable": [("(template)", "templated")],
        "all.statement": [("(template)", "templated")],
        "all.output": [("(template)", "templated")],
        "all.poster": [("imagen-3.0-generate-001", "retired")],
        "all.poster_safe": [("imagen-3.0-generate-001", "retired")],
        "all.map_fixed": [(OLD, "retired")],
        "all.map_model": [(NEW, "healthy"), (OLD, "retired"), (OLD, "retired")],
        "all.map_output": [("(template)", "templated")],
        "all.map_image": [(UPSCALER, "default")],
        "all.map_kwargs": [(DEFAULT, "default"), (OLD, "retired")],
        "all.map_kwargs_output": [("(template)", "templated")],
        "all.map_kwargs_fixed": [(OLD, "retired")],
        "all.map_poster": [("imagen-3.0-generate-001", "retired")],
        "all.map_picky": [(None, None)],
        "all.each.grouped": [("(template)", "templated")],
        "by_default_args.plain": [(OLD, "retired")],
        "by_default_args.mapped": [(OLD, "retired")],
    }
    by_task = {row["task_id"]: row for row in rows}
    assert by_task["param"]["named"] == "{{ params.model }}"
    assert by_task["default"]["named"] is None
    assert by_task["output"]["model"].startswith("{{ task_instance.xcom_pull(task_ids='first'")
    assert by_task["map_picky"]["findings"][0]["text"].startswith("The task cannot be made of its arguments: ")
    assert by_task["each.grouped"]["model"] == "{{ MappedArgument }}"
    assert {name: by_task[name]["breaks"] for name in ("poster", "poster_safe", "map_poster")} == {
        "poster": True,
        "poster_safe": False,
        "map_poster": False,
    }


REQUIRED_PARAMS = """
    params = {
        "subject": Param(None, type="string"),
        "key": Param("", type="string", minLength=3),
        "number": Param(20, type="integer", maximum=8),
        "open": Param(None, type=["null", "string"]),
    }
    with DAG("asked", params=params, schedule=None, start_date=datetime(2026, 1, 1)):
        place = {"output_uri": "gs://bucket/x/"}
        ImagenGenerateOperator(
            task_id="required",
            prompt="{{ params.subject }}",
            image_key="{{ params.key }}",
            number_of_images="{{ params.number }}",
            **place,
        )
        ImagenGenerateOperator(task_id="not_required", prompt="{{ params.open }}", **place)
"""


def test_a_default_that_its_param_refuses_is_no_value_of_a_run(run: Run, write_dags: WriteDags) -> None:
    """Airflow starts no run with it: a person fills such a param in."""
    rows = rows_by_task(run, write_dags(a=REQUIRED_PARAMS))

    assert rows["required"]["findings"] == []
    assert rows["required"]["not_judged"] == ["prompt", "number_of_images", "image_key"]
    assert [each["argument"] for each in rows["not_required"]["findings"]] == ["prompt"]


MAPPED_FUNCTIONS = """
    from airflow.providers.common.compat.sdk import task

    with DAG("mapped", default_args={"output_uri": "gs://bucket/x/"}, schedule=None, start_date=datetime(2026, 1, 1)):
        @task
        def words():
            return [{"subject": "a boat", "colour": "red"}]

        @task.imagen(image_size="9K")
        def poster(subject, style="flat", *, colour, ds=None, ti, **others):
            return f"{colour} {subject}"

        @task.imagen(op_args=["a boat"])
        def fixed(subject, colour):
            return f"{colour} {subject}"

        @task.imagen(op_args=["a boat", "red", "flat"])
        def too_many(subject, colour):
            return f"{colour} {subject}"

        too_many.expand_kwargs(words())
        poster.override(task_id="whole").expand_kwargs(words())
        poster.override(task_id="part").partial(colour="red").expand_kwargs(words())
        poster.override(task_id="mixed").expand_kwargs([words(), {"subject": "a mug", "colour": "blue"}])
        fixed.expand_kwargs(words())
"""


def test_a_function_that_is_mapped_over_what_a_task_returns_is_no_mistake(run: Run, write_dags: WriteDags) -> None:
    rows = rows_by_task(run, write_dags(a=MAPPED_FUNCTIONS))
    (of_too_many,) = rows.pop("too_many")["findings"]

    assert of_too_many["text"].startswith("The task cannot be made of its arguments: TypeError")
    assert {name: [each["argument"] for each in row["findings"]] for name, row in rows.items()} == {
        "whole": ["image_size"],
        "part": ["image_size"],
        "mixed": ["image_size"],
        "fixed": [],
    }
    assert {row["model"] for row in rows.values()} == {DEFAULT}


SUBCLASSES = """
    from airflow_provider_imagen.operators.batch import ImagenBatchOperator

    class Careful(ImagenBatchOperator):
        def __init__(self, **kwargs):
            super().__init__(**{**kwargs, "max_concurrency": 0})

    class Styled(ImagenGenerateOperator):
        def __init__(self, *, prompt, style="flat", **kwargs):
            super().__init__(prompt=f"In a {style} style: {prompt}", **kwargs)

    class Product(ImagenGenerateOperator):
        def __init__(self, *, product, **kwargs):
            super().__init__(prompt="Photo of " + product["name"], **kwargs)

    out = {"output_uri": "gs://bucket/x/"}
    with DAG("subclasses", default_args=out, schedule=None, start_date=datetime(2026, 1, 1)):
        first = ImagenGenerateOperator(task_id="first", prompt="x")
        Styled.partial(task_id="styled").expand_kwargs(first.output)
        Styled.partial(task_id="styled_wrong", seed=0).expand_kwargs(first.output)
        Styled.partial(task_id="named").expand(prompt=first.output)
        Careful.partial(task_id="table_wrong").expand_kwargs(first.output)
        Product.partial(task_id="product").expand(product=first.output)
        Product.partial(task_id="product_wrong", seed=0).expand(product=first.output)
        Product.partial(task_id="product_in_a_dict").expand_kwargs([{"product": first.output}])
        Product.partial(task_id="no_product", labels={"day": "{{ ds_nodash }}"}).expand(product=[7])
"""


def test_a_subclass_that_computes_with_what_an_expansion_brings_is_no_mistake(run: Run, write_dags: WriteDags) -> None:
    rows = rows_by_task(run, write_dags(a=SUBCLASSES))
    found = {name: [each["text"] for each in row["findings"]] for name, row in rows.items()}

    (of_no_product,) = found.pop("no_product")
    assert of_no_product.startswith("The task cannot be made of its arguments: TypeError")
    assert {name for name, texts in found.items() if texts} == {"styled_wrong", "product_wrong", "table_wrong"}
    assert [each[:9] for each in (*found["styled_wrong"], *found["product_wrong"])] == ["seed is 0"] * 2
