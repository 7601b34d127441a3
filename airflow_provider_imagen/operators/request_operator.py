"""What both operators do: plan a request, run it, and report what came of it. Arguments are only stored until then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator, BaseOperatorLink

from airflow_provider_imagen.hooks.airflow_errors import fail_permanently
from airflow_provider_imagen.links.imagen import ModelLink, OutputFolderLink
from airflow_provider_imagen.operators.argument_names import refuse_other_names

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_imagen.client.imagen import ImagenClient
    from airflow_provider_imagen.core.catalogue.plan import ModelPreferences, Planner
    from airflow_provider_imagen.core.connection import ConnectionSettings
    from airflow_provider_imagen.hooks.imagen import ImagenHook
    from airflow_provider_imagen.runner.listener import RunListener
    from airflow_provider_imagen.runner.sending import StopSwitch
    from airflow_provider_imagen.runner.task_run import RunContext

MODEL_FIELDS = ("model", "fallback_model")
REQUEST_FIELDS = (
    "output_uri",
    "safety_filter_level",
    "person_generation",
    "output_mime_type",
    "compression_quality",
    "include_rai_reason",
    "labels",
    "image_key",
    "on_filtered",
    "on_lost",
    "if_exists",
)
PLACE_FIELDS = ("imagen_conn_id", "project_id", "location", "impersonation_chain")


class RequestOperator(BaseOperator):
    """An operator that sends one request to one of Google's image models."""

    job: str
    request_fields: tuple[str, ...]
    model: Any
    fallback_model: Any
    imagen_conn_id: str
    ui_color = "#e8f0fe"
    operator_extra_links: tuple[BaseOperatorLink, ...] = (OutputFolderLink(), ModelLink())
    lineage: tuple[list[str], list[str]] = ([], [])
    """The images that the task read, and those that it made; known once it ran."""
    result_document: Any = None
    """The ``result`` document; None until the task has one, and for a batch. Its links read it."""
    _stop: StopSwitch | None = None

    if TYPE_CHECKING:

        @property
        def output(self) -> Any:
            """What the task returns, as it is when the next task gets it."""

    else:  # to an editor the arguments are those of the constructors

        def __new__(cls, *_: Any, **kwargs: Any) -> Any:
            """Answer a name from elsewhere with the one here, before Airflow says which arguments are missing."""
            refuse_other_names(cls, kwargs)
            return super().__new__(cls)

    @property
    def hook(self) -> ImagenHook:
        """A hook for what the arguments say now: before a task runs they are templates."""
        from airflow_provider_imagen.hooks.imagen import ImagenHook

        return ImagenHook(**{name: getattr(self, name) for name in PLACE_FIELDS})

    def execute(self, context: Context) -> list[str]:
        """Send one request and return the URIs of the images."""
        from airflow_provider_imagen.operators.metrics import RequestMetrics
        from airflow_provider_imagen.operators.report import report
        from airflow_provider_imagen.operators.task_context import warn_of_local_folder
        from airflow_provider_imagen.runner.task_run import run_request

        with fail_permanently(self), self._stoppable() as stop:
            self.result_document = None  # of an earlier try of this object
            warn_of_local_folder(getattr(self, "output_uri", None))
            hook = self.hook
            run_context = self._run_context(context, hook.client, stop, RequestMetrics())
            outcome = run_request(self._planner(hook.settings), run_context)
            return report(outcome, self, context, hook)

    def _run_context(
        self, context: Context, client: ImagenClient, stop: StopSwitch, listener: RunListener
    ) -> RunContext:
        """Return what a run needs from Airflow.

        :param context: Airflow's task context.
        :param client: sends the requests.
        :param stop: is turned on by ``on_kill``.
        :param listener: is called when requests are sent and answered.
        """
        from airflow.providers.common.compat.sdk import ObjectStoragePath

        from airflow_provider_imagen.operators.task_context import HostStore, task_identity
        from airflow_provider_imagen.runner.task_run import RunContext

        return RunContext(
            task=task_identity(context["ti"]),
            client=client,
            open_path=ObjectStoragePath,
            listener=listener,
            stop=stop,
            hosts=HostStore(context.get("task_state_store")),
            notes={"imagen_conn_id": self.hook.imagen_conn_id},
        )

    def on_kill(self) -> None:
        """Send nothing more. Responses under way are waited for 3 s, and their images are stored."""
        from airflow_provider_imagen.runner.sending import StopSwitch

        # A stop that comes before the run has begun is kept for it.
        self._stop = self._stop or StopSwitch()
        self._stop.turn_on()

    @contextmanager
    def _stoppable(self) -> Iterator[StopSwitch]:
        """Yield the switch that ``on_kill`` turns on; another run of this object gets another one."""
        from airflow_provider_imagen.runner.sending import StopSwitch

        self._stop = self._stop or StopSwitch()
        try:
            yield self._stop
        finally:
            self._stop = None

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Return inputs and outputs to OpenLineage, where it is installed."""
        from airflow_provider_imagen.operators.lineage import operator_lineage

        return operator_lineage(*self.lineage)

    def _planner(self, settings: ConnectionSettings) -> Planner[Any]:
        from datetime import UTC, datetime

        from airflow_provider_imagen.core.catalogue import catalogue
        from airflow_provider_imagen.core.catalogue.plan import Planner
        from airflow_provider_imagen.core.requests import REQUEST_KINDS

        preferences = self._preferences(settings)
        return Planner(REQUEST_KINDS[self.job], self._arguments(), preferences, catalogue(), datetime.now(UTC).date())

    def _preferences(self, settings: ConnectionSettings) -> ModelPreferences:
        """Return what task and connection say about models and places."""
        from airflow_provider_imagen.core.catalogue.plan import ModelPreferences
        from airflow_provider_imagen.core.text import is_blank

        fallback = settings.fallback_model if is_blank(self.fallback_model) else self.fallback_model
        return ModelPreferences(self.model, fallback, settings.default_model, settings.location)

    def _arguments(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.request_fields}
