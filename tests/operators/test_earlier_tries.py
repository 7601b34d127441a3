"""What a task does when an earlier try died between its request and its return."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from support.emulated import images_in, model_requests, put, records_in
from support.operators import CLOUD, GEMINI, IMAGEN, generate
from support.records import fingerprint, identity_of, leave_intent, record_of
from support.task_instances import BrokenStore, StateStore

from airflow_provider_imagen.core.recovery.request_record import read_record, record_name
from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.operators import report

PLACES = ["cloud", "disk"]
IF_EXISTS = ["generate", "reuse"]


@pytest.mark.parametrize("if_exists", IF_EXISTS)
def test_what_a_dead_worker_left_on_disk_is_kept_and_only_the_rest_is_asked_for(
    emulator: Any, ti: Any, tmp_path: Path, if_exists: str
) -> None:
    asked = {"number_of_images": 3, "seed": 7, "add_watermark": False}
    leave_intent(str(tmp_path), ti, emulator, **asked)
    put(str(tmp_path), f"{ti.own_name}/sample_0.png", b"paid for", emulator)

    uris = generate(str(tmp_path), if_exists=if_exists, **asked).execute({"ti": ti})

    (request,) = emulator.requests
    assert request.json["parameters"]["sampleCount"] == 2
    assert request.json["parameters"]["seed"] == 8
    assert uris == [f"{tmp_path}/{ti.own_name}/sample_{number}.png" for number in range(3)]
    assert Path(uris[0]).read_bytes() == b"paid for"
    assert [image["uri"] for image in ti.pushed["result"]["images"]] == uris


def test_the_image_that_is_missing_in_the_middle_is_asked_for_with_its_own_seed(emulator: Any, ti: Any) -> None:
    asked = {"number_of_images": 3, "seed": 7, "model": GEMINI}
    leave_intent(CLOUD, ti, emulator, **asked)
    for number in (0, 2):
        put(CLOUD, f"{ti.own_name}/sample_{number}.png", b"paid for", emulator)

    uris = generate(CLOUD, **asked).execute({"ti": ti})

    (request,) = model_requests(emulator)
    assert request.json["generationConfig"]["seed"] == 8
    assert [uri.rpartition("/")[2].partition(".")[0] for uri in uris] == ["sample_0", "sample_1", "sample_2"]


def test_requests_that_a_dead_worker_waited_for_and_that_are_sent_again_are_counted(
    emulator: Any, ti: Any, caplog: pytest.LogCaptureFixture
) -> None:
    asked = {"number_of_images": 3, "model": GEMINI}
    leave_intent(CLOUD, ti, emulator, **asked)
    put(CLOUD, f"{ti.own_name}/sample_0.png", b"paid for", emulator)

    generate(CLOUD, **asked).execute({"ti": ti})

    assert ti.pushed["result"]["resent_requests"] == 2
    assert "may bill them a second time" in caplog.text


@pytest.mark.parametrize("if_exists", IF_EXISTS)
def test_all_that_a_dead_worker_wrote_is_returned_without_a_request(
    emulator: Any, ti: Any, tmp_path: Path, if_exists: str
) -> None:
    leave_intent(str(tmp_path), ti, emulator)
    uri = put(str(tmp_path), f"{ti.own_name}/sample_0.jpg", b"paid for", emulator)

    assert generate(str(tmp_path), if_exists=if_exists).execute({"ti": ti}) == [uri]
    assert emulator.requests == []
    assert ti.pushed["result"]["images"][0]["mime_type"] == "image/jpeg"


@pytest.mark.parametrize("if_exists", IF_EXISTS)
def test_images_that_came_after_a_worker_died_are_found_in_the_bucket(emulator: Any, ti: Any, if_exists: str) -> None:
    leave_intent(CLOUD, ti, emulator)
    uri = put(CLOUD, f"{ti.own_name}/1733000000000/sample_0.png", b"paid for", emulator)

    assert generate(CLOUD, if_exists=if_exists).execute({"ti": ti}) == [uri]
    assert model_requests(emulator) == []
    assert ti.pushed["result"]["reused"] is True


@pytest.mark.parametrize("map_index", [-1, 3])
def test_a_dead_workers_request_that_brought_nothing_is_sent_again(
    emulator: Any, make_ti: Any, map_index: int, pauses: list[float]
) -> None:
    ti = make_ti(map_index=map_index)
    leave_intent(CLOUD, ti, emulator)

    assert len(generate(CLOUD).execute({"ti": ti})) == 1
    assert len(model_requests(emulator)) == 1
    assert 59 < sum(pauses) <= 60


@pytest.mark.parametrize("content", ["", "{half", "[]", '{"version": 2}', '{"version": 1, "state": "finished"}'])
@pytest.mark.parametrize("place", PLACES, indirect=True)
@pytest.mark.parametrize("if_exists", ["generate", "reuse", "fail"])
def test_a_record_that_cannot_be_read_stops_the_task_by_name(
    place: str, emulator: Any, ti: Any, content: str, if_exists: str
) -> None:
    name = record_name(ti.own_name, fingerprint(output_uri=place), is_intent=True)
    uri = put(place, f"_imagen/{name}", content.encode() or b" ", emulator, "application/json")

    with pytest.raises(AirflowFailException, match=f"RecordUnreadableError: .*{uri}.*remove this file.*clear the task"):
        generate(place, if_exists=if_exists).execute({"ti": ti})
    assert model_requests(emulator) == []
    assert records_in(place, emulator) == [name]


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_an_empty_record_stops_the_task_as_well(place: str, emulator: Any, ti: Any) -> None:
    name = record_name(ti.own_name, fingerprint(output_uri=place), is_intent=False)
    put(place, f"_imagen/{name}", b"", emulator, "application/json")

    with pytest.raises(AirflowFailException, match="RecordUnreadableError"):
        generate(place, if_exists="reuse").execute({"ti": ti})
    assert model_requests(emulator) == []


@pytest.mark.parametrize("place", PLACES, indirect=True)
@pytest.mark.parametrize("model", [IMAGEN, GEMINI])
@pytest.mark.parametrize("if_exists", IF_EXISTS)
def test_the_record_bridges_a_worker_that_died_before_it_returned(
    place: str, model: str, if_exists: str, emulator: Any, ti: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = generate(place, model=model, if_exists=if_exists, number_of_images=2)
    with monkeypatch.context() as dying:
        dying.setattr(report, "_push", die)
        with pytest.raises(KeyboardInterrupt):
            task.execute({"ti": ti})
    asked = len(model_requests(emulator))

    uris = task.execute({"ti": ti})

    assert len(model_requests(emulator)) == asked
    assert uris == images_in(place, emulator)


def die(*_: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_nothing_is_left_of_a_request_whose_images_were_returned(place: str, emulator: Any, ti: Any) -> None:
    store = StateStore()
    generate(place).execute({"ti": ti, "task_state_store": store})

    assert records_in(place, emulator) == []
    assert not store


def test_a_broken_state_store_fails_no_task(emulator: Any, ti: Any, tmp_path: Path) -> None:
    assert len(generate(str(tmp_path)).execute({"ti": ti, "task_state_store": BrokenStore()})) == 1


def test_a_try_on_another_machine_stops_before_it_pays(emulator: Any, ti: Any, tmp_path: Path) -> None:
    store = StateStore(imagen_request={"fingerprint": fingerprint(output_uri=str(tmp_path)), "host": "worker-7"})

    with pytest.raises(AirflowFailException, match="ran on worker-7.*on_lost='resend'"):
        generate(str(tmp_path)).execute({"ti": ti, "task_state_store": store})
    assert model_requests(emulator) == []


def test_a_try_on_another_machine_goes_on_where_the_task_says_so(emulator: Any, ti: Any, tmp_path: Path) -> None:
    store = StateStore(imagen_request={"fingerprint": fingerprint(output_uri=str(tmp_path)), "host": "worker-7"})

    assert len(generate(str(tmp_path), on_lost="resend").execute({"ti": ti, "task_state_store": store})) == 1


def test_a_try_on_another_machine_is_no_matter_where_all_machines_see_the_folder(emulator: Any, ti: Any) -> None:
    store = StateStore(imagen_request={"fingerprint": fingerprint(), "host": "worker-7"})

    assert len(generate(CLOUD).execute({"ti": ti, "task_state_store": store})) == 1


def test_fail_names_what_a_dead_worker_left_on_disk(emulator: Any, ti: Any, tmp_path: Path) -> None:
    leave_intent(str(tmp_path), ti, emulator, number_of_images=2)
    put(str(tmp_path), f"{ti.own_name}/sample_0.png", b"paid for", emulator)

    with pytest.raises(AirflowFailException, match="ImagesExistError: .*sample_0.png"):
        generate(str(tmp_path), number_of_images=2, if_exists="fail").execute({"ti": ti})
    assert emulator.requests == []


def test_fail_names_what_came_into_the_bucket_after_a_worker_died(emulator: Any, ti: Any) -> None:
    leave_intent(CLOUD, ti, emulator)
    put(CLOUD, f"{ti.own_name}/1733000000000/sample_0.png", b"paid for", emulator)

    with pytest.raises(AirflowFailException, match="ImagesExistError: .*1733000000000"):
        generate(CLOUD, if_exists="fail").execute({"ti": ti})
    assert model_requests(emulator) == []


@pytest.mark.parametrize("if_exists", IF_EXISTS)
def test_images_of_an_older_request_are_not_taken_for_those_of_a_dead_worker(
    emulator: Any, ti: Any, tmp_path: Path, if_exists: str
) -> None:
    older = generate(str(tmp_path), prompt="another prompt").execute({"ti": ti})
    files = {str(Path(uri).relative_to(tmp_path)): version(uri) for uri in older}
    leave_intent(str(tmp_path), ti, emulator, before=files)

    generate(str(tmp_path), if_exists=if_exists).execute({"ti": ti})

    assert len(model_requests(emulator)) == 2


def version(path: str) -> str:
    status = Path(path).stat()
    return f"{status.st_mtime_ns}-{status.st_ino}"


def test_a_file_that_was_replaced_since_belongs_to_the_dead_worker(emulator: Any, ti: Any, tmp_path: Path) -> None:
    uri = put(str(tmp_path), f"{ti.own_name}/sample_0.png", b"paid for", emulator)
    leave_intent(str(tmp_path), ti, emulator, before={f"{ti.own_name}/sample_0.png": "an older version"})

    assert generate(str(tmp_path)).execute({"ti": ti}) == [uri]
    assert model_requests(emulator) == []


@pytest.mark.parametrize("fault", [{"status": 403}, {"reset": True}], ids=str)
@pytest.mark.parametrize("if_exists", IF_EXISTS)
def test_a_second_death_or_failure_does_not_forget_what_the_first_left(
    emulator: Any, ti: Any, tmp_path: Path, fault: dict[str, Any], if_exists: str
) -> None:
    task = generate(str(tmp_path), number_of_images=4, if_exists=if_exists)
    leave_intent(str(tmp_path), ti, emulator, number_of_images=4)
    for number in (0, 1):
        put(str(tmp_path), f"{ti.own_name}/sample_{number}.png", b"paid for", emulator)
    emulator.order_fault(Fault("generate", **fault))
    with pytest.raises(AirflowFailException):
        task.execute({"ti": ti})

    ti.max_tries = 1  # a person cleared the task
    assert len(task.execute({"ti": ti})) == 4
    assert emulator.requests[-1].json["parameters"]["sampleCount"] == 2


def test_when_the_missing_images_are_refused_those_that_are_there_are_returned(
    emulator: Any, ti: Any, tmp_path: Path
) -> None:
    leave_intent(str(tmp_path), ti, emulator, number_of_images=2)
    uri = put(str(tmp_path), f"{ti.own_name}/sample_0.png", b"paid for", emulator)
    emulator.order_fault(Fault("generate", blocked_prompt=True, support_codes=("58061214",)))

    assert generate(str(tmp_path), number_of_images=2).execute({"ti": ti}) == [uri]
    assert ti.pushed["result"]["filtered"] == 1


def test_images_of_an_earlier_try_come_in_their_order(emulator: Any, ti: Any, tmp_path: Path) -> None:
    leave_intent(str(tmp_path), ti, emulator, number_of_images=2)
    for number in (10, 9):
        put(str(tmp_path), f"{ti.own_name}/sample_{number}.png", b"paid for", emulator)
    put(str(tmp_path), f"{ti.own_name}/.sample_11.png.part", b"half", emulator)

    uris = generate(str(tmp_path), number_of_images=2).execute({"ti": ti})
    assert [Path(uri).name for uri in uris] == ["sample_9.png", "sample_10.png"]


def test_of_too_many_images_the_newest_complete_folder_counts_and_the_rest_is_named(emulator: Any, ti: Any) -> None:
    leave_intent(CLOUD, ti, emulator, number_of_images=2)
    for folder, images in (("1733000000000", 2), ("1733000000001", 2), ("1733000000002", 1)):
        for number in range(images):
            put(CLOUD, f"{ti.own_name}/{folder}/sample_{number}.png", b"paid for", emulator)

    uris = generate(CLOUD, number_of_images=2).execute({"ti": ti})

    assert [uri.split("/")[-2:] for uri in uris] == [["1733000000001", f"sample_{number}.png"] for number in (0, 1)]
    assert [uri.split("/")[-2] for uri in ti.pushed["result"]["other_images"]] == [
        *["1733000000000"] * 2,
        "1733000000002",
    ]


def test_a_look_that_failed_is_made_again_by_the_next_try(emulator: Any, ti: Any) -> None:
    leave_intent(CLOUD, ti, emulator)
    uri = put(CLOUD, f"{ti.own_name}/1733000000000/sample_0.png", b"paid for", emulator)
    emulator.order_fault(Fault("list", skip=1, status=403))
    with pytest.raises(AirflowFailException, match=r"storage\.objects\.list"):
        generate(CLOUD).execute({"ti": ti})

    assert generate(CLOUD).execute({"ti": ti}) == [uri]
    assert model_requests(emulator) == []


def test_the_intent_tells_which_try_wrote_it_and_nothing_of_the_prompt(emulator: Any, ti: Any, tmp_path: Path) -> None:
    emulator.order_fault(Fault("generate", reset=True))
    before = datetime.now(UTC)
    with pytest.raises(AirflowFailException, match="ResponseLostError"):
        generate(str(tmp_path)).execute({"ti": ti})

    (file,) = (tmp_path / "_imagen").iterdir()
    record = read_record(file.read_bytes())
    assert record is not None
    assert record.writer.model_copy(update={"host": ""}) == identity_of(ti)
    assert before <= record.sent_at <= datetime.now(UTC) + timedelta(seconds=1)
    assert record.state == "lost"
    assert "red boat" not in file.read_text()


def test_a_retry_after_a_lost_response_stops_again_and_a_clear_sends(emulator: Any, make_ti: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True))
    task = generate(CLOUD, model=GEMINI)
    with pytest.raises(AirflowFailException, match="ResponseLostError"):
        task.execute({"ti": make_ti(try_number=1, max_tries=2)})

    with pytest.raises(AirflowFailException, match="The response to an earlier try was lost.*Clear the task"):
        task.execute({"ti": make_ti(try_number=2, max_tries=2)})
    assert len(model_requests(emulator)) == 1
    assert len(task.execute({"ti": make_ti(try_number=3, max_tries=4)})) == 1


def test_a_record_in_flight_is_recovered_whatever_machine_wrote_it(emulator: Any, ti: Any, tmp_path: Path) -> None:
    record = record_of(ti, output_uri=str(tmp_path), writer=identity_of(ti, host="worker-7"))
    name = record_name(ti.own_name, record.fingerprint, is_intent=True)
    put(str(tmp_path), f"_imagen/{name}", record.encode(), emulator)
    uri = put(str(tmp_path), f"{ti.own_name}/sample_0.png", b"paid for", emulator)

    assert generate(str(tmp_path)).execute({"ti": ti}) == [uri]


@pytest.mark.parametrize(
    ("executor", "warned"),
    [
        ("LocalExecutor", False),
        ("SequentialExecutor", False),
        ("CeleryExecutor", True),
        ("airflow.providers.celery.executors.celery_executor.CeleryExecutor", True),
        ("LocalExecutor, team:CeleryExecutor", True),
    ],
)
def test_a_local_folder_is_warned_of_once_where_tasks_run_on_several_machines(
    emulator: Any,
    ti: Any,
    tmp_path: Path,
    executor: str,
    warned: bool,
    monkeypatch: pytest.MonkeyPatch,
    logged: Callable[[], str],
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)

    generate(str(tmp_path)).execute({"ti": ti})

    assert ("folder of this machine's own disk" in logged()) is warned


def test_cloud_storage_is_not_warned_of(
    emulator: Any, ti: Any, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")

    generate(CLOUD).execute({"ti": ti})

    assert "own disk" not in logged()
