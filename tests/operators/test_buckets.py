"""What a bucket refuses is found out before it costs anything, and what it keeps is left where it is."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from support.emulated import images_in, model_requests
from support.operators import CLOUD, GEMINI, IMAGEN, generate

from airflow_provider_imagen.emulator import Fault


def put_into(state: str, emulator: Any) -> None:
    emulator.order_fault(Fault("any", times=None, bucket_state=state, bucket="bucket"))


@pytest.mark.parametrize("model", [IMAGEN, GEMINI])
@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("missing", "StorageNotFoundError: .*Create the bucket"),
        ("read_only", "PermissionDeniedError: .*storage.objects.create"),
        ("requester_pays", "requester pays.*set quota_project_id of the connection"),
    ],
)
def test_a_bucket_that_takes_no_image_is_found_out_before_one_is_paid_for(
    emulator: Any, ti: Any, model: str, state: str, text: str
) -> None:
    put_into(state, emulator)

    with pytest.raises(AirflowFailException, match=text):
        generate(model=model).execute({"ti": ti})
    assert model_requests(emulator) == []


@pytest.mark.parametrize("if_exists", ["generate", "reuse"])
@pytest.mark.parametrize("state", ["retention_policy", "temporary_hold", "event_based_hold", "no_delete_permission"])
def test_the_next_try_of_a_task_stores_its_image_beside_what_may_not_be_replaced(
    emulator: Any, make_ti: Any, state: str, if_exists: str
) -> None:
    (first,) = generate(model=GEMINI, if_exists=if_exists).execute({"ti": make_ti()})
    put_into(state, emulator)

    def again() -> list[str]:
        return generate(model=GEMINI, if_exists=if_exists, prompt="a blue boat").execute({"ti": make_ti()})

    (second,) = again()
    (third,) = again()

    assert images_in(CLOUD, emulator) == sorted({first, second, third})
    assert (second != first, third == second) == (True, if_exists == "reuse")
    assert len(model_requests(emulator)) == len(images_in(CLOUD, emulator))
