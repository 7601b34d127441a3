"""The image to upscale: passed on by reference, or read through Airflow's ObjectStoragePath."""

from __future__ import annotations

from typing import Any

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.image_header import read_header
from airflow_provider_imagen.core.requests import SourceImage, UpscaleRequest
from airflow_provider_imagen.core.validation.source_image import LARGEST_SOURCE_BYTES, problems_with_source
from airflow_provider_imagen.errors import InvalidInputError
from airflow_provider_imagen.operators.files import read_file


def only_item(image: Any) -> Any:
    """Return the one item of a list with one item, anything else as it is.

    A generate task that made one image returns such a list.
    """
    return image[0] if isinstance(image, (list, tuple)) and len(image) == 1 else image


def read_source(request: UpscaleRequest) -> SourceImage:
    """Return what to send for the request's ``image``; a ``gs://`` image is never downloaded.

    :raises InvalidInputError: the file cannot be read, or Google would not take it.
    """
    if request.image.startswith("gs://"):
        return SourceImage(gcs_uri=request.image)
    data = read_file(request.image, LARGEST_SOURCE_BYTES)
    model = catalogue().find_or_default(request.model, request.job)
    if problems := problems_with_source(data, request, model):
        raise InvalidInputError(tuple(problems))
    header = read_header(data)
    return SourceImage(data=data, mime_type=header.mime_type if header else None)
