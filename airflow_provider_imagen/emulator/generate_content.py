"""Responses to ``:generateContent``: a candidate with one image, or a reason without one."""

from __future__ import annotations

import base64
import dataclasses
import itertools
import secrets
import threading
from datetime import UTC, datetime
from typing import Any

from airflow_provider_imagen.emulator import pictures, proto_json
from airflow_provider_imagen.emulator.faults import Fault
from airflow_provider_imagen.emulator.generate_content_limits import TRAITS, Traits, pixels
from airflow_provider_imagen.emulator.generate_content_validation import check, check_contents, modalities, prompt_of

THOUGHT_TOKENS = 180
THOUGHT_SCALE = 4
SIGNATURE = base64.b64encode(b"an encrypted thought").decode()
UNSHOWN = (
    "Unable to show the generated image. The image was filtered out because it violated Google's Responsible AI "
    "practices. Try rephrasing the prompt. If you think this was an error, send feedback."
)
BLOCKED = "The prompt could not be submitted. Try rephrasing the prompt. If you think this was an error, send feedback."


def as_gemini_fault(fault: Fault | None) -> Fault | None:
    """Return a fault as Gemini answers it: without filtered predictions, a blocked prompt with HTTP 200."""
    if fault and fault.filtered and fault.finish_reason is None:
        fault = dataclasses.replace(fault, filtered=0, finish_reason="IMAGE_SAFETY")
    if fault and fault.blocked_prompt:
        fault = dataclasses.replace(
            fault, blocked_prompt=False, block_reason=fault.block_reason or "PROHIBITED_CONTENT"
        )
    return fault


def count_tokens(body: Any, model: dict[str, Any]) -> dict[str, Any]:
    """Return the body of the response to a ``:countTokens``.

    :raises ApiError: the request is invalid.
    """
    request = proto_json.read(body, "CountTokensRequest")
    check_contents(request, model)
    prompt = prompt_of(request)
    return {
        "totalTokens": _words(prompt),
        "totalBillableCharacters": len("".join(prompt.split())),
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": _words(prompt)}],
    }


class GenerateContentHandler:
    """Handles requests for one image each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests = itertools.count(1)

    def answer(self, body: Any, model: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        """Return the body of the response.

        :raises ApiError: the request is invalid.
        """
        request = proto_json.read(body, "GenerateContentRequest")
        check(request, model)
        with self._lock:
            number = next(self._requests)
        if fault and fault.block_reason is not None:
            feedback = {"blockReason": fault.block_reason, "blockReasonMessage": _message(fault, BLOCKED)}
            made = {"promptFeedback": feedback, "usageMetadata": _usage(request, 0, [])}
        else:
            made = _content(request, model, number, fault)
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return {**made, "modelVersion": model["id"], "createTime": now, "responseId": secrets.token_urlsafe(16)}


def _content(request: dict[str, Any], model: dict[str, Any], number: int, fault: Fault | None) -> dict[str, Any]:
    traits = TRAITS[model["id"]]
    thought_tokens = THOUGHT_TOKENS if traits.shows_thoughts else 0
    candidate: dict[str, Any] = {"content": {"role": "model"}, "finishReason": "STOP"}
    tokens: list[tuple[str, int]] = []
    if fault and fault.finish_reason is not None:
        candidate["finishReason"] = fault.finish_reason
        if message := _message(fault, UNSHOWN if fault.finish_reason.startswith("IMAGE_") else ""):
            candidate["finishMessage"] = message
    elif fault and fault.text_only is not None:
        candidate["content"]["parts"] = [{"text": fault.text_only}]
        tokens = [("TEXT", _words(fault.text_only))]
    else:
        candidate["content"]["parts"], tokens = _parts(request, model, number)
    return {"candidates": [candidate], "usageMetadata": _usage(request, thought_tokens, tokens)}


def _parts(
    request: dict[str, Any], model: dict[str, Any], number: int
) -> tuple[list[dict[str, Any]], list[tuple[str, int]]]:
    """Return thoughts, text and image, and the tokens they cost."""
    traits, config, prompt = TRAITS[model["id"]], request.get("generationConfig", {}), prompt_of(request)
    image_config = config.get("imageConfig", {})
    image_size = image_config.get("imageSize", "1K")
    size = pixels(image_config.get("aspectRatio", "1:1"), image_size)
    seed = f"{model['id']} {config.get('seed', f'request {number}')} {prompt}"
    shows_thoughts = traits.shows_thoughts and config.get("thinkingConfig", {}).get("includeThoughts", True)
    parts = _thoughts(prompt, size, seed) if shows_thoughts else []
    tokens = [("IMAGE", traits.tokens[image_size])]
    if "TEXT" in modalities(config):
        text = f"Here is your picture: {prompt}"
        parts.append({"text": text})
        tokens.append(("TEXT", _words(text)))
    picture = _picture(prompt, size, seed, image_config.get("imageOutputOptions", {}), traits)
    parts.append(picture | ({"thoughtSignature": SIGNATURE} if traits.shows_thoughts else {}))
    return parts, tokens


def _thoughts(prompt: str, size: tuple[int, int], seed: str) -> list[dict[str, Any]]:
    """Return interim results, marked as thoughts: they are no part of the result."""
    small = size[0] // THOUGHT_SCALE, size[1] // THOUGHT_SCALE
    draft = pictures.encode(pictures.draw("draft", small, f"{seed} thought"), "image/jpeg", 75)
    return [
        {"text": f"**Composing the scene**\n\nI will draw: {prompt}", "thought": True},
        {"inlineData": {"mimeType": "image/jpeg", "data": base64.b64encode(draft).decode()}, "thought": True},
    ]


def _picture(
    prompt: str, size: tuple[int, int], seed: str, options: dict[str, Any], traits: Traits
) -> dict[str, dict[str, str]]:
    mime_type = options.get("mimeType", traits.mime_type)
    data = pictures.encode(pictures.draw(prompt, size, seed), mime_type, options.get("compressionQuality", 75))
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}


def _usage(request: dict[str, Any], thoughts: int, made: list[tuple[str, int]]) -> dict[str, Any]:
    prompt_tokens, candidate_tokens = _words(prompt_of(request)), sum(count for _, count in made)
    usage: dict[str, Any] = {
        "promptTokenCount": prompt_tokens,
        "totalTokenCount": prompt_tokens + thoughts + candidate_tokens,
        "trafficType": "ON_DEMAND",
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt_tokens}],
    }
    if made:
        usage["candidatesTokenCount"] = candidate_tokens
        usage["candidatesTokensDetails"] = [{"modality": kind, "tokenCount": count} for kind, count in made]
    return usage | ({"thoughtsTokenCount": thoughts} if thoughts else {})


def _message(fault: Fault, usual: str) -> str:
    message = fault.finish_message or usual
    return f"{message} Support code: {', '.join(fault.support_codes)}.".lstrip() if fault.support_codes else message


def _words(text: str) -> int:
    return len(text.split())
