"""What becomes of a generate task when Google filters, refuses or surprises."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException
from support.emulated import model_requests

from airflow_provider_imagen.emulator import Fault
from airflow_provider_imagen.errors import PromptBlockedError
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator
from airflow_provider_imagen.runner.local_store import LocalStore

MODEL = "imagen-3.0-generate-002"


def operator(**arguments: Any) -> ImagenGenerateOperator:
    defaults = {"task_id": "posters", "model": MODEL, "prompt": "a red boat", "output_uri": "gs://bucket/made/"}
    return ImagenGenerateOperator(**defaults | arguments)


@pytest.mark.parametrize("reason", [True, False])
def test_a_task_whose_images_were_all_filtered_fails_without_retries(emulator: Any, ti: Any, reason: bool) -> None:
    emulator.order_fault(Fault("generate", filtered=2, support_codes=("39322892",)))

    with pytest.raises(AirflowFailException, match="ImagesFilteredError: All 2 images were filtered") as caught:
        operator(number_of_images=2, include_rai_reason=reason).execute({"ti": ti})

    assert ("People or face" in str(caught.value)) is reason
    assert ("include_rai_reason=True" in str(caught.value)) is not reason
    assert (ti.pushed["result"]["images"], ti.pushed["result"]["filtered"]) == ([], 2)


def test_some_filtered_images_are_a_warning(emulator: Any, ti: Any, logged: Callable[[], str]) -> None:
    emulator.order_fault(Fault("generate", filtered=3))

    uris = operator(number_of_images=4).execute({"ti": ti})

    assert len(uris) == 1
    assert ti.pushed["result"]["filtered"] == 3
    assert "3 of 4 images were filtered" in logged()


def test_nothing_can_be_skipped_or_only_warned_about(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", filtered=1, times=2))

    with pytest.raises(AirflowSkipException, match="The image was filtered"):
        operator(on_filtered="skip").execute({"ti": ti})
    assert operator(on_filtered="warn").execute({"ti": ti}) == []


def test_a_refused_prompt_follows_the_same_policy(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", blocked_prompt=True, support_codes=("58061214",), times=2))

    with pytest.raises(AirflowFailException, match="58061214: Child"):
        operator().execute({"ti": ti})
    assert operator(on_filtered="warn").execute({"ti": ti}) == []
    assert ti.pushed["result"]["filter_reasons"][0]["codes"] == [{"code": "58061214", "category": "Child"}]


def test_a_refused_token_is_renewed_once(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", status=401))

    assert len(operator().execute({"ti": ti})) == 1
    assert len(model_requests(emulator)) == 2


@pytest.mark.parametrize("status", [400, 403, 404])
def test_what_another_try_cannot_mend_fails_without_retries(emulator: Any, ti: Any, status: int) -> None:
    emulator.order_fault(Fault("generate", status=status))

    with pytest.raises(AirflowFailException, match=f"HTTP {status}"):
        operator().execute({"ti": ti})
    assert len(model_requests(emulator)) == 1


def test_a_lost_answer_that_held_the_images_is_not_asked_for_again(emulator: Any, ti: Any, tmp_path: Path) -> None:
    emulator.order_fault(Fault("generate", reset=True))

    with pytest.raises(AirflowFailException, match="ResponseLostError: .*may have made and billed"):
        operator(output_uri=str(tmp_path)).execute({"ti": ti})
    assert len(model_requests(emulator)) == 1


def test_a_task_with_its_own_retry_policy_gets_the_error_itself(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", blocked_prompt=True))
    task = operator()
    task.retry_policy = object()

    with pytest.raises(PromptBlockedError):
        task.execute({"ti": ti})


def test_a_place_that_cannot_be_written_is_refused_before_images_are_paid_for(
    emulator: Any, tmp_path: Path, ti: Any
) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")

    with pytest.raises(AirflowFailException, match="cannot be written.*Use a folder that this worker may write to"):
        operator(output_uri=str(tmp_path / "taken")).execute({"ti": ti})
    assert emulator.requests == []


def test_a_request_that_google_did_not_accept_is_sent_again(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", status=503, times=2))

    assert len(operator().execute({"ti": ti})) == 1
    assert len(model_requests(emulator)) == 3


def test_bytes_instead_of_stored_images_are_uploaded_and_not_lost(emulator: Any, ti: Any) -> None:
    image = '{"bytesBase64Encoded": "iVBORw0KGgo=", "mimeType": "image/png"}'
    stored = '{"gcsUri": "gs://bucket/made/1/sample_0.png", "mimeType": "image/png"}'
    emulator.order_fault(Fault("generate", body=f'{{"predictions": [{stored}, {image}]}}'))

    uris = operator(number_of_images=2).execute({"ti": ti})

    assert uris[0] == "gs://bucket/made/1/sample_0.png"
    assert emulator.read_object("bucket", uris[1].removeprefix("gs://bucket/")) == b"\x89PNG\r\n\x1a\n"


def test_stored_images_instead_of_bytes_are_named(emulator: Any, ti: Any, tmp_path: Path) -> None:
    emulator.order_fault(Fault("generate", body='{"predictions": [{"gcsUri": "gs://theirs/a.png"}]}'))

    with pytest.raises(AirflowFailException, match="stored images itself: gs://theirs/a.png"):
        operator(output_uri=str(tmp_path)).execute({"ti": ti})


def test_a_record_that_cannot_be_stored_does_not_lose_the_images(
    ti: Any, monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    def refuse(**document: Any) -> None:
        raise RuntimeError("too large")

    monkeypatch.setattr(ti, "xcom_push", refuse)

    (uri,) = operator().execute({"ti": ti})

    assert uri in logged()


def test_a_retry_policy_is_not_asked_where_images_may_have_been_paid_for(emulator: Any, ti: Any) -> None:
    emulator.order_fault(Fault("generate", times=2, reset=True))
    task = operator()
    task.retry_policy = object()

    with pytest.raises(AirflowFailException, match="ResponseLostError"):
        task.execute({"ti": ti})


def test_a_paid_image_is_stored_after_a_short_outage_of_the_disk(
    ti: Any, tmp_path: Path, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    write, outages = LocalStore.write, [OSError(errno.EIO, "planted")] * 2

    def failing(store: LocalStore, name: str, *arguments: Any, **options: Any) -> Any:
        if name.endswith(".png") and outages:
            raise outages.pop()
        return write(store, name, *arguments, **options)

    monkeypatch.setattr(LocalStore, "write", failing)

    (uri,) = operator(output_uri=str(tmp_path), output_mime_type="image/png").execute({"ti": ti})

    assert Path(uri).is_file()
    assert pauses == [1.0, 2.0]
