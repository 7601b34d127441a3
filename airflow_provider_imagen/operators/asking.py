"""What every operator that asks Google does: check the arguments, ask once, deliver."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_imagen.hooks.failing import permanent_errors_fail_at_once

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_imagen.core.request import GenerateRequest, UpscaleRequest
    from airflow_provider_imagen.core.result import Answer
    from airflow_provider_imagen.hooks.imagen import ImagenHook

PLACE_FIELDS = ("imagen_conn_id", "project_id", "location", "impersonation_chain")


class AskingOperator(BaseOperator):
    """What both operators do the same way. Arguments are only stored; nothing is imported until a task runs."""

    job: str
    request_fields: tuple[str, ...]
    ui_color = "#e8f0fe"

    @cached_property
    def hook(self) -> ImagenHook:
        """The hook of this task, made on first use."""
        from airflow_provider_imagen.hooks.imagen import ImagenHook

        return ImagenHook(**{name: getattr(self, name) for name in PLACE_FIELDS})

    def execute(self, context: Context) -> list[str]:
        """Ask Google once and return the URIs of the images."""
        with permanent_errors_fail_at_once(self):
            return self._run(context)

    def _run(self, context: Mapping[str, Any]) -> list[str]:
        from airflow_provider_imagen.errors import ImagesFilteredError
        from airflow_provider_imagen.operators.delivery import deliver, deliver_refusal

        request = self._checked_request()
        location = self.hook.client.location_for(request.model)
        self.log.info("Asking %s in %s to %s into %s", request.model, location, self.job, request.output_uri)
        try:
            answer = self._ask(request)
        except ImagesFilteredError as refusal:
            return deliver_refusal(refusal, request, location, context)
        return deliver(answer, request, location, context)

    def _checked_request(self) -> Any:
        from datetime import UTC, datetime

        from airflow_provider_imagen.core.catalogue import catalogue
        from airflow_provider_imagen.core.rules import remarks_on

        arguments = {name: getattr(self, name) for name in self.request_fields}
        arguments["model"], why = self.hook.model_for(self.job, arguments["model"])
        request = self._check(arguments)
        self.log.info("Model %s: %s.", request.model, why)
        for remark in remarks_on(request, catalogue(), datetime.now(UTC).date()):
            self.log.warning("%s", remark)
        return request

    def _check(self, arguments: Mapping[str, Any]) -> GenerateRequest | UpscaleRequest:
        raise NotImplementedError

    def _ask(self, request: Any) -> Answer:
        raise NotImplementedError
