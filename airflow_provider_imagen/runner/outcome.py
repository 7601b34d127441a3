"""What a run came to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.core.result_document import ResultDocument
from airflow_provider_imagen.errors import ImagesFilteredError


def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The images of a request, or Google's refusal to make any.

    :param document: the ``result`` document.
    :param plan: what was asked of which model.
    :param release: removes the record of the request; called as the last step before the images are returned.
    :param reused: an earlier try made the images; nothing was sent.
    :param refusal: Google filtered everything; there are no images.
    :param response: all responses together, with what was odd about them; None with an earlier try's result.
    """

    document: ResultDocument
    plan: RequestPlan[Any]
    release: Callable[[], None] = _nothing
    reused: bool = False
    refusal: ImagesFilteredError | None = None
    response: ImagesResponse | None = None
