"""From Google's answer to what Airflow gets: URIs, the ``result`` document, and the filtered-image policy."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.naming import TaskIdentity
from airflow_provider_imagen.core.request import GenerateRequest, UpscaleRequest
from airflow_provider_imagen.core.result import Answer, FilterReason, record
from airflow_provider_imagen.errors import ImagesFilteredError, UnexpectedAnswerError
from airflow_provider_imagen.operators.files import save_images

log = logging.getLogger("airflow.task")
RESULT_KEY = "result"


class Delivery:
    """Delivers the answer to one request.

    :param request: what was asked.
    :param client: who asks, and who uploads what a model does not store itself.
    :param notes: what else to record in the ``result`` document.
    :param context: Airflow's task context.
    """

    def __init__(
        self,
        request: GenerateRequest | UpscaleRequest,
        client: ImagenClient,
        notes: Mapping[str, Any],
        context: Mapping[str, Any],
    ) -> None:
        self.request = request
        self.location = client.location_for(request)
        self._client = client
        self._notes = notes
        self._ti = ti = context["ti"]
        self.identity = TaskIdentity(ti.dag_id, ti.run_id, ti.task_id, -1 if ti.map_index is None else ti.map_index)

    def deliver(self, answer: Answer) -> list[str]:
        """Store what came, push the ``result`` document and return the images' URIs.

        :raises ImagesFilteredError: nothing came and ``on_filtered`` is ``fail``.
        :raises AirflowSkipException: nothing came and ``on_filtered`` is ``skip``.
        """
        uris = self._store(answer)
        _report(answer, uris)
        self._push(answer, uris)
        if not uris:
            self._nothing_came(ImagesFilteredError(_all_filtered(answer), _codes(answer)))
        return uris

    def refused(self, refusal: ImagesFilteredError) -> list[str]:
        """Treat a refused prompt like an answer in which every image was filtered."""
        requested = self.request.number_of_images if isinstance(self.request, GenerateRequest) else 1
        self._push(Answer((), requested, (FilterReason(refusal.message, refusal.codes),)), [])
        self._nothing_came(refusal)
        return []

    def _push(self, answer: Answer, uris: list[str]) -> None:
        document = record(self.request.sent_arguments(), answer, uris, location=self.location, notes=self._notes)
        try:
            self._ti.xcom_push(key=RESULT_KEY, value=document)
        except Exception:  # the images are made and paid; their URIs are returned whatever becomes of the record
            log.warning("The %s document could not be stored in XCom.", RESULT_KEY, exc_info=True)

    def _nothing_came(self, refusal: ImagesFilteredError) -> None:
        if self.request.on_filtered == "fail":
            raise refusal
        if self.request.on_filtered == "skip":
            raise AirflowSkipException(str(refusal))
        log.warning("%s", refusal)

    def _store(self, answer: Answer) -> list[str]:
        """Return the images' URIs; what Google did not store itself is stored here."""
        if self.request.storage_uri is None and (elsewhere := [image.uri for image in answer.images if image.uri]):
            raise UnexpectedAnswerError(
                f"Google was asked for bytes and stored images itself: {', '.join(elsewhere)}. They are billed; "
                "fetch them from there."
            )
        return save_images(answer.images, self.request.output_uri, self.identity, self._client.upload)


def _report(answer: Answer, uris: list[str]) -> None:
    for strange in answer.not_understood:
        log.warning("Google sent an item that is neither an image nor a reason: %s.", strange)
    log.info("%d image(s) after %.1f s:\n%s", len(uris), answer.duration_seconds, "\n".join(uris))
    if answer.filtered and uris:
        log.warning("%d of %d images were filtered: %s", answer.filtered, answer.requested, answer.why())
    for failure in answer.failures:
        log.warning("One of %d requests failed, the images of the others are kept: %s", answer.requested, failure)


def _all_filtered(answer: Answer) -> str:
    return f"All {answer.requested} images were filtered. {answer.why()} Rephrase the prompt."


def _codes(answer: Answer) -> tuple[str, ...]:
    return tuple(code for reason in answer.reasons for code in reason.codes)
