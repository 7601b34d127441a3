"""The tokens that Google counted, whatever form it writes them in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_imagen.core.protocols.usage_metadata import usage_of
from airflow_provider_imagen.core.token_usage import TokenUsage, sum_of

REAL = {
    "promptTokenCount": 264,
    "candidatesTokenCount": 1290,
    "thoughtsTokenCount": 180,
    "totalTokenCount": 1734,
    "trafficType": "ON_DEMAND",
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 6}, {"modality": "IMAGE", "tokenCount": 258}],
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
}
READ = TokenUsage(264, 1290, 180, 1734, {"TEXT": 6, "IMAGE": 258}, {"IMAGE": 1290}, "ON_DEMAND", 1)
SNAKE = {
    "prompt_token_count": 264,
    "candidates_token_count": "1290",
    "thoughts_token_count": 180.0,
    "total_token_count": " 1734 ",
    "traffic_type": 1,
    "prompt_tokens_details": [{"modality": 1, "token_count": "6"}, {"modality": "image", "token_count": 258}],
    "candidates_tokens_details": {"modality": 2, "token_count": 1290},
}
"""The same as proto3 JSON also allows it, and one object for an array of it."""


@pytest.mark.parametrize("metadata", [REAL, SNAKE, [REAL], [None, [REAL]]])
def test_the_usage_is_read_in_every_form_of_proto3_json(metadata: Any) -> None:
    assert usage_of({"usageMetadata": metadata}, 1) == READ


@pytest.mark.parametrize(
    "odd",
    [None, True, False, -1, 1.5, 2**31, 10**400, float("nan"), float("inf"), "", "many", "1e3", "٣", {}, [], [[]]],
)
def test_a_count_that_is_none_is_left_out(odd: Any) -> None:
    usage = usage_of({"usageMetadata": REAL | {"promptTokenCount": odd, "thoughtsTokenCount": [odd]}}, 1)

    assert usage is not None
    assert (usage.prompt_token_count, usage.thoughts_token_count) == (None, None)
    assert usage.candidates_token_count == 1290


@pytest.mark.parametrize("metadata", [None, {}, [], 7, "text", {"trafficType": None}, {"promptTokensDetails": [7]}])
def test_nothing_that_can_be_read_is_no_usage(metadata: Any) -> None:
    assert usage_of({"usageMetadata": metadata}, 1) is None
    assert usage_of([], 1) is None


@pytest.mark.parametrize("odd", ["x" * 61, "<script>", "TRAFFIC_TYPE_UNSPECIFIED", 0, {"a": 1}, float("inf")])
def test_a_traffic_type_that_is_no_name_is_left_out(odd: Any) -> None:
    assert usage_of({"usageMetadata": REAL | {"trafficType": odd}}, 1) == TokenUsage(
        *(264, 1290, 180, 1734), READ.prompt_tokens_details, READ.candidates_tokens_details, "", 1
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(["7", "IMAGE"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(REAL)), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*REAL, *SNAKE]), json_values))
def test_any_usage_is_read_or_left_out(metadata: dict[str, Any]) -> None:
    usage = usage_of({"usageMetadata": metadata}, 1)

    if usage is not None:
        assert 0 <= usage.image_tokens <= usage.output_tokens
        json.dumps([usage.prompt_tokens_details, usage.traffic_type], ensure_ascii=False).encode()


def test_several_requests_of_one_task_sum_up() -> None:
    flex = TokenUsage(4, 1120, traffic_type="ON_DEMAND_FLEX", candidates_tokens_details={"IMAGE": 1120}, images=1)

    assert sum_of([READ, flex, READ]) == TokenUsage(
        *(532, 3700, 360, 3468), {"TEXT": 12, "IMAGE": 516}, {"IMAGE": 3700}, "ON_DEMAND, ON_DEMAND_FLEX", 3
    )
    assert sum_of([sum_of([READ, flex]) or READ, flex]) == sum_of([READ, flex, flex])
    assert sum_of([]) is None


def test_the_tokens_of_images_are_those_of_the_details_and_no_more_than_came() -> None:
    assert (
        TokenUsage(candidates_token_count=1130, candidates_tokens_details={"IMAGE": 1120, "TEXT": 10}).image_tokens
        == 1120
    )
    assert TokenUsage(candidates_token_count=1120, candidates_tokens_details={"IMAGE": 2240}).image_tokens == 1120
    assert TokenUsage(candidates_token_count=1120, images=1).image_tokens == 1120
    assert TokenUsage(candidates_token_count=30).image_tokens == 0
    assert TokenUsage(candidates_tokens_details={"IMAGE": 1120}, images=1).image_tokens == 1120
