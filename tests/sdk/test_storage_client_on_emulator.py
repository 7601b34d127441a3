"""google-cloud-storage works on the emulator as on Cloud Storage, and understands its refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

NAMES = [
    "a/1.txt",
    "a/2.txt",
    "a/large.bin",
    "a/opened.txt",
    "composed.txt",
    "new.txt",
    "raced.txt",
    "renamed.txt",
]
RESULTS: dict[str, Any] = {
    "upload": None,
    "upload with checksum": None,
    "create": None,
    "create at once": 7 * ["PreconditionFailed"] + ["created"],
    "upload in chunks": None,
    "open to write": "opened",
    "replace a generation": [True, "replaced"],
    "copy": "copy.txt",
    "rename": "renamed.txt",
    "compose": "onetwo",
    "metadata": {"key": "value"},
    "download": "one",
    "download with md5": "one",
    "download with crc32c": "one",
    "download a range": "n",
    "download to a file": "one",
    "open to read": "one",
    "download in chunks": 700_000,
    "get": [3, "text/plain", "+XxdKZQb+xsv2rCHSQargg==", True, True],
    "get nothing": None,
    "exists": [True, False],
    "bucket": "bucket",
    "buckets": ["bucket", "my-bucket"],
    "permissions": ["storage.objects.create", "storage.objects.get"],
    "list": NAMES,
    "list a folder": NAMES[:4],
    "list in pages": [3, 3, 2],
    "list some": NAMES[:2],
    "list between": NAMES[1:4],
    "list a glob": ["a/1.txt", "a/2.txt", "a/opened.txt"],
    "list folders": ["a/"],
    "list fields": [3, 3, 700_000, 6, 6, 8, 1, 3],
    "requester_pays: paid": "one",
    "delete": None,
    "delete many": None,
}
REPLACING = ("Forbidden", 403)
ERRORS: dict[str, tuple[str, int]] = {
    "create again": ("PreconditionFailed", 412),
    "create in chunks again": ("PreconditionFailed", 412),
    "download another generation": ("PreconditionFailed", 412),
    "download nothing": ("NotFound", 404),
    "no bucket": ("NotFound", 404),
    "list no bucket": ("NotFound", 404),
    "batch": ("MethodNotImplemented", 501),
    "delete another generation": ("PreconditionFailed", 412),
    "delete again": ("NotFound", 404),
    "read_only: create": ("Forbidden", 403),
    "requester_pays: list": ("BadRequest", 400),
    "requester_pays: download": ("BadRequest", 400),
    "missing: create": ("NotFound", 404),
    **{
        f"{state}: {verb}": REPLACING
        for state in ("retention_policy", "temporary_hold", "no_delete_permission")
        for verb in ("replace", "delete")
    },
}
REASONS = {
    "no bucket": "notFound",
    "batch": "notImplemented",
    "delete another generation": "conditionNotMet",
    "retention_policy: delete": "retentionPolicyNotMet",
    "temporary_hold: delete": "forbidden",
    "requester_pays: list": "required",
}
FAILURES = {"download corrupted": "DataCorruption", "XML upload": "InvalidResponse"}


@pytest.fixture(scope="module")
def results(running_emulator: Any, run_client: Callable[..., Any]) -> dict[str, Any]:
    """What the library returned for every call."""
    running_emulator.reset()
    found = run_client("sdk", "storage_client.py", {"endpoint": running_emulator.endpoint})
    assert running_emulator.unfired_faults() == []
    running_emulator.reset()
    return dict(found)


@pytest.mark.parametrize("name", RESULTS)
def test_a_call_returns_what_google_returns(results: dict[str, Any], name: str) -> None:
    assert results[name] == RESULTS[name]


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_understood(results: dict[str, Any], name: str) -> None:
    assert (results[name]["error"], results[name]["code"]) == ERRORS[name]


@pytest.mark.parametrize("name", REASONS)
def test_a_reason_is_found(results: dict[str, Any], name: str) -> None:
    assert results[name]["reason"] == REASONS[name]


@pytest.mark.parametrize("name", FAILURES)
def test_what_the_library_finds_out_itself_is_found_out(results: dict[str, Any], name: str) -> None:
    assert results[name]["error"] == FAILURES[name]


def test_every_call_has_its_test(results: dict[str, Any]) -> None:
    assert results.keys() == {*RESULTS, *ERRORS, *FAILURES}
