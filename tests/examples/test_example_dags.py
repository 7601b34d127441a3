"""Every example DAG runs with Airflow's own runner, against the emulator."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import io
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from airflow_provider_imagen.core.catalogue import catalogue

# Airflow's own runner warns about Airflow's own dependencies, in each version about others.
pytestmark = pytest.mark.filterwarnings("ignore")
VERSION = importlib.metadata.version("apache-airflow")
AIRFLOW_3 = not VERSION.startswith("2.")
NO_ASSETS_IN_3_0 = "the runner of Airflow 3.0 takes every asset for inactive"
EXAMPLES = Path(__file__).resolve().parents[2] / "dags_examples"


@pytest.fixture(autouse=True)
def emulated(set_connection: Callable[..., None], emulator: Any, airflow_database: None) -> None:
    set_connection(**emulator.connection["extra"])


@pytest.fixture
def run_example() -> Callable[..., Any]:
    """Return a function that runs an example of the DAGs folder and gives back the run."""
    return lambda name, **conf: read_example(name).dag.test(run_conf=conf)


def read_example(name: str) -> Any:
    path = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]) / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for task in module.dag.tasks:
        if hasattr(task, "poll_interval"):
            task.poll_interval = 1  # a minute by default
    return module


def states_of(run: Any) -> dict[str, list[str]]:
    states: dict[str, list[str]] = {}
    for ti in run.get_task_instances():
        states.setdefault(ti.task_id, []).append(str(ti.state))
    return states


def size_of(emulator: Any, uri: str) -> tuple[int, int]:
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    return Image.open(io.BytesIO(emulator.read_object(bucket, name))).size


def put_photo(emulator: Any, product: str, colour: str) -> None:
    """Put a photo where the example of product photos looks for it."""
    photo = io.BytesIO()
    Image.new("RGB", (80, 60), colour).save(photo, "PNG")
    emulator.put_object("bucket", f"photos/{product}.png", photo.getvalue(), "image/png")


CURRENT = [model.id for model in catalogue().models if model.protocol == "generateContent"]


@pytest.mark.parametrize("model", ["imagen-3.0-generate-002", CURRENT[0], CURRENT[-1]])
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
        assert (small_image.size, large_image.size) == ((1184, 880), (2368, 1760))


def test_the_taskflow_example_makes_a_poster_for_each_product_and_a_stamp(
    run_example: Callable[..., Any], emulator: Any
) -> None:
    run = run_example("imagen_taskflow", bucket="bucket")

    assert states_of(run) == {"products": ["success"], "poster": ["success", "success"], "stamp": ["success"]}
    assert len(emulator.list_objects("bucket", "taskflow/")) == 4
    made = {
        "A poster for a red bicycle",
        "A poster for a blue teapot",
        "A stamp that shows a red bicycle and a blue teapot",
    }
    shown = {prompt.partition(",")[0] for prompt in shown_prompts(run)}
    # Airflow 2 writes these fields down before the function is called, and never again.
    assert shown == (made if AIRFLOW_3 else {"DYNAMIC (set during execution)"})


def test_the_example_with_product_photos_asks_again_only_for_what_has_changed(
    run_example: Callable[..., Any], emulator: Any
) -> None:
    def asked() -> list[str]:
        """Run the example, and return the products whose scenes were asked for."""
        known = len(emulator.requests)
        run = run_example("imagen_product_photos", bucket="bucket")
        assert states_of(run) == {"products": ["success"], "scenes": ["success", "success"]}
        calls = [call for call in emulator.requests[known:] if call.path.endswith(":generateContent")]
        assert {call.headers["x-vertex-ai-llm-shared-request-type"] for call in calls} <= {"flex"}
        photos = [call.json["contents"][0]["parts"][0]["fileData"]["fileUri"] for call in calls]
        return sorted(photo.removeprefix("gs://bucket/photos/") for photo in photos)

    put_photo(emulator, "mug", "red")
    put_photo(emulator, "boots", "brown")
    assert asked() == ["boots.png", "mug.png"]
    made = [name for name in emulator.list_objects("bucket", "product-photos/") if "/_imagen/" not in name]
    assert made == ["product-photos/boots.jpg", "product-photos/mug.jpg"]

    put_photo(emulator, "mug", "red")  # the same photo, uploaded again
    assert asked() == []

    put_photo(emulator, "mug", "blue")
    assert asked() == ["mug.png"]


def shown_prompts(run: Any) -> list[str]:
    """The prompts that Airflow shows under the rendered fields of each task."""
    from airflow.models.renderedtifields import RenderedTaskInstanceFields

    fields = [RenderedTaskInstanceFields.get_templated_fields(ti) for ti in run.get_task_instances()]
    return [each["prompt"] for each in fields if each and "prompt" in each]


def test_the_catalogue_has_a_picture_for_each_row_under_its_key_and_hands_them_on_in_chunks(
    run_example: Callable[..., Any], emulator: Any
) -> None:
    run = run_example("imagen_catalogue", bucket="bucket")

    assert states_of(run) == {"pictures": ["success"], "chunks": ["success"], "publish": ["success"]}
    keys = ["chair-001", "chair-002", "lamp-001", "lamp-002", "table-001", "vase-001"]
    images = [name for name in emulator.list_objects("bucket", "catalogue/") if "/_imagen/" not in name]
    assert [Path(name).stem for name in images] == keys
    published = [ti for ti in run.get_task_instances() if ti.task_id == "publish"]
    handed_on = published[0].xcom_pull(task_ids="publish", map_indexes=0)
    assert handed_on == {Path(name).stem: f"gs://bucket/{name}" for name in images}
    prompts = [each.json["contents"][0]["parts"][0]["text"] for each in asked(emulator)]
    assert 'Studio photo of Armchair "Fjord", oak, moss green, on a plain light background, no text' in prompts

    again = run_example("imagen_catalogue", bucket="bucket")

    assert states_of(again) == states_of(run)
    assert len(asked(emulator)) == len(keys)


def asked(emulator: Any) -> list[Any]:
    """The requests to make images."""
    return [each for each in emulator.requests if each.path.endswith(":generateContent")]


def test_the_rows_of_a_query_become_pictures(
    run_example: Callable[..., Any], emulator: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "shop.db"
    with contextlib.closing(sqlite3.connect(database)) as shop, shop:
        shop.execute("CREATE TABLE products (sku TEXT, name TEXT, colour TEXT, is_sold INTEGER)")
        rows = [("b-2", "lamp", "black", 1), ("a-1", "chair", "red", 1), ("c-3", "desk", "white", 0)]
        shop.executemany("INSERT INTO products VALUES (?, ?, ?, ?)", rows)
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_DB", json.dumps({"conn_type": "sqlite", "host": str(database)}))

    run = run_example("imagen_sql_table", bucket="bucket")

    assert states_of(run) == {"products": ["success"], "pictures": ["success"]}
    images = [name for name in emulator.list_objects("bucket", "products/") if "/_imagen/" not in name]
    assert [Path(name).stem for name in images] == ["a-1", "b-2"]


def test_the_event_of_new_images_carries_their_uris_to_a_second_dag(
    run_example: Callable[..., Any], emulator: Any
) -> None:
    if VERSION.startswith("3.0."):
        pytest.skip(NO_ASSETS_IN_3_0)
    example = read_example("imagen_new_images")
    if not AIRFLOW_3:
        example.dag.sync_to_db()  # where Airflow 3 does it by itself, before the run

    run = run_example("imagen_new_images", folder="gs://bucket/new")

    uris = [f"gs://bucket/{name}" for name in emulator.list_objects("bucket", "new/")]
    assert [event.extra["uris"] for event in asset_events(example.POSTERS.uri)] == [uris]
    assert len(uris) == 2
    (ti,) = run.get_task_instances()
    folder, model = links_of(ti, example.dag.get_task("posters")).values()
    assert folder.startswith("https://console.cloud.google.com/storage/browser/bucket/new/")
    assert folder.rpartition("/")[2] in uris[0]
    assert model.startswith("https://docs.cloud.google.com/")


def test_the_second_dag_can_be_started_by_hand_without_any_event() -> None:
    if VERSION.startswith("3.0."):
        pytest.skip(NO_ASSETS_IN_3_0)

    run = read_example("imagen_new_images").received.test()

    assert states_of(run) == {"new_images": ["success"], "publish": ["skipped"]}


def asset_events(uri: str) -> list[Any]:
    from airflow.utils.session import create_session

    try:
        from airflow.models.asset import AssetEvent, AssetModel
    except ImportError:  # Airflow 2
        from airflow.models.dataset import DatasetEvent as AssetEvent
        from airflow.models.dataset import DatasetModel as AssetModel
    with create_session() as session:
        ids = [asset.id for asset in session.query(AssetModel).filter(AssetModel.uri == uri)]
        column = AssetEvent.asset_id if hasattr(AssetEvent, "asset_id") else AssetEvent.dataset_id
        return session.query(AssetEvent).filter(column.in_(ids)).all()


def links_of(ti: Any, task: Any) -> dict[str, str]:
    """The links of a task instance: Airflow 3 keeps them in XCom, Airflow 2 asks for them when they are shown."""
    links = {link.name: link for link in task.operator_extra_links}
    if AIRFLOW_3:
        return {name: ti.xcom_pull(task_ids=ti.task_id, key=link.xcom_key) for name, link in links.items()}
    return {name: link.get_link(task, ti_key=ti.key) for name, link in links.items()}


@pytest.mark.parametrize(
    "name",
    [
        "imagen_minimal",
        "imagen_local_folder",
        "imagen_taskflow",
        "imagen_new_images",
        "imagen_daily_campaign",
        "imagen_product_photos",
        "imagen_catalogue",
        "imagen_batch_job",
    ],
)
def test_each_example_can_be_started_by_hand_where_such_a_run_has_no_logical_date(
    emulator: Any, tmp_path: Path, name: str
) -> None:
    if not AIRFLOW_3:
        pytest.skip("every run of Airflow 2 has a logical date")
    if VERSION.startswith("3.0.") and name == "imagen_new_images":
        pytest.skip(NO_ASSETS_IN_3_0)
    for product in ("mug", "boots"):
        put_photo(emulator, product, "red")
    folder = tmp_path if name == "imagen_local_folder" else "gs://bucket/by-hand"

    run = read_example(name).dag.test(logical_date=None, run_conf={"bucket": "bucket", "folder": str(folder)})

    assert run.logical_date is None
    assert {state for states in states_of(run).values() for state in states} == {"success"}


def test_the_examples_are_the_ones_that_the_how_to_names() -> None:
    page = (EXAMPLES.parent / "docs" / "how-to.md").read_text(encoding="utf-8")

    assert [path.stem for path in EXAMPLES.glob("*.py") if f"dags_examples/{path.name}" not in page] == []


def test_the_example_of_a_batch_job_makes_every_product_in_one_job(
    run_example: Callable[..., Any], emulator: Any
) -> None:
    run = run_example("imagen_batch_job", bucket="bucket")

    assert states_of(run) == {"catalogue": ["success"], "failures": ["success"]}
    made = [name for name in emulator.list_objects("bucket", "batch-job/") if "/_imagen/" not in name]
    assert made == [f"batch-job/{key}.jpg" for key in ("bicycle", "lamp", "teapot")]
    asked = [each.method for each in emulator.requests if each.path.endswith("/batchPredictionJobs")]
    assert asked.count("POST") == 1


def test_mapped_tasks_return_json(run_example: Callable[..., Any], emulator: Any) -> None:
    run = run_example("imagen_minimal")

    (ti,) = run.get_task_instances()
    assert json.dumps(ti.xcom_pull(task_ids="picture")).startswith('["gs://my-bucket/')
