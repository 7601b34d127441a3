"""Many requests for one image each, put together into one answer: what came, what was filtered, what failed."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_imagen.core.responses import FilterReason, ImagesResponse
from airflow_provider_imagen.errors import ImagenError, ImagesFilteredError, PermanentError, ResponseLostError


def gather(outcomes: Sequence[ImagesResponse | ImagenError], *, duration_seconds: float) -> ImagesResponse:
    """Return one answer for all requests.

    Images that came are never given up because a request beside them failed: its failure is kept in ``failures``.

    :param outcomes: what became of each request, in their order.
    :param duration_seconds: how long they took together.
    :raises ImagenError: no image came and at least one request failed; the failure that matters most for what may be
        done next: a lost answer, then a permanent failure, then one that may be repeated.
    """
    answers = [_filtered(outcome) if isinstance(outcome, ImagesFilteredError) else outcome for outcome in outcomes]
    responses = [answer for answer in answers if isinstance(answer, ImagesResponse)]
    images = tuple(image for response in responses for image in response.images)
    failures = [outcome for outcome in (answers if images else outcomes) if isinstance(outcome, ImagenError)]
    if failures and not images:
        raise min(failures, key=_rank)
    reasons = tuple(dict.fromkeys(reason for response in responses for reason in response.reasons))
    not_understood = tuple(item for response in responses for item in response.not_understood)
    texts = tuple(f"{type(failure).__name__}: {failure}" for failure in failures)
    return ImagesResponse(
        images, len(outcomes), reasons, not_understood=not_understood, failures=texts, duration_seconds=duration_seconds
    )


def _filtered(refusal: ImagesFilteredError) -> ImagesResponse:
    """Return a refusal as a response without images: beside others that came, it is one more filtered image."""
    return ImagesResponse((), 1, (FilterReason(refusal.message, refusal.codes),))


def _rank(failure: ImagenError) -> int:
    if isinstance(failure, ResponseLostError):
        return 0
    return 1 if isinstance(failure, PermanentError) else 2
