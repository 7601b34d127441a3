"""What stands in Google's error bodies is shown, except what must not be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_imagen.core.protocols.error_body import LONGEST_MESSAGE, read_error

TYPE = "type.googleapis.com/google.rpc."
KEY = "AIzaSyD-planted_planted_planted_planted12"


def body(message: str = "Request contains an invalid argument.", **more: Any) -> bytes:
    return json.dumps({"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT", **more}}).encode()


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        (
            {
                "@type": f"{TYPE}BadRequest",
                "fieldViolations": [
                    {"field": "instances[0].prompt", "description": "must not be empty"},
                    {"field": "parameters.seed", "description": "must be positive"},
                ],
            },
            "instances[0].prompt: must not be empty; parameters.seed: must be positive",
        ),
        ({"@type": f"{TYPE}DebugInfo", "detail": "[ORIGINAL ERROR] generic::x"}, "[ORIGINAL ERROR] generic::x"),
        (
            {"@type": f"{TYPE}Help", "links": [{"description": "Enable it", "url": "https://console.example/x"}]},
            "Enable it: https://console.example/x",
        ),
        (
            {"@type": f"{TYPE}ErrorInfo", "reason": "SERVICE_DISABLED", "metadata": {"consumer": "projects/1"}},
            "SERVICE_DISABLED consumer=projects/1",
        ),
        (
            {"@type": f"{TYPE}QuotaFailure", "violations": [{"subject": "projects/1", "description": "Too many"}]},
            "projects/1: Too many",
        ),
        ({"@type": f"{TYPE}BadRequest", "field_violations": {"field": "a", "description": "b"}}, "a: b"),
        ({"@type": f"{TYPE}QuotaFailure", "violations": {"description": "c", "quota_id": "d"}}, "c: d"),
        ({"@type": f"{TYPE}LocalizedMessage", "message": "Bitte nicht."}, "Bitte nicht."),
        ({"@type": f"{TYPE}Unheard", "detail": "of"}, "of"),
    ],
)
def test_details_are_shown_in_words(detail: dict[str, Any], shown: str) -> None:
    assert read_error(body(details=[detail]), 400).details == shown


def test_details_that_repeat_the_message_are_not_shown_twice() -> None:
    details = [{"detail": "Request contains an invalid argument."}, {"detail": "a"}, {"detail": "a"}]

    assert read_error(body(details=details), 400).details == "a"


@pytest.mark.parametrize(
    "secret",
    [
        KEY,
        "ya29.a0planted-planted_planted",
        "api_key:planted-planted",
        "Bearer planted.planted.planted",
        "https://x.example/v1?key=planted&alt=json",
        "1//0gplanted-planted-planted-planted",
        "GOCSPX-planted",
        "eyJhbGciOiJSUzI1NiJ9.planted.planted",
        "-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nplanted",
    ],
)
def test_what_looks_like_a_key_or_a_token_is_masked_wherever_it_stands(secret: str) -> None:
    details = [
        {"reason": "CONSUMER_SUSPENDED", "metadata": {"consumer": secret}},
        {"detail": f"with '{secret}'"},
        {"links": [{"description": secret, "url": secret}]},
        {"fieldViolations": [{"field": secret, "description": secret}]},
    ]
    read = read_error(body(f"Consumer '{secret}' has been suspended.", details=details), 400)

    assert "planted" not in f"{read.message} {read.details}"
    assert "***' has been suspended." in read.message or secret.startswith(("https", "-----BEGIN RSA"))


def test_what_the_request_carried_is_masked_in_details_too() -> None:
    read = read_error(body("No.", details=[{"detail": "sent: hush-hush"}]), 400, ["hush-hush"])

    assert read.details == "sent: ***"


def test_details_are_no_longer_than_a_message_may_be() -> None:
    assert len(read_error(body("No.", details=[{"detail": "x" * 9000}]), 400).details) < LONGEST_MESSAGE + 100


def test_a_key_is_masked_before_a_long_text_is_cut() -> None:
    read = read_error(body(f"{'x' * (LONGEST_MESSAGE - 20)} {KEY}"), 400)

    assert "planted" not in read.message
    assert "AIza" not in read.message


@pytest.mark.parametrize(
    ("given", "is_google", "is_text", "is_page"),
    [
        (body(), True, False, False),
        (b"[" + body() + b"]", True, False, False),
        (b'{"error": {"message": "without a code", "status": "INVALID_ARGUMENT"}}', True, False, False),
        (b'{"error": {"code": 9, "message": "of gRPC", "status": "FAILED_PRECONDITION"}}', True, False, False),
        (b'{"error": {"code": [], "message": "of another status", "status": "INTERNAL"}}', False, False, False),
        (b'{"error": {"code": 404, "message": "other"}}', False, False, False),
        (b'{"error": {"code": "400", "message": "other", "status": "error"}}', False, False, False),
        (b"", False, False, False),
        (b"  ", False, False, False),
        (b"{}", False, False, False),
        (b"Not here", False, True, False),
        (b"\n <!DOCTYPE html>", False, True, True),
    ],
)
def test_google_s_own_body_is_told_from_others(given: bytes, is_google: bool, is_text: bool, is_page: bool) -> None:
    read = read_error(given, 400)

    assert (read.is_google, read.is_text, read.is_page) == (is_google, is_text, is_page)
