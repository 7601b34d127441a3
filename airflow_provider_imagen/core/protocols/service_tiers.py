"""The tiers that a request may be served in: two headers, and a longer wait for the slow one.

Source: Google's Flex PayGo page and the model cards (stored copies read 2026-11-25). With the first header a request
passes by provisioned throughput, which has no tiers.
"""

from __future__ import annotations

FLEX = "flex"
FLEX_SECONDS = 1200.0
"""How long Google tries a flex request by default."""
LONGEST_FLEX_SECONDS = 1800.0
GRACE_SECONDS = 30.0
"""How much longer a response is waited for than Google was told to try, so that its own error comes first."""

TRAFFIC_TYPES = {None: "ON_DEMAND", "flex": "ON_DEMAND_FLEX", "priority": "ON_DEMAND_PRIORITY"}
"""What an answer's ``usageMetadata.trafficType`` says, by the tier that served it."""


def server_seconds(service_tier: str | None, timeout_seconds: float) -> float | None:
    """Return how long Google is told to try, None where it is told nothing.

    :param service_tier: the request's.
    :param timeout_seconds: the connection's time-out.
    """
    if service_tier != FLEX:
        return None
    return min(max(timeout_seconds, FLEX_SECONDS), LONGEST_FLEX_SECONDS)


def response_seconds(service_tier: str | None, timeout_seconds: float) -> float:
    """Return how long a response is waited for.

    :param service_tier: the request's.
    :param timeout_seconds: the connection's time-out.
    """
    told = server_seconds(service_tier, timeout_seconds)
    return timeout_seconds if told is None else told + GRACE_SECONDS


def headers_for(service_tier: str | None, timeout_seconds: float) -> dict[str, str]:
    """Return the headers that choose a tier; none for Google's standard.

    :param service_tier: the request's.
    :param timeout_seconds: the connection's time-out.
    """
    if service_tier is None:
        return {}
    told = server_seconds(service_tier, timeout_seconds)
    return {
        "X-Vertex-AI-LLM-Request-Type": "shared",
        "X-Vertex-AI-LLM-Shared-Request-Type": service_tier,
        **({} if told is None else {"X-Server-Timeout": f"{told:.0f}"}),
    }
