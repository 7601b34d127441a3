"""Requests to the image models of Vertex AI."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from airflow_provider_imagen.client.session import Session
from airflow_provider_imagen.client.transport import HttpRequest
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.protocols import endpoints, generate_content, predict
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse, Operation
from airflow_provider_imagen.core.requests import GenerateRequest, UpscaleRequest
from airflow_provider_imagen.core.response_merge import gather
from airflow_provider_imagen.core.responses import GeneratedImage, ImagesResponse
from airflow_provider_imagen.errors import ImagenError, ResponseLostError, UnexpectedResponseError


def _as_it_is(_number: int, image: GeneratedImage) -> GeneratedImage:
    return image


Keep = Callable[[int, GeneratedImage], GeneratedImage]
MOST_AT_ONCE = 8
"""How many requests for one image each are sent side by side."""


class VertexClient:
    """Makes images with the models of one connection. Safe to share between threads.

    :param session: sends the requests.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def generate(self, request: GenerateRequest, keep: Keep = _as_it_is) -> ImagesResponse:
        """Ask for images. Every accepted request is billed.

        :param keep: is given the number of each image and the image as soon as it is there, where each has a request of
            its own; returns what shall stand in the answer. May be called by several threads at once.
        :raises ImagenError: see the tree in :mod:`airflow_provider_imagen.errors`.
        """
        if catalogue().find_or_default(request.model, "generate").protocol == "generateContent":
            return self._generate_each(request, keep)
        return self._predict(request, predict.encode_generate(request), request.number_of_images)

    def upscale(self, request: UpscaleRequest) -> ImagesResponse:
        """Ask for a larger version of one image. Every accepted request is billed.

        :raises ImagenError: see the tree in :mod:`airflow_provider_imagen.errors`.
        """
        return self._predict(request, predict.encode_upscale(request), 1)

    def describe_model(self, model: str) -> dict[str, Any]:
        """Return what Google says about a publisher model. Free of charge.

        :raises ModelNotFoundError: Google does not know it.
        """
        url = endpoints.lookup_url(self._base(self._place_of(model)), model)
        operation = Operation(f"Looking up {model}", when_not_found=self._advice_when_missing(model))
        response = self._session.request(HttpRequest("GET", url, free_of_charge=True), operation)
        try:
            description = read_json(response.body)
        except ValueError:
            description = None
        if isinstance(description, dict):
            return description
        raise UnexpectedResponseError(
            f"Looking up {model}: that is no answer of Google's API. Check the connection's endpoint and the proxy."
        )

    def location_for(self, request: GenerateRequest | UpscaleRequest) -> str:
        """Return the location a model is asked for in: the one that was set, else the model's own."""
        return self._session.settings.location or catalogue().find_or_default(request.model, request.job).location

    def _predict(
        self, request: GenerateRequest | UpscaleRequest, body: dict[str, Any], requested: int
    ) -> ImagesResponse:
        started = time.monotonic()
        try:
            # The body has no name here, so that decoding can let go of it: it may be 100 MB.
            return predict.decode(
                self._call(request, body, "predict").body, requested, duration_seconds=time.monotonic() - started
            )
        except (ResponseLostError, UnexpectedResponseError) as failure:
            if request.storage_uri is None:
                raise
            raise type(failure)(f"{failure} The output folder is {request.storage_uri}") from failure

    def _generate_each(self, request: GenerateRequest, keep: Keep) -> ImagesResponse:
        """Ask for each image by itself, side by side: the service makes one a request."""
        started = time.monotonic()
        count = request.number_of_images
        with ThreadPoolExecutor(min(count, MOST_AT_ONCE)) as threads:
            outcomes = list(threads.map(lambda index: self._generate_one(request, index, keep), range(count)))
        return gather(outcomes, duration_seconds=time.monotonic() - started)

    def _generate_one(self, request: GenerateRequest, index: int, keep: Keep) -> ImagesResponse | ImagenError:
        try:
            body = generate_content.encode(request, index)
            response = generate_content.decode(self._call(request, body, "generateContent").body)
        except ImagenError as failure:
            return failure
        return replace(response, images=(*(keep(index, image) for image in response.images[:1]), *response.images[1:]))

    def _call(self, request: GenerateRequest | UpscaleRequest, body: dict[str, Any], verb: str) -> HttpResponse:
        location = self.location_for(request)
        url = endpoints.model_url(self._base(location), self._session.project, location, request.model, verb)
        operation = Operation(
            f"Asking {request.model} in {location} to {request.job}",
            when_not_found=self._advice_when_missing(request.model),
        )
        return self._session.request(HttpRequest("POST", url, json=body), operation)

    def _place_of(self, model: str) -> str:
        known = catalogue().find(model)
        return self._session.settings.location or (known.location if known else "global")

    def _base(self, location: str) -> str:
        return self._session.settings.endpoint or endpoints.vertex_host(location)

    def _advice_when_missing(self, model: str) -> str:
        known = catalogue().find(model)
        end = known.end_of_life() if known else ""
        if known and known.retired_on(self._session.now().date()):
            return f"{known.id} is retired. {end}"
        return end or "Check the model id and the location."
