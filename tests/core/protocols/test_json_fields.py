"""Base64 in Google's answers is read in every form in which it may be meant, however long it is."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from airflow_provider_imagen.core.protocols import json_fields
from airflow_provider_imagen.core.protocols.json_fields import bytes_of

DATA = bytes(range(256)) + b"\xfb\xff\xbf"  # its base64 has + and /, and padding at some lengths


def forms_of(data: bytes) -> dict[str, str]:
    usual = base64.b64encode(data).decode()
    return {
        "usual": usual,
        "without padding": usual.rstrip("="),
        "with half its padding": usual.rstrip("=") + ("=" if usual.endswith("=") else ""),
        "URL-safe": base64.urlsafe_b64encode(data).decode(),
        "both alphabets": usual.replace("/", "_"),
        "in lines": "\r\n".join(usual[start : start + 76] for start in range(0, len(usual), 76)),
        "as a URL": f"data:image/png;base64,{usual}",
    }


@pytest.mark.parametrize("quick_characters", [0, json_fields.QUICK_CHARACTERS])
@pytest.mark.parametrize("left_out", [0, 1, 2])
@pytest.mark.parametrize("form", forms_of(b""))
def test_base64_is_read_in_every_form_short_or_long(
    form: str, left_out: int, quick_characters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_fields, "QUICK_CHARACTERS", quick_characters)
    data = DATA[left_out:]

    assert bytes_of(forms_of(data)[form]) == data


@pytest.mark.parametrize("quick_characters", [0, json_fields.QUICK_CHARACTERS])
@pytest.mark.parametrize("value", ["A", "====A", "AA-?", "\ud800AAA", "é", 5, 1.5, True, {}, {"data": "AAAA"}])
def test_what_is_no_base64_is_refused_short_or_long(
    value: Any, quick_characters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_fields, "QUICK_CHARACTERS", quick_characters)

    with pytest.raises(ValueError, match="no base64"):
        bytes_of(value)


def test_bits_that_mean_nothing_do_not_cost_an_image() -> None:
    assert bytes_of("AB==") == b"\x00"
