"""Counts requests, images and money for Airflow's metrics, and logs what is asked. Never fails a task."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import Stats

from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.catalogue.pricing import cost_of, estimated_cost_usd, in_words
from airflow_provider_imagen.core.delivered_size import differences
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.core.text import counted
from airflow_provider_imagen.core.token_usage import TokenUsage
from airflow_provider_imagen.core.validation.compatibility import PRIVATE
from airflow_provider_imagen.errors import ImagenError, ImagesFilteredError

log: logging.Logger = logging.getLogger("airflow.task")


class RequestMetrics:
    """Metrics of requests, each with the tags ``model`` and ``job``.

    ``imagen.requests`` and ``imagen.failed_requests`` (a Gemini model gets one for each image), ``imagen.images``,
    ``imagen.filtered``, ``imagen.size_differs`` (images that are not what was asked), ``imagen.tokens`` (with a tag
    ``kind``: ``prompt``, ``candidates`` or ``thoughts``), ``imagen.estimated_cost_usd`` (counters; the last one in
    dollars, only where a price is known) and ``imagen.request_duration`` (timer, in the unit of all timers of Airflow).
    """

    def sending(self, plan: RequestPlan[Any], requests: int) -> None:
        """Count requests that are about to be sent, and log what they ask."""
        request = plan.request
        log.info("Asking %s in %s to %s into %s", request.model, plan.location, request.job, request.output_uri)
        cost = in_words(estimated_cost_usd(request, request.count, plan.model))
        log.info("::group::What is asked (%s, %s)", counted(request.count, "image"), cost)
        for name, value in request.sent_arguments().items():
            shown = counted(len(value), "character") if name in PRIVATE else json.dumps(value, ensure_ascii=False)
            log.info("%s: %s", name, shown)
        log.info("::endgroup::")
        _count(plan, "requests", requests)

    def sent(
        self, plan: RequestPlan[Any], response: ImagesResponse, errors: Sequence[ImagenError], seconds: float
    ) -> None:
        """Count what came of them."""
        refused = sum(isinstance(error, ImagesFilteredError) for error in errors)
        _count(plan, "failed_requests", len(errors))
        _count(
            plan,
            "filtered",
            response.filtered + refused * (plan.request.count // plan.requests_for(plan.request.count)),
        )
        _safely(lambda: Stats.timing("imagen.request_duration", timedelta(seconds=seconds), tags=_tags(plan)))
        _count(plan, "images", len(response.images))
        _count(plan, "size_differs", sum(bool(differences(size, plan.request, plan.model)) for size in response.sizes))
        cost = cost_of(plan.request, plan.model, response.sizes, usages=response.usages)
        _count(plan, "estimated_cost_usd", cost.usd if cost else 0)
        self._count_tokens(plan, response.usage)

    def _count_tokens(self, plan: RequestPlan[Any], usage: TokenUsage | None) -> None:
        if usage is not None:
            _count(plan, "tokens", usage.prompt_token_count, kind="prompt")
            _count(plan, "tokens", usage.candidates_token_count, kind="candidates")
            _count(plan, "tokens", usage.thoughts_token_count, kind="thoughts")

    def found(self, plan: RequestPlan[Any], images: int) -> None:
        """Count images that are made, and what they cost. Their sizes and tokens are not known."""
        _count(plan, "images", images)
        _count(plan, "estimated_cost_usd", estimated_cost_usd(plan.request, images, plan.model) or 0)


class ItemMetrics(RequestMetrics):
    """Metrics of the requests of a batch. What each asks stays out of the log: a batch has thousands."""

    def sending(self, plan: RequestPlan[Any], requests: int) -> None:
        """Count requests that are about to be sent."""
        _count(plan, "requests", requests)


def _tags(plan: RequestPlan[Any]) -> dict[str, str]:
    # Airflow drops a metric in InfluxDB's form when there is an @ in a tag.
    return {"model": plan.request.model.replace("@", "_"), "job": plan.request.job}


def _count(plan: RequestPlan[Any], what: str, number: Any, **tags: str) -> None:
    if number:
        _safely(lambda: Stats.incr(f"imagen.{what}", number, tags=_tags(plan) | tags))


def _safely(send: Any) -> None:
    try:
        send()
    except Exception:  # the images are made and paid whether they are counted or not
        log.warning("Airflow's metrics could not be sent.", exc_info=True)
