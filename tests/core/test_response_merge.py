"""Many responses, one: nothing that came is lost, nothing that is missing goes unsaid."""

from __future__ import annotations

from airflow_provider_imagen.core.response_merge import merge
from airflow_provider_imagen.core.responses import FilterReason, GeneratedImage, ImagesResponse
from airflow_provider_imagen.core.token_usage import TokenUsage

IMAGE = ImagesResponse((GeneratedImage("image/png", data=b"x"),), 1)
REFUSED = ImagesResponse((), 1, (FilterReason("The image was blocked (IMAGE_SAFETY)."),))


def test_three_of_four_images_are_accounted_for_exactly() -> None:
    merged = merge([IMAGE, IMAGE, REFUSED], 3)

    assert (len(merged.images), merged.requested, merged.filtered) == (2, 3, 1)
    assert [reason.text for reason in merged.reasons] == ["The image was blocked (IMAGE_SAFETY)."]


def test_the_same_reason_is_told_once() -> None:
    assert len(merge([REFUSED, REFUSED], 2).reasons) == 1


def test_items_that_cannot_be_understood_and_scores_of_the_prompt_are_kept() -> None:
    odd = ImagesResponse((), 1, prompt_safety_attributes={"Hate": 0.1}, not_understood=("a text",))

    merged = merge([IMAGE, odd], 2)
    assert merged.not_understood == ("a text",)
    assert merged.prompt_safety_attributes == {"Hate": 0.1}


def test_tokens_of_all_requests_sum_up() -> None:
    counted = ImagesResponse(IMAGE.images, 1, usages=(TokenUsage(prompt_token_count=4, images=1),))

    assert merge([counted, IMAGE, counted], 3).usage == TokenUsage(prompt_token_count=8, images=2)
    assert merge([IMAGE], 1).usage is None
