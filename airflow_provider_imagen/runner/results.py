"""What a run brought, as one response and as the ``result`` document."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.catalogue.pricing import cost_of
from airflow_provider_imagen.core.delivered_size import differences
from airflow_provider_imagen.core.response_merge import merge
from airflow_provider_imagen.core.responses import FilterReason, ImagesResponse
from airflow_provider_imagen.core.result_document import ResultDocument
from airflow_provider_imagen.core.result_parts import SizeDifference, UsageEntry
from airflow_provider_imagen.errors import ImagesFilteredError
from airflow_provider_imagen.runner.images import ImageFolder
from airflow_provider_imagen.runner.run_state import RunState

LOST_REASON = FilterReason("The answer was lost, and with it the reason.")


def merged_response(state: RunState, plan: RequestPlan[Any], images: ImageFolder) -> ImagesResponse:
    """Return all images of a request, those of an earlier try among them, and what became of the missing ones.

    :param state: what the run knows.
    :param plan: what was asked.
    :param images: the place of the images.
    """
    merged = merge(state.round.responses, plan.request.count, state.usages)
    # A refusal beside images that came is a filtered image, and no failure.
    refusals = [error for error in state.round.errors if isinstance(error, ImagesFilteredError)]
    failed = [error for error in state.round.errors if error not in refusals]
    reasons = (*merged.reasons, *(FilterReason(error.message, error.codes) for error in refusals))
    found = images.in_order((*state.kept, *merged.images))
    all_images, rest = found[: plan.request.count], found[plan.request.count :]
    state.others = (*state.others, *(str(image.uri) for image in rest))
    is_unknown = state.sendings == 0 and len(all_images) < plan.request.count
    return replace(
        merged,
        images=all_images,
        requested=max(plan.request.count, len(all_images)),
        reasons=(LOST_REASON,) if is_unknown else tuple(dict.fromkeys(reasons)),
        failures=tuple(f"{type(error).__name__}: {error}" for error in failed),
        duration_seconds=state.seconds,
    )


def result_document(
    response: ImagesResponse, state: RunState, plan: RequestPlan[Any], images: ImageFolder, **notes: Any
) -> ResultDocument:
    """Return the ``result`` document of a request.

    :param response: all its images.
    :param state: what the run knows.
    :param plan: what was asked.
    :param images: the place of the images.
    :param notes: other fields of the document.
    """
    return ResultDocument.build(
        plan.request.sent_arguments(),
        response,
        [str(image.uri) for image in response.images],
        location=plan.location,
        image_key=plan.request.image_key,
        other_images=state.others,
        not_replaced=tuple(images.not_replaced),
        resent_requests=state.resent,
        size_differences=_size_differences(response, plan),
        **{**_usage_and_cost(response, plan), **plan.notes, **notes},
    )


def _usage_and_cost(response: ImagesResponse, plan: RequestPlan[Any]) -> dict[str, Any]:
    """Return what the document says about tokens and money: nothing where nothing is known."""
    cost = cost_of(plan.request, plan.model, response.sizes, usages=response.usages)
    money = {} if cost is None else {"estimated_cost_usd": cost.usd, "cost_basis": cost.basis}
    usage = response.usage
    return {**money, "usage": UsageEntry.of(usage), "traffic_type": (usage.traffic_type or None) if usage else None}


def _size_differences(response: ImagesResponse, plan: RequestPlan[Any]) -> tuple[SizeDifference, ...]:
    return tuple(
        SizeDifference(uri=str(image.uri), argument=each.argument, asked=each.asked, delivered=each.delivered)
        for image in response.images
        for each in differences(image.size, plan.request, plan.model)
    )
