"""The client: Imagen on Vertex AI, and the Cloud Storage folders it writes to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any

from airflow_provider_imagen.client.auth import GoogleToken, ignore_secret
from airflow_provider_imagen.client.retry_loop import RetryLoop
from airflow_provider_imagen.client.storage import CloudStorage
from airflow_provider_imagen.client.transport import HttpRequest, Transport
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.protocols import Protocol, endpoints, protocol_named
from airflow_provider_imagen.core.protocols.http_errors import HttpResponse, Operation, error_from
from airflow_provider_imagen.core.requests import GenerateRequest, ImageRequest, UpscaleRequest
from airflow_provider_imagen.core.response_merge import gather
from airflow_provider_imagen.core.responses import GeneratedImage, ImagesResponse
from airflow_provider_imagen.core.storage import listing
from airflow_provider_imagen.core.storage.locations import CloudFolder
from airflow_provider_imagen.errors import (
    ImagenError,
    InvalidConnectionError,
    ResponseLostError,
    UnexpectedResponseError,
)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _as_it_is(_number: int, image: GeneratedImage) -> GeneratedImage:
    return image


def _protocol_of(request: ImageRequest) -> Protocol:
    return protocol_named(catalogue().find_or_default(request.model, request.job).protocol)


Keep = Callable[[int, GeneratedImage], GeneratedImage]
MOST_AT_ONCE = 8
"""How many requests for one image each are sent side by side."""


class ImagenClient:
    """Talks to Google for one connection: one connection pool, one cached token. Safe to share between threads.

    :param settings: the connection.
    :param attempts: how often and how patiently to try.
    :param clock: tells the time, in UTC.
    :param on_secret: is told every token before it is used, so that logs can mask it.
    :param pool_size: how many connections to one host are kept open.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        attempts: RetryLoop | None = None,
        clock: Callable[[], datetime] = _utc_now,
        on_secret: Callable[[str], None] = ignore_secret,
        pool_size: int = MOST_AT_ONCE,
    ) -> None:
        self.settings = settings
        self._token = GoogleToken(settings, on_secret)
        self._transport = Transport(self._token, settings.timeout_seconds, pool_size)
        self._attempts = attempts or RetryLoop()
        self._clock = clock

    def generate(self, request: GenerateRequest, keep: Keep = _as_it_is) -> ImagesResponse:
        """Ask for images. Every accepted request is billed.

        :param keep: is given the number of each image and the image as soon as it is there, where each has a request of
            its own; returns what shall stand in the answer. May be called by several threads at once.
        :raises ImagenError: see the tree in :mod:`airflow_provider_imagen.errors`.
        """
        protocol = _protocol_of(request)
        return self._generate_each(request, keep) if protocol.one_image_per_request else self._ask_once(request)

    def upscale(self, request: UpscaleRequest) -> ImagesResponse:
        """Ask for a larger version of one image. Every accepted request is billed.

        :raises ImagenError: see the tree in :mod:`airflow_provider_imagen.errors`.
        """
        return self._ask_once(request)

    def describe_model(self, model: str) -> dict[str, Any]:
        """Return what Google says about a publisher model. Free of charge.

        :raises ModelNotFoundError: Google does not know it.
        """
        url = endpoints.lookup_url(self._vertex_base(self._place_of(model)), model)
        asked = Operation(f"Looking up {model}", when_not_found=self._story(model))
        answer = self.ask(HttpRequest("GET", url, free_of_charge=True), asked)
        try:
            description = read_json(answer.body)
        except ValueError:
            description = None
        if isinstance(description, dict):
            return description
        raise UnexpectedResponseError(
            f"Looking up {model}: that is no answer of Google's API. Check the connection's endpoint and the proxy."
        )

    def upload(self, uri: str, data: bytes, mime_type: str) -> str:
        """Store bytes as a Cloud Storage object and return its URI. An object of that name is replaced.

        :param uri: ``gs://bucket/name``.
        :raises StorageNotFoundError: there is no such bucket.
        :raises ImagenError: the upload failed, or its checksum was not confirmed after several tries.
        """
        return self.storage.upload(uri, data, mime_type)

    def list_folder(self, folder: CloudFolder) -> Iterator[listing.StoredObject]:
        """Yield every object in a Cloud Storage folder, page by page.

        :raises StorageNotFoundError: there is no such bucket.
        """
        for page, _ in self.storage.pages(folder):
            yield from page.items

    def download(self, uri: str, at_most_bytes: int) -> bytes:
        """Return the bytes of a Cloud Storage object.

        :param uri: ``gs://bucket/name``.
        :raises StorageNotFoundError: there is no such object.
        :raises OutputError: it has more bytes than that.
        """
        return self.storage.download(uri, at_most_bytes)

    @cached_property
    def storage(self) -> CloudStorage:
        """The buckets that this connection reaches."""
        return CloudStorage(self, self.settings.storage_endpoint)

    def location_for(self, request: ImageRequest) -> str:
        """Return the location a model is asked for in: the one that was set, else the model's own."""
        return self.settings.location or catalogue().find_or_default(request.model, request.job).location

    @property
    def project(self) -> str:
        """The project that is billed.

        :raises InvalidConnectionError: neither task, connection nor credentials name one.
        """
        project = self.settings.project or self._token.project
        if not project:
            raise InvalidConnectionError(
                "No Google Cloud project is known. Set project in the connection, or project_id on the task."
            )
        return project

    def check_token(self) -> None:
        """Get a token if this connection sends one.

        :raises CredentialsError: there is none to be had.
        """
        self._token.headers_for(self._vertex_base(self.settings.location or "global"))

    def close(self) -> None:
        """Close the pooled connections."""
        self._transport.close()

    def _ask_once(self, request: ImageRequest) -> ImagesResponse:
        started = time.monotonic()
        protocol = _protocol_of(request)
        storage_uri = request.output_uri if protocol.stores_output and request.output_uri.startswith("gs://") else None
        try:
            # The body has no name here, so that decoding can let go of it: it may be 100 MB.
            answer = protocol.decode(
                self._ask_model(request, protocol.encode(request, 0, storage_uri), protocol).body, request.count
            )
        except (ResponseLostError, UnexpectedResponseError) as failure:
            if storage_uri is None:
                raise
            raise type(failure)(f"{failure} The output folder is {storage_uri}") from failure
        return replace(answer, duration_seconds=time.monotonic() - started)

    def _generate_each(self, request: GenerateRequest, keep: Keep) -> ImagesResponse:
        """Ask for each image by itself, side by side: the service makes one a request."""
        started = time.monotonic()
        count = request.number_of_images
        with ThreadPoolExecutor(min(count, MOST_AT_ONCE)) as threads:
            outcomes = list(threads.map(lambda index: self._generate_one(request, index, keep), range(count)))
        return gather(outcomes, duration_seconds=time.monotonic() - started)

    def _generate_one(self, request: GenerateRequest, index: int, keep: Keep) -> ImagesResponse | ImagenError:
        try:
            protocol = _protocol_of(request)
            answer = protocol.decode(self._ask_model(request, protocol.encode(request, index), protocol).body, 1)
        except ImagenError as failure:
            return failure
        return replace(answer, images=(*(keep(index, image) for image in answer.images[:1]), *answer.images[1:]))

    def _ask_model(self, request: ImageRequest, body: dict[str, Any], protocol: Protocol) -> HttpResponse:
        location = self.location_for(request)
        url = endpoints.model_url(self._vertex_base(location), self.project, location, request.model, protocol.verb)
        asked = Operation(
            f"Asking {request.model} in {location} to {request.job}", when_not_found=self._story(request.model)
        )
        return self.ask(HttpRequest("POST", url, json=body), asked)

    def _place_of(self, model: str) -> str:
        known = catalogue().find(model)
        return self.settings.location or (known.location if known else "global")

    def ask(self, request: HttpRequest, asked: Operation) -> HttpResponse:
        """Send a request, again where that is safe and worth it, and return the answer if it is 200.

        :raises ImagenError: what any other answer means.
        """
        return self._attempts.run(lambda: self.ask_once(request, asked), free_of_charge=request.free_of_charge)

    def ask_once(self, request: HttpRequest, asked: Operation) -> HttpResponse:
        """Send a request, a second time only if the token was refused, and return the answer if it is 200.

        :raises ImagenError: what any other answer means.
        """
        answer = self._transport.send(request)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            # Nothing was accepted, so asking once more with a new token costs nothing.
            self._token.renew()
            answer = self._transport.send(request)
        if answer.status != HTTPStatus.OK:
            raise error_from(answer, asked, now=self._clock(), free_of_charge=request.free_of_charge)
        return answer

    def retry(self, action: Callable[[], None]) -> None:
        """Run an action that is free of charge, again where that is worth it."""
        self._attempts.run(action, free_of_charge=True)

    def pause(self, seconds: float) -> None:
        """Let time pass, as between two tries."""
        self._attempts.sleep(seconds)

    def now(self) -> datetime:
        """Return the time of this machine, in UTC."""
        return self._clock()

    def _vertex_base(self, location: str) -> str:
        return self.settings.endpoint or endpoints.vertex_host(location)

    def _story(self, model: str) -> str:
        known = catalogue().find(model)
        story = known.end_of_life() if known else ""
        if known and known.retired_on(self._clock().date()):
            return f"{known.id} is retired. {story}"
        return story or "Check the model id and the location."
