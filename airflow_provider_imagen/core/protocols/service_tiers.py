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

TRAFFIC_TYPES = {"flex": "ON_DEMAND_FLEX", "priority": "ON_DEMAND_PRIORITY"}
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


def remark_on_tier(service_tier: str | None, traffic_type: str) -> str | None:
    """Return a warning when Google served another tier than the one that was asked for, and bills that.

    :param service_tier: the request's.
    :param traffic_type: what the answers say, each type once, with commas; empty where they say nothing.
    """
    expected = TRAFFIC_TYPES.get(service_tier or "")
    if expected is None or traffic_type == expected:
        return None
    if not traffic_type:
        return f"service_tier is {service_tier!r}, and Google does not say in which tier it served the request."
    return (
        f"service_tier is {service_tier!r}, and Google served {traffic_type} instead of {expected}, at that tier's "
        "price. Check that the model has the tier, and that no proxy drops the request's headers."
    )


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
