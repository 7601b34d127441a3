"""From Google's answer to what Airflow gets: URIs, the ``result`` document, and the filtered-image policy."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_imagen.client.vertex import ImagenClient, Keep
from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.catalogue.pricing import cost_note
from airflow_provider_imagen.core.responses import FilterReason, GeneratedImage, ImagesResponse, record
from airflow_provider_imagen.core.storage.object_names import TaskIdentity
from airflow_provider_imagen.errors import ImagesFilteredError, UnexpectedResponseError
from airflow_provider_imagen.operators.files import save_image, save_images
from airflow_provider_imagen.operators.memory import Memory

log = logging.getLogger("airflow.task")
RESULT_KEY = "result"


class Delivery:
    """Delivers the answer to one request.

    :param plan: what was asked, of which model.
    :param client: who asks, and who uploads what a model does not store itself.
    :param notes: what else to record in the ``result`` document.
    :param context: Airflow's task context.
    """

    def __init__(
        self,
        plan: RequestPlan[Any],
        client: ImagenClient,
        notes: Mapping[str, Any],
        context: Mapping[str, Any],
    ) -> None:
        self._plan = plan
        self.request = plan.request
        self._client = client
        self._notes = notes
        self._kept_early = False
        self._ti = ti = context["ti"]
        self.identity = TaskIdentity(ti.dag_id, ti.run_id, ti.task_id, -1 if ti.map_index is None else ti.map_index)

    def deliver(self, answer: ImagesResponse, memory: Memory, notes: Mapping[str, Any] | None = None) -> list[str]:
        """Store what came, push the ``result`` document and return the images' URIs.

        :param answer: the images.
        :param memory: keeps the document for a later try, as soon as the images are stored.
        :param notes: what else to record.
        :raises ImagesFilteredError: nothing came and ``on_filtered`` is ``fail``.
        :raises AirflowSkipException: nothing came and ``on_filtered`` is ``skip``.
        """
        uris = self._store(answer, memory)
        document = self._document(answer, uris, notes)
        memory.stored(document)
        _report(answer, uris)
        self._push(document)
        if not uris:
            self._nothing_came(ImagesFilteredError(_all_filtered(answer), _codes(answer)))
        return uris

    def keeper(self, memory: Memory) -> Keep:
        """Return what stores an image as soon as it is there: a worker that dies then loses only what is on its way."""

        def keep(number: int, image: GeneratedImage) -> GeneratedImage:
            self._kept_early = True
            place = self.request.output_uri
            return save_image(image, memory.next_number + number, place, self.identity, self._client.upload)

        return keep

    def again(self, document: Mapping[str, Any], uris: Sequence[str]) -> list[str]:
        """Return the images of an earlier try, with its ``result`` document."""
        recorded = [image for image in document["images"] if isinstance(image, dict)]
        images = [image for image in recorded if image.get("uri") in uris]
        log.info("%d image(s) of an earlier try:\n%s", len(images), "\n".join(uris))
        self._push({**document, "images": images, "reused": True})
        return [image["uri"] for image in images]

    def refused(self, refusal: ImagesFilteredError) -> list[str]:
        """Treat a refused prompt like an answer in which every image was filtered."""
        nothing = ImagesResponse((), self.request.count, (FilterReason(refusal.message, refusal.codes),))
        self._push(self._document(nothing, []))
        self._nothing_came(refusal)
        return []

    def _document(
        self, answer: ImagesResponse, uris: list[str], notes: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        all_notes = {**cost_note(self.request, len(uris), self._plan.model), **self._notes, **(notes or {})}
        return record(self.request.sent_arguments(), answer, uris, location=self._plan.location, notes=all_notes)

    def _push(self, document: Mapping[str, Any]) -> None:
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

    def _store(self, answer: ImagesResponse, memory: Memory) -> list[str]:
        """Return the images' URIs; what Google did not store itself is stored here."""
        stored = [image.uri for image in answer.images if image.uri and image.uri.startswith("gs://")]
        if not self.request.output_uri.startswith("gs://") and (elsewhere := stored):
            raise UnexpectedResponseError(
                f"Google was asked for bytes and stored images itself: {', '.join(elsewhere)}. They are billed; "
                "fetch them from there."
            )
        # Numbers that were given out while images came in stay theirs.
        first = memory.next_number + (self.request.count if self._kept_early else 0)
        return save_images(answer.images, self.request.output_uri, self.identity, self._client.upload, first)


def _report(answer: ImagesResponse, uris: list[str]) -> None:
    for strange in answer.not_understood:
        log.warning("Google sent an item that is neither an image nor a reason: %s.", strange)
    for remark in answer.remarks:
        log.warning("%s", remark)
    log.info("%d image(s) after %.1f s:\n%s", len(uris), answer.duration_seconds, "\n".join(uris))
    if answer.filtered and uris:
        log.warning("%d of %d images were filtered: %s", answer.filtered, answer.requested, answer.why())
    for failure in answer.failures:
        log.warning("One of %d requests failed, the images of the others are kept: %s", answer.requested, failure)


def _all_filtered(answer: ImagesResponse) -> str:
    return f"All {answer.requested} images were filtered. {answer.why()} Rephrase the prompt."


def _codes(answer: ImagesResponse) -> tuple[str, ...]:
    return tuple(code for reason in answer.reasons for code in reason.codes)
