"""What a run calls while it goes on, and what it needs beside client and store. Airflow's side implements it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.errors import ImagenError


class RunListener(Protocol):
    """Is called when requests are sent and answered, for logs and metrics. It raises nothing."""

    def sending(self, plan: RequestPlan[Any], requests: int) -> None:
        """Requests are about to be sent."""

    def sent(
        self, plan: RequestPlan[Any], response: ImagesResponse, errors: Sequence[ImagenError], seconds: float
    ) -> None:
        """The requests of one sending were answered, or failed."""

    def found(self, plan: RequestPlan[Any], images: int) -> None:
        """Images whose response was lost were found in the place: they were made, so they are billed."""


class HostMemory(Protocol):
    """Remembers, beyond the disk of one worker, on which machine a try ran."""

    def get(self) -> Mapping[str, str] | None:
        """Return what was set last, None when there is nothing."""

    def set(self, value: Mapping[str, str]) -> None:
        """Remember the request and the machine."""

    def clear(self) -> None:
        """Forget them."""
