"""Responses to ``:predict``: predictions with images or URIs."""

from __future__ import annotations

import base64
import itertools
import threading
import time
from typing import Any

from PIL import Image

from airflow_provider_imagen.emulator import pictures
from airflow_provider_imagen.emulator.api_errors import ApiError
from airflow_provider_imagen.emulator.drawings import Drawings
from airflow_provider_imagen.emulator.faults import Fault
from airflow_provider_imagen.emulator.predict_limits import PIXELS
from airflow_provider_imagen.emulator.predict_validation import check, upscale_factor
from airflow_provider_imagen.emulator.storage import ObjectMissingError
from airflow_provider_imagen.emulator.storage_errors import StorageError
from airflow_provider_imagen.emulator.storage_front import StorageFront

EXTENSIONS = {"image/jpeg": "jpg", "image/vnd.microsoft.icon": "ico"}
CATEGORIES = ["Death, Harm & Tragedy", "Firearms & Weapons", "Hate", "Health", "Illicit Drugs", "Politics", "Porn"]
NOT_CHARGED = "You will not be charged for blocked images."


class PredictHandler:
    """Handles requests to generate and to upscale.

    :param storage: Cloud Storage as the service agent reaches it.
    :param drawings: makes the images.
    """

    def __init__(self, storage: StorageFront, drawings: Drawings) -> None:
        self._storage, self._drawings = storage, drawings
        self._lock = threading.Lock()
        self._requests = itertools.count(1)
        self._first_folder = time.time_ns() // 1_000_000  # a kept storage folder has the numbers of earlier runs

    def answer(self, body: dict[str, Any], model: dict[str, Any], fault: Fault | None) -> dict[str, Any]:
        """Return the body of the response.

        :raises ApiError: the request is invalid.
        """
        instance, parameters = check(body, model)
        with self._lock:
            number = next(self._requests)
        size = fault.served_size if fault else None
        if parameters.get("mode") == "upscale":
            image = self._upscaled(instance["image"], parameters, model)
            images = [pictures.encode(image.resize(size or image.size), *_encoding(parameters))]
        else:
            images = self._generated(instance["prompt"], parameters, model, number, size)
        kept = images[: max(0, len(images) - (fault.filtered if fault else 0))]
        predictions = [self._stored(image, parameters, number, index) for index, image in enumerate(kept)]
        for prediction in predictions:
            _add_attributes(prediction, instance, parameters, model)
        predictions += _items_without_image(parameters, len(images), len(kept), fault)
        return {"predictions": predictions} if predictions else {}

    def _generated(
        self,
        prompt: str,
        parameters: dict[str, Any],
        model: dict[str, Any],
        number: int,
        served_size: tuple[int, int] | None,
    ) -> list[bytes]:
        width, height = PIXELS[parameters.get("aspectRatio", "1:1")]
        if str(parameters.get("sampleImageSize", "1K")).upper() == "2K":
            width, height = 2 * width, 2 * height
        chance = parameters.get("seed", f"request {number}")
        size, encoding = served_size or (width, height), _encoding(parameters)
        seeds = [f"{model['id']} {chance} {prompt} {index}" for index in range(parameters.get("sampleCount", 4))]
        return [self._drawings.file(prompt, size, seed, (), encoding) for seed in seeds]

    def _upscaled(self, image: dict[str, Any], parameters: dict[str, Any], model: dict[str, Any]) -> Image.Image:
        try:
            if "gcsUri" in image:
                data = self._storage.read_uri(image["gcsUri"])
            else:
                data = base64.b64decode(image["bytesBase64Encoded"], validate=True)
            return pictures.upscale(data, lambda size: upscale_factor(parameters, model, size))
        except ObjectMissingError as failure:
            raise ApiError(404, f"Could not find the object {image['gcsUri']}.") from failure
        except StorageError as failure:
            raise ApiError(failure.status, f"Could not read {image['gcsUri']}. {failure}") from failure
        except pictures.UnusableImageError as failure:
            raise ApiError(400, str(failure)) from failure
        except ValueError as failure:
            raise ApiError(400, f"Invalid bytesBase64Encoded: {failure}") from failure

    def _stored(self, data: bytes, parameters: dict[str, Any], number: int, index: int) -> dict[str, Any]:
        mime_type, _ = _encoding(parameters)
        folder = parameters.get("storageUri")
        if folder is None:
            return {"mimeType": mime_type, "bytesBase64Encoded": base64.b64encode(data).decode()}
        extension = EXTENSIONS.get(mime_type) or mime_type.removeprefix("image/")
        uri = f"{folder.rstrip('/')}/{self._first_folder + number}/sample_{index}.{extension}"
        try:
            self._storage.write_uri(uri, data, mime_type)
        except (ObjectMissingError, StorageError) as failure:
            raise ApiError(403, f"The caller or the service agent does not have write access to {folder}.") from failure
        return {"mimeType": mime_type, "gcsUri": uri}


def _encoding(parameters: dict[str, Any]) -> tuple[str, int]:
    """Return MIME type and quality of the images."""
    options = parameters.get("outputOptions") or {}
    return options.get("mimeType", "image/png"), options.get("compressionQuality", 75)


def _add_attributes(
    prediction: dict[str, Any], instance: dict[str, Any], parameters: dict[str, Any], model: dict[str, Any]
) -> None:
    if "prompt" in instance and parameters.get("enhancePrompt", model.get("enhance_prompt_default", False)):
        prediction["prompt"] = f"{instance['prompt']}, in warm evening light, with fine detail"
    if parameters.get("includeSafetyAttributes"):
        prediction["safetyAttributes"] = {"categories": CATEGORIES[:2], "scores": [0.1, 0.2]}


def _items_without_image(parameters: dict[str, Any], made: int, kept: int, fault: Fault | None) -> list[dict[str, Any]]:
    """Return one reason for all filtered images, and the scores of the prompt."""
    extras: list[dict[str, Any]] = []
    if kept < made and parameters.get("includeRaiReason"):
        extras.append({"raiFilteredReason": _reason(made, kept, fault.support_codes if fault else ())})
    if parameters.get("includeSafetyAttributes") and kept:
        scores = [0.1] * len(CATEGORIES)
        extras.append(
            {"contentType": "Positive Prompt", "safetyAttributes": {"categories": CATEGORIES, "scores": scores}}
        )
    return extras


def _reason(made: int, kept: int, codes: tuple[str, ...]) -> str:
    named = f" Support codes: {', '.join(codes)}" if codes else ""
    if kept:
        count = made - kept
        return f"Your current safety filter threshold filtered out {count} generated images. {NOT_CHARGED}{named}"
    return (
        "Unable to show generated images. All images were filtered out because they violated Vertex AI's usage "
        f"guidelines. {NOT_CHARGED}{named}"
    )
