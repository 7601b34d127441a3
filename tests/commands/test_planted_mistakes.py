"""``check`` on a folder of planted mistakes: it finds every one, beside its line; on the example DAGs it finds none."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Done, Run, WriteDags

EXAMPLES = Path(__file__).resolve().parents[2] / "dags_examples"
CHECK = (sys.executable, "-m", "airflow_provider_imagen", "check")
BAD_KEY = json.dumps({"conn_type": "imagen", "extra": {"keyfile_dict": "{not json"}})
ELSEWHERE = json.dumps({"conn_type": "imagen", "extra": {"location": "mars-1"}})

MISTAKES = """
    from airflow_provider_imagen.operators.batch import ImagenBatchOperator
    from airflow_provider_imagen.sensors.imagen import ImagenOutputSensor

    class Themed(ImagenGenerateOperator):
        template_fields = (*ImagenGenerateOperator.template_fields, "theme")

        def __init__(self, *, theme, **kwargs):
            super().__init__(**kwargs)
            self.theme = theme

    generate, upscale = ImagenGenerateOperator, ImagenUpscaleOperator
    with DAG("mistakes", schedule=None, start_date=datetime(2026, 1, 1), params={"ratio": "5:7"}) as dag:
        out = {"output_uri": "gs://bucket/a/"}
        boat = {"prompt": "a boat", **out}
        generate(task_id="retired", model="imagen-3.0-generate-002", **boat)
        generate(task_id="misspelt", model="gemini-3-pro-imgae", **boat)
        generate(task_id="unknown", model="gemini-9-image-of-tomorrow", **boat)
        generate(task_id="retiring", model="gemini-2.5-flash-image", **boat)
        generate(task_id="wrong_job", model="imagen-4.0-upscale-preview", **boat)
        generate(task_id="ratio", aspect_ratio="16x9", **boat)
        generate(task_id="ratio_of_params", aspect_ratio="{{ params.ratio }}", **boat)
        generate(task_id="size", model="gemini-3-pro-image", image_size="8K", **boat)
        generate(task_id="many", number_of_images=40, **boat)
        generate(task_id="no_number", number_of_images="four", **boat)
        generate(task_id="seed", model="gemini-3-pro-image", seed=0, **boat)
        generate(task_id="policy", on_filtered="ignore", **boat)
        generate(task_id="dropped", model="gemini-3-pro-image", enhance_prompt=True, **boat)
        generate(task_id="quality", compression_quality=80, output_mime_type="image/png", **boat)
        generate(task_id="key", image_key="sku 1/a", **boat)
        generate(task_id="labels", labels={"Team": "x"}, **boat)
        generate(task_id="no_folder", prompt="a boat", output_uri="gs://bucket")
        generate(task_id="relative", prompt="{{ params.words }}", output_uri="images/")
        generate(task_id="place", model="gemini-3-pro-image", location="us-central1", **boat)
        generate(task_id="pictures", reference_images=["gs://bucket/i.png"] * 40, **boat)
        generate(task_id="picture", reference_images="i.png", **boat)
        generate(task_id="thinking", thinking_level="DEEP", **boat)
        generate(task_id="people", prominent_people="some", **boat)
        generate(task_id="empty", prompt=" ", **out)
        generate(task_id="fallback", fallback_model="imagen-3.0-generate-001", **boat)
        generate(task_id="fallback_misspelt", fallback_model="gemini-3-pro-imgae", **boat)
        generate(task_id="template", prompt="a boat on {{ ds }", **out)
        generate(task_id="template_of_a_list", reference_images=["gs://bucket/{{ ds | dds }}.png"], **boat)
        ImagenOutputSensor(task_id="template_of_a_sensor", output_uri="gs://bucket/{% if ds }/")
        Themed(task_id="template_of_a_subclass", theme={"colour": ["{{ ds ~ }}"]}, **boat)
        generate(task_id="connection", imagen_conn_id="broken", **boat)
        generate(task_id="place_of_connection", imagen_conn_id="elsewhere", model="gemini-3-pro-image", **boat)
        table = {"output_uri": "gs://bucket/b/", "model": "gemini-3-pro-image"}
        ImagenBatchOperator(task_id="batch_column", items=[{"name": "tea"}], prompt="Photo of {nmae}", **table)
        ImagenBatchOperator(task_id="batch_row", items=[{"prompt": "a"}, {"prompt": "b", "image_size": "9K"}], **table)
        ImagenBatchOperator(task_id="batch_of_a_dict", items={"prompt": "a"}, **table)
        ImagenBatchOperator(task_id="batch_columns", items=[("a", "b")], item_columns=7, **table)
        ImagenBatchOperator(task_id="batch_dated", items=["a", {"key": "b"}], output_uri="gs://bucket/{{ ds }}/")
        ImagenBatchOperator(task_id="batch_width", items=["a"], max_concurrency=0, **table)
        ImagenBatchOperator(task_id="batch_dry", items=["a"], dry_run="perhaps", **table)
        ImagenBatchOperator(task_id="batch_model", items=["a"], mode="batch", output_uri="/tmp/images/")
        ImagenBatchOperator(task_id="batch_default", items="gs://bucket/t.csv", seed=0, **table)
        upscale(task_id="factor", image="gs://bucket/i.png", upscale_factor="x5", **out)
        upscale(task_id="no_source", image="i.png", upscale_factor="x2", **out)
        ImagenOutputSensor(task_id="wait", output_uri="gs://bucket/a/", min_images=-1)
        generate.partial(task_id="mapped", prompt="a boat", **out).expand(aspect_ratio=["1:1", "9:99"])
        generate.partial(task_id="mapped_dicts", model="gemini-3-pro-image", **out).expand_kwargs(
            [{"prompt": "a"}, {"prompt": "b", "seed": -1}]
        )
        generate.partial(task_id="mapped_nothing_asked", **out).expand(number_of_images=[1, 2])
        generate.partial(task_id="mapped_by_a_task", image_size="9K", **out).expand(
            prompt=upscale(task_id="ok", image="gs://bucket/i.png", upscale_factor="x2", **out).output
        )

        @task.imagen(output_uri="gs://bucket/a/", aspect_ratio="tall")
        def decorated():
            return "a boat"

        decorated()

        @task.imagen(output_uri="gs://bucket/a/")
        def called(day, size):
            return "a boat"

        called("{{ ds }", size=1)
        called.override(task_id="called_mapped").partial(day="{{ ds }").expand(size=[1, 2])
"""
FOUND = {
    "retired": ("error", "model", "whose last day was 2026-06-30"),
    "misspelt": ("error", "model", "Did you mean gemini-3-pro-image?"),
    "unknown": ("warning", None, "is not in our catalogue"),
    "retiring": ("warning", None, "That is in 69 days."),
    "wrong_job": ("error", "model", "does not generate images"),
    "ratio": ("error", "aspect_ratio", "'16x9'"),
    "ratio_of_params": ("error", "aspect_ratio", "'5:7'"),
    "size": ("error", "image_size", "'8K'"),
    "many": ("error", "number_of_images", "40"),
    "no_number": ("error", "number_of_images", "must be a whole number"),
    "seed": ("error", "seed", "allowed are 1 to 2147483647"),
    "policy": ("error", "on_filtered", "allowed are fail, skip, warn"),
    "dropped": ("warning", "enhance_prompt", "it is not sent"),
    "quality": ("error", "compression_quality", "it works with image/jpeg only"),
    "key": ("error", "image_key", "Use 'sku-1-a', for example."),
    "labels": ("error", "labels", "'Team'"),
    "no_folder": ("error", "output_uri", "Google wants a folder after the bucket"),
    "relative": ("error", "output_uri", "a relative path"),
    "place": ("error", None, "gemini-3-pro-image is served from global only"),
    "pictures": ("error", "reference_images", "at most 14"),
    "picture": ("error", "reference_images", "'i.png'"),
    "thinking": ("error", "thinking_level", "'DEEP'"),
    "people": ("error", "prominent_people", "'some'"),
    "empty": ("error", "prompt", "prompt is empty"),
    "fallback": ("warning", "fallback_model", "whose last day was"),
    "fallback_misspelt": ("warning", "fallback_model", "Did you mean gemini-3-pro-image?"),
    "template": ("error", "prompt", "which is no template of Jinja: unexpected '}'. Correct the template."),
    "template_of_a_list": ("error", "reference_images", "No filter named 'dds'."),
    "template_of_a_sensor": ("error", "output_uri", "which is no template of Jinja"),
    "template_of_a_subclass": ("error", None, "theme is '{{ ds ~ }}', which is no template of Jinja"),
    "connection": ("error", None, "The connection broken has 1 extra to correct"),
    "place_of_connection": ("error", None, "location is mars-1"),
    "batch_column": ("error", "items", "nmae"),
    "batch_row": ("error", "items", "items, row 2: image_size is '9K'"),
    "batch_of_a_dict": ("error", "items", "{'prompt': 'a'}. Allowed are a list, its JSON text, and the URI of"),
    "batch_columns": ("error", "item_columns", "must be a list of names"),
    "batch_dated": ("error", "items", "items, row 2 (key 'b'): The row has no prompt."),
    "batch_width": ("error", "max_concurrency", "allowed are 1 to 64"),
    "batch_dry": ("error", "dry_run", "must be True or False"),
    "batch_model": ("error", "items", "gs://"),
    "batch_default": ("error", "seed", "allowed are 1 to 2147483647"),
    "factor": ("error", "upscale_factor", "'x5'"),
    "no_source": ("error", "image", "'i.png'"),
    "wait": ("error", "min_images", "a whole number of 0 or more"),
    "mapped": ("error", "aspect_ratio", "'9:99'"),
    "mapped_dicts": ("error", "seed", "-1"),
    "mapped_nothing_asked": ("error", None, "missing keyword argument 'prompt'"),
    "mapped_by_a_task": ("error", "image_size", "'9K'"),
    "decorated": ("error", "aspect_ratio", "'tall'"),
    "called": ("error", None, "op_args is '{{ ds }', which is no template of Jinja"),
    "called_mapped": ("error", None, "op_kwargs is '{{ ds }', which is no template of Jinja"),
}


@pytest.fixture
def planted(write_dags: WriteDags) -> Path:
    tasks = "from airflow.providers.common.compat.sdk import task\n"
    return write_dags(mistakes=tasks + dedent(MISTAKES)) / "mistakes.py"


def check(run: Run, *words: str) -> Done:
    return run(*CHECK, *words, "--today", "2027-01-05", AIRFLOW_CONN_BROKEN=BAD_KEY, AIRFLOW_CONN_ELSEWHERE=ELSEWHERE)


def test_every_planted_mistake_is_found_where_it_stands(run: Run, planted: Path) -> None:
    done = check(run, str(planted), "--format", "json")
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in json.loads(done.stdout)["tasks"]:
        rows.setdefault(row["task_id"], []).extend(row["findings"])

    assert rows.pop("ok") == []
    found = {
        name: [(each["level"], each["argument"]) for each in findings if FOUND[name][2] in each["text"]]
        for name, findings in rows.items()
    }
    assert found == {name: [(level, argument)] for name, (level, argument, _) in FOUND.items()}
    assert {name: findings for name, findings in rows.items() if len(findings) > 1} == {}
    lines = planted.read_text().splitlines()
    for name, findings in rows.items():
        for each in findings:
            line = lines[each["line"] - 1]
            assert name in line or (each["argument"] or "def ") in line, each
    assert done.returncode == 1


def test_the_text_fits_eighty_columns_and_names_each_task(run: Run, planted: Path) -> None:
    text = check(run, str(planted)).stdout

    assert max(map(len, text.splitlines())) <= 80
    assert [name for name in FOUND if f"\n  {name}" not in text] == []


def test_github_shows_each_beside_its_line(run: Run, planted: Path) -> None:
    lines = check(run, str(planted), "--format", "github").stdout.splitlines()
    annotations = [line for line in lines if line.startswith("::")]

    assert len(annotations) == len(FOUND)
    (retired,) = [line for line in annotations if "title=mistakes.retired" in line]
    assert retired.startswith("::error file=dags/mistakes.py,line=")
    assert retired.endswith("Use gemini-2.5-flash-image, or name a fallback_model that lives.")


def test_the_example_dags_have_none(run: Run) -> None:
    done = run(*CHECK, str(EXAMPLES), "--strict", "--today", "2026-11-26")

    assert (done.returncode, "0 errors, 0 warnings." in done.stdout) == (0, True), done.stdout


def test_a_run_is_summed_with_every_instance_of_a_mapped_task(run: Run, write_dags: WriteDags) -> None:
    folder = write_dags(
        sums="""
    from airflow_provider_imagen.operators.batch import ImagenBatchOperator

    with DAG("sums", schedule=None, start_date=datetime(2026, 1, 1)):
        out = {"output_uri": "gs://bucket/a/", "model": "gemini-3-pro-image"}
        one = ImagenGenerateOperator(task_id="one", prompt="a", number_of_images=2, **out)
        ImagenGenerateOperator.partial(task_id="six", number_of_images=1, **out).expand(
            prompt=["a", "b", "c"], image_size=["1K", "4K"]
        )
        ImagenBatchOperator(task_id="table", items=["a", {"prompt": "b", "number_of_images": 2}], **out)
        ImagenBatchOperator(task_id="table_by_job", items=["a", "b"], mode="batch", **out)
        ImagenBatchOperator(task_id="table_not_asked", items=["a", "b"], dry_run="true", **out)
        ImagenBatchOperator(task_id="table_perhaps", items=["a", "b"], dry_run="{{ var.value.dry }}", **out)
        ImagenUpscaleOperator.partial(task_id="by_run", upscale_factor="x2", output_uri="gs://bucket/b/").expand(
            image=one.output
        )
    """
    )
    report = json.loads(run(*CHECK, str(folder), "--format", "json").stdout)

    # 2 x 0.134, 3 x 0.134 and 3 x 0.24, a table with 3 x 0.134, and one with 2 x 0.067 as a job
    assert report["costs"] == [{"dag_id": "sums", "cost_usd": 1.926, "unknown": ["by_run", "table_perhaps"]}]
    assert [(row["task_id"], row["instances"], row["images"]) for row in report["tasks"]] == [
        ("by_run", None, None),
        ("one", 1, 2),
        ("six", 6, 6),
        ("table", 1, 3),
        ("table_by_job", 1, 2),
        ("table_not_asked", 1, 0),
        ("table_perhaps", 1, None),
    ]
    assert [row["not_judged"] for row in report["tasks"] if row["task_id"] == "table_perhaps"] == [["dry_run"]]


def test_a_file_that_is_named_and_lies_in_a_named_folder_counts_once(run: Run, write_dags: WriteDags) -> None:
    folder = write_dags(
        one="""
    with DAG("one", schedule=None, start_date=datetime(2026, 1, 1)):
        ImagenGenerateOperator(task_id="a", prompt="x", model="gemini-3-pro-image", output_uri="gs://bucket/a/")
    """
    )
    words = (str(folder), str(folder / "one.py"), f"{folder}/../{folder.name}")
    report = json.loads(run(*CHECK, *words, "--format", "json").stdout)

    assert report["costs"] == [{"dag_id": "one", "cost_usd": 0.134, "unknown": []}]
    assert (report["dags"], report["tasks"][0]["instances"]) == (1, 1)


def test_foreign_names_are_answered_with_ours(run: Run, write_dags: WriteDags) -> None:
    folder = write_dags(
        partial="""
    with DAG("partial", schedule=None, start_date=datetime(2026, 1, 1)):
        ImagenGenerateOperator.partial(task_id="a", output_uri="gs://bucket/a/", sampleCount=2).expand(prompt=["a"])
    """,
        whole="""
    with DAG("whole", schedule=None, start_date=datetime(2026, 1, 1)):
        ImagenUpscaleOperator(task_id="a", gcs_uri="gs://bucket/i.png", storage_uri="gs://bucket/a/", factor="x2")
    """,
    )
    done = run(*CHECK, str(folder))
    said = " ".join(done.stdout.split())

    assert done.returncode == 2
    assert "instead of sampleCount write number_of_images." in said
    assert "instead of gcs_uri write image. instead of storage_uri write output_uri." in said
    assert "dags/whole.py, line 7 cannot be imported" in said


def test_a_connection_of_the_environment_is_part_of_the_judgement(run: Run, write_dags: WriteDags) -> None:
    folder = write_dags(
        one="""
    with DAG("one", schedule=None, start_date=datetime(2026, 1, 1)):
        ImagenGenerateOperator(task_id="a", prompt="x", model="imagen-3.0-generate-002", output_uri="gs://bucket/a/")
    """
    )
    saved = json.dumps({"conn_type": "imagen", "extra": {"fallback_model": "gemini-3-pro-image"}})
    alone, with_fallback = run(*CHECK, str(folder)), run(*CHECK, str(folder), AIRFLOW_CONN_IMAGEN_DEFAULT=saved)

    assert (alone.returncode, "connection imagen_default" in alone.stdout) == (1, True)
    assert (with_fallback.returncode, "connection imagen_default" in with_fallback.stdout) == (0, False)
    assert "using the fallback gemini-3-pro-image" in " ".join(with_fallback.stdout.split())
