"""The checks of a ``:predict`` request, with the messages that the API reference and field reports give."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from airflow_provider_imagen.emulator import proto_json
from airflow_provider_imagen.emulator.api_errors import ApiError
from airflow_provider_imagen.emulator.messages import MESSAGES
from airflow_provider_imagen.emulator.predict_limits import ACCEPTED, FIELD_OF_PARAMETER

SAFETY = {"block_low_and_above", "block_medium_and_above", "block_only_high", "block_none"}
OLD_SAFETY = {"block_most", "block_some", "block_few", "block_fewest"}
PERSONS = {"dont_allow", "allow_adult", "allow_all"}
LANGUAGES = {"auto", "en", "es", "hi", "ja", "ko", "pt", "zh", "zh-cn", "zh-tw"}
STYLES = {"photograph", "digital_art", "landscape", "sketch", "watercolor", "cyberpunk", "pop_art"}
CHOICES = {
    "safetySetting": SAFETY | OLD_SAFETY,
    "personGeneration": PERSONS,
    "language": LANGUAGES,
    "sampleImageStyle": STYLES,
}
KINDS: dict[str, type | tuple[type, ...]] = {"BOOL": bool, "FLOAT": (int, float)}
"""Python's types of the parameters that no other check looks at."""

UPSCALED_SIZES = {"2048", "4096"}
TOLERANCE = 0.1
"""Sizes of an upscaled image, and how near to a factor they must be (``vertexai.vision_models``)."""

MIME_TYPES = {
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/tiff",
    "image/vnd.microsoft.icon",
}


def check(body: dict[str, Any], model: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Check a request and return its instance and its parameters, with the types that the service reads them as.

    :param body: the request as :func:`proto_json.read` returns it.
    :param model: the row of the requested model.
    :raises ApiError: the first mistake.
    """
    instances = body.get("instances", [])
    if len(instances) != 1 or not isinstance(instances[0], dict):
        raise ApiError(400, "Only a single prompt is supported by the service: instances must have one item.")
    instance = proto_json.read_known(instances[0], "VisionGenerativeModelInstance")
    parameters = proto_json.read_known(body.get("parameters") or {}, "VisionGenerativeModelParams")
    if not isinstance(parameters, dict):
        raise ApiError(400, "parameters must be an object.")
    upscales = parameters.get("mode") == "upscale"
    _check_editing(instance, parameters, model, upscales=upscales)
    if ("upscale" if upscales else "generate") not in model["jobs"]:
        raise ApiError(400, f"Model {model['id']} does not support this mode.")
    checks: tuple[Callable[..., Iterator[str]], ...] = (_common, _of_upscale if upscales else _of_generate)
    for each in checks:
        for message in each(instance, parameters, model):
            raise ApiError(400, message)
    return instance, parameters


def upscale_factor(parameters: dict[str, Any], model: dict[str, Any], size: tuple[int, int]) -> int:
    """Return the factor of a checked request; without one, ``sampleImageSize`` is the longer side of the result.

    :param size: width and height of the image.
    :raises ApiError: the model has no such factor.
    """
    if factor := parameters.get("upscaleConfig", {}).get("upscaleFactor"):
        return int(factor[1:])
    wanted = int(parameters["sampleImageSize"]) / max(size)
    for factor in model["upscale_factors"]:
        if abs(wanted - int(factor[1:])) < TOLERANCE:
            return int(factor[1:])
    raise ApiError(
        400, f"Invalid sampleImageSize, {parameters['sampleImageSize']}, for an image of {max(size)} pixels."
    )


def _check_editing(
    instance: dict[str, Any], parameters: dict[str, Any], model: dict[str, Any], *, upscales: bool
) -> None:
    given = [name for name in ("referenceImages", "mask", *(() if upscales else ("image",))) if name in instance]
    given += [name for name in ("editMode", "editConfig") if name in parameters]
    if given:
        message = f"Editing images ({', '.join(given)}) with {model['id']} is not served by the emulator."
        raise ApiError(501, message, word="UNIMPLEMENTED")


def _common(instance: dict[str, Any], parameters: dict[str, Any], model: dict[str, Any]) -> Iterator[str]:
    count = parameters.get("sampleCount", 1 if parameters.get("mode") == "upscale" else 4)
    if not _is_between(count, 1, model["max_images"]):
        yield f"Invalid sampleCount, {count}: must be between 1 and {model['max_images']}."
    if "storageUri" in parameters and not re.match(r"^gs://(.+)/(.+)$", str(parameters["storageUri"])):
        yield f"Invalid storageUri, {parameters['storageUri']}: must match ^gs://(.+)/(.+)$"
    for name, allowed in CHOICES.items():
        if name in parameters and str(parameters[name]).lower() not in allowed:
            yield f"Invalid {name}, {parameters[name]}"
    for name, field in FIELD_OF_PARAMETER.items():
        if name in parameters and field not in model["parameters"] and not _is_accepted(name, parameters, model):
            yield f"{name} is not supported by model {model['id']}."
    for name, value in parameters.items():
        if not isinstance(value, KINDS.get(MESSAGES["VisionGenerativeModelParams"].get(name, ""), object)):
            yield f"Invalid {name}, {value}"
    if not isinstance(instance.get("prompt", ""), str):
        yield "Invalid prompt: it must be a string."
    yield from _output_options(parameters.get("outputOptions", {}))


def _is_between(value: Any, lowest: int, highest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def _is_accepted(name: str, parameters: dict[str, Any], model: dict[str, Any]) -> bool:
    if parameters.get("mode") == "upscale":
        return name == "sampleImageSize"
    return any(name in names for start, names in ACCEPTED.items() if model["id"].startswith(start))


def _output_options(options: Any) -> Iterator[str]:
    if not isinstance(options, dict):
        yield f"Invalid outputOptions, {options}"
        return
    if str(options.get("mimeType", "image/png")) not in MIME_TYPES:
        yield f"Invalid mimeType, {options['mimeType']}"
    quality = options.get("compressionQuality", 75)
    if not _is_between(quality, 0, 100):
        yield f"Invalid compressionQuality, {quality}: must be between 0 and 100."


def _of_generate(instance: dict[str, Any], parameters: dict[str, Any], model: dict[str, Any]) -> Iterator[str]:
    prompt = instance.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        yield "Prompt is required."
    elif len(prompt.split()) > model.get("prompt_tokens", 1_000_000):
        yield f"The input token count exceeds the maximum of {model['prompt_tokens']}."
    ratio = parameters.get("aspectRatio", "1:1")
    if ratio not in model["aspect_ratios"]:
        yield f"Invalid aspect ratio, {ratio}"
    size = parameters.get("sampleImageSize")
    if size is not None and str(size).upper() not in model.get("image_sizes", []):
        yield f"Invalid sampleImageSize, {size}"
    if "seed" in parameters:
        yield from _seed(parameters, model)


def _seed(parameters: dict[str, Any], model: dict[str, Any]) -> Iterator[str]:
    seed = parameters["seed"]
    if not _is_between(seed, 0, 2**32 - 1):
        yield f"Invalid seed, {seed}"
    if parameters.get("addWatermark", model["watermark_default"]):
        yield "Seed is not supported when watermark is enabled"


def _of_upscale(instance: dict[str, Any], parameters: dict[str, Any], model: dict[str, Any]) -> Iterator[str]:
    config, size = parameters.get("upscaleConfig"), parameters.get("sampleImageSize")
    factor = config.get("upscaleFactor") if isinstance(config, dict) else None
    if size is not None and str(size) not in UPSCALED_SIZES:
        yield f"Invalid sampleImageSize, {size}"
    if factor not in model["upscale_factors"] and (factor is not None or size is None):
        yield f"Invalid upscaleFactor, {factor}"
    image = instance.get("image")
    named = (
        [image[name] for name in ("bytesBase64Encoded", "gcsUri") if name in image] if isinstance(image, dict) else []
    )
    if len(named) != 1 or not isinstance(named[0], str):
        yield "Image must have exactly one of bytesBase64Encoded and gcsUri."
