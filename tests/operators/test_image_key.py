"""``image_key`` names what is made, whichever run, try or map index makes it."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from support.emulated import images_in, model_requests, put, records_in
from support.operators import CLOUD, GEMINI, IMAGEN, generate, upscale
from support.records import identity_of, leave_intent

from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.runner import request_runner
from airflow_provider_imagen.runner.records import RecordFolder

PLACES = ["cloud", "disk"]


def keyed(place: str = CLOUD, key: str = "sku1", **arguments: Any) -> Any:
    return generate(place, **{"model": GEMINI, "image_key": key, "if_exists": "reuse", **arguments})


@pytest.fixture
def threads_may_execute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let other threads than the main one call ``execute``, which Airflow 2 refuses outside its own test mode."""
    with contextlib.suppress(ImportError):
        from airflow.models.baseoperator import ExecutorSafeguard

        monkeypatch.setattr(ExecutorSafeguard, "test_mode", True)
        monkeypatch.setattr(ExecutorSafeguard, "_sentinel", SimpleNamespace(callers={}))


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_one_image_has_the_keys_name(place: str, emulator: Any, ti: Any) -> None:
    (uri,) = keyed(place, output_mime_type="image/png").execute({"ti": ti})

    assert uri == f"{place.rstrip('/')}/sku1.png"
    assert images_in(place, emulator) == [uri]
    assert ti.pushed["result"]["image_key"] == "sku1"


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_several_images_have_numbers_in_the_keys_folder(place: str, emulator: Any, ti: Any) -> None:
    uris = keyed(place, number_of_images=3, output_mime_type="image/png").execute({"ti": ti})

    assert uris == [f"{place.rstrip('/')}/sku1/{number}.png" for number in range(3)]


def test_an_imagen_model_writes_to_the_keys_folder(emulator: Any, ti: Any) -> None:
    uris = keyed(model=IMAGEN, number_of_images=2).execute({"ti": ti})

    assert model_requests(emulator)[0].json["parameters"]["storageUri"] == f"{CLOUD}sku1/"
    assert all(uri.startswith(f"{CLOUD}sku1/") for uri in uris)


@pytest.mark.parametrize("place", PLACES, indirect=True)
@pytest.mark.parametrize("model", [IMAGEN, GEMINI])
def test_another_run_reuses_it_without_a_request(place: str, model: str, emulator: Any, make_ti: Any) -> None:
    first = keyed(place, model=model).execute({"ti": make_ti("run 1")})
    asked = len(model_requests(emulator))
    ti = make_ti("run 2", map_index=4)

    assert keyed(place, model=model).execute({"ti": ti}) == first
    assert len(model_requests(emulator)) == asked
    assert ti.pushed["result"]["reused"] is True


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_row_that_is_inserted_in_front_of_a_mapped_list_is_all_that_is_asked_for(
    place: str, emulator: Any, make_ti: Any
) -> None:
    def run(run_id: str, keys: list[str]) -> list[list[str]]:
        return [
            keyed(place, key, prompt=f"photo of {key}").execute({"ti": make_ti(run_id, map_index=index)})
            for index, key in enumerate(keys)
        ]

    before = run("run 1", ["a", "b"])
    asked = len(model_requests(emulator))

    after = run("run 2", ["new", "a", "b"])

    assert after[1:] == before
    assert len(model_requests(emulator)) == asked + 1


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_the_same_key_with_another_prompt_asks_again_and_replaces(place: str, emulator: Any, make_ti: Any) -> None:
    (first,) = keyed(place).execute({"ti": make_ti("run 1")})
    (second,) = keyed(place, prompt="a blue boat").execute({"ti": make_ti("run 2")})

    assert first == second
    assert len(model_requests(emulator)) == 2
    assert images_in(place, emulator) == [second]
    assert len(records_in(place, emulator)) == 1
    keyed(place).execute({"ti": make_ti("run 3")})
    assert len(model_requests(emulator)) == 3


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_files_of_another_ending_or_a_higher_number_are_removed(place: str, emulator: Any, make_ti: Any) -> None:
    keyed(place, number_of_images=3, output_mime_type="image/png").execute({"ti": make_ti("run 1")})
    other = put(place, "sku10.png", b"another key", emulator)
    nested = put(place, "sku1.v2.png", b"another key", emulator)

    uris = keyed(place, number_of_images=2, output_mime_type="image/jpeg").execute({"ti": make_ti("run 2")})

    assert images_in(place, emulator) == sorted([*uris, other, nested])


def test_files_that_imagen_wrote_for_the_key_are_replaced_too(emulator: Any, make_ti: Any) -> None:
    keyed(model=IMAGEN, number_of_images=2).execute({"ti": make_ti("run 1")})
    uris = keyed(model=IMAGEN, prompt="a blue boat").execute({"ti": make_ti("run 2")})

    assert images_in(CLOUD, emulator) == uris


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_generate_makes_a_new_image_each_time(place: str, emulator: Any, make_ti: Any) -> None:
    for run in ("run 1", "run 2", "run 3"):
        keyed(place, if_exists="generate").execute({"ti": make_ti(run)})

    assert len(model_requests(emulator)) == 3
    assert len(images_in(place, emulator)) == 1
    assert records_in(place, emulator) == []


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_filtered_change_leaves_the_older_files_and_says_so(place: str, emulator: Any, make_ti: Any) -> None:
    first = keyed(place).execute({"ti": make_ti("run 1")})
    emulator.order_fault(Fault("generate", block_reason="PROHIBITED_CONTENT"))
    ti = make_ti("run 2")

    assert keyed(place, prompt="something else", on_filtered="warn").execute({"ti": ti}) == []
    assert images_in(place, emulator) == first == ti.pushed["result"]["kept_earlier"]
    assert keyed(place).execute({"ti": make_ti("run 3")}) == first
    assert len(model_requests(emulator)) == 2


@pytest.mark.parametrize("fault", ["retention_policy", "temporary_hold", "no_delete_permission"])
def test_a_file_that_may_not_be_replaced_stays_and_the_new_one_lies_beside_it(
    emulator: Any, make_ti: Any, fault: str
) -> None:
    (first,) = keyed(output_mime_type="image/png").execute({"ti": make_ti("run 1")})
    refuse_replacing(emulator, fault)
    ti = make_ti("run 2")

    (second,) = keyed(output_mime_type="image/png", prompt="a blue boat").execute({"ti": ti})

    assert second == f"{CLOUD}sku1~2.png"
    assert images_in(CLOUD, emulator) == sorted([first, second])
    assert ti.pushed["result"]["not_replaced"] == [first]
    assert keyed(output_mime_type="image/png", prompt="a blue boat").execute({"ti": make_ti("run 3")}) == [second]
    assert len(model_requests(emulator)) == 2
    (third,) = keyed(output_mime_type="image/png", prompt="a green boat").execute({"ti": make_ti("run 4")})
    assert third == f"{CLOUD}sku1~3.png"


@pytest.mark.parametrize("if_exists", ["generate", "reuse"])
def test_each_run_makes_what_it_wants_where_nothing_may_be_removed(emulator: Any, make_ti: Any, if_exists: str) -> None:
    refuse_replacing(emulator, "no_delete_permission")

    made = [keyed(if_exists=if_exists, prompt=prompt).execute({"ti": make_ti(prompt)}) for prompt in ("a", "b", "a")]

    assert len({uri for uris in made for uri in uris}) == len(images_in(CLOUD, emulator)) == 3
    assert len(model_requests(emulator)) == 3


def refuse_replacing(emulator: Any, fault: str) -> None:
    """Let the bucket create objects, and neither replace nor remove any."""
    emulator.order_fault(Fault("any", times=None, bucket_state=fault, bucket="bucket"))


def test_another_task_of_the_same_run_is_refused_by_name(emulator: Any, make_ti: Any) -> None:
    first, second = make_ti(map_index=0), make_ti(map_index=1)
    leave_intent(CLOUD, first, emulator, own_name="sku1", model=GEMINI)

    with pytest.raises(AirflowFailException, match=r"KeyInUseError: .*posters\[0\] of run.*posters\[1\] of run"):
        keyed().execute({"ti": second})
    assert model_requests(emulator) == []


def test_a_task_of_the_same_run_whose_time_is_over_is_no_longer_in_the_way(emulator: Any, make_ti: Any) -> None:
    leave_intent(CLOUD, make_ti(map_index=0), emulator, own_name="sku1", model=GEMINI, minutes_ago=7)

    assert len(keyed().execute({"ti": make_ti(map_index=1)})) == 1


@pytest.mark.usefixtures("threads_may_execute")
def test_another_run_is_waited_for_and_its_images_are_reused(
    emulator: Any, make_ti: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived, wanted = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        wanted.set()
        assert arrived.wait(300)

    monkeypatch.setattr(ImagenHook, "client_options", {"sleep": sleep})
    leave_intent(CLOUD, make_ti("run 1"), emulator, own_name="sku1", model=GEMINI)
    made: list[list[str]] = []

    def other_run() -> None:
        assert wanted.wait(300)
        made.append(keyed().execute({"ti": make_ti("run 1")}))
        arrived.set()

    thread = threading.Thread(target=other_run)
    thread.start()
    uris = keyed().execute({"ti": make_ti("run 2")})
    thread.join(300)

    assert [uris] == made
    assert len(model_requests(emulator)) == 1


def test_a_run_that_never_ends_is_waited_for_and_then_taken_over(
    emulator: Any, make_ti: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_intent(CLOUD, make_ti("run 1"), emulator, own_name="sku1", model=GEMINI, minutes_ago=5.5)
    passed: list[float] = []

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=sum(passed))

    monkeypatch.setattr(ImagenHook, "client_options", {"sleep": passed.append, "now": now})

    assert len(keyed().execute({"ti": make_ti("run 2")})) == 1
    assert 20 < sum(passed) < 45
    assert len(model_requests(emulator)) == 1


@pytest.mark.usefixtures("threads_may_execute")
def test_two_runs_at_once_ask_once(emulator: Any, make_ti: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both find no record; the intent of one is created first, and the other waits for it."""
    barrier = threading.Barrier(2)
    begun: set[str] = set()
    made: dict[str, list[str]] = {}
    write = RecordFolder.write_intent

    def together(folder: RecordFolder, record: Any) -> None:
        if record.writer.run_id not in begun:
            begun.add(record.writer.run_id)
            barrier.wait(300)
        write(folder, record)

    monkeypatch.setattr(RecordFolder, "write_intent", together)
    monkeypatch.setattr(ImagenHook, "client_options", {})
    monkeypatch.setattr(request_runner, "WRITER_PAUSE_SECONDS", 0.05)

    def run(run_id: str) -> None:
        made[run_id] = keyed().execute({"ti": make_ti(run_id)})

    threads = [threading.Thread(target=run, args=(f"run {number}",)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)

    assert made["run 1"] == made["run 2"] == [images_in(CLOUD, emulator)[0]]
    assert len(model_requests(emulator)) == 1


@pytest.mark.parametrize("key", ["", "   ", "None", "nan", "a/b", "-a", "ä", "a b", "x" * 101, "..", "_imagen"])
def test_a_key_that_cannot_be_a_name_is_refused(emulator: Any, ti: Any, key: str) -> None:
    with pytest.raises(AirflowFailException, match="image_key"):
        keyed(key=key).execute({"ti": ti})
    assert emulator.requests == []


@pytest.mark.parametrize("key", ["a", "A1", "1", "a.b_c-d", "x" * 100, "sku1.png"])
def test_a_key_that_can_be_a_name_is_taken(emulator: Any, ti: Any, key: str, tmp_path: Path) -> None:
    (uri,) = keyed(str(tmp_path), key=key, output_mime_type="image/png").execute({"ti": ti})

    assert Path(uri).name == f"{key}.png"


def test_a_larger_image_has_a_key_as_well(emulator: Any, make_ti: Any, tmp_path: Path) -> None:
    (source,) = generate("gs://bucket/source/").execute({"ti": make_ti()})

    def enlarge(run: str) -> list[str]:
        task = upscale(source, str(tmp_path), image_key="sku1", if_exists="reuse")
        return task.execute({"ti": make_ti(run)})

    assert enlarge("run 1") == enlarge("run 2") == [f"{tmp_path}/sku1.png"]
    assert len(model_requests(emulator)) == 2


def test_a_source_that_changed_under_its_name_is_enlarged_anew(emulator: Any, make_ti: Any, tmp_path: Path) -> None:
    def enlarge(run: str) -> None:
        task = upscale("gs://bucket/source/a.png", CLOUD, image_key="sku1", if_exists="reuse")
        task.execute({"ti": make_ti(run)})

    for number, prompt in enumerate(["a red boat", "a red boat", "a blue boat"]):
        (made,) = generate("gs://bucket/first/", prompt=prompt).execute({"ti": make_ti(f"source {number}")})
        content = emulator.read_object("bucket", made.removeprefix("gs://bucket/"))
        if number != 1:  # the same picture uploaded again is the same picture
            picture = content
        emulator.put_object("bucket", "source/a.png", picture, "image/png")
        enlarge(f"run {number}")

    assert len([each for each in model_requests(emulator) if "upscale" in each.body.decode()]) == 2


def test_the_writer_of_an_intent_is_the_task_instance_and_its_try(emulator: Any, ti: Any) -> None:
    assert str(identity_of(ti)) == "campaign.posters of run manual__1"
