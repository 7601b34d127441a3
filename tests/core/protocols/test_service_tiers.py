"""The headers of a service tier, and how long its responses are waited for."""

from __future__ import annotations

import pytest

from airflow_provider_imagen.core.protocols.service_tiers import headers_for, remark_on_tier, response_seconds


def test_without_a_tier_no_header_is_sent() -> None:
    assert headers_for(None, 300) == {}
    assert response_seconds(None, 300) == 300


def test_priority_is_two_headers() -> None:
    assert headers_for("priority", 300) == {
        "X-Vertex-AI-LLM-Request-Type": "shared",
        "X-Vertex-AI-LLM-Shared-Request-Type": "priority",
    }
    assert response_seconds("priority", 300) == 300


@pytest.mark.parametrize(
    ("timeout_seconds", "told"), [(1, "1200"), (300, "1200"), (1500, "1500"), (1800, "1800"), (7200, "1800")]
)
def test_flex_tells_google_how_long_to_try_and_waits_a_little_longer(timeout_seconds: float, told: str) -> None:
    assert headers_for("flex", timeout_seconds)["X-Server-Timeout"] == told
    assert response_seconds("flex", timeout_seconds) == int(told) + 30


@pytest.mark.parametrize(
    ("tier", "served"),
    [(None, ""), (None, "PROVISIONED_THROUGHPUT"), ("flex", "ON_DEMAND_FLEX"), ("priority", "ON_DEMAND_PRIORITY")],
)
def test_the_tier_that_was_asked_for_is_not_remarked_on(tier: str | None, served: str) -> None:
    assert remark_on_tier(tier, served) is None


@pytest.mark.parametrize(
    ("served", "said"),
    [
        ("ON_DEMAND", "served ON_DEMAND instead of ON_DEMAND_FLEX"),
        ("ON_DEMAND_FLEX, ON_DEMAND", "served ON_DEMAND_FLEX, ON_DEMAND instead of"),
        ("", "does not say in which tier"),
    ],
)
def test_another_tier_is_warned_of(served: str, said: str) -> None:
    assert said in str(remark_on_tier("flex", served))
