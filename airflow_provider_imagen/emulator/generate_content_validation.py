"""The checks of a ``:generateContent`` request whose JSON is valid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from airflow_provider_imagen.emulator.api_errors import LEARN_MORE, ApiError
from airflow_provider_imagen.emulator.generate_content_limits import TRAITS
from airflow_provider_imagen.emulator.input_pictures import check_media
from airflow_provider_imagen.emulator.messages import ONEOFS

MIME_TYPES = {"image/png", "image/jpeg"}
PARAMETERS = {"personGeneration": "person_generation", "prominentPeople": "prominent_people"}
"""Fields of ``imageConfig`` that not every model takes, and what decides that in the data file."""


def check(request: dict[str, Any], model: dict[str, Any]) -> None:
    """Check a request.

    :param request: the request as :func:`proto_json.read` returns it.
    :param model: the row of the requested model.
    :raises ApiError: the first mistake.
    """
    checks: tuple[Callable[..., Iterator[str]], ...] = (
        _unsupported,
        _contents,
        _switches,
        _generation,
        _thinking,
        _image,
        _output,
    )
    for each in checks:
        for message in each(request, model):
            raise ApiError(400, message)


def check_contents(request: dict[str, Any], model: dict[str, Any]) -> None:
    """Check the contents of a request only.

    :raises ApiError: the first mistake.
    """
    for message in _contents(request, model):
        raise ApiError(400, message)


def prompt_of(request: dict[str, Any]) -> str:
    """Return the text of the user's turns."""
    turns = [content for content in request["contents"] if (content.get("role") or "user").lower() == "user"]
    parts = [part for content in turns for part in content["parts"]]
    return "\n".join(part["text"] for part in parts if "text" in part)


def modalities(config: dict[str, Any]) -> list[str]:
    """Return the modalities of a response; an image model answers with text and image by default."""
    return config.get("responseModalities") or ["TEXT", "IMAGE"]


def _unsupported(request: dict[str, Any], model: dict[str, Any]) -> Iterator[str]:
    """Refuse fields whose effect on an image model is not documented."""
    del model
    for name in ("outputConfig", "cachedContent"):
        if name in request:
            yield f"{name} is not served by the emulator."
    if "responseFormat" in request.get("generationConfig", {}):
        yield "responseFormat is not served by the emulator."


def _contents(request: dict[str, Any], model: dict[str, Any]) -> Iterator[str]:
    if not request.get("contents"):
        yield f"Unable to submit request because at least one contents field is required. {LEARN_MORE}"
    for content in request["contents"]:
        if (content.get("role") or "user").lower() not in {"user", "model"}:
            yield "Please use a valid role: user, model."
        if not content.get("parts"):
            yield (
                "Unable to submit request because it must include at least one parts field, which describes the "
                f"prompt input. {LEARN_MORE}"
            )
        for part in content["parts"]:
            yield from _part(part)
    yield from check_media(request, model)
    if (count := len(prompt_of(request).split())) > model["prompt_tokens"]:
        most = model["prompt_tokens"]
        yield f"The input token count ({count}) exceeds the maximum number of tokens allowed ({most})."


def _part(part: dict[str, Any]) -> Iterator[str]:
    if not any(name in part for name in ONEOFS["Part"]):
        yield 'Unable to submit request because each part must have exactly one "data" field, such as text.'
    if part.get("text") == "":
        yield (
            "Unable to submit request because it must have a text parameter. Add a text parameter and try again. "
            + LEARN_MORE
        )


def _switches(request: dict[str, Any], model: dict[str, Any]) -> Iterator[str]:
    traits = TRAITS[model["id"]]
    if request.get("systemInstruction", {}).get("parts") and not traits.takes_instruction:
        yield "Developer instruction is not enabled for this model"
    for tool in request.get("tools", []):
        if "functionDeclarations" in tool:
            yield "Function calling is not enabled for this model"
        if tool and "googleSearch" not in tool:
            yield f"{next(iter(tool))} as tool is not enabled for this model"
        if tool and not traits.searches:
            yield "Search as tool is not enabled for this model"
        if (
            "imageSearch" in (tool.get("googleSearch", {}).get("searchTypes") or {})
            and "imageSearch" not in traits.searches
        ):
            yield f"Image search as tool is not enabled for models/{model['id']}"
    config = request.get("generationConfig", {})
    if config.get("responseMimeType", "text/plain") != "text/plain" or "responseSchema" in config:
        yield "JSON mode is not enabled for this model"


def _generation(request: dict[str, Any], model: dict[str, Any]) -> Iterator[str]:
    config = request.get("generationConfig", {})
    count = config.get("candidateCount", 1)
    if count > 1:
        yield "Multiple candidates is not enabled for this model"
    if count < 1:
        yield f"Unable to submit request because it has a candidateCount value of {count}: it must be 1."
    for name in TRAITS[model["id"]].refuses:
        if name in config:
            yield f"Unable to submit request because {name} is not supported by model {model['id']}. Remove it."
    requested = modalities(config)
    if "IMAGE" not in requested or not {"TEXT", "IMAGE"}.issuperset(requested):
        named = ", ".join(str(each).lower() for each in requested)
        yield f"Model does not support the requested response modalities: {named}"


def _thinking(request: dict[str, Any], model: dict[str, Any]) -> Iterator[str]:
    config = request.get("generationConfig", {}).get("thinkingConfig", {})
    level, traits = config.get("thinkingLevel"), TRAITS[model["id"]]
    if config.get("includeThoughts") and not (traits.shows_thoughts or traits.thinking_levels):
        yield "Thinking is not enabled for this model"
    if level is not None and level not in traits.thinking_levels:
        yield f"Thinking level {level} is not supported for this model. Please retry with other thinking level."


def _image(request: dict[str, Any], model: dict[str, Any]) -> Iterator[str]:
    config = request.get("generationConfig", {}).get("imageConfig", {})
    ratio, size = config.get("aspectRatio", "1:1"), config.get("imageSize")
    if ratio not in model["aspect_ratios"]:
        yield f"Invalid aspect ratio, {ratio}"
    if size is not None and not model.get("image_sizes"):
        yield f"imageSize is not supported by model {model['id']}."
    if size is not None and size not in model["image_sizes"]:
        yield f"Invalid image size, {size}"
    for name, parameter in PARAMETERS.items():
        if name in config and parameter not in model["parameters"]:
            yield f"{name} is not supported by model {model['id']}."


def _output(request: dict[str, Any], model: dict[str, Any]) -> Iterator[str]:
    del model
    options = request.get("generationConfig", {}).get("imageConfig", {}).get("imageOutputOptions", {})
    if options.get("mimeType", "image/png") not in MIME_TYPES:
        yield f"Invalid mimeType, {options['mimeType']}"
    quality = options.get("compressionQuality", 75)
    if not 0 <= quality <= 100:  # noqa: PLR2004  # the documented range
        yield f"Invalid compressionQuality, {quality}: must be between 0 and 100."
