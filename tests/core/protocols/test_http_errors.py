"""Every HTTP answer of Google's that is no 200: which error it is, and what its text tells a person to do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_imagen.core.protocols.http_errors import HttpResponse, Operation, error_from
from airflow_provider_imagen.errors import (
    ImagenError,
    InvalidConnectionError,
    ModelNotFoundError,
    ObjectExistsError,
    PermissionDeniedError,
    PromptBlockedError,
    QuotaExceededError,
    RequestRejectedError,
    ResponseLostError,
    RetryableError,
    ServerError,
    ServiceUnavailableError,
    StorageNotFoundError,
)

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
ASKED = Operation("Generating with imagen-3.0-generate-002 in us-central1")
BLOCKED = (
    "Image generation failed with the following error: The prompt could not be submitted. This prompt contains "
    "sensitive words that violate Google's Responsible AI practices. Try rephrasing the prompt. If you think this was "
    "an error, send feedback. Support codes: 42876398"
)


def answer(status: int, message: str = "", name: str = "", *, retry_after: str = "", **more: Any) -> HttpResponse:
    body = json.dumps({"error": {"code": status, "message": message, "status": name, **more}})
    return HttpResponse(status, {"retry-after": retry_after} if retry_after else {}, body.encode())


def error(given: HttpResponse, asked: Operation = ASKED, *, free_of_charge: bool = False) -> ImagenError:
    return error_from(given, asked, now=NOW, free_of_charge=free_of_charge)


@pytest.mark.parametrize(
    ("status", "name", "message", "kind", "step"),
    [
        (400, "INVALID_ARGUMENT", BLOCKED, PromptBlockedError, "Rephrase the prompt."),
        (400, "INVALID_ARGUMENT", "Seed is not supported when watermark is enabled", RequestRejectedError, "Correct"),
        (400, "INVALID_ARGUMENT", "Invalid aspect ratio, 4:5", RequestRejectedError, "Correct what the message names"),
        (400, "FAILED_PRECONDITION", "Not on the allow-list.", RequestRejectedError, "Correct what the message names"),
        (401, "UNAUTHENTICATED", "Request had invalid credentials.", PermissionDeniedError, "renew the key or login"),
        (403, "PERMISSION_DENIED", "API not enabled.", PermissionDeniedError, "roles/aiplatform.user"),
        (403, "PERMISSION_DENIED", "No storage.objects.create.", PermissionDeniedError, "read and write the bucket"),
        (404, "NOT_FOUND", "Publisher Model `x` was not found.", ModelNotFoundError, "Check the model id"),
        (408, "", "Timeout", ServerError, "It is not charged. Try again later."),
        (429, "RESOURCE_EXHAUSTED", "Quota exceeded for base model: x.", QuotaExceededError, "an Airflow pool"),
        (499, "CANCELLED", "Cancelled", ServerError, "It is not charged. Try again later."),
        (500, "INTERNAL", "Internal error", ServerError, "It is not charged. Try again later."),
        (500, "UNKNOWN", "Unknown error", ServerError, "It is not charged. Try again later."),
        (502, "", "Bad gateway", ServerError, "It is not charged. Try again later."),
        (503, "UNAVAILABLE", "The service is unavailable.", ServiceUnavailableError, "Try again later."),
        (504, "DEADLINE_EXCEEDED", "Deadline exceeded", ServerError, "It is not charged. Try again later."),
        (501, "UNIMPLEMENTED", "Not implemented", RequestRejectedError, "Correct what the message names"),
        (407, "", "Proxy Authentication Required", InvalidConnectionError, "user and password into the address in"),
        (412, "", "Precondition Failed", ObjectExistsError, "It was not changed."),
        (302, "", "Found", RequestRejectedError, "check the connection's endpoint and the proxy"),
        (520, "", "Unknown", ResponseLostError, "look at the output folder first"),
        (413, "", "Too large", RequestRejectedError, "Correct what the message names"),
    ],
)
def test_a_status_is_one_error_whose_text_says_what_happened_and_what_to_do(
    status: int, name: str, message: str, kind: type[ImagenError], step: str
) -> None:
    found = error(answer(status, message, name))

    assert type(found) is kind
    assert str(found).startswith(f"{ASKED.what}: {f'HTTP {status} {name}'.strip()}: {message}")
    assert step in str(found)


def test_what_the_details_say_stands_in_the_error() -> None:
    violation = {"field": "parameters.seed", "description": "must be positive"}
    details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]
    text = str(error(answer(400, "Request contains an invalid argument.", "INVALID_ARGUMENT", details=details)))

    assert "Request contains an invalid argument. [parameters.seed: must be positive] Correct what" in text


@pytest.mark.parametrize(
    ("response", "is_foreign"),
    [
        (HttpResponse(400, {}, b'{"error": {"code": 400, "message": "no such ratio"}}'), False),
        (HttpResponse(400, {}, b"<html>Blocked</html>"), True),
        (HttpResponse(405, {}, b""), True),
        (HttpResponse(307, {}, b""), True),
    ],
)
def test_a_refusal_says_whether_google_has_judged_the_request(response: HttpResponse, is_foreign: bool) -> None:
    found = error(response)

    assert type(found) is RequestRejectedError
    assert found.is_foreign is is_foreign


FOREIGN = [
    b"",
    b"<html><title>502 Bad Gateway</title></html>",
    b"upstream connect error or disconnect/reset before headers",
    b'{"error": "bad gateway"}',
    b'{"error": {"message": "upstream timed out", "type": "timeout", "code": "504"}}',
    b'{"error": {"code": 200, "message": "odd"}}',
    b'{"error": {"message": "upstream timed out", "status": "NOT_FOUND"}}',
    b'{"error": {"message": "upstream timed out", "status": "UNAVAILABLE", "code": 14}}',
    b'{"message": "Endpoint request timed out"}',
    b"[]",
]


@pytest.mark.parametrize("body", FOREIGN)
@pytest.mark.parametrize("status", [408, 499, 500, 502, 504])
def test_a_server_error_in_other_words_than_google_s_may_have_been_billed(status: int, body: bytes) -> None:
    found = error(HttpResponse(status, {}, body))

    assert type(found) is ResponseLostError
    assert "look at the output folder first" in str(found)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>503</html>", ResponseLostError),
        (b"upstream connect error", ResponseLostError),
        (b"", ServiceUnavailableError),
        (b"{}", ServiceUnavailableError),
    ],
)
def test_a_page_of_a_proxy_does_not_say_that_nothing_was_accepted(body: bytes, kind: type[ImagenError]) -> None:
    assert type(error(HttpResponse(503, {}, body))) is kind
    assert type(error(HttpResponse(429, {}, body))) is QuotaExceededError


@pytest.mark.parametrize("status", [408, 499, 500, 502, 504])
def test_a_lost_answer_that_costs_nothing_is_only_tried_again(status: int) -> None:
    found = error(HttpResponse(status, {}, b"gone"), free_of_charge=True)

    assert type(found) is ResponseLostError
    assert "Try again later." in str(found)
    assert "billed" not in str(found)


@pytest.mark.parametrize(
    ("message", "details", "codes", "category"),
    [
        (BLOCKED, None, ("42876398",), "42876398: Other"),
        ("Blocked. Support codes: 58061214, 29310472", None, ("58061214", "29310472"), "58061214: Child"),
        ("Blocked. Support code: 90789179", None, ("90789179",), "90789179: Sexual"),
        ("It may violate our policies. Error Code: 58061214", None, ("58061214",), "58061214: Child"),
        (
            "Request contains an invalid argument.",
            [
                {
                    "@type": "type.googleapis.com/google.rpc.DebugInfo",
                    "detail": "[ORIGINAL ERROR] generic::invalid_argument: Blocked. Support codes: 78610348 [google]",
                }
            ],
            ("78610348",),
            "78610348: Toxic",
        ),
        ("Blocked. Support codes: 11112222", None, ("11112222",), "11112222: unknown"),
    ],
)
def test_support_codes_are_found_and_named(
    message: str, details: object, codes: tuple[str, ...], category: str
) -> None:
    found = error(answer(400, message, "INVALID_ARGUMENT", details=details))

    assert isinstance(found, PromptBlockedError)
    assert found.codes == codes
    assert category in str(found)


@pytest.mark.parametrize("message", ["Bad field. Error code: 3", "support codes: none", "code 58061214"])
def test_other_numbers_do_not_make_a_refusal_a_blocked_prompt(message: str) -> None:
    assert type(error(answer(400, message))) is RequestRejectedError


@pytest.mark.parametrize("details", ["text", 7, {}, [None, 7, "text", {"detail": 5}], []])
def test_details_of_another_shape_do_no_harm(details: object) -> None:
    assert type(error(answer(400, "No.", details=details))) is RequestRejectedError
    assert type(error(answer(429, "No.", details=details))) is QuotaExceededError


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0),
        (" 0 ", 0.0),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2026 12:01:30 -0000", None),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("1.5", None),
        ("1 Jan 99999999999999999999 00:00:00 GMT", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_google_says_how_long_to_wait_in_a_header(status: int, header: str, seconds: float | None) -> None:
    found = error(answer(status, "Busy.", retry_after=header))

    assert isinstance(found, RetryableError)
    assert found.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [("30s", 30.0), ("0.5s", 0.5), ("30", None), ("-5s", None), ("²s", None), (".s", None), ("s", None), (7, None)],
)
def test_google_says_how_long_to_wait_in_the_body(delay: object, seconds: float | None) -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.Help"}, {"retryDelay": delay}]
    found = error(answer(429, "Busy.", details=details))
    both = error(answer(429, "Busy.", details=details, retry_after="11"))

    assert isinstance(found, RetryableError)
    assert found.retry_after_seconds == seconds
    assert isinstance(both, RetryableError)
    assert both.retry_after_seconds == 11.0


@pytest.mark.parametrize(
    "body", [b"<html><title>502</title></html>", b"", b"\xff", b"[]", b"7", b'{"error": "invalid_grant"}', b"{"]
)
@pytest.mark.parametrize(("status", "kind"), [(400, RequestRejectedError), (502, ResponseLostError)])
def test_a_body_that_is_no_error_of_google_s_is_measured_not_quoted(
    body: bytes, status: int, kind: type[ImagenError]
) -> None:
    found = error(HttpResponse(status, {}, body))

    assert type(found) is kind
    measured = "1 byte that is" if len(body) == 1 else f"{len(body)} bytes that are"
    assert f"HTTP {status}: ({measured} no error of Google's API)" in str(found)
    assert "html" not in str(found)


def test_an_error_in_a_list_is_read() -> None:
    inner = json.loads(answer(429, "Quota exceeded.", "RESOURCE_EXHAUSTED").body)
    found = error(HttpResponse(429, {}, json.dumps([inner]).encode()))

    assert "HTTP 429 RESOURCE_EXHAUSTED: Quota exceeded." in str(found)


def test_an_error_without_a_message_says_so() -> None:
    assert "(no message)" in str(error(HttpResponse(400, {}, b'{"error": {}}')))


def test_a_404_means_what_was_asked_for() -> None:
    """The story of the model, or of the bucket, comes from whoever asked."""
    asked = Operation("Listing gs://bucket/cats/", StorageNotFoundError, "Create the bucket.")
    found = error(answer(404, "The specified bucket does not exist.", "NOT_FOUND"), asked)

    assert type(found) is StorageNotFoundError
    assert str(found) == (
        "Listing gs://bucket/cats/: HTTP 404 NOT_FOUND: The specified bucket does not exist. Create the bucket."
    )


def test_the_body_is_not_in_the_representation_of_an_answer() -> None:
    assert "secret" not in repr(HttpResponse(400, {}, b"secret"))


def refusal(status: int, message: str, **more: Any) -> str:
    return str(error(answer(status, message, **more), Operation("Uploading gs://bucket/a.png", StorageNotFoundError)))


@pytest.mark.parametrize(
    ("status", "message", "more", "advice"),
    [
        (400, "Bucket is a requester pays bucket but no user project provided.", {}, "set quota_project_id of the"),
        (400, "Required parameter", {"errors": [{"reason": "userProjectMissing"}]}, "set quota_project_id of the"),
        (
            403,
            "Caller does not have serviceusage.services.use access to the Google Cloud project.",
            {},
            "roles/serviceusage.serviceUsageConsumer on the project in quota_project_id",
        ),
        (
            403,
            "Object 'bucket/a.png' is subject to bucket's retention policy or object retention and cannot be deleted "
            "or overwritten until 2026-12-31T00:00:00Z",
            {"errors": [{"reason": "retentionPolicyNotMet"}]},
            "A retention policy or a hold of the bucket keeps what is stored there; no right changes that.",
        ),
        (403, "Object 'bucket/a.png' is under active Temporary hold and cannot be deleted.", {}, "or a hold of the"),
    ],
)
def test_a_bucket_that_refuses_for_another_reason_than_rights_is_not_answered_with_rights(
    status: int, message: str, more: dict[str, Any], advice: str
) -> None:
    text = refusal(status, message, **more)

    assert advice in text
    assert "read and write the bucket" not in text


@pytest.mark.parametrize(
    "body", [b"<html>404 page not found</html>", b"404 page not found", b'{"detail": "Not Found"}']
)
def test_a_404_that_is_not_google_s_is_about_the_endpoint_and_no_missing_model(body: bytes) -> None:
    found = error(HttpResponse(404, {}, body))

    assert type(found) is RequestRejectedError
    assert "check the connection's endpoint and the proxy" in str(found)
    assert "model id" not in str(found)


def test_cloud_storage_says_in_one_sentence_that_there_is_no_content() -> None:
    storage = Operation("Fetching gs://bucket/a.png", StorageNotFoundError, "Correct the URI.")

    assert type(error(HttpResponse(404, {}, b"No such object: bucket/a.png"), storage)) is StorageNotFoundError
    assert type(error(HttpResponse(404, {}, b"<html>proxy</html>"), storage)) is RequestRejectedError


def test_a_page_that_forbids_is_a_proxy_s() -> None:
    found = error(HttpResponse(403, {}, b"<html>Blocked by your company</html>"))

    assert type(found) is PermissionDeniedError
    assert "check the connection's endpoint and the proxy" in str(found)
    assert "roles/aiplatform.user" not in str(found)
