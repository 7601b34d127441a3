"""A fault can be ordered for one item among many: by its prompt, by a label, or by its number."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from airflow_provider_imagen.emulator import Fault

MODEL = "/v1/projects/p/locations/global/publishers/google/models/gemini-3.1-flash-image"


def gemini(google: Any, prompt: str, **more: Any) -> int:
    body = {"contents": [{"role": "user", "parts": [{"text": prompt}]}], **more}
    return int(google.post(f"{MODEL}:generateContent", body).status)


def imagen(google: Any, prompt: str, **more: Any) -> int:
    body = {"instances": [{"prompt": prompt}], "parameters": {"sampleCount": 1}, **more}
    return int(google.predict(body).status)


@pytest.mark.parametrize("send", [gemini, imagen])
def test_a_fault_applies_to_a_prompt_with_a_text(google: Any, emulator: Any, send: Any) -> None:
    emulator.order_fault(Fault("generate", times=2, prompt_contains="kettle", status=503))

    prompts = ["a red boat", "a red kettle", "a kettle", "the kettle"]
    assert [send(google, prompt) for prompt in prompts] == [200, 503, 503, 200]


@pytest.mark.parametrize("send", [gemini, imagen])
def test_a_fault_applies_to_a_label(google: Any, emulator: Any, send: Any) -> None:
    emulator.order_fault(Fault("generate", times=None, label=("sku", "4711"), status=429))

    answers = [send(google, "x", labels=labels) for labels in ({"sku": "4711"}, {"sku": "4712"}, {"team": "4711"}, {})]
    assert answers == [429, 200, 200, 200]


def test_a_fault_applies_to_the_request_of_a_number(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", skip=2, status=500))

    assert [gemini(google, "x") for _ in range(4)] == [200, 200, 500, 200]


def test_a_number_counts_the_requests_that_are_meant(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", skip=1, prompt_contains="kettle", status=500))

    assert [gemini(google, prompt) for prompt in ("kettle", "x", "kettle", "kettle")] == [200, 200, 500, 200]


def test_orders_for_several_items_apply_side_by_side_and_are_counted(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", times=None, prompt_contains="item 7.", finish_reason="IMAGE_SAFETY"))
    emulator.order_fault(Fault("generate", times=2, prompt_contains="item 9.", status=503))
    emulator.order_fault(Fault("generate", times=None, prompt_contains="item 99.", status=400))
    emulator.measure(drawings=1)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: gemini(google, f"item {number}."), range(20)))

    assert answers == [503 if number == 9 else 200 for number in range(20)]
    assert [order["fired"] for order in google.get("/emulator/faults").json] == [1, 1, 0]
    assert [fired for _, fired in emulator.fault_counts()] == [1, 1, 0]
    assert [fault.prompt_contains for fault in emulator.unfired_faults()] == ["item 9.", "item 99."]
    emulator.reset()


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"contents": "x"}', b'{"contents": [1]}', b'{"labels": []}'])
def test_a_request_without_a_prompt_is_none_of_an_item(google: Any, emulator: Any, body: bytes) -> None:
    fault = Fault("generate", times=None, prompt_contains="x", status=503)
    emulator.order_fault(fault)

    assert google.post(f"{MODEL}:generateContent", body).status == 400
    assert emulator.unfired_faults() == [fault]
    emulator.reset()


def test_an_order_for_an_item_can_be_made_over_http(google: Any) -> None:
    order = {"operation": "generate", "label": ["sku", "4711"], "status": 503}
    assert google.post("/emulator/faults", order).status == 200

    assert gemini(google, "x", labels={"sku": "1"}) == 200
    assert gemini(google, "x", labels={"sku": "4711"}) == 503
