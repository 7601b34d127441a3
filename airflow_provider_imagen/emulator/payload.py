"""Reads the JSON of a ``:generateContent`` as Google's front end does.

A name may be in camelCase or snake_case, one object may stand for a list of one, null means not given. Every unknown
name and every value of the wrong kind is refused, with its path in snake_case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from airflow_provider_imagen.emulator.api_errors import ApiError

ENUMS = {
    "HarmCategory": {
        *(f"HARM_CATEGORY_{word}" for word in ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")),
        *(f"HARM_CATEGORY_IMAGE_{word}" for word in ("HARASSMENT", "HATE", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")),
        "HARM_CATEGORY_JAILBREAK",
    },
    "SafetySetting.HarmBlockThreshold": {
        "BLOCK_LOW_AND_ABOVE",
        "BLOCK_MEDIUM_AND_ABOVE",
        "BLOCK_ONLY_HIGH",
        "BLOCK_NONE",
        "OFF",
    },
    "SafetySetting.HarmBlockMethod": {"SEVERITY", "PROBABILITY"},
    "GenerationConfig.Modality": {"TEXT", "IMAGE", "AUDIO", "VIDEO"},
    "GenerationConfig.ThinkingConfig.ThinkingLevel": {"MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"},
    "ImageConfig.PersonGeneration": {"ALLOW_ALL", "ALLOW_ADULT", "ALLOW_NONE"},
    "ImageConfig.ProminentPeople": {"ALLOW_PROMINENT_PEOPLE", "BLOCK_PROMINENT_PEOPLE"},
}
SCALARS: dict[str, tuple[type, ...]] = {"STRING": (str,), "INT32": (int,), "BOOL": (bool,)}
LARGEST_INT32 = 2**31 - 1


def _anything(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), "")


MESSAGES: dict[str, dict[str, str]] = {
    "GenerateContentRequest": {
        "contents": "Content*",
        "systemInstruction": "Content",
        "safetySettings": "SafetySetting*",
        "generationConfig": "GenerationConfig",
        **_anything("cachedContent labels modelArmorConfig outputConfig serviceTier toolConfig tools"),
    },
    "Content": {"role": "STRING", "parts": "Part*"},
    "Part": {
        "text": "STRING",
        **_anything("codeExecutionResult executableCode fileData functionCall functionResponse inlineData"),
        **_anything("mediaResolution thought thoughtSignature videoMetadata"),
    },
    "SafetySetting": {
        "category": "HarmCategory",
        "threshold": "SafetySetting.HarmBlockThreshold",
        "method": "SafetySetting.HarmBlockMethod",
    },
    "GenerationConfig": {
        "candidateCount": "INT32",
        "seed": "INT32",
        "maxOutputTokens": "INT32",
        "responseModalities": "GenerationConfig.Modality*",
        "thinkingConfig": "GenerationConfig.ThinkingConfig",
        "imageConfig": "ImageConfig",
        **_anything("audioTimestamp enableAffectiveDialog frequencyPenalty logprobs mediaResolution"),
        **_anything("modelSelectionConfig presencePenalty responseFormat responseJsonSchema responseLogprobs"),
        **_anything("responseMimeType responseSchema routingConfig speechConfig stopSequences temperature topK topP"),
    },
    "GenerationConfig.ThinkingConfig": {
        "thinkingLevel": "GenerationConfig.ThinkingConfig.ThinkingLevel",
        "thinkingBudget": "INT32",
        "includeThoughts": "BOOL",
    },
    "ImageConfig": {
        "aspectRatio": "STRING",
        "imageSize": "STRING",
        "personGeneration": "ImageConfig.PersonGeneration",
        "prominentPeople": "ImageConfig.ProminentPeople",
        "imageOutputOptions": "ImageConfig.ImageOutputOptions",
    },
    "ImageConfig.ImageOutputOptions": {"mimeType": "STRING", "compressionQuality": "INT32"},
}
"""What each message holds: an empty kind is taken as it comes, a star marks a list."""

Mistakes = list[tuple[str, str]]


def read(payload: Any) -> dict[str, Any]:
    """Return a request with all its names in camelCase.

    :raises ApiError: unknown names, or values of the wrong kind; all of them at once, as Google does.
    """
    mistakes: Mistakes = []
    request = _value(payload, "GenerateContentRequest", "", mistakes)
    if mistakes:
        violations = [
            {"field": path, "description": said} if path else {"description": said} for path, said in mistakes
        ]
        detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}
        raise ApiError(400, "\n".join(said for _, said in mistakes), details=(detail,))
    return dict(request)


def _value(value: Any, kind: str, path: str, mistakes: Mistakes) -> Any:
    if kind.endswith("*"):
        many = value if isinstance(value, list) else [value]
        return [_value(each, kind[:-1], f"{path}[{index}]", mistakes) for index, each in enumerate(many)]
    if kind in MESSAGES and isinstance(value, dict):
        return dict(_fields(value, kind, path, mistakes))
    if not _fits(value, kind):
        named = f"TYPE_{kind}" if kind in SCALARS else f"type.googleapis.com/google.cloud.aiplatform.master.{kind}"
        mistakes.append((path, f"Invalid value at '{path}' ({named}), {json.dumps(value)}"))
    return value


def _fields(message: dict[str, Any], kind: str, path: str, mistakes: Mistakes) -> Iterator[tuple[str, Any]]:
    for name, value in message.items():
        camel = re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
        if camel not in MESSAGES[kind]:
            place = f" at '{path}'" if path else ""
            mistakes.append((path, f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.'))
        elif value is not None:
            yield camel, _value(value, MESSAGES[kind][camel], f"{path}.{_snake(camel)}".lstrip("."), mistakes)


def _fits(value: Any, kind: str) -> bool:
    if kind in ENUMS:
        return isinstance(value, str) and value in ENUMS[kind]
    if kind not in SCALARS:
        return not kind
    if kind == "INT32" and (isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_INT32):
        return False
    return isinstance(value, SCALARS[kind])


def _snake(camel: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", camel)
