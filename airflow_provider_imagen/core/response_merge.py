"""The responses of several requests, put together into one."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.core.token_usage import TokenUsage


def merge(responses: Sequence[ImagesResponse], requested: int, usages: Sequence[TokenUsage] = ()) -> ImagesResponse:
    """Return one response for all requests.

    :param responses: the responses that came, in the order of the requests.
    :param requested: how many images were asked for together.
    :param usages: the tokens of responses that were errors.
    """
    scores = [response.prompt_safety_attributes for response in responses]
    return ImagesResponse(
        tuple(image for response in responses for image in response.images),
        requested,
        tuple(dict.fromkeys(reason for response in responses for reason in response.reasons)),
        next((each for each in scores if each is not None), None),
        tuple(item for response in responses for item in response.not_understood),
        usages=(*(usage for response in responses for usage in response.usages), *usages),
    )
