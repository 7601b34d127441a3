"""A lost response of a model that writes to Cloud Storage itself: look first, pay again only if nothing came."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from support.emulated import images_in, model_requests, put
from support.operators import CLOUD, GEMINI, generate, upscale

from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.errors import NotSentError
from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.operators import report

LOST = [{"reset": True}, {"truncated": True}, {"status": 500}, {"status": 504}]
UNREADABLE = '{"predictions": "none that can be read"}'
IF_EXISTS = ["generate", "reuse"]


@pytest.mark.parametrize("if_exists", IF_EXISTS)
@pytest.mark.parametrize("fault", LOST, ids=str)
def test_images_that_were_made_are_found_and_not_paid_for_again(
    emulator: Any, ti: Any, fault: dict[str, Any], if_exists: str
) -> None:
    emulator.order_fault(Fault("generate", after_work=True, **fault))

    uris = generate(number_of_images=3, if_exists=if_exists).execute({"ti": ti})

    assert len(model_requests(emulator)) == 1
    assert uris == images_in(CLOUD, emulator)
    assert len(uris) == 3
    assert [image["uri"] for image in ti.pushed["result"]["images"]] == uris


@pytest.mark.parametrize("if_exists", IF_EXISTS)
def test_mapped_tasks_with_one_folder_each_find_their_own_images(emulator: Any, make_ti: Any, if_exists: str) -> None:
    emulator.order_fault(Fault("generate", times=3, reset=True, after_work=True))
    instances = [make_ti(map_index=index) for index in range(3)]

    made = [generate(number_of_images=2, if_exists=if_exists).execute({"ti": ti}) for ti in instances]

    assert len(model_requests(emulator)) == 3
    for ti, uris in zip(instances, made, strict=True):
        assert uris == images_in(f"{CLOUD}{ti.own_name}/", emulator)
        assert len(uris) == 2


@pytest.mark.parametrize("if_exists", IF_EXISTS)
def test_mapped_tasks_whose_workers_died_find_their_own_images(
    emulator: Any, make_ti: Any, if_exists: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    instances = [make_ti(map_index=index) for index in range(3)]
    with monkeypatch.context() as dying:
        dying.setattr(report, "_push", die)
        for ti in instances:
            with pytest.raises(KeyboardInterrupt):
                generate(if_exists=if_exists).execute({"ti": ti})

    made = [generate(if_exists=if_exists).execute({"ti": ti}) for ti in instances]

    assert len(model_requests(emulator)) == 3
    assert made == [images_in(f"{CLOUD}{ti.own_name}/", emulator) for ti in instances]


def die(*_: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("fault", LOST, ids=str)
def test_when_nothing_was_made_it_is_asked_once_more(
    emulator: Any, ti: Any, fault: dict[str, Any], pauses: list[float]
) -> None:
    emulator.order_fault(Fault("generate", **fault))

    assert generate().execute({"ti": ti}) == images_in(CLOUD, emulator)
    assert len(model_requests(emulator)) == 2
    assert 59 < sum(pauses) <= 60
    # An error in Google's own words is not charged, so that sending again is worth no note.
    assert ti.pushed["result"].get("resent_requests", 0) == (0 if "status" in fault else 1)


def test_asked_twice_and_nothing_found_it_gives_up(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", times=2, reset=True))

    with pytest.raises(AirflowFailException, match=f"ResponseLostError: .*The output folder is {CLOUD}{ti.own_name}/"):
        generate().execute({"ti": ti})
    assert len(model_requests(emulator)) == 2


def test_images_that_come_late_are_waited_for(emulator: Any, ti: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator.order_fault(Fault("generate", reset=True))

    def store(seconds: float) -> None:
        put(CLOUD, f"{ti.own_name}/1700000000000/sample_0.png", b"late", emulator)

    monkeypatch.setattr(ImagenHook, "client_options", {"sleep": store})

    assert generate().execute({"ti": ti}) == images_in(CLOUD, emulator)
    assert len(model_requests(emulator)) == 1


def test_images_of_other_tasks_in_the_same_folder_are_never_taken(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True, after_work=True))
    foreign = put(CLOUD, "1700000000000/sample_0.png", b"foreign", emulator)
    sibling = put(CLOUD, f"{ti.own_name}0/1700000000000/sample_0.png", b"foreign", emulator)

    uris = generate().execute({"ti": ti})

    assert sorted([foreign, sibling, *uris]) == images_in(CLOUD, emulator)
    assert len(model_requests(emulator)) == 1


def test_a_folder_that_may_not_be_listed_leaves_the_question_open(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True))
    emulator.order_fault(Fault("list", skip=2, status=403))

    with pytest.raises(AirflowFailException, match=r"could not|may not|storage\.objects\.list"):
        generate().execute({"ti": ti})
    assert len(model_requests(emulator)) == 1


def test_a_larger_image_is_found_as_well(emulator: Any, ti: Any) -> None:
    (source,) = generate("gs://bucket/source/").execute({"ti": ti})
    emulator.order_fault(Fault("upscale", reset=True, after_work=True))

    assert upscale(source, CLOUD).execute({"ti": ti}) == images_in(CLOUD, emulator)
    assert len(model_requests(emulator)) == 2


def test_a_response_that_cannot_be_read_is_looked_for_and_asked_for_once_more(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", body=UNREADABLE, times=2))

    with pytest.raises(AirflowFailException, match="UnexpectedResponseError"):
        generate().execute({"ti": ti})
    assert len(model_requests(emulator)) == 2


def test_images_of_a_response_that_cannot_be_read_are_found(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", body=UNREADABLE, after_work=True))

    assert generate().execute({"ti": ti}) == images_in(CLOUD, emulator)
    assert len(images_in(CLOUD, emulator)) == 1


def test_while_images_are_missing_it_goes_on_looking(emulator: Any, ti: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter((0, 1))

    def store(seconds: float) -> None:
        put(CLOUD, f"{ti.own_name}/1700000000000/sample_{next(numbers)}.png", b"late", emulator)

    emulator.order_fault(Fault("generate", reset=True))
    monkeypatch.setattr(ImagenHook, "client_options", {"sleep": store})

    assert generate(number_of_images=2).execute({"ti": ti}) == images_in(CLOUD, emulator)
    assert len(images_in(CLOUD, emulator)) == 2


def test_a_connection_with_a_short_time_out_looks_as_long_as_images_may_come(
    emulator: Any, ti: Any, pauses: list[float], set_connection: Any
) -> None:
    set_connection(**emulator.connection["extra"], timeout_seconds=7)
    emulator.order_fault(Fault("generate", reset=True))

    generate().execute({"ti": ti})
    assert 59 < sum(pauses) <= 60


@pytest.mark.parametrize("place", ["cloud", "disk"], indirect=True)
def test_a_lost_response_of_gemini_is_asked_for_again_only_where_the_task_says_so(
    place: str, emulator: Any, ti: Any
) -> None:
    emulator.order_fault(Fault("generate", reset=True, skip=1))

    uris = generate(place, model=GEMINI, number_of_images=3, on_lost="resend").execute({"ti": ti})

    assert len(uris) == 3
    assert len(model_requests(emulator)) == 4
    assert ti.pushed["result"]["resent_requests"] == 1
    assert ti.pushed["result"]["failed_requests"] == []


def test_a_response_that_is_lost_twice_is_not_asked_for_a_third_time(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True, times=2))

    with pytest.raises(AirflowFailException, match="ResponseLostError"):
        generate(model=GEMINI, on_lost="resend").execute({"ti": ti})
    assert len(model_requests(emulator)) == 2


def test_a_value_of_on_lost_that_is_not_allowed_is_refused(emulator: Any, ti: Any) -> None:
    with pytest.raises(AirflowFailException, match="on_lost is 'retry'.*fail, resend"):
        generate(on_lost="retry").execute({"ti": ti})
    assert emulator.requests == []


def test_a_lost_image_is_not_asked_for_again_where_the_second_sending_cannot_be_recorded(
    emulator: Any, make_ti: Any
) -> None:
    emulator.order_fault(Fault("generate", reset=True))
    emulator.order_fault(Fault("generate", finish_reason="NO_IMAGE"))
    emulator.order_fault(Fault("upload", skip=3, times=None, reset=True))  # after the intent and two images
    task = generate(model=GEMINI, number_of_images=4)

    uris = task.execute({"ti": make_ti(max_tries=1)})

    assert len(model_requests(emulator)) == 4
    assert uris == [uri for uri in images_in(CLOUD, emulator) if uri.endswith(".png")]
    assert len(uris) == 2


def test_an_empty_response_is_asked_for_again_by_the_next_try_where_the_second_sending_cannot_be_recorded(
    emulator: Any, make_ti: Any
) -> None:
    emulator.order_fault(Fault("generate", finish_reason="NO_IMAGE"))
    emulator.order_fault(Fault("upload", skip=4, times=None, reset=True))
    task = generate(model=GEMINI, number_of_images=4)

    with pytest.raises(NotSentError, match="No model was asked once more"):
        task.execute({"ti": make_ti(max_tries=1)})
    emulator.clear_faults()

    assert len(task.execute({"ti": make_ti(try_number=2, max_tries=1)})) == 4
    assert len(model_requests(emulator)) == 5
