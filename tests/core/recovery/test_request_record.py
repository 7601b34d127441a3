"""What one try of a task leaves for the next."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_imagen.core.recovery.request_record import fingerprint_of, new_receipt, read_receipt
from airflow_provider_imagen.core.requests import GenerateRequest

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def request(**arguments: Any) -> GenerateRequest:
    return GenerateRequest(**{"model": "m", "prompt": "a boat", "output_uri": "gs://bucket/a/", **arguments})


def test_a_receipt_survives_being_written_and_read() -> None:
    receipt = new_receipt("print", NOW, ("/a/sample_0.png",)).with_result({"images": [{"uri": "/a/sample_1.png"}]})

    assert read_receipt(receipt.encode()) == receipt
    assert receipt.uris == ("/a/sample_1.png",)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"version": 2}', b"\xff", b'{"fingerprint": 1}'])
def test_what_cannot_be_read_counts_as_no_receipt(content: bytes | None) -> None:
    assert read_receipt(content) is None


@pytest.mark.parametrize("result", [{}, {"images": None}, {"images": ["x"]}, {"images": [{}]}, {"images": {"uri": 1}}])
def test_a_strange_result_names_no_image(result: dict[str, Any]) -> None:
    assert new_receipt("print", NOW).with_result(result).uris == ()


@pytest.mark.parametrize(
    "change",
    [{"prompt": "a ship"}, {"model": "n"}, {"number_of_images": 2}, {"output_uri": "gs://bucket/b/"}, {"seed": 1}],
    ids=str,
)
def test_another_request_has_another_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint_of(request(**change)) != fingerprint_of(request())


@pytest.mark.parametrize("change", [{"on_filtered": "skip"}, {"if_exists": "reuse"}], ids=str)
def test_what_is_not_asked_of_google_does_not_change_the_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint_of(request(**change)) == fingerprint_of(request())


def test_a_fingerprint_tells_nothing_of_the_words() -> None:
    assert "boat" not in fingerprint_of(request())
