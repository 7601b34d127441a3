"""A lost answer of a model that writes to Cloud Storage itself: look first, pay again only if nothing came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_imagen.core.recovery.request_record import Receipt
from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator

LOST = [{"reset": True}, {"truncated": True}, {"status": 500}, {"status": 504}]


NONSENSE = '{"predictions": "none that anybody could read"}'


def operator(**arguments: Any) -> ImagenGenerateOperator:
    defaults = {
        "task_id": "posters",
        "model": "imagen-4.0-generate-001",
        "prompt": "a red boat",
        "output_uri": "gs://bucket/made/",
    }
    return ImagenGenerateOperator(**defaults | arguments)


def questions(emulator: Any) -> int:
    return len([request for request in emulator.requests if request.path.endswith(":predict")])


def stored(emulator: Any) -> list[str]:
    return [f"gs://bucket/{name}" for name in emulator.list_objects("bucket", "made/") if name.endswith(".png")]


def put_foreign_image(emulator: Any, folder: str = "1700000000000") -> str:
    emulator.put_object("bucket", f"made/{folder}/sample_0.png", b"somebody else's", "image/png")
    return f"gs://bucket/made/{folder}/sample_0.png"


@pytest.mark.parametrize("fault", LOST, ids=str)
def test_images_that_were_made_are_found_and_not_paid_for_again(emulator: Any, ti: Any, fault: dict[str, Any]) -> None:
    emulator.order_fault(Fault("generate", after_work=True, **fault))

    uris = operator(number_of_images=3).execute({"ti": ti})

    assert questions(emulator) == 1
    assert uris == stored(emulator)
    assert len(uris) == 3
    assert [image["uri"] for image in ti.pushed["result"]["images"]] == uris


@pytest.mark.parametrize("fault", LOST, ids=str)
def test_when_nothing_was_made_it_is_asked_once_more(
    emulator: Any, ti: Any, fault: dict[str, Any], pauses: list[float]
) -> None:
    emulator.order_fault(Fault("generate", **fault))

    assert operator().execute({"ti": ti}) == stored(emulator)
    assert questions(emulator) == 2
    assert 59 < sum(pauses) <= 60


def test_asked_twice_and_nothing_found_it_gives_up(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", times=2, reset=True))

    with pytest.raises(AirflowFailException, match="ResponseLostError"):
        operator().execute({"ti": ti})
    assert questions(emulator) == 2


def test_images_that_come_late_are_waited_for(emulator: Any, ti: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator.order_fault(Fault("generate", reset=True))
    monkeypatch.setattr(ImagenHook, "client_options", {"sleep": lambda seconds: put_foreign_image(emulator)})

    assert operator().execute({"ti": ti}) == stored(emulator)
    assert questions(emulator) == 1


def test_images_that_may_be_somebody_elses_are_named_and_not_taken(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True, after_work=True))
    foreign = put_foreign_image(emulator)

    with pytest.raises(AirflowFailException, match=f"ResponseLostError: .*{foreign}.*nothing is paid twice"):
        operator().execute({"ti": ti})
    assert questions(emulator) == 1


def test_a_mapped_task_takes_nothing_because_its_siblings_may_write_there(emulator: Any, make_ti: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True, after_work=True))

    with pytest.raises(AirflowFailException, match="if_exists='reuse' on all tasks"):
        operator().execute({"ti": make_ti(map_index=0)})
    assert questions(emulator) == 1


def test_a_folder_that_may_not_be_listed_leaves_the_question_open(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True))
    emulator.order_fault(Fault("list", status=403))

    with pytest.raises(AirflowFailException, match=r"could not|may not|storage\.objects\.list"):
        operator().execute({"ti": ti})
    assert questions(emulator) == 1


def test_a_larger_image_is_found_as_well(emulator: Any, ti: Any) -> None:
    (source,) = operator(output_uri="gs://bucket/source/").execute({"ti": ti})
    emulator.order_fault(Fault("upscale", reset=True, after_work=True))

    upscale = ImagenUpscaleOperator(task_id="large", image=source, upscale_factor="x2", output_uri="gs://bucket/made/")

    assert upscale.execute({"ti": ti}) == stored(emulator)
    assert questions(emulator) == 2


def test_in_a_shared_folder_receipts_tell_whose_images_appeared(emulator: Any, make_ti: Any) -> None:
    emulator.order_fault(Fault("generate", skip=1, reset=True, after_work=True))
    mine, yours = make_ti(map_index=0), make_ti(map_index=1)

    (first,) = operator(if_exists="reuse").execute({"ti": mine})
    (second,) = operator(if_exists="reuse").execute({"ti": yours})

    assert first != second
    assert sorted([first, second]) == stored(emulator)
    assert questions(emulator) == 2


def put_receipt(emulator: Any, uris: list[str] | None) -> None:
    """Put the receipt of another task into the folder: what it made, or None while it waits for its answer."""
    result = None if uris is None else {"images": [{"uri": uri} for uri in uris]}
    receipt = Receipt(fingerprint="another", asked_at=datetime.now(UTC), result=result)
    emulator.put_object("bucket", "made/posters-another/request.json", receipt.encode(), "application/json")


def test_images_that_another_receipt_claims_are_not_taken(emulator: Any, make_ti: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True, after_work=True))
    foreign = put_foreign_image(emulator)
    put_receipt(emulator, [foreign])

    uris = operator(if_exists="reuse").execute({"ti": make_ti(map_index=0)})

    assert sorted([foreign, *uris]) == stored(emulator)
    assert questions(emulator) == 1


def test_while_another_task_waits_for_its_answer_nothing_is_taken(emulator: Any, make_ti: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True, after_work=True))
    put_receipt(emulator, None)

    with pytest.raises(AirflowFailException, match="may belong to this task or to another one"):
        operator(if_exists="reuse").execute({"ti": make_ti(map_index=0)})
    assert questions(emulator) == 1


def test_an_answer_nobody_understands_is_looked_for_and_never_repeated(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", body=NONSENSE))

    with pytest.raises(AirflowFailException, match="UnexpectedResponseError"):
        operator().execute({"ti": ti})
    assert questions(emulator) == 1


def test_images_of_an_answer_nobody_understands_are_found(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", body=NONSENSE, after_work=True))

    assert operator().execute({"ti": ti}) == stored(emulator)
    assert len(stored(emulator)) == 1


def test_while_images_are_missing_it_goes_on_looking(emulator: Any, ti: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator.order_fault(Fault("generate", reset=True))
    put_foreign_image(emulator)
    late = ("bucket", "made/1700000000000/sample_1.png", b"late", "image/png")
    monkeypatch.setattr(ImagenHook, "client_options", {"sleep": lambda seconds: emulator.put_object(*late)})

    assert operator(number_of_images=2).execute({"ti": ti}) == stored(emulator)
    assert len(stored(emulator)) == 2


def test_a_connection_with_little_patience_looks_as_long_as_images_may_come(
    emulator: Any, ti: Any, pauses: list[float], set_connection: Any
) -> None:
    set_connection(**emulator.connection["extra"], timeout_seconds=7)
    emulator.order_fault(Fault("generate", reset=True))

    operator().execute({"ti": ti})
    assert 59 < sum(pauses) <= 60


def test_each_receipt_is_fetched_once(emulator: Any, make_ti: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True))
    emulator.order_fault(Fault("download", skip=2, status=403))  # one for its own receipt, one for the other's
    put_receipt(emulator, [])

    operator(if_exists="reuse").execute({"ti": make_ti(map_index=0)})
    with pytest.raises(AirflowFailException):
        operator(if_exists="reuse").execute({"ti": make_ti(map_index=0)})


def test_a_receipt_that_nobody_finished_long_ago_is_in_nobodys_way(emulator: Any, make_ti: Any) -> None:
    emulator.order_fault(Fault("generate", reset=True, after_work=True))
    forgotten = Receipt(fingerprint="another", asked_at=datetime.now(UTC) - timedelta(hours=1))
    emulator.put_object("bucket", "made/posters-another/request.json", forgotten.encode(), "application/json")

    uris = operator(if_exists="reuse").execute({"ti": make_ti(map_index=0)})

    assert uris == stored(emulator)
    assert questions(emulator) == 1
