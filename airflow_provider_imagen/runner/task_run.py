"""Plans and runs one request of a task, with its fallback. Operators and command line both come this way."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.catalogue.plan import Planner, RequestPlan
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity, fingerprint_of
from airflow_provider_imagen.core.requests import UpscaleRequest
from airflow_provider_imagen.core.storage.object_names import OwnPlace, own_name
from airflow_provider_imagen.errors import InvalidInputError, ModelNotFoundError
from airflow_provider_imagen.runner.listener import HostMemory, RunListener
from airflow_provider_imagen.runner.outcome import Outcome
from airflow_provider_imagen.runner.request_runner import RequestRunner
from airflow_provider_imagen.runner.sending import StopSwitch
from airflow_provider_imagen.runner.source_image import read_source
from airflow_provider_imagen.runner.store import OpenPath, OutputStore
from airflow_provider_imagen.runner.stores import open_store

log = logging.getLogger("airflow.task")


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a run needs from where it runs.

    :param task: the task instance and its try.
    :param client: sends the requests.
    :param open_path: opens URIs other than ``gs://`` and local paths.
    :param listener: is called when requests are sent and answered.
    :param stop: ends the run from outside.
    :param hosts: remembers the machine of a try; None where nothing can.
    :param notes: what else the ``result`` document says.
    """

    task: TaskIdentity
    client: ImagenClient
    open_path: OpenPath
    listener: RunListener
    stop: StopSwitch
    hosts: HostMemory | None
    notes: dict[str, Any]


def run_request(planner: Planner[Any], run_context: RunContext) -> Outcome:
    """Run the request that a task asks for; with its fallback when Google does not know the model.

    :param planner: knows the arguments and the models.
    :param run_context: where it runs.
    :raises ImagenError: see the tree in :mod:`airflow_provider_imagen.errors`.
    """
    plan = planner.first()
    asked = planner.asked()
    source = None
    if isinstance(plan.request, UpscaleRequest):
        source = read_source(plan.request, plan.model, run_context.client.storage, run_context.open_path)
    pictures = {} if source is None else {asked.image: source.identity}
    fingerprint = fingerprint_of(asked, plan.asked_model, pictures)
    store = open_store(plan.request.output_uri, run_context.client.storage, run_context.open_path)
    try:
        return _runner(plan, source, fingerprint, store, run_context).run()
    except ModelNotFoundError as missing:
        if planner.fallback in {None, plan.request.model}:
            raise
        second = planner.with_fallback(plan.request.model, str(missing))
        return _runner(second, source, fingerprint, store, run_context).run()


def _runner(
    plan: RequestPlan[Any], source: Any, fingerprint: str, store: OutputStore, run_context: RunContext
) -> RequestRunner:
    log.info("Model %s: %s.", plan.request.model, plan.why)
    for remark in plan.remarks:
        log.warning("%s", remark)
    request = plan.request if source is None else plan.request.model_copy(update={"source": source.source})
    task = run_context.task
    key = request.image_key
    name = key or own_name(task.dag_id, task.run_id, task.task_id, task.map_index)
    place = OwnPlace(name, is_key=key is not None, requested=request.count)
    if source is not None and place.owns(request.image.removeprefix(store.uri(""))):
        raise InvalidInputError(
            (
                f"image is {request.image!r}, which image_key {key!r} in this output_uri would replace. Give the "
                "larger image another image_key or output_uri.",
            )
        )
    return RequestRunner(
        replace(plan, request=request, notes={**run_context.notes, **plan.notes}),
        task,
        place,
        fingerprint,
        client=run_context.client,
        store=store,
        listener=run_context.listener,
        stop=run_context.stop,
        hosts=run_context.hosts,
    )
