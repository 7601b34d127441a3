"""Every example DAG runs with Airflow's own runner, against the emulator."""

from __future__ import annotations

import importlib.util
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from airflow_provider_imagen.core.catalogue import catalogue

# Airflow's own runner warns about Airflow's own dependencies, in each version about others.
pytestmark = pytest.mark.filterwarnings("ignore")
EXAMPLES = Path(__file__).resolve().parents[2] / "dags_examples"


@pytest.fixture(autouse=True)
def emulated(set_connection: Callable[..., None], emulator: Any, airflow_database: None) -> None:
    set_connection(**emulator.connection["extra"])


@pytest.fixture
def run_example() -> Callable[..., Any]:
    """Return a function that runs an example of the DAGs folder and gives back the run."""

    def run(name: str, **conf: Any) -> Any:
        import os

        path = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]) / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.dag.test(run_conf=conf)

    return run


def states_of(run: Any) -> dict[str, list[str]]:
    states: dict[str, list[str]] = {}
    for ti in run.get_task_instances():
        states.setdefault(ti.task_id, []).append(str(ti.state))
    return states


def size_of(emulator: Any, uri: str) -> tuple[int, int]:
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    return Image.open(io.BytesIO(emulator.read_object(bucket, name))).size


CURRENT = [model.id for model in catalogue().models if model.protocol == "generateContent"]


@pytest.mark.parametrize("model", ["imagen-3.0-generate-002", *CURRENT])
def test_the_daily_campaign_makes_waits_and_enlarges(
    run_example: Callable[..., Any], emulator: Any, model: str
) -> None:
    run = run_example("imagen_daily_campaign", bucket="bucket", model=model)

    assert {task: set(states) for task, states in states_of(run).items()} == {
        "products": {"success"},
        "posters": {"success"},
        "made": {"success"},
        "ready": {"success"},
        "large": {"success"},
    }
    made = emulator.list_objects("bucket", "campaign/")
    posters = [name for name in made if "/posters/" in name]
    large = [name for name in made if "/large/" in name]
    assert (len(posters), len(large)) == (10, 10)
    small_sizes = sorted(size_of(emulator, f"gs://bucket/{name}") for name in posters)
    large_sizes = sorted(size_of(emulator, f"gs://bucket/{name}") for name in large)
    assert large_sizes == [(2 * width, 2 * height) for width, height in small_sizes]


def test_the_campaign_of_a_retired_model_ends_green_through_the_fallback_of_the_connection(
    run_example: Callable[..., Any], emulator: Any, set_connection: Callable[..., None]
) -> None:
    set_connection(**emulator.connection["extra"], fallback_model="gemini-nano-banana-2.1")
    emulator.retire("imagen-3.0-generate-002")

    run = run_example("imagen_daily_campaign", bucket="bucket", model="imagen-3.0-generate-002")

    assert str(run.state) == "success"
    assert len([name for name in emulator.list_objects("bucket", "campaign/") if "/posters/" in name]) == 10


def test_the_minimal_example_makes_one_image(run_example: Callable[..., Any], emulator: Any) -> None:
    run = run_example("imagen_minimal")

    assert str(run.state) == "success"
    assert len(emulator.list_objects("my-bucket", "")) == 1


def test_the_local_example_leaves_both_images_in_the_folder(run_example: Callable[..., Any], tmp_path: Path) -> None:
    run = run_example("imagen_local_folder", folder=str(tmp_path))

    assert str(run.state) == "success"
    (small,) = (tmp_path / "small").rglob("*.jpg")
    (large,) = (tmp_path / "large").rglob("*.png")
    with Image.open(small) as small_image, Image.open(large) as large_image:
        assert (small_image.size, large_image.size) == ((1280, 896), (2560, 1792))


def test_the_examples_are_the_ones_the_readme_names() -> None:
    readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")

    assert [path.stem for path in EXAMPLES.glob("*.py") if path.stem not in readme] == []


def test_mapped_tasks_return_json(run_example: Callable[..., Any], emulator: Any) -> None:
    run = run_example("imagen_minimal")

    (ti,) = run.get_task_instances()
    assert json.dumps(ti.xcom_pull(task_ids="picture")).startswith('["gs://my-bucket/')
