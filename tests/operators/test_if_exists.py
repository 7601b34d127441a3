"""What a task does when an earlier try of the same task instance made images, and when one died half way."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_imagen.core.naming import TaskIdentity, folder_name
from airflow_provider_imagen.core.receipt import Receipt, fingerprint_of
from airflow_provider_imagen.core.request import GenerateRequest
from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator

IMAGEN = "imagen-4.0-generate-001"
GEMINI = "gemini-2.5-flash-image"
PLACES = ["cloud", "disk"]


class StateStore(dict[str, str]):
    """Airflow's task state store, as far as a task uses it."""

    def set(self, key: str, value: str) -> None:
        self[key] = value

    def delete(self, key: str) -> None:
        self.pop(key, None)


class BrokenStore:
    """A state store that does nothing but fail."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("no connection to the API server")


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "gs://bucket/made/" if request.param == "cloud" else str(tmp_path)


def operator(place: str, **arguments: Any) -> ImagenGenerateOperator:
    defaults = {"task_id": "posters", "model": IMAGEN, "prompt": "a red boat", "if_exists": "reuse"}
    return ImagenGenerateOperator(**defaults | arguments, output_uri=place)


def questions(emulator: Any) -> int:
    return len([request for request in emulator.requests if ":predict" in request.path or ":gen" in request.path])


def images_in(place: str, emulator: Any) -> list[str]:
    if place.startswith("gs://"):
        names = emulator.list_objects("bucket", "made/")
        return [f"gs://bucket/{name}" for name in names if not name.endswith(".json")]
    return sorted(str(path) for path in Path(place).rglob("sample_*"))


def receipt_for(place: str, *, minutes_ago: float = 0, earlier: tuple[str, ...] = (), **asked: Any) -> Receipt:
    request = GenerateRequest(**{"model": IMAGEN, "prompt": "a red boat", "output_uri": place, **asked})
    asked_at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return Receipt(fingerprint=fingerprint_of(request), asked_at=asked_at, earlier=earlier)


def leave_receipt(place: str, ti: Any, emulator: Any, **asked: Any) -> Path:
    """Leave what a worker that died after sending its request leaves behind."""
    content = receipt_for(place, **asked).encode()
    name = folder_name(TaskIdentity(ti.dag_id, ti.run_id, ti.task_id, ti.map_index))
    if place.startswith("gs://"):
        emulator.put_object("bucket", f"made/{name}/request.json", content, "application/json")
    else:
        (Path(place) / name).mkdir(parents=True)
        (Path(place) / name / "request.json").write_bytes(content)
    return Path(place) / name


@pytest.mark.parametrize("place", PLACES, indirect=True)
@pytest.mark.parametrize("model", [IMAGEN, GEMINI])
def test_a_second_try_returns_the_images_of_the_first_without_a_request(
    place: str, model: str, emulator: Any, make_ti: Any
) -> None:
    first, second = make_ti(), make_ti()
    uris = operator(place, model=model, number_of_images=2).execute({"ti": first})
    asked = questions(emulator)

    assert operator(place, model=model, number_of_images=2).execute({"ti": second}) == uris
    assert questions(emulator) == asked
    assert second.pushed["result"] == {**first.pushed["result"], "reused": True}


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_larger_image_is_reused_too(place: str, emulator: Any, ti: Any) -> None:
    (source,) = operator("gs://bucket/source/").execute({"ti": ti})

    def enlarge() -> list[str]:
        task = ImagenUpscaleOperator(
            task_id="large", image=source, upscale_factor="x2", output_uri=place, if_exists="reuse"
        )
        return task.execute({"ti": ti})

    assert enlarge() == enlarge()
    assert questions(emulator) == 2


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_another_run_makes_its_own(place: str, emulator: Any, make_ti: Any) -> None:
    first = operator(place).execute({"ti": make_ti("run 1")})
    second = operator(place).execute({"ti": make_ti("run 2")})

    assert set(first).isdisjoint(second)


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_changed_prompt_is_a_new_request_and_replaces_nothing(place: str, emulator: Any, ti: Any) -> None:
    first = operator(place).execute({"ti": ti})
    second = operator(place, prompt="a blue boat").execute({"ti": ti})

    assert set(first).isdisjoint(second)
    assert images_in(place, emulator) == sorted(first + second)


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_fail_names_the_images_that_exist(place: str, emulator: Any, ti: Any) -> None:
    (uri,) = operator(place, if_exists="fail").execute({"ti": ti})

    with pytest.raises(AirflowFailException, match=f"ImagesExistError: .*{uri}.*Use 'reuse' to return them"):
        operator(place, if_exists="fail").execute({"ti": ti})
    assert questions(emulator) == 1


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_generate_is_the_default_and_pays_again(place: str, emulator: Any, ti: Any) -> None:
    operator(place, if_exists="generate").execute({"ti": ti})
    operator(place, if_exists="generate").execute({"ti": ti})

    assert questions(emulator) == 2
    assert ImagenGenerateOperator(task_id="t", prompt="p", output_uri=place).if_exists == "generate"


def test_images_that_were_deleted_are_made_anew(emulator: Any, ti: Any, tmp_path: Path) -> None:
    (uri,) = operator(str(tmp_path)).execute({"ti": ti})
    Path(uri).unlink()

    (again,) = operator(str(tmp_path)).execute({"ti": ti})
    assert Path(again).exists()
    assert questions(emulator) == 2


def test_of_images_that_were_partly_deleted_the_rest_is_returned(emulator: Any, ti: Any, tmp_path: Path) -> None:
    first, second = operator(str(tmp_path), number_of_images=2).execute({"ti": ti})
    Path(first).unlink()

    assert operator(str(tmp_path), number_of_images=2).execute({"ti": ti}) == [second]
    assert [image["uri"] for image in ti.pushed["result"]["images"]] == [second]


def test_what_a_dead_worker_left_on_disk_is_kept_and_only_the_rest_is_asked_for(
    emulator: Any, ti: Any, tmp_path: Path
) -> None:
    folder = leave_receipt(str(tmp_path), ti, emulator, number_of_images=3, seed=7, add_watermark=False)
    (folder / "sample_0.png").write_bytes(b"paid for")

    uris = operator(str(tmp_path), number_of_images=3, seed=7, add_watermark=False).execute({"ti": ti})

    (request,) = emulator.requests
    assert request.json["parameters"]["sampleCount"] == 2
    assert request.json["parameters"]["seed"] == 8
    assert uris == [f"{folder}/sample_{number}.png" for number in range(3)]
    assert (folder / "sample_0.png").read_bytes() == b"paid for"
    assert [image["uri"] for image in ti.pushed["result"]["images"]] == uris


def test_all_that_a_dead_worker_wrote_is_returned_without_a_request(emulator: Any, ti: Any, tmp_path: Path) -> None:
    folder = leave_receipt(str(tmp_path), ti, emulator)
    (folder / "sample_0.jpg").write_bytes(b"paid for")

    assert operator(str(tmp_path)).execute({"ti": ti}) == [f"{folder}/sample_0.jpg"]
    assert emulator.requests == []
    assert ti.pushed["result"]["images"][0]["mime_type"] == "image/jpeg"


def test_images_that_came_after_a_worker_died_are_found_in_the_bucket(emulator: Any, ti: Any) -> None:
    leave_receipt("gs://bucket/made/", ti, emulator)
    emulator.put_object("bucket", "made/1733000000000/sample_0.png", b"paid for", "image/png")

    assert operator("gs://bucket/made/").execute({"ti": ti}) == ["gs://bucket/made/1733000000000/sample_0.png"]
    assert questions(emulator) == 0
    assert ti.pushed["result"]["reused"] is True


def test_a_dead_workers_request_that_brought_nothing_is_sent_again(emulator: Any, ti: Any) -> None:
    leave_receipt("gs://bucket/made/", ti, emulator)

    assert len(operator("gs://bucket/made/").execute({"ti": ti})) == 1
    assert questions(emulator) == 1


def test_a_refused_request_leaves_nothing_to_look_for(emulator: Any, ti: Any, pauses: list[float]) -> None:
    emulator.order_fault(Fault("generate", status=400))
    with pytest.raises(AirflowFailException):
        operator("gs://bucket/made/").execute({"ti": ti})

    assert len(operator("gs://bucket/made/").execute({"ti": ti})) == 1
    assert pauses == []


def test_a_receipt_that_cannot_be_written_costs_nothing(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("upload", status=403))

    with pytest.raises(AirflowFailException, match=r"storage\.objects\.create"):
        operator("gs://bucket/made/").execute({"ti": ti})
    assert questions(emulator) == 0


def test_a_receipt_that_cannot_be_replaced_does_not_lose_the_images(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("upload", skip=1, status=403))

    assert operator("gs://bucket/made/").execute({"ti": ti}) == images_in("gs://bucket/made/", emulator)


def test_a_receipt_tells_nothing_of_an_unfinished_prompt(emulator: Any, ti: Any, tmp_path: Path) -> None:
    emulator.order_fault(Fault("generate", reset=True))
    with pytest.raises(AirflowFailException, match="AnswerLostError"):
        operator(str(tmp_path)).execute({"ti": ti})

    (note,) = tmp_path.rglob("request.json")
    assert "red boat" not in note.read_text()


def test_an_unreadable_receipt_counts_as_none(emulator: Any, ti: Any, tmp_path: Path) -> None:
    folder = leave_receipt(str(tmp_path), ti, emulator)
    (folder / "request.json").write_text("{half")

    assert len(operator(str(tmp_path)).execute({"ti": ti})) == 1


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_the_state_store_bridges_a_worker_that_died_before_it_returned(
    place: str, emulator: Any, ti: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = StateStore()
    with monkeypatch.context() as dying:
        dying.setattr("airflow_provider_imagen.operators.memory.Memory.returned", die)
        with pytest.raises(KeyboardInterrupt):
            operator(place, if_exists="generate").execute({"ti": ti, "task_state_store": store})

    uris = operator(place, if_exists="generate").execute({"ti": ti, "task_state_store": store})

    assert questions(emulator) == 1
    assert uris == images_in(place, emulator)
    assert not store


def die(memory: Any) -> None:
    raise KeyboardInterrupt


def test_the_state_store_knows_a_request_whose_worker_died_before_the_answer(emulator: Any, ti: Any) -> None:
    receipt = receipt_for("gs://bucket/made/")
    emulator.put_object("bucket", "made/1733000000000/sample_0.png", b"paid for", "image/png")
    store = StateStore(imagen_request=receipt.encode().decode())

    uris = operator("gs://bucket/made/", if_exists="generate").execute({"ti": ti, "task_state_store": store})

    assert uris == ["gs://bucket/made/1733000000000/sample_0.png"]
    assert questions(emulator) == 0


def test_a_broken_state_store_fails_no_task(emulator: Any, ti: Any, tmp_path: Path) -> None:
    assert len(operator(str(tmp_path)).execute({"ti": ti, "task_state_store": BrokenStore()})) == 1


def test_a_value_that_is_not_allowed_is_refused(emulator: Any, ti: Any, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="if_exists is 'skip'.*generate, reuse, fail"):
        operator(str(tmp_path), if_exists="skip").execute({"ti": ti})
    assert emulator.requests == []


def test_the_receipt_is_json_that_a_person_can_read(emulator: Any, ti: Any, tmp_path: Path) -> None:
    operator(str(tmp_path)).execute({"ti": ti})

    (note,) = tmp_path.rglob("request.json")
    assert json.loads(note.read_text())["result"] == ti.pushed["result"]


def test_fail_names_what_a_dead_worker_left_on_disk(emulator: Any, ti: Any, tmp_path: Path) -> None:
    folder = leave_receipt(str(tmp_path), ti, emulator, number_of_images=2)
    (folder / "sample_0.png").write_bytes(b"paid for")

    with pytest.raises(AirflowFailException, match="ImagesExistError: .*sample_0.png"):
        operator(str(tmp_path), number_of_images=2, if_exists="fail").execute({"ti": ti})
    assert emulator.requests == []


def test_fail_names_what_came_into_the_bucket_after_a_worker_died(emulator: Any, ti: Any) -> None:
    leave_receipt("gs://bucket/made/", ti, emulator)
    emulator.put_object("bucket", "made/1733000000000/sample_0.png", b"paid for", "image/png")

    with pytest.raises(AirflowFailException, match="ImagesExistError: .*1733000000000"):
        operator("gs://bucket/made/", if_exists="fail").execute({"ti": ti})
    assert questions(emulator) == 0


def test_images_of_an_older_request_are_not_taken_for_those_of_a_dead_worker(
    emulator: Any, ti: Any, tmp_path: Path
) -> None:
    (older,) = operator(str(tmp_path), prompt="another prompt").execute({"ti": ti})
    note = Path(older).with_name("request.json")
    note.write_bytes(receipt_for(str(tmp_path), earlier=(older,)).encode())

    (uri,) = operator(str(tmp_path)).execute({"ti": ti})

    assert uri != older
    assert questions(emulator) == 2


def test_a_second_death_does_not_forget_what_the_first_left(emulator: Any, ti: Any, tmp_path: Path) -> None:
    folder = leave_receipt(str(tmp_path), ti, emulator, number_of_images=2)
    (folder / "sample_0.png").write_bytes(b"paid for")
    emulator.order_fault(Fault("generate", status=400))
    with pytest.raises(AirflowFailException):
        operator(str(tmp_path), number_of_images=2).execute({"ti": ti})
    asked = json.loads((folder / "request.json").read_text())

    assert asked["earlier"] == []


def test_when_the_missing_images_are_refused_those_that_are_there_are_returned(
    emulator: Any, ti: Any, tmp_path: Path
) -> None:
    folder = leave_receipt(str(tmp_path), ti, emulator, number_of_images=2)
    (folder / "sample_0.png").write_bytes(b"paid for")
    emulator.order_fault(Fault("generate", blocked_prompt=True, support_codes=("58061214",)))

    uris = operator(str(tmp_path), number_of_images=2).execute({"ti": ti})

    assert uris == [f"{folder}/sample_0.png"]
    assert ti.pushed["result"]["filtered"] == 1


def test_a_refused_prompt_leaves_nothing_to_look_for(emulator: Any, ti: Any, pauses: list[float]) -> None:
    emulator.order_fault(Fault("generate", blocked_prompt=True, support_codes=("58061214",)))
    with pytest.raises(AirflowFailException, match="PromptBlockedError"):
        operator("gs://bucket/made/").execute({"ti": ti})

    assert len(operator("gs://bucket/made/").execute({"ti": ti})) == 1
    assert pauses == []


def test_a_dead_workers_request_of_an_hour_ago_is_not_waited_for(emulator: Any, ti: Any, pauses: list[float]) -> None:
    leave_receipt("gs://bucket/made/", ti, emulator, minutes_ago=60)

    operator("gs://bucket/made/").execute({"ti": ti})
    assert pauses == []


def test_after_a_person_was_asked_the_next_try_asks_anew(emulator: Any, ti: Any) -> None:
    leave_receipt("gs://bucket/made/", ti, emulator)
    for folder in ("1733000000000", "1733000000001"):
        emulator.put_object("bucket", f"made/{folder}/sample_0.png", b"whose?", "image/png")
    with pytest.raises(AirflowFailException, match=r"An earlier try .* may belong to this task or to another one"):
        operator("gs://bucket/made/").execute({"ti": ti})

    assert len(operator("gs://bucket/made/").execute({"ti": ti})) == 1
    assert questions(emulator) == 1


def test_the_state_store_forgets_a_refused_request(emulator: Any, ti: Any) -> None:
    store = StateStore()
    emulator.order_fault(Fault("generate", status=400))
    with pytest.raises(AirflowFailException):
        operator("gs://bucket/made/", if_exists="generate").execute({"ti": ti, "task_state_store": store})

    assert not store


def test_the_state_store_helps_where_the_receipt_could_not_be_replaced(emulator: Any, ti: Any) -> None:
    store = StateStore()
    emulator.order_fault(Fault("upload", skip=1, status=403))
    uris = operator("gs://bucket/made/").execute({"ti": ti, "task_state_store": store})

    assert operator("gs://bucket/made/").execute({"ti": ti, "task_state_store": store}) == uris
    assert questions(emulator) == 1


def test_images_of_an_earlier_try_come_in_their_order(emulator: Any, ti: Any, tmp_path: Path) -> None:
    folder = leave_receipt(str(tmp_path), ti, emulator, number_of_images=2)
    for number in (10, 9):
        (folder / f"sample_{number}.png").write_bytes(b"paid for")
    (folder / ".sample_11.png.part").write_bytes(b"half")

    uris = operator(str(tmp_path), number_of_images=2).execute({"ti": ti})
    assert uris == [f"{folder}/sample_9.png", f"{folder}/sample_10.png"]


def test_what_the_fallback_made_is_reused(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", status=404))
    uris = operator("gs://bucket/made/", model=GEMINI, fallback_model="gemini-nano-banana-2.1").execute({"ti": ti})
    asked = questions(emulator)

    assert (
        operator("gs://bucket/made/", model=GEMINI, fallback_model="gemini-nano-banana-2.1").execute({"ti": ti}) == uris
    )
    assert questions(emulator) == asked
