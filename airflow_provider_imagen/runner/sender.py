"""What a run needs of the client: a session, and what sends its requests."""

from __future__ import annotations

from typing import Any, Protocol

from airflow_provider_imagen.client.session import Session
from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.responses import ImagesResponse


class Sender(Protocol):
    """Sends one HTTP request for a plan: :class:`.VertexClient`, or what paces it."""

    def send(
        self, plan: RequestPlan[Any], *, index: int = 0, storage_uri: str | None = None, requested: int | None = None
    ) -> ImagesResponse:
        """Send the request, and return its images."""


class RequestClient(Protocol):
    """What a run needs of the client."""

    @property
    def session(self) -> Session:
        """The session, for its clock and its pauses."""

    @property
    def vertex(self) -> Sender:
        """Sends the requests."""
