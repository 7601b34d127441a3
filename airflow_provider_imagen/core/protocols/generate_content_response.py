"""The response of ``:generateContent``: images, or the reason why there is none.

Source: REST reference of ``generateContent``; the names and numbers of the enums are those of Google's v1 proto files
and of google-genai 3.4.0 (2026-11-22).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from airflow_provider_imagen.core.image_format import NotAnImageError, kind_of
from airflow_provider_imagen.core.image_size import size_of
from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.protocols.json_fields import (
    bytes_of,
    enum_of,
    field,
    is_set,
    objects,
    shape_of,
    text_of,
)
from airflow_provider_imagen.core.protocols.usage_metadata import usage_of
from airflow_provider_imagen.core.responses import FilterReason, GeneratedImage, ImagesResponse
from airflow_provider_imagen.core.support_codes import codes_in
from airflow_provider_imagen.core.text import counted, quoted, shortened
from airflow_provider_imagen.core.token_usage import TokenUsage
from airflow_provider_imagen.errors import NoImageError, PromptBlockedError, TokenLimitError, UnexpectedResponseError

FINISH_REASONS = {
    1: "STOP",
    2: "MAX_TOKENS",
    3: "SAFETY",
    4: "RECITATION",
    5: "OTHER",
    6: "BLOCKLIST",
    7: "PROHIBITED_CONTENT",
    8: "SPII",
    9: "MALFORMED_FUNCTION_CALL",
    10: "MODEL_ARMOR",
    15: "UNEXPECTED_TOOL_CALL",
}
BLOCK_REASONS = {
    1: "SAFETY",
    2: "OTHER",
    3: "BLOCKLIST",
    4: "PROHIBITED_CONTENT",
    5: "MODEL_ARMOR",
    6: "JAILBREAK",
}
BLOCKED = {
    "SAFETY",
    "RECITATION",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MODEL_ARMOR",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
}
"""Finish reasons of a filter."""

TOKEN_LIMIT = {"MAX_TOKENS", "CONTINUATION"}
NOT_MADE = {
    "OTHER",
    "IMAGE_OTHER",
    "NO_IMAGE",
    "LANGUAGE",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
}
"""Finish reasons of a model that made no image, beside ``MALFORMED_*``; none of them blames the prompt."""

_NO_REASON = {"", "STOP"}
"""Finish reasons that say nothing about a missing image."""

ENVELOPE = ("promptFeedback", "usageMetadata", "modelVersion", "responseId", "createTime")
"""Fields that every response of Google's has beside its candidates."""

LONGEST_QUOTE = 300
LONGEST_MESSAGE = 2000


class _Ending(NamedTuple):
    """Why a candidate ended: the finish reason, empty when there is none, and Google's message on it."""

    reason: str
    message: str

    def in_words(self, what: str) -> str:
        return f"{what} ({self.reason}). {self.message}".strip()


def decode(body: bytes, requested: int) -> ImagesResponse:
    """Read the body of an HTTP 200: images, or why Google's filters or the model itself did not want to make one.

    :param body: the body as it came.
    :param requested: how many images were asked for.
    :raises PromptBlockedError: Google refused the prompt.
    :raises NoImageError: the model made no image, and no filter is the reason.
    :raises UnexpectedResponseError: it holds none of these.
    """
    size = len(body)
    try:
        answer = read_json(body)
    except ValueError as failure:
        raise _unexpected(counted(size, "byte that is no JSON", "bytes that are no JSON")) from failure
    del body
    return judge(answer, requested)


def judge(answer: Any, requested: int) -> ImagesResponse:
    """Read a response whose JSON was read already: a body of its own, or part of a line of a batch job.

    :param answer: the response as JSON values.
    :param requested: how many images were asked for.
    :raises ImagenError: as :func:`decode`.
    """
    candidates = [each for response in objects(answer) for each in objects(field(response, "candidates"))]
    contents = [content for each in candidates for content in objects(field(each, "content"))]
    parts = [part for content in contents for part in objects(field(content, "parts"))]
    endings = [_ending(each) for each in candidates]
    is_blocked = any(ending.reason in BLOCKED for ending in endings)
    images, unreadable = _images_in(parts, takes_thoughts=not is_blocked)
    usage = usage_of(answer, len(images))
    usages = () if usage is None else (usage,)
    if images:
        return ImagesResponse(images, requested, not_understood=unreadable, usages=usages)
    _raise_if_prompt_is_blocked(answer)
    if is_blocked:
        return ImagesResponse((), requested, _filter_reasons(endings), usages=usages)
    if unreadable:
        raise _unexpected("; ".join(unreadable))
    words = " ".join(text for part in parts if not _is_thought(part) and (text := text_of(part.get("text"))))
    ending = next((each for each in endings if each.reason), next((each for each in endings if each.message), None))
    if words and (ending is None or ending.reason in _NO_REASON):
        text = f"The model answered with words instead of an image: {shortened(words, LONGEST_QUOTE)}"
        return ImagesResponse((), requested, (FilterReason(text, is_declined=True),), usages=usages)
    is_empty = contents and not any(field(part, "inlineData") for part in parts)
    if ending is None and not is_empty and not _is_google_s(answer):
        raise _unexpected(f"neither an image nor a reason for its absence, but {shape_of(answer)}")
    raise _no_image(ending, words, usage)


def _ending(candidate: dict[str, Any]) -> _Ending:
    message = shortened(text_of(field(candidate, "finishMessage")), LONGEST_MESSAGE)
    return _Ending(enum_of(field(candidate, "finishReason"), FINISH_REASONS), message)


def _images_in(
    parts: list[dict[str, Any]], *, takes_thoughts: bool
) -> tuple[tuple[GeneratedImage, ...], tuple[str, ...]]:
    """Return the images, and in words what claims to be one and is none.

    A model that thinks sends drafts as thoughts. Where a draft is all that came, the last one is the image.
    """
    final, drafts, unreadable = list[GeneratedImage](), list[GeneratedImage](), list[str]()
    for part in parts:
        for blob in objects(field(part, "inlineData")):
            match _image_in(blob):
                case GeneratedImage() as image:
                    (drafts if _is_thought(part) else final).append(image)
                case str() as what:
                    unreadable.append(what)
    if not final and drafts and takes_thoughts:
        remark = f"{drafts[-1].remark or ''} Google marked this image as a thought; it is kept, as no other came."
        final = [replace(drafts[-1], remark=remark.strip())]
    return tuple(final), tuple(unreadable)


def _is_thought(part: dict[str, Any]) -> bool:
    return is_set(part.get("thought"))


def _image_in(blob: dict[str, Any]) -> GeneratedImage | str | None:
    """Return what ``inlineData`` holds; in words what is no image; None when it is empty."""
    try:
        data = bytes_of(field(blob, "data"))
        if data is None:
            return None
        kind = kind_of(data, text_of(field(blob, "mimeType")))
    except NotAnImageError as failure:
        return str(failure)
    except ValueError:
        return shape_of(blob)
    return GeneratedImage(kind.mime_type, data=data, remark=kind.remark, size=size_of(data))


def _raise_if_prompt_is_blocked(answer: Any) -> None:
    for feedback in (each for response in objects(answer) for each in objects(field(response, "promptFeedback"))):
        reason = enum_of(field(feedback, "blockReason"), BLOCK_REASONS)
        message = shortened(text_of(field(feedback, "blockReasonMessage")), LONGEST_MESSAGE)
        if reason or message:
            text = f"The prompt was blocked{f' ({reason})' if reason else ''}. {message}".strip()
            blocked = FilterReason(text, codes_in(message))
            raise PromptBlockedError(f"{blocked.in_words()} Rephrase the prompt.", blocked.codes)


def _filter_reasons(endings: list[_Ending]) -> tuple[FilterReason, ...]:
    blocked = [ending for ending in endings if ending.reason in BLOCKED]
    reasons = [FilterReason(each.in_words("The image was blocked"), codes_in(each.message)) for each in blocked]
    return tuple(dict.fromkeys(reasons))


def _is_google_s(answer: Any) -> bool:
    return any(field(response, name) is not None for response in objects(answer) for name in ENVELOPE)


def _no_image(ending: _Ending | None, words: str, usage: TokenUsage | None) -> NoImageError:
    said = f" The model said: {shortened(words, LONGEST_QUOTE)}" if words else ""
    if ending is None or ending.reason in _NO_REASON:
        found = ending.message if ending and ending.message else "Google's answer is empty."
        return NoImageError(f"The model made no image and gave no reason: {found} {_NEXT}", usage)
    if ending.reason in TOKEN_LIMIT:
        text = ending.in_words("The model reached its token limit before the image was complete")
        return TokenLimitError(f"{text}{said} Shorten the prompt; the same request would end the same way.", usage)
    if ending.reason in NOT_MADE or ending.reason.startswith("MALFORMED_"):
        return NoImageError(f"{ending.in_words('The model made no image')}{said} {_NEXT}", usage)
    known = _Ending(quoted(ending.reason), ending.message)
    text = known.in_words("The model made no image, for a reason that this provider does not know")
    return NoImageError(f"{text}{said} {_NEXT}", usage)


_NEXT = "Another try may bring one; Google may bill each for the tokens it read."


def _unexpected(what: str) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"Google answered 200 with {what}. The image may have been made and billed; report the answer's shape to the "
        "maintainers of this provider before you run the task again."
    )
