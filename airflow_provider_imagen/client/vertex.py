"""Requests to the image models of Vertex AI."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

from airflow_provider_imagen.client.http_request import HttpRequest
from airflow_provider_imagen.client.session import Session
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.catalogue.lifecycle import advice_when_missing
from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.lenient_json import read_json
from airflow_provider_imagen.core.protocols import endpoints, service_tiers
from airflow_provider_imagen.core.protocols.http_errors import Operation
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.errors import ResponseLostError, ServerError, UnexpectedResponseError


class VertexClient:
    """Makes images with the models of one connection. Safe to share between threads.

    :param session: sends the requests.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def send(
        self,
        plan: RequestPlan[Any],
        *,
        index: int = 0,
        storage_uri: str | None = None,
        requested: int | None = None,
        once: bool = False,
    ) -> ImagesResponse:
        """Send one HTTP request for a plan, and return its images. An accepted request is billed.

        It is sent again only where nothing was accepted. After a :class:`ServerError` a request whose images Google
        stores is not: images may be there, so the caller looks into ``storage_uri`` first.

        :param plan: what to send, to which model, and how.
        :param index: the number of the first image among those of the plan; a seed grows with it.
        :param storage_uri: the ``gs://`` folder for Google to write to. None: the images come as bytes.
        :param requested: how many images this request asks for. None: all of the plan's.
        :param once: the caller sends it again where nothing was accepted.
        :raises ImagenError: see the tree in :mod:`airflow_provider_imagen.errors`.
        """
        request, protocol, location = plan.request, plan.protocol, plan.location
        url = endpoints.model_url(self._base(location), self._session.project, location, request.model, protocol.verb)
        operation = Operation(
            f"Asking {request.model} in {location} to {request.job}",
            when_not_found=self._advice_when_missing(request.model),
        )
        tier, patience = getattr(request, "service_tier", None), self._session.settings.timeout_seconds
        count = request.count if requested is None else requested
        started = time.monotonic()
        try:
            # Neither body has a name here, so that both are gone as soon as they were read: they may have 100 MB.
            response = protocol.decode(
                self._session.request(
                    HttpRequest(
                        "POST",
                        url,
                        json=protocol.encode(request, index, storage_uri),
                        stores_output=storage_uri is not None,
                        headers=service_tiers.headers_for(tier, patience),
                        timeout_seconds=service_tiers.response_seconds(tier, patience),
                    ),
                    operation,
                    once=once,
                ).body,
                count,
            )
        except (ResponseLostError, ServerError, UnexpectedResponseError) as failure:
            if storage_uri is None:
                raise
            raise type(failure)(f"{failure} The output folder is {storage_uri}") from failure
        return replace(response, duration_seconds=time.monotonic() - started)

    def describe_model(self, model: str) -> dict[str, Any]:
        """Return what Google says about a publisher model. Free of charge.

        :raises ModelNotFoundError: Google does not know it.
        """
        known = catalogue().find(model)
        location = self._session.settings.location or (known.location if known else "global")
        url = endpoints.lookup_url(self._base(location), model)
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

    def _base(self, location: str) -> str:
        return self._session.settings.endpoint or endpoints.vertex_host(location)

    def _advice_when_missing(self, model: str) -> str:
        return _advice_when_missing(model, self._session.now().date())


@lru_cache(maxsize=64)
def _advice_when_missing(model: str, today: date) -> str:
    return advice_when_missing(model, catalogue(), today)
