"""One wire form of Google's API, as a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from typing import Protocol as Interface

from airflow_provider_imagen.core.requests import ImageRequest
from airflow_provider_imagen.core.responses import ImagesResponse


class Encode(Interface):
    """Encodes a request as a JSON body."""

    def __call__(self, request: ImageRequest, index: int = 0, storage_uri: str | None = None) -> dict[str, Any]:
        """Return the JSON body.

        :param request: what the task asks for. What is None is not in the body.
        :param index: the number of the body's first image among those of the request; a seed grows with it, or all
            images would be the same.
        :param storage_uri: the ``gs://`` folder for Google to write to. None: the images come as bytes.
        """


@dataclass(frozen=True, slots=True)
class Protocol:
    """How a kind of model is asked, and what it answers.

    :param name: the name that the catalogue has for it.
    :param verb: the last part of the URL.
    :param encode: encodes a request as a JSON body.
    :param decode: decodes the body of an HTTP 200; takes it and the number of images that were asked for.
    :param one_image_per_request: it makes one image a request, else all images of a task in one.
    :param stores_output: Google can write the images to Cloud Storage itself.
    :param not_sent: arguments that it has no field for and that change no image, each with the reason.
    :param approximated: arguments that it only approximates, each with the reason.
    """

    name: str
    verb: str
    encode: Encode
    decode: Callable[[bytes, int], ImagesResponse]
    one_image_per_request: bool
    stores_output: bool
    not_sent: Mapping[str, str]
    approximated: Mapping[str, str]
