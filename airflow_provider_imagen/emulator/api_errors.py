"""Errors of Vertex AI: the JSON body that all Google APIs share, and the errors that more than one method has."""

from __future__ import annotations

from typing import Any

LEARN_MORE = "Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini"
STATUS_WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class ApiError(Exception):
    """An error response of Vertex AI.

    :param status: HTTP status.
    :param message: the message of the error body.
    :param details: the details of the error body.
    :param word: the status word of the error body, when it is not the usual one of ``status``.
    """

    def __init__(self, status: int, message: str, *, details: tuple[Any, ...] = (), word: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details
        self.word = word


def error_body(status: int, message: str, details: tuple[Any, ...] = (), word: str | None = None) -> dict[str, Any]:
    """Return Google's error body."""
    word = word or STATUS_WORDS.get(status, "UNKNOWN")
    return {"error": {"code": status, "message": message, "status": word, "details": list(details)}}


def blocked_prompt(codes: tuple[str, ...]) -> ApiError:
    """Return the error of a prompt that breaks Google's rules."""
    named = f" Support codes: {', '.join(codes)}" if codes else " Support codes: 42876398"
    return ApiError(
        400,
        "Image generation failed with the following error: The prompt could not be submitted. This prompt contains "
        "sensitive words that violate Google's Responsible AI practices. Try rephrasing the prompt." + named,
    )


def model_not_found(project: str, location: str, model: str) -> ApiError:
    """Return the error of a model that is retired or does not exist."""
    name = f"projects/{project}/locations/{location}/publishers/google/models/{model}"
    return ApiError(404, f"Publisher Model `{name}` was not found or your project does not have access to it.")


def wrong_method(model: str, protocol: str) -> ApiError:
    """Return the error of a model that was requested with another family's method."""
    message = f"{model} is not supported in the generateContent API."
    if protocol == "predict":
        message = (
            "Gemini cannot be accessed through Vertex Predict/RawPredict API. Please follow https://cloud.google.com/"
            "vertex-ai/docs/generative-ai/start/quickstarts/quickstart-multimodal for Gemini usage."
        )
    return ApiError(400, message, word="FAILED_PRECONDITION")
