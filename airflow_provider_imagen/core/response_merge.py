"""Many requests for one image each, put together into one answer: what came, what was filtered, what failed."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.errors import ImagenError, PermanentError, ResponseLostError


def gather(outcomes: Sequence[ImagesResponse | ImagenError], *, duration_seconds: float) -> ImagesResponse:
    """Return one answer for all requests.

    Images that came are never given up because a request beside them failed: its failure is kept in ``failures``.

    :param outcomes: what became of each request, in their order.
    :param duration_seconds: how long they took together.
    :raises ImagenError: no image came and at least one request failed; the failure that matters most for what may be
        done next: a lost answer, then a permanent failure, then one that may be repeated.
    """
    answers = [outcome for outcome in outcomes if isinstance(outcome, ImagesResponse)]
    failures = [outcome for outcome in outcomes if isinstance(outcome, ImagenError)]
    images = tuple(image for answer in answers for image in answer.images)
    if failures and not images:
        raise min(failures, key=_rank)
    reasons = tuple(dict.fromkeys(reason for answer in answers for reason in answer.reasons))
    strange = tuple(item for answer in answers for item in answer.not_understood)
    texts = tuple(f"{type(failure).__name__}: {failure}" for failure in failures)
    return ImagesResponse(
        images, len(outcomes), reasons, not_understood=strange, failures=texts, duration_seconds=duration_seconds
    )


def _rank(failure: ImagenError) -> int:
    if isinstance(failure, ResponseLostError):
        return 0
    return 1 if isinstance(failure, PermanentError) else 2
