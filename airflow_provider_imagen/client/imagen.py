"""The client: Imagen on Vertex AI, and the Cloud Storage folders it writes to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from airflow_provider_imagen.client.attempts import Attempts
from airflow_provider_imagen.client.auth import GoogleToken
from airflow_provider_imagen.client.transport import HttpRequest, Transport
from airflow_provider_imagen.core import endpoints, listing, predict
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.http_answer import Asked, HttpAnswer, error_from
from airflow_provider_imagen.core.output_uri import CloudFolder
from airflow_provider_imagen.core.request import GenerateRequest, UpscaleRequest
from airflow_provider_imagen.core.result import Answer
from airflow_provider_imagen.errors import InvalidConnectionError, StorageNotFoundError


def _utc_now() -> datetime:
    return datetime.now(UTC)


DEFAULT_LOCATION = "us-central1"
"""Where a model that the catalogue does not know is asked for when no location is set."""


class ImagenClient:
    """Talks to Google for one connection: one connection pool, one cached token. Safe to share between threads.

    :param settings: the connection.
    :param attempts: how often and how patiently to try.
    :param clock: tells the time, in UTC.
    """

    def __init__(
        self, settings: ConnectionSettings, attempts: Attempts | None = None, clock: Callable[[], datetime] = _utc_now
    ) -> None:
        self.settings = settings
        self._token = GoogleToken(settings)
        self._transport = Transport(self._token, settings.timeout_seconds)
        self._attempts = attempts or Attempts()
        self._clock = clock

    def generate(self, request: GenerateRequest) -> Answer:
        """Ask for images. Every accepted request is billed.

        :raises ImagenError: see the tree in :mod:`airflow_provider_imagen.errors`.
        """
        return self._predict(request.model, "Generating", predict.encode_generate(request), request.number_of_images)

    def upscale(self, request: UpscaleRequest) -> Answer:
        """Ask for a larger version of one image. Every accepted request is billed.

        :raises ImagenError: see the tree in :mod:`airflow_provider_imagen.errors`.
        """
        return self._predict(request.model, "Upscaling", predict.encode_upscale(request), 1)

    def describe_model(self, model: str) -> dict[str, Any]:
        """Return what Google says about a publisher model. Free of charge.

        :raises ModelNotFoundError: Google does not know it.
        """
        url = endpoints.lookup_url(self._vertex_base(self.location_for(model)), model)
        asked = Asked(f"Looking up {model}", when_not_found=self._story(model))
        description = json.loads(self._ask(HttpRequest("GET", url, free_of_charge=True), asked).body)
        return description if isinstance(description, dict) else {}

    def list_folder(self, folder: CloudFolder) -> Iterator[listing.StoredObject]:
        """Yield every object in a Cloud Storage folder, page by page.

        :raises StorageNotFoundError: there is no such bucket.
        """
        url = endpoints.listing_url(self.settings.storage_endpoint or endpoints.STORAGE, folder.bucket)
        asked = Asked(
            f"Listing gs://{folder.bucket}/{folder.prefix}",
            StorageNotFoundError,
            "Create the bucket or correct the URI.",
        )
        token: str | None = None
        while True:
            request = HttpRequest("GET", url, query=listing.query(folder, token), free_of_charge=True)
            page = listing.decode_page(self._ask(request, asked).body)
            yield from page.items
            token = page.next_page_token
            if not token:
                return

    def location_for(self, model: str) -> str:
        """Return the location a model is asked for in: the one that was set, else the model's own."""
        known = catalogue().find(model)
        return self.settings.location or (known.location if known else DEFAULT_LOCATION)

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
        self._token.headers_for(self._vertex_base(self.settings.location or DEFAULT_LOCATION))

    def close(self) -> None:
        """Close the pooled connections."""
        self._transport.close()

    def _predict(self, model: str, doing: str, body: dict[str, Any], requested: int) -> Answer:
        location = self.location_for(model)
        url = endpoints.model_url(self._vertex_base(location), self.project, location, model, "predict")
        asked = Asked(f"{doing} with {model} in {location}", when_not_found=self._story(model))
        started = time.monotonic()
        answer = self._ask(HttpRequest("POST", url, json=body), asked)
        return predict.decode(answer.body, requested, duration_seconds=time.monotonic() - started)

    def _ask(self, request: HttpRequest, asked: Asked) -> HttpAnswer:
        return self._attempts.run(lambda: self._ask_once(request, asked), free_of_charge=request.free_of_charge)

    def _ask_once(self, request: HttpRequest, asked: Asked) -> HttpAnswer:
        answer = self._transport.send(request)
        if answer.status != HTTPStatus.OK:
            raise error_from(answer, asked, now=self._clock(), free_of_charge=request.free_of_charge)
        return answer

    def _vertex_base(self, location: str) -> str:
        return self.settings.endpoint or endpoints.vertex_host(location)

    def _story(self, model: str) -> str:
        known = catalogue().find(model)
        story = known.life_story() if known else ""
        if known and known.retired_on(self._clock().date()):
            return f"{known.id} is retired. {story}"
        return story or "Check the model id and the location."
