"""Responses to ``:generateContent``: a candidate with one image, or a reason without one."""

from __future__ import annotations

import base64
import dataclasses
import itertools
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_provider_imagen.emulator import content_usage, proto_json
from airflow_provider_imagen.emulator.content_usage import THOUGHT_TOKENS, Tokens, words
from airflow_provider_imagen.emulator.drawings import Drawings
from airflow_provider_imagen.emulator.faults import Fault
from airflow_provider_imagen.emulator.generate_content_limits import TRAITS, Traits, nearest_ratio, nearest_size, pixels
from airflow_provider_imagen.emulator.generate_content_validation import check, check_contents, modalities, prompt_of
from airflow_provider_imagen.emulator.input_pictures import InputPicture, inline_bytes, read_pictures
from airflow_provider_imagen.emulator.service_tiers import traffic_type
from airflow_provider_imagen.emulator.storage_front import StorageFront

THOUGHT_SCALE = 4
SIGNATURE = base64.b64encode(b"an encrypted thought").decode()
UNSHOWN = (
    "Unable to show the generated image. The image was filtered out because it violated Google's Responsible AI "
    "practices. Try rephrasing the prompt. If you think this was an error, send feedback."
)
BLOCKED = "The prompt could not be submitted. Try rephrasing the prompt. If you think this was an error, send feedback."
NO_FAULT = Fault("generate")


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
    return content_usage.counted(request, model)


@dataclass(frozen=True, slots=True)
class ContentRequest:
    """A checked request.

    :param message: the request as :func:`proto_json.read` returns it.
    :param model: the row of the requested model.
    :param number: how many requests came before.
    :param pictures: the pictures in it.
    :param traffic_type: the tier that serves it.
    :param fault: the fault that applies to it.
    :param drawings: makes the images.
    :param is_batch: whether it is a line of a batch prediction job, which gives images of size 1K only.
    """

    message: dict[str, Any]
    model: dict[str, Any]
    number: int
    pictures: list[InputPicture]
    traffic_type: str
    fault: Fault
    drawings: Drawings
    is_batch: bool = False

    @property
    def traits(self) -> Traits:
        """The limits and defaults of the model."""
        return TRAITS[self.model["id"]]

    @property
    def config(self) -> dict[str, Any]:
        """The ``generationConfig``."""
        return dict(self.message.get("generationConfig", {}))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the image; without an aspect ratio it follows the first picture."""
        if self.fault.served_size:
            return self.fault.served_size
        config = self.config.get("imageConfig", {})
        ratio = config.get("aspectRatio", "1:1")
        if "aspectRatio" not in config and self.pictures and self.pictures[0].image:
            ratio = nearest_ratio(self.pictures[0].image.size, self.model["aspect_ratios"])
        return pixels(ratio, "1K" if self.is_batch else config.get("imageSize", "1K"))

    @property
    def seed(self) -> str:
        """What decides colours and shapes."""
        return f"{self.model['id']} {self.config.get('seed', f'request {self.number}')} {prompt_of(self.message)}"

    def usage(self, thought_tokens: int, candidate_tokens: Tokens) -> dict[str, Any]:
        """Return the ``usageMetadata`` of the response."""
        return content_usage.usage(self.message, self.model, thought_tokens, candidate_tokens, self.traffic_type)


class GenerateContentHandler:
    """Handles requests for one image each.

    :param storage: Cloud Storage as the service agent reaches it.
    :param drawings: makes the images.
    """

    def __init__(self, storage: StorageFront, drawings: Drawings) -> None:
        self._storage, self._drawings = storage, drawings
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    def answer(
        self,
        body: Any,
        model: dict[str, Any],
        headers: Mapping[str, str],
        fault: Fault | None,
        *,
        is_batch: bool = False,
    ) -> dict[str, Any]:
        """Return the body of the response.

        :param is_batch: whether the request is a line of a batch prediction job.
        :raises ApiError: the request is invalid.
        """
        message = proto_json.read(body, "GenerateContentRequest")
        check(message, model)
        tier = traffic_type(headers, model, inline_bytes(message))
        images = read_pictures(message, self._storage)
        with self._lock:
            number = next(self._numbers)
        fault = fault or NO_FAULT
        tier = fault.traffic_type or tier
        request = ContentRequest(message, model, number, images, tier, fault, self._drawings, is_batch)
        if fault.block_reason is not None:
            feedback = {"blockReason": fault.block_reason, "blockReasonMessage": _message(fault, BLOCKED)}
            response = {"promptFeedback": feedback, "usageMetadata": request.usage(0, [])}
        else:
            response = _content(request)
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return {**response, "modelVersion": model["id"], "createTime": now, "responseId": secrets.token_urlsafe(16)}


def _content(request: ContentRequest) -> dict[str, Any]:
    fault = request.fault
    candidate: dict[str, Any] = {"content": {"role": "model"}, "finishReason": "STOP"}
    tokens: Tokens = []
    if fault.finish_reason is not None:
        candidate["finishReason"] = fault.finish_reason
        if message := _message(fault, UNSHOWN if fault.finish_reason.startswith("IMAGE_") else ""):
            candidate["finishMessage"] = message
    elif fault.text_only is not None:
        candidate["content"]["parts"] = [{"text": fault.text_only}]
        tokens = [("TEXT", words(fault.text_only))]
    else:
        candidate["content"]["parts"], tokens = _parts(request)
    if any("googleSearch" in tool for tool in request.message.get("tools", [])):
        candidate["groundingMetadata"] = {"webSearchQueries": [prompt_of(request.message)]}
    thought_tokens = THOUGHT_TOKENS if request.traits.shows_thoughts else 0
    return {"candidates": [candidate], "usageMetadata": request.usage(thought_tokens, tokens)}


def _parts(request: ContentRequest) -> tuple[list[dict[str, Any]], Tokens]:
    """Return thoughts, text and image, and the tokens they cost."""
    traits, config, prompt = request.traits, request.config, prompt_of(request.message)
    shows_thoughts = traits.shows_thoughts and config.get("thinkingConfig", {}).get("includeThoughts", True)
    parts = _thoughts(prompt, request) if shows_thoughts else []
    tokens = [("IMAGE", traits.tokens[nearest_size(request.size, list(traits.tokens))])]
    if "TEXT" in modalities(config):
        text = f"Here is your picture: {prompt}"
        parts.append({"text": text})
        tokens.append(("TEXT", words(text)))
    parts.append(_image(prompt, request) | ({"thoughtSignature": SIGNATURE} if traits.shows_thoughts else {}))
    return parts, tokens


def _thoughts(prompt: str, request: ContentRequest) -> list[dict[str, Any]]:
    """Return interim results, marked as thoughts: they are no part of the result."""
    small = request.size[0] // THOUGHT_SCALE, request.size[1] // THOUGHT_SCALE
    draft = request.drawings.file("draft", small, f"{request.seed} thought", (), ("image/jpeg", 75))
    return [
        {"text": f"**Composing the scene**\n\nI will draw: {prompt}", "thought": True},
        {"inlineData": {"mimeType": "image/jpeg", "data": base64.b64encode(draft).decode()}, "thought": True},
    ]


def _image(prompt: str, request: ContentRequest) -> dict[str, Any]:
    options = request.config.get("imageConfig", {}).get("imageOutputOptions", {})
    mime_type = options.get("mimeType", request.traits.mime_type)
    inputs = [picture.image for picture in request.pictures]
    encoding = (mime_type, options.get("compressionQuality", 75))
    data = request.drawings.file(prompt, request.size, request.seed, inputs, encoding)
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}


def _message(fault: Fault, usual: str) -> str:
    message = fault.finish_message or usual
    return f"{message} Support code: {', '.join(fault.support_codes)}.".lstrip() if fault.support_codes else message
