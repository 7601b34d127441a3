"""Service tiers: flex (half price) and priority, which two headers of a request choose.

Source: Google's Flex PayGo page, read in stored copies on 2026-11-25; messages are the emulator's own. Google's pages
disagree on which image models have the priority tier: here all have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_imagen.emulator.api_errors import ApiError
from airflow_provider_imagen.emulator.generate_content_limits import TRAITS

TIER_HEADER = "x-vertex-ai-llm-shared-request-type"
TIMEOUT_HEADER = "x-server-timeout"
TRAFFIC_TYPES = {"standard": "ON_DEMAND", "flex": "ON_DEMAND_FLEX", "priority": "ON_DEMAND_PRIORITY"}
LONGEST_SECONDS = 1800
FLEX_BYTES = 20 * 1024 * 1024


def traffic_type(headers: Mapping[str, str], model: dict[str, Any], inline_bytes: int) -> str:
    """Return the ``trafficType`` of the tier that a request chooses.

    :param headers: headers with lower-case names.
    :param inline_bytes: the size of its inline data.
    :raises ApiError: there is no such tier, or not for this request.
    """
    tier = headers.get(TIER_HEADER, "standard").lower()
    if tier not in TRAFFIC_TYPES:
        raise ApiError(400, f"Invalid value of {TIER_HEADER}: {tier}")
    if tier == "flex":
        _check_flex(headers, model, inline_bytes)
    return TRAFFIC_TYPES[tier]


def _check_flex(headers: Mapping[str, str], model: dict[str, Any], inline_bytes: int) -> None:
    # Nor is it served outside the location "global", but these models are not either.
    if not TRAITS[model["id"]].has_flex:
        raise ApiError(400, f"Flex PayGo is not supported for model {model['id']}.")
    if inline_bytes > FLEX_BYTES:
        raise ApiError(400, f"Inline data of {inline_bytes} bytes exceeds the limit of {FLEX_BYTES} for Flex PayGo.")
    seconds = headers.get(TIMEOUT_HEADER, "0")
    if not seconds.isdigit() or int(seconds) > LONGEST_SECONDS:
        raise ApiError(400, f"Invalid X-Server-Timeout, {seconds}: must be at most {LONGEST_SECONDS} seconds.")
