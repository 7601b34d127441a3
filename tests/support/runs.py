"""A run of one request without an operator: the runner, with a listener that remembers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity, fingerprint_of
from airflow_provider_imagen.core.storage.object_names import OwnPlace, own_name
from airflow_provider_imagen.errors import ImagenError
from airflow_provider_imagen.runner.outcome import Outcome
from airflow_provider_imagen.runner.request_runner import RequestRunner
from airflow_provider_imagen.runner.sending import StopSwitch
from airflow_provider_imagen.runner.stores import open_store

TASK = TaskIdentity(dag_id="dag", run_id="run", task_id="task")


class Events:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def sending(self, plan: RequestPlan[Any], requests: int) -> None:
        self.seen.append(("sending", requests))

    def sent(self, plan: RequestPlan[Any], response: Any, errors: Sequence[ImagenError], seconds: float) -> None:
        self.seen.append(("sent", len(response.images), [type(error).__name__ for error in errors]))

    def found(self, plan: RequestPlan[Any], images: int) -> None:
        self.seen.append(("found", images))


def no_path(uri: str) -> Any:
    raise AssertionError(uri)


def runner_of(
    plan: RequestPlan[Any],
    client: ImagenClient,
    *,
    task: TaskIdentity = TASK,
    listener: Any = None,
    stop: StopSwitch | None = None,
) -> RequestRunner:
    name = plan.request.image_key or own_name(*task.instance)
    return RequestRunner(
        plan,
        task,
        OwnPlace(name, is_key=plan.request.image_key is not None, requested=plan.request.count),
        fingerprint_of(plan.request, plan.asked_model),
        client=client,
        store=open_store(plan.request.output_uri, client.storage, no_path),
        listener=listener or Events(),
        stop=stop or StopSwitch(),
    )


def run(plan: RequestPlan[Any], client: ImagenClient, **options: Any) -> Outcome:
    outcome = runner_of(plan, client, **options).run()
    outcome.release()
    return outcome
