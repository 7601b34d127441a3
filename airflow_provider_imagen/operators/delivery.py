"""From Google's answer to what Airflow gets: URIs, the ``result`` document, and the filtered-image policy."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_imagen.core.naming import TaskIdentity
from airflow_provider_imagen.core.request import GenerateRequest, UpscaleRequest
from airflow_provider_imagen.core.result import Answer, FilterReason, record
from airflow_provider_imagen.errors import ImagesFilteredError, UnexpectedAnswerError

log = logging.getLogger("airflow.task")
RESULT_KEY = "result"


def deliver(
    answer: Answer, request: GenerateRequest | UpscaleRequest, location: str, context: Mapping[str, Any]
) -> list[str]:
    """Store what came, push the ``result`` document and return the images' URIs.

    :raises ImagesFilteredError: nothing came and ``on_filtered`` is ``fail``.
    :raises AirflowSkipException: nothing came and ``on_filtered`` is ``skip``.
    """
    uris = _store(answer, request, context)
    document = record(request.sent_arguments(), answer, uris, location=location)
    context["ti"].xcom_push(key=RESULT_KEY, value=document)
    for strange in answer.not_understood:
        log.warning("Google sent an item that is neither an image nor a reason: %s.", strange)
    if uris:
        _report(answer, uris)
    else:
        nothing_came(ImagesFilteredError(_all_filtered(answer), _codes(answer)), request.on_filtered)
    return uris


def deliver_refusal(
    refusal: ImagesFilteredError, request: GenerateRequest | UpscaleRequest, location: str, context: Mapping[str, Any]
) -> list[str]:
    """Treat a refused prompt like an answer in which every image was filtered."""
    requested = request.number_of_images if isinstance(request, GenerateRequest) else 1
    answer = Answer((), requested, (FilterReason(refusal.message, refusal.codes),))
    document = record(request.sent_arguments(), answer, [], location=location)
    context["ti"].xcom_push(key=RESULT_KEY, value=document)
    nothing_came(refusal, request.on_filtered)
    return []


def nothing_came(refusal: ImagesFilteredError, on_filtered: str) -> None:
    """Fail, skip or warn, as the task wants it."""
    if on_filtered == "fail":
        raise refusal
    if on_filtered == "skip":
        raise AirflowSkipException(str(refusal))
    log.warning("%s", refusal)


def task_identity(context: Mapping[str, Any]) -> TaskIdentity:
    """Return what tells this task instance from all others."""
    ti = context["ti"]
    return TaskIdentity(ti.dag_id, ti.run_id, ti.task_id, ti.map_index if ti.map_index is not None else -1)


def _store(answer: Answer, request: GenerateRequest | UpscaleRequest, context: Mapping[str, Any]) -> list[str]:
    if request.storage_uri is None:
        from airflow_provider_imagen.operators.files import save_images

        return save_images(answer.images, request.output_uri, task_identity(context))
    if any(image.uri is None for image in answer.images):
        raise UnexpectedAnswerError(
            f"Google was told to write to {request.storage_uri} and returned bytes instead. Nothing was stored; "
            "use a local or other output_uri to receive bytes."
        )
    return [image.uri for image in answer.images if image.uri is not None]


def _report(answer: Answer, uris: list[str]) -> None:
    log.info("%d image(s) after %.1f s:\n%s", len(uris), answer.duration_seconds, "\n".join(uris))
    if answer.filtered:
        log.warning("%d of %d images were filtered: %s", answer.filtered, answer.requested, answer.why())


def _all_filtered(answer: Answer) -> str:
    return f"All {answer.requested} images were filtered, none is charged. {answer.why()} Rephrase the prompt."


def _codes(answer: Answer) -> tuple[str, ...]:
    return tuple(code for reason in answer.reasons for code in reason.codes)
