"""One request of one task instance, from what earlier tries left to the delivered images. Nothing is paid twice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.recovery.request_record import Receipt
from airflow_provider_imagen.core.requests import ImageRequest, rest_of
from airflow_provider_imagen.core.responses import GeneratedImage, ImagesResponse
from airflow_provider_imagen.core.storage.object_names import mime_type_of
from airflow_provider_imagen.errors import (
    ImagenError,
    ImagesExistError,
    ImagesFilteredError,
    ResponseLostError,
    UnexpectedResponseError,
)
from airflow_provider_imagen.operators.delivery import Delivery
from airflow_provider_imagen.operators.memory import Memory
from airflow_provider_imagen.operators.metrics import count_found
from airflow_provider_imagen.operators.searching import Search

log = logging.getLogger("airflow.task")
MOST_REQUESTS = 2
"""A request whose answer was lost and whose images did not appear is sent once more."""


class Errand:
    """Gets the images of one request: those of an earlier try, those of a lost answer, or new ones.

    :param plan: what to ask, of which model.
    :param ask: sends it.
    :param delivery: what becomes of an answer.
    :param memory: what earlier tries left.
    :param search: looks for the images of a lost answer; None where Google stores none.
    """

    def __init__(
        self,
        plan: RequestPlan[Any],
        ask: Callable[[Any], ImagesResponse],
        delivery: Delivery,
        memory: Memory,
        search: Search | None,
    ) -> None:
        self._request: ImageRequest = plan.request
        self._model = plan.model
        self._ask = ask
        self._delivery = delivery
        self._memory = memory
        self._search = search

    def run(self) -> list[str]:
        """Return the URIs of the images.

        :raises ImagesExistError: an earlier try made images, and ``if_exists`` is ``fail``.
        """
        earlier = self._memory.earlier()
        if earlier is None:
            return self._fetch()
        if earlier.result is not None:
            uris = self._memory.images_of(earlier)
            return self._again(earlier.result, uris) if uris else self._fetch()
        return self._finish(earlier)

    def _again(self, document: dict[str, Any], uris: list[str]) -> list[str]:
        self._refuse_if_told(uris)
        log.info("An earlier try of this task made these images; nothing was asked.")
        return self._delivery.again(document, uris)

    def _finish(self, earlier: Receipt) -> list[str]:
        """Go on where an earlier try stopped between its request and its result."""
        found = self._find(None, earlier) if self._search else None
        if found is not None:
            self._refuse_if_told([str(image.uri) for image in found.images])
            return self._deliver(found, {"reused": True})
        kept = [uri for uri in self._memory.images() if uri not in earlier.earlier]
        if kept:
            self._refuse_if_told(kept)
        if len(kept) >= self._request.count:
            return self._deliver(ImagesResponse(_made(kept), len(kept)), {"reused": True})
        if kept:
            log.warning("An earlier try left %d of %d images; asking for the others.", len(kept), self._request.count)
        return self._fetch(_made(kept), earlier.earlier)

    def _fetch(self, kept: tuple[GeneratedImage, ...] = (), before: tuple[str, ...] | None = None) -> list[str]:
        """Ask for what is missing, and deliver it with what is there."""
        try:
            answer = self._ask_or_find(rest_of(self._request, len(kept)), before)
        except ImagesFilteredError as refusal:
            self._memory.nothing_came()
            if not kept:
                return self._delivery.refused(refusal)
            log.warning("The images that were missing were filtered: %s", refusal)
            answer = ImagesResponse((), len(kept))
        except ImagenError:
            if not kept and not self._memory.is_unsure:
                # Whoever sees the error decides; a task that is cleared after it asks anew.
                self._memory.nothing_came()
            raise
        return self._deliver(replace(answer, images=kept + answer.images, requested=self._request.count))

    def _ask_or_find(self, request: Any, before: tuple[str, ...] | None) -> ImagesResponse:
        """Ask; when the answer is lost, look for its images, and ask once more if there are none."""
        for sent in range(1, MOST_REQUESTS + 1):
            receipt = self._memory.asking(before)
            try:
                return self._ask(request)
            except (ResponseLostError, UnexpectedResponseError) as failure:
                if self._search is None:
                    raise
                found = self._find(failure, receipt)
                if found is not None:
                    count_found(request, len(found.images), self._model)
                    return found
                if sent == MOST_REQUESTS or isinstance(failure, UnexpectedResponseError):
                    raise
                log.warning("None of its images appeared. Asking once more.")
        raise AssertionError("unreachable")

    def _find(self, failure: ImagenError | None, receipt: Receipt) -> ImagesResponse | None:
        """Return the images of a request whose answer is unknown, None when none appeared.

        :raises ResponseLostError: nobody can say, because images of others may be among them or nothing can be seen.
        """
        if self._search is None:
            return None
        told = str(failure or "An earlier try of this task stopped before its answer came.")
        log.warning("%s Looking for its images before anything is asked.", told)
        try:
            return self._search.images_since(receipt.asked_at, self._memory.now() if failure else None)
        except ResponseLostError as unsure:
            self._memory.give_up()
            raise ResponseLostError(f"{told} {unsure}") from failure or unsure
        except ImagenError as blind:
            self._memory.is_unsure = True  # the word that was left stays: the next try looks again
            if failure is None:
                raise
            raise ResponseLostError(f"{told} {blind}") from failure

    def _deliver(self, answer: ImagesResponse, notes: dict[str, Any] | None = None) -> list[str]:
        return self._delivery.deliver(answer, self._memory, notes)

    def _refuse_if_told(self, uris: Sequence[str]) -> None:
        if self._request.if_exists == "fail":
            raise ImagesExistError(
                f"An earlier try of this task made {len(uris)} image(s): {', '.join(uris)}. if_exists is 'fail', so "
                "nothing was asked. Use 'reuse' to return them, or 'generate' to pay for new ones."
            )


def _made(uris: Sequence[str]) -> tuple[GeneratedImage, ...]:
    return tuple(GeneratedImage(mime_type_of(uri), uri) for uri in uris)
