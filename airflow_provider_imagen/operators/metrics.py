"""Counts requests, images and money for Airflow's metrics, and tells the log what is asked. Never fails a task."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Self

from airflow.providers.common.compat.sdk import Stats

from airflow_provider_imagen.core.catalogue import Model
from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.catalogue.pricing import estimated_cost_usd, in_words
from airflow_provider_imagen.core.requests import ImageRequest
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.errors import ImagesFilteredError

log = logging.getLogger("airflow.task")
PRIVATE = ("prompt", "negative_prompt")
"""What stays out of logs; the ``result`` document has it, for those who may read XCom."""


def metered(
    plan: RequestPlan[Any],
    request: ImageRequest,
    ask: Callable[[], ImagesResponse],
    clock: Callable[[], float] = time.monotonic,
) -> ImagesResponse:
    """Send a request, and count it whether it is answered or not.

    Metrics, each with the tags ``model`` and ``job``: ``imagen.requests`` and ``imagen.failed_requests`` (a Gemini
    model gets one for each image), ``imagen.images``, ``imagen.filtered``, ``imagen.estimated_cost_usd`` (counters; the
    last one in dollars, only where a price is known) and ``imagen.request_duration`` (timer, in the unit of all timers
    of Airflow).

    :param plan: the plan of the task.
    :param request: what is asked: the plan's request, or what is missing of it.
    :param ask: sends it.
    :param clock: tells seconds.
    """
    meter = _Meter.of(request)
    _show(request, plan.model)
    sent = plan.requests_for(request.count)
    meter.count("requests", sent)
    started = clock()
    try:
        answer = ask()
    except Exception as failure:
        meter.count("failed_requests", sent)
        meter.count("filtered", request.count if isinstance(failure, ImagesFilteredError) else 0)
        raise
    finally:
        meter.time("request_duration", clock() - started)
    meter.count("failed_requests", len(answer.failures))
    meter.count("filtered", answer.filtered)
    meter.made(request, len(answer.images), plan.model)
    return answer


def count_found(request: ImageRequest, images: int, model: Model) -> None:
    """Count images whose answer was lost and that were found in storage: they were made, so they are billed."""
    _Meter.of(request).made(request, images, model)


def _show(request: ImageRequest, model: Model) -> None:
    """Write what is asked into the log, folded away until somebody wants to see it."""
    cost = in_words(estimated_cost_usd(request, request.count, model))
    log.info("::group::What is asked (%d image(s), %s)", request.count, cost)
    for name, value in request.sent_arguments().items():
        shown = f"{len(value)} characters" if name in PRIVATE else json.dumps(value, ensure_ascii=False)
        log.info("%s: %s", name, shown)
    log.info("::endgroup::")


class _Meter:
    """Airflow's metrics with our names. What they raise is logged."""

    def __init__(self, stats: Any, tags: dict[str, str]) -> None:
        self._stats = stats
        self._tags = tags

    @classmethod
    def of(cls, request: ImageRequest) -> Self:
        # Airflow drops a metric in InfluxDB's form when there is an @ in a tag.
        return cls(Stats, {"model": request.model.replace("@", "_"), "job": request.job})

    def made(self, request: ImageRequest, images: int, model: Model) -> None:
        self.count("images", images)
        self.count("estimated_cost_usd", estimated_cost_usd(request, images, model) or 0)

    def count(self, what: str, number: float = 1) -> None:
        if number:
            self._safely(lambda: self._stats.incr(f"imagen.{what}", number, tags=self._tags))

    def time(self, what: str, seconds: float) -> None:
        self._safely(lambda: self._stats.timing(f"imagen.{what}", timedelta(seconds=seconds), tags=self._tags))

    def _safely(self, send: Callable[[], Any]) -> None:
        try:
            send()
        except Exception:  # the images are made and paid whether they are counted or not
            log.warning("Airflow's metrics could not be told.", exc_info=True)
