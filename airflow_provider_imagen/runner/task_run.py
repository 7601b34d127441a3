"""Plans and runs one request of a task, with its fallback. Operators and command line both come this way."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.client.storage import CloudStorage
from airflow_provider_imagen.core.catalogue.plan import Planner, RequestPlan
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity, fingerprint_of
from airflow_provider_imagen.core.requests import ImageRequest
from airflow_provider_imagen.core.storage.listing import StoredObject
from airflow_provider_imagen.core.storage.locations import is_in_cloud_storage, name_below
from airflow_provider_imagen.core.storage.object_names import OwnPlace, own_name
from airflow_provider_imagen.core.validation.arguments import STAND_INS
from airflow_provider_imagen.core.validation.input_pictures import ReadPicture
from airflow_provider_imagen.errors import ImagenError, InvalidInputError, ModelNotFoundError
from airflow_provider_imagen.runner.failures import place_errors
from airflow_provider_imagen.runner.input_pictures import PictureReader, problems_with_pictures, upload_large
from airflow_provider_imagen.runner.listener import HostMemory, RunListener
from airflow_provider_imagen.runner.outcome import Outcome
from airflow_provider_imagen.runner.request_runner import RequestRunner
from airflow_provider_imagen.runner.sending import StopSwitch
from airflow_provider_imagen.runner.store import OpenPath, OutputStore
from airflow_provider_imagen.runner.stores import open_store

log: logging.Logger = logging.getLogger("airflow.task")


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
    :raises InvalidInputError: names every mistake, those in pictures among them; nothing was sent.
    :raises ImagenError: see the tree in :mod:`airflow_provider_imagen.errors`.
    """
    plan, pictures = _checked(planner, run_context)
    identities = {uri: read.identity for uri, read in zip(plan.request.sources, pictures, strict=True)}
    fingerprint = fingerprint_of(planner.asked(), plan.asked_model, identities)
    store = open_store(plan.request.output_uri, run_context.client.storage, run_context.open_path)
    try:
        return _runner(plan, pictures, fingerprint, store, run_context).run()
    except ModelNotFoundError as missing:
        if planner.fallback in {None, plan.request.model}:
            raise
        second = planner.with_fallback(plan.request.model, str(missing))
        _refuse(problems_with_pictures(pictures, second.request, second.model, can_upload=can_upload(second.request)))
        return _runner(second, pictures, fingerprint, store, run_context).run()


def _checked(planner: Planner[Any], run_context: RunContext) -> tuple[RequestPlan[Any], list[ReadPicture]]:
    """Return the plan of the first request, and its pictures; or every mistake in arguments and pictures at once."""
    try:
        plan = planner.first()
    except InvalidInputError as failure:
        raise InvalidInputError((*failure.problems, *_problems_in_pictures(planner, run_context))) from None
    reader = PictureReader(run_context.client.storage, run_context.open_path)
    pictures, problems = reader.read(plan.request, plan.model, can_upload=can_upload(plan.request))
    _refuse(problems)
    return plan, pictures


def _problems_in_pictures(planner: Planner[Any], run_context: RunContext) -> list[str]:
    """Return what is wrong with the pictures of a request that is refused anyway, as far as one look tells."""
    asked = planner.asked()
    if STAND_INS["image"] in asked.sources:
        return []
    reader = PictureReader(_OneLook(run_context.client.storage), run_context.open_path)
    try:
        _, problems = reader.read(asked, planner.row(), can_upload=can_upload(asked))
    except ImagenError as failure:
        log.warning("The pictures were not judged: %s", failure)
        return []
    return problems


@dataclass(frozen=True, slots=True)
class _OneLook:
    """Looks up objects without trying again: a refusal of other mistakes does not wait for Cloud Storage."""

    storage: CloudStorage

    def metadata(self, uri: str) -> StoredObject:
        return self.storage.metadata(uri, once=True)


def can_upload(request: ImageRequest) -> bool:
    """Say whether pictures can be stored where Google reads them."""
    return is_in_cloud_storage(request.output_uri)


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise InvalidInputError(tuple(problems))


def _runner(
    plan: RequestPlan[Any],
    pictures: Sequence[ReadPicture],
    fingerprint: str,
    store: OutputStore,
    run_context: RunContext,
) -> RequestRunner:
    log.info("Model %s: %s.", plan.request.model, plan.why)
    for remark in plan.remarks:
        log.warning("%s", remark)
    task, key = run_context.task, plan.request.image_key
    name = key or own_name(task.dag_id, task.run_id, task.task_id, task.map_index)
    place = OwnPlace(name, is_key=key is not None, requested=plan.request.count)
    _refuse(replaced_pictures(plan.request, place))
    with place_errors(plan.request.output_uri):
        sent = upload_large(pictures, plan.model.pictures, getattr(plan.request, "service_tier", None), store)
    request = plan.request.model_copy(update={"pictures": tuple(read.picture for read in sent)})
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


def replaced_pictures(request: ImageRequest, place: OwnPlace) -> list[str]:
    """Say which pictures of a request would be replaced by its result."""
    names = {uri: name_below(uri, request.output_uri) for uri in request.sources}
    return [
        f"{uri!r} is a picture of this request, and image_key {request.image_key!r} in this output_uri would replace "
        "it. Give the result another image_key or output_uri."
        for uri, name in names.items()
        if name is not None and place.owns(name)
    ]
