"""What every operator that asks Google does: check the arguments, ask once, deliver."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_imagen.hooks.airflow_errors import fail_permanently
from airflow_provider_imagen.links.imagen import ModelLink, OutputFolderLink

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_imagen.client.vertex import ImagenClient, Keep
    from airflow_provider_imagen.core.catalogue.plan import Planner, RequestPlan
    from airflow_provider_imagen.core.connection import ConnectionSettings
    from airflow_provider_imagen.core.responses import ImagesResponse
    from airflow_provider_imagen.hooks.imagen import ImagenHook

PLACE_FIELDS = ("imagen_conn_id", "project_id", "location", "impersonation_chain")


class RequestOperator(BaseOperator):
    """What both operators do the same way. Arguments are only stored; nothing is imported until a task runs."""

    job: str
    request_fields: tuple[str, ...]
    model: Any
    fallback_model: Any
    imagen_conn_id: str
    ui_color = "#e8f0fe"
    operator_extra_links = (OutputFolderLink(), ModelLink())
    lineage: tuple[list[str], list[str]] = ([], [])
    """The images that the task read, and those that it made; known once it ran."""

    @property
    def hook(self) -> ImagenHook:
        """A hook for what the arguments say now: before a task runs they are templates."""
        from airflow_provider_imagen.hooks.imagen import ImagenHook

        return ImagenHook(**{name: getattr(self, name) for name in PLACE_FIELDS})

    def execute(self, context: Context) -> list[str]:
        """Ask Google once and return the URIs of the images."""
        with fail_permanently(self):
            return self._run(context)

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Return inputs and outputs to OpenLineage, where it is installed."""
        from airflow_provider_imagen.operators.lineage import operator_lineage

        return operator_lineage(*self.lineage)

    def _run(self, context: Mapping[str, Any]) -> list[str]:
        from airflow_provider_imagen.errors import ModelNotFoundError

        client = self.hook.client
        planner = self._planner(client.settings)
        plan = planner.first()
        try:
            return self._carry_out(plan, plan.request, client, context)
        except ModelNotFoundError as missing:
            if planner.fallback in {None, plan.request.model}:
                raise
            second = planner.with_fallback(plan.request.model, str(missing))
            return self._carry_out(second, plan.request, client, context)

    def _planner(self, settings: ConnectionSettings) -> Planner[Any]:
        from datetime import UTC, datetime

        from airflow_provider_imagen.core.catalogue import catalogue
        from airflow_provider_imagen.core.catalogue.plan import ModelPreferences, Planner

        fallback = self.fallback_model or settings.fallback_model
        preferences = ModelPreferences(self.model, fallback, settings.default_model, settings.location)
        return Planner(self._kind(), self._arguments(), preferences, catalogue(), datetime.now(UTC).date())

    def _carry_out(
        self, plan: RequestPlan[Any], wanted: Any, client: ImagenClient, context: Mapping[str, Any]
    ) -> list[str]:
        from airflow_provider_imagen.operators.delivery import Delivery
        from airflow_provider_imagen.operators.errand import Errand
        from airflow_provider_imagen.operators.files import check_place
        from airflow_provider_imagen.operators.lineage import announce
        from airflow_provider_imagen.operators.memory import Memory
        from airflow_provider_imagen.operators.searching import Search, can_be_searched
        from airflow_provider_imagen.operators.task_folder import task_folder

        delivery = Delivery(plan, client, {"imagen_conn_id": self.imagen_conn_id, **plan.notes}, context)
        check_place(plan.request.output_uri, delivery.identity)
        self.log.info("Model %s: %s.", plan.request.model, plan.why)
        for remark in plan.remarks:
            self.log.warning("%s", remark)
        folder = task_folder(plan.request.output_uri, delivery.identity, client)
        memory = Memory(wanted, folder, client, context)
        search = Search(plan.request, client, delivery.identity) if can_be_searched(plan) else None
        errand = Errand(
            plan, lambda request: self._send(client, plan, request, delivery.keeper(memory)), delivery, memory, search
        )
        uris = errand.run()
        memory.returned()
        self.lineage = ([plan.request.image] if self.job == "upscale" else [], uris)
        announce(plan.request, uris, self.outlets, context, self.hook)
        return uris

    def _send(self, client: ImagenClient, plan: RequestPlan[Any], request: Any, keep: Keep) -> ImagesResponse:
        from airflow_provider_imagen.operators.metrics import metered

        complete = self._complete(request)
        self.log.info("Asking %s in %s to %s into %s", request.model, plan.location, self.job, request.output_uri)
        return metered(plan, request, lambda: self._ask(client, complete, keep))

    def _arguments(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.request_fields}

    def _complete(self, request: Any) -> Any:
        """Add to a checked request what costs something to get. Nothing by default."""
        return request

    @abstractmethod
    def _kind(self) -> Any:
        """Return the kind of request this operator makes."""

    @abstractmethod
    def _ask(self, client: ImagenClient, request: Any, keep: Keep) -> ImagesResponse:
        """Send the request; ``keep`` stores an image as soon as it is there."""
