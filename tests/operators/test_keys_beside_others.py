"""A key takes, replaces and removes only what is its own, and waits only for a writer that may still write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from support.emulated import images_in, model_requests, put
from support.operators import CLOUD, GEMINI, IMAGEN, generate, upscale
from support.records import identity_of, leave_intent, record_of

from airflow_provider_imagen.core.recovery.request_record import record_name
from airflow_provider_imagen.decorators.imagen import ImagenDecoratedOperator
from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.errors import NotSentError, RequestStoppedError
from airflow_provider_imagen.hooks.imagen import ImagenHook


def keyed(place: str = CLOUD, key: str = "sku1", **arguments: Any) -> Any:
    return generate(place, **{"model": GEMINI, "image_key": key, "if_exists": "reuse", **arguments})


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made; the clock goes on by them."""
    pauses: list[float] = []

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=sum(pauses))

    monkeypatch.setattr(ImagenHook, "client_options", {"sleep": pauses.append, "now": now})
    return pauses


@pytest.mark.parametrize("if_exists", ["generate", "reuse"])
def test_a_folder_of_other_tasks_that_is_named_as_the_key_stays_as_it_is(
    emulator: Any, make_ti: Any, if_exists: str
) -> None:
    product = keyed(f"{CLOUD}shoes/", "10023", if_exists=if_exists).execute({"ti": make_ti("r1", task_id="product")})
    dated = keyed(f"{CLOUD}shoes/20260101/", "front").execute({"ti": make_ti("r1", task_id="dated")})

    banner = keyed(CLOUD, "shoes").execute({"ti": make_ti("r1", task_id="banner")})

    assert images_in(CLOUD, emulator) == sorted([*product, *dated, *banner])


@pytest.mark.parametrize("other", [IMAGEN, GEMINI])
def test_what_google_wrote_for_a_key_is_reused_where_its_folder_is_one_of_other_tasks(
    emulator: Any, make_ti: Any, other: str
) -> None:
    keyed(f"{CLOUD}shoes/", "0", model=other).execute({"ti": make_ti("r1", task_id="product")})
    banner = keyed(CLOUD, "shoes", model=IMAGEN).execute({"ti": make_ti("r1", task_id="banner")})

    assert keyed(CLOUD, "shoes", model=IMAGEN).execute({"ti": make_ti("r2", task_id="banner")}) == banner
    assert len(model_requests(emulator)) == 2


def test_a_picture_in_a_folder_of_other_tasks_is_not_taken_for_the_keys_own(emulator: Any, make_ti: Any) -> None:
    leave_intent(CLOUD, make_ti("r1"), emulator, own_name="shoes", model=GEMINI)
    other = keyed(f"{CLOUD}shoes/", "10023", prompt="x").execute({"ti": make_ti("r1", task_id="product")})

    assert keyed(CLOUD, "shoes").execute({"ti": make_ti("r1")}) != other


def test_an_image_that_would_replace_its_own_source_is_refused(emulator: Any, make_ti: Any) -> None:
    (source,) = keyed(if_exists="generate").execute({"ti": make_ti("r1")})

    with pytest.raises(AirflowFailException, match="image_key 'sku1' in this output_uri would replace"):
        upscale(source, CLOUD, image_key="sku1").execute({"ti": make_ti("r1", task_id="large")})
    assert images_in(CLOUD, emulator) == [source]


@pytest.mark.parametrize(("output", "source"), [("file://{}", "{}"), ("{}", "file://{}"), ("{}", "{}/../{name}")])
def test_nor_does_another_spelling_of_its_folder_replace_it(
    emulator: Any, make_ti: Any, tmp_path: Path, output: str, source: str
) -> None:
    (uri,) = keyed(str(tmp_path), if_exists="generate").execute({"ti": make_ti("r1")})
    picture = f"{source.format(tmp_path, name=tmp_path.name)}/{Path(uri).name}"

    with pytest.raises(AirflowFailException, match="image_key 'sku1' in this output_uri would replace"):
        keyed(output.format(tmp_path), reference_images=[picture]).execute({"ti": make_ti("r1", task_id="again")})
    assert len(model_requests(emulator)) == 1


def test_fail_stops_for_images_that_left_no_record(emulator: Any, make_ti: Any) -> None:
    (uri,) = keyed(if_exists="generate").execute({"ti": make_ti("r1")})

    with pytest.raises(AirflowFailException, match=f"ImagesExistError: .*{uri}"):
        keyed(if_exists="fail").execute({"ti": make_ti("r2")})


def test_a_lost_request_of_another_run_or_task_is_not_waited_for(
    emulator: Any, make_ti: Any, passed: list[float]
) -> None:
    emulator.order_fault(Fault("generate", reset=True, times=2))
    for run in ("r1", "r2"):
        with pytest.raises(AirflowFailException, match="ResponseLost"):
            keyed().execute({"ti": make_ti(run)})

    assert len(keyed().execute({"ti": make_ti("r2", task_id="repair")})) == 1
    assert passed == []


def test_a_lost_request_for_something_else_does_not_make_reuse_pay(emulator: Any, make_ti: Any) -> None:
    red = keyed().execute({"ti": make_ti("r1")})
    emulator.order_fault(Fault("generate", reset=True))
    with pytest.raises(AirflowFailException, match="ResponseLost"):
        keyed(prompt="a blue boat").execute({"ti": make_ti("r2")})

    assert keyed().execute({"ti": make_ti("r3")}) == red
    assert len(model_requests(emulator)) == 2


def test_a_writer_whose_clock_is_fast_is_waited_for_no_longer_than_it_may_take(
    emulator: Any, make_ti: Any, passed: list[float]
) -> None:
    leave_intent(CLOUD, make_ti("r1"), emulator, own_name="sku1", model=GEMINI, minutes_ago=-60)

    assert len(keyed().execute({"ti": make_ti("r2")})) == 1
    assert 350 < sum(passed) < 380


def test_a_request_of_a_key_that_another_run_is_making_in_another_form_waits(
    emulator: Any, make_ti: Any, passed: list[float]
) -> None:
    """Two prompts have intents of different names, so that creating them tells nothing."""
    other = record_of(make_ti("r1"), model=GEMINI, prompt="a blue boat", minutes_ago=0.01)
    name = record_name("sku1", other.fingerprint, is_intent=True)
    seen: list[int] = []

    def list_again(seconds: float) -> None:
        passed.append(seconds)
        seen.append(len(model_requests(emulator)))

    ImagenHook.client_options["sleep"] = list_again  # type: ignore[index]
    put(CLOUD, f"_imagen/{name}", other.encode(), emulator, "application/json")

    assert len(keyed().execute({"ti": make_ti("r2")})) == 1
    assert set(seen) == {0}


def test_the_mark_of_a_lost_response_counts_where_nothing_may_be_replaced(emulator: Any, make_ti: Any) -> None:
    emulator.order_fault(Fault("any", times=None, bucket_state="no_delete_permission", bucket="bucket"))
    emulator.order_fault(Fault("generate", reset=True))
    for number in (1, 2):
        with pytest.raises(AirflowFailException, match="ResponseLost"):
            generate(model=GEMINI).execute({"ti": make_ti(try_number=number, max_tries=2)})

    assert len(model_requests(emulator)) == 1


def test_an_empty_file_of_that_name_that_must_stay_costs_no_image(emulator: Any, make_ti: Any) -> None:
    put(CLOUD, "sku1.png", b"", emulator)
    emulator.order_fault(Fault("any", times=None, bucket_state="no_delete_permission", bucket="bucket"))

    assert keyed(output_mime_type="image/png").execute({"ti": make_ti()}) == [f"{CLOUD}sku1~2.png"]


def test_a_folder_may_be_spelled_in_another_way(emulator: Any, make_ti: Any, tmp_path: Path) -> None:
    (first,) = keyed(str(tmp_path)).execute({"ti": make_ti("r1")})

    assert keyed(f"file://{tmp_path}").execute({"ti": make_ti("r2")}) == [f"file://{first}"]
    assert len(model_requests(emulator)) == 1


def test_a_link_that_leads_nowhere_is_no_file(emulator: Any, make_ti: Any, tmp_path: Path) -> None:
    (tmp_path / "sku1.png").symlink_to(tmp_path / "gone.png")

    assert len(keyed(str(tmp_path)).execute({"ti": make_ti()})) == 1


def test_a_stop_that_comes_while_the_function_of_a_task_runs_is_kept(emulator: Any, ti: Any) -> None:
    tasks: list[Any] = []

    def prompt() -> str:
        tasks[0].on_kill()
        return "a red boat"

    tasks.append(ImagenDecoratedOperator(task_id="posters", python_callable=prompt, output_uri=CLOUD, model=GEMINI))

    with pytest.raises(RequestStoppedError):
        tasks[0].execute({"ti": ti})
    assert model_requests(emulator) == []


def test_a_listing_that_fails_before_anything_was_sent_is_no_lost_response(emulator: Any, ti: Any) -> None:
    leave_intent(CLOUD, ti, emulator)
    emulator.order_fault(Fault("list", skip=2, times=None, reset=True))

    with pytest.raises(NotSentError, match="No model was asked"):
        generate(model=IMAGEN).execute({"ti": ti})


def test_an_image_that_came_and_could_not_be_stored_after_a_stop_is_kept_and_named(
    emulator: Any, ti: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    task = generate(model=GEMINI)

    def stop(seconds: float) -> None:
        task.on_kill()

    monkeypatch.setattr(ImagenHook, "client_options", {"sleep": stop})
    emulator.order_fault(Fault("upload", skip=1, times=None, status=503))

    with pytest.raises(RequestStoppedError):
        task.execute({"ti": ti})

    assert len(list(tmp_path.glob("imagen-rescued-*/*"))) == 1
    assert "kept on this worker in" in logged()


def test_who_wrote_an_intent_is_said_in_words(ti: Any) -> None:
    assert str(identity_of(ti)) == "campaign.posters of run manual__1"
