"""Responses that a proxy or a broken server damages on the way: pages, none at all, packing, false lengths."""

from __future__ import annotations

import gzip
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from airflow_provider_imagen.emulator import Fault

LOOKUP = "/v1/publishers/google/models/imagen-4.0-generate-001"


@pytest.mark.parametrize("status", [None, 403, 502])
def test_a_web_page_comes_in_place_of_an_answer(google: Any, emulator: Any, status: int | None) -> None:
    emulator.order_fault(Fault("lookup", html=True, status=status))

    answer = google.get(LOOKUP)

    assert answer.status == (status or 200)
    assert answer.body.startswith(b"<!DOCTYPE html>")
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(("after_work", "accepted"), [(False, 0), (True, 1)])
def test_no_response_comes_until_the_client_disconnects(emulator: Any, after_work: bool, accepted: int) -> None:
    emulator.order_fault(Fault("generate", hang=True, after_work=after_work))
    place = urlsplit(emulator.endpoint)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=1)
    path = "/v1/projects/p/locations/us-central1/publishers/google/models/imagen-4.0-generate-001:predict"
    body = {"instances": [{"prompt": "a boat"}], "parameters": {"sampleCount": 1}}
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})

    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert emulator.accepted == accepted


def test_a_good_answer_can_be_compressed(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("lookup", gzip=True, after_work=True))

    answer = google.get(LOOKUP)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(answer.body))["launchStage"] == "GA"


@pytest.mark.parametrize("gzipped", [False, True])
def test_an_answer_can_be_huge(google: Any, emulator: Any, gzipped: bool) -> None:
    emulator.order_fault(Fault("lookup", huge_bytes=3_000_000, gzip=gzipped))

    body = google.get(LOOKUP).body

    assert (len(body) < 10_000) is gzipped
    assert len(json.dumps(json.loads(gzip.decompress(body) if gzipped else body))) == 3_000_000


def test_a_length_that_is_too_small_cuts_the_answer(google: Any, emulator: Any) -> None:
    whole = google.get(LOOKUP).body
    emulator.order_fault(Fault("lookup", length_off_by=-5, after_work=True))

    assert google.get(LOOKUP).body == whole[:-5]


def test_a_length_that_is_too_large_leaves_the_client_waiting(google: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("lookup", length_off_by=5, after_work=True))
    place = urlsplit(emulator.endpoint)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=0.2)
    connection.request("GET", LOOKUP)

    with pytest.raises(TimeoutError):
        connection.getresponse().read()
    connection.close()


@pytest.mark.parametrize(
    ("fault", "accepted"), [({}, 1), ({"status": 500}, 0), ({"status": 500, "after_work": True}, 1)]
)
def test_what_google_would_bill_is_counted(google: Any, emulator: Any, fault: dict[str, Any], accepted: int) -> None:
    if fault:
        emulator.order_fault(Fault("generate", **fault))
    google.generate()

    assert emulator.accepted == accepted
    assert emulator.fired_faults() == len(fault and [fault])
