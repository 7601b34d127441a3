"""Many requests, one answer: nothing that came is lost, nothing that is missing goes unsaid."""

from __future__ import annotations

import pytest

from airflow_provider_imagen.core.response_merge import gather
from airflow_provider_imagen.core.responses import FilterReason, GeneratedImage, ImagesResponse
from airflow_provider_imagen.errors import (
    ImagenError,
    ImagesFilteredError,
    NoImageError,
    PermissionDeniedError,
    PromptBlockedError,
    QuotaExceededError,
    ResponseLostError,
    TokenLimitError,
)

IMAGE = ImagesResponse((GeneratedImage("image/png", data=b"x"),), 1)
REFUSED = ImagesResponse((), 1, (FilterReason("The image was blocked (IMAGE_SAFETY)."),))


def test_three_of_four_images_are_accounted_for_exactly() -> None:
    answer = gather([IMAGE, QuotaExceededError("No quota."), IMAGE, REFUSED], duration_seconds=2.0)

    assert (len(answer.images), answer.requested, answer.filtered) == (2, 4, 1)
    assert answer.failures == ("QuotaExceededError: No quota.",)
    assert [reason.text for reason in answer.reasons] == ["The image was blocked (IMAGE_SAFETY)."]


def test_the_same_reason_is_told_once() -> None:
    assert len(gather([REFUSED, REFUSED], duration_seconds=0).reasons) == 1


@pytest.mark.parametrize(
    "failures",
    [
        [QuotaExceededError("later"), ResponseLostError("first"), PermissionDeniedError("x")],
        [PermissionDeniedError("first"), QuotaExceededError("x"), REFUSED],
        [NoImageError("x"), PromptBlockedError("first")],
        [NoImageError("x"), TokenLimitError("first"), QuotaExceededError("x")],
        [REFUSED, NoImageError("first")],
        [PromptBlockedError("x"), ResponseLostError("first")],
    ],
)
def test_without_any_image_the_failure_that_matters_most_is_raised(
    failures: list[ImagesResponse | ImagenError],
) -> None:
    with pytest.raises(ImagenError, match="first"):
        gather(failures, duration_seconds=0)


def test_a_blocked_prompt_beside_an_image_is_one_more_filtered_image() -> None:
    answer = gather([IMAGE, PromptBlockedError("Blocked.", ("58061214",)), NoImageError("None.")], duration_seconds=0)

    assert (answer.filtered, answer.failures) == (1, ("NoImageError: None.",))
    assert answer.reasons == (FilterReason("Blocked.", ("58061214",)),)


def test_a_prompt_that_is_blocked_every_time_is_a_blocked_prompt() -> None:
    with pytest.raises(ImagesFilteredError, match="Blocked"):
        gather([PromptBlockedError("Blocked."), PromptBlockedError("Blocked.")], duration_seconds=0)
