"""What Airflow gets of a run: the log, XCom ``result``, asset events, lineage, and the policy for filtered images."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_imagen.core.catalogue.pricing import in_words
from airflow_provider_imagen.core.protocols.service_tiers import remark_on_tier
from airflow_provider_imagen.core.result_document import RESULT_KEY, ResultDocument
from airflow_provider_imagen.core.text import counted
from airflow_provider_imagen.errors import ImagesFilteredError
from airflow_provider_imagen.operators.lineage import report_lineage
from airflow_provider_imagen.runner.outcome import Outcome

log: logging.Logger = logging.getLogger("airflow.task")


def report(outcome: Outcome, operator: Any, context: Mapping[str, Any], hook: Any) -> list[str]:
    """Report what a run came to, and return the URIs of the images.

    :param outcome: the images, or Google's refusal to make any.
    :param operator: the task; gets its lineage and its ``result`` document.
    :param context: Airflow's task context.
    :param hook: the hook that was used, for lineage.
    :raises ImagesFilteredError: there is no image, and ``on_filtered`` is ``fail``.
    :raises AirflowSkipException: there is no image, and ``on_filtered`` is ``skip``.
    """
    request = outcome.plan.request
    uris = list(outcome.document.uris)
    log_outcome(outcome)
    operator.result_document = outcome.document
    _push(outcome.document, context["ti"])
    if outcome.refusal is not None:
        _apply_policy(request.on_filtered, outcome.refusal)
    operator.lineage = (list(request.sources), uris)
    report_lineage(request, uris, operator.outlets, context, hook)
    outcome.release()
    return uris


def log_outcome(outcome: Outcome, *, with_uris: bool = True) -> None:
    """Log what came, and what was odd about it.

    :param outcome: what a run came to.
    :param with_uris: also where the images are.
    """
    uris = outcome.document.uris
    response = outcome.response
    if response is None:
        return
    for item in response.not_understood:
        log.warning("Google sent an item that is neither an image nor a reason: %s.", item)
    for remark in response.remarks:
        log.warning("%s", remark)
    tier = getattr(outcome.plan.request, "service_tier", None)
    served = response.usage.traffic_type if response.usage else ""
    if (uris or served) and (warning := remark_on_tier(tier, served)):
        log.warning("%s", warning)
    lines = "\n".join([":", *uris]) if with_uris else "."
    log.info("%s after %.1f s%s%s", counted(len(uris), "image"), response.duration_seconds, _cost(outcome), lines)
    for difference in outcome.document.size_differences:
        log.warning("Google delivered another size than asked: %s.", difference)
    if response.filtered and uris:
        log.warning("%d of %d images were filtered: %s", response.filtered, response.requested, response.why())
    for failure in response.failures if uris else ():
        log.warning("One of %d requests failed, the images of the others are kept: %s", response.requested, failure)


def _cost(outcome: Outcome) -> str:
    cost, basis = outcome.document.estimated_cost_usd, outcome.document.cost_basis
    counted = " of the tokens that Google counted" if basis == "usage" else ""
    return "" if cost is None else f", {in_words(cost)}{counted}"


def _push(document: ResultDocument, ti: Any) -> None:
    try:
        ti.xcom_push(key=RESULT_KEY, value=document.to_json())
    except Exception:  # the images are made and paid; their URIs are returned whatever becomes of the document
        log.warning("The %s document could not be stored in XCom.", RESULT_KEY, exc_info=True)


def _apply_policy(on_filtered: str, refusal: ImagesFilteredError) -> None:
    if on_filtered == "fail":
        raise refusal
    if on_filtered == "skip":
        raise AirflowSkipException(str(refusal))
    log.warning("%s", refusal)
