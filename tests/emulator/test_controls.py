"""A program in any language can order faults, read the received calls, retire models and start afresh over HTTP."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

FAULTS = "/emulator/faults"
LOOKUP = "/v1/publishers/google/models/imagen-4.0-generate-001"


def test_a_fault_ordered_over_http_applies_and_is_counted(google: Any) -> None:
    order = {"operation": "lookup", "status": 429, "times": 2, "headers": {"Retry-After": "1"}, "details": [{"a": 1}]}
    ordered = google.post(FAULTS, order)

    assert (ordered.status, ordered.json["operation"], ordered.json["times"]) == (200, "lookup", 2)
    first = google.get(LOOKUP)
    assert (first.status, first.headers["Retry-After"], first.json["error"]["details"]) == (429, "1", [{"a": 1}])
    ((counted),) = google.get(FAULTS).json
    assert (counted["fired"], counted["times"], counted["status"]) == (1, 2, 429)
    assert google.get(LOOKUP).status == 429
    assert google.get(LOOKUP).status == 200


def test_filtered_images_can_be_ordered_over_http(google: Any) -> None:
    google.post(FAULTS, {"operation": "generate", "filtered": 1, "support_codes": ["39322892"]})

    (reason,) = google.generate(includeRaiReason=True).predictions
    assert reason["raiFilteredReason"].endswith("Support codes: 39322892")


def test_a_reset_can_be_ordered_over_http(google: Any) -> None:
    google.post(FAULTS, {"operation": "lookup", "reset": True})

    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        google.get(LOOKUP)


@pytest.mark.parametrize("order", [{"operation": "lookup", "statuss": 500}, {"status": 500}, [], "lookup"])
def test_an_order_that_is_no_fault_is_refused(google: Any, order: Any) -> None:
    assert google.post(FAULTS, order).status == 422
    assert google.get(FAULTS).json == []


def test_received_calls_can_be_read_in_order_and_the_controls_are_not_among_them(google: Any) -> None:
    google.get(FAULTS)
    google.generate(prompt="an ä")
    google.objects(query="prefix=a%2Fb")
    google.upload("a b.txt", b"\xff\x00")

    generate, listing, upload = google.get("/emulator/requests").json
    assert generate["method"] == "POST"
    assert generate["path"].endswith("/imagen-4.0-generate-001:predict")
    assert "an \\u00e4" in generate["body"]
    assert (listing["method"], listing["path"], listing["query"]) == ("GET", "/storage/v1/b/bucket/o", "prefix=a%2Fb")
    assert (upload["query"], upload["body"]) == ("uploadType=media&name=a%20b.txt", "\ufffd\x00")


def test_the_same_calls_are_there_for_python(google: Any, emulator: Any) -> None:
    google.generate(prompt="a boat", seed=5, addWatermark=False)

    (call,) = emulator.requests
    assert call.json["parameters"] == {"sampleCount": 1, "seed": 5, "addWatermark": False}
    assert call.headers["content-type"] == "application/json"
    assert "a boat" not in repr(call)


def test_a_request_that_ended_with_an_error_is_logged_too(google: Any) -> None:
    google.post(FAULTS, {"operation": "generate", "status": 503})
    google.generate()
    google.predict(b"{")
    google.generate(model="imagen-9")

    assert len(google.get("/emulator/requests").json) == 3


def test_a_model_can_be_retired_over_http(google: Any) -> None:
    assert google.post("/emulator/retired-models/imagegeneration@006").json == ["imagegeneration@006"]
    assert google.generate(model="imagegeneration@006").status == 404
    assert google.generate().status == 200


def test_a_reset_removes_faults_requests_and_retired_models(google: Any) -> None:
    google.post(FAULTS, {"operation": "generate", "status": 503})
    google.post("/emulator/retired-models/imagen-4.0-generate-001")
    google.get(LOOKUP)

    assert google.post("/emulator/reset").status == 200

    assert google.get(FAULTS).json == []
    assert google.get("/emulator/requests").json == []
    assert google.generate().status == 200


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/emulator", "/v1/models", "/v2/x"])
def test_there_is_nothing_else_to_see(google: Any, path: str) -> None:
    assert google.get(path).status == 404
