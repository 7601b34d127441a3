"""The sensor: waits for images in Cloud Storage, in a worker slot or deferred."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)

from airflow_provider_imagen.hooks.airflow_errors import fail_permanently
from airflow_provider_imagen.operators.argument_names import refuse_other_names

if TYPE_CHECKING:
    from typing import Unpack

    from airflow.providers.common.compat.sdk import Context, XComArg

    from airflow_provider_imagen.core.waiting.condition import ImageWait
    from airflow_provider_imagen.core.waiting.decision import Verdict
    from airflow_provider_imagen.hooks.shared_connections import SharedConnection
    from airflow_provider_imagen.operators.task_arguments import SensorArguments

FOUND_KEY = "found"
FIRST_URIS = 20
GRACE_SECONDS = 300
"""How much later than the trigger Airflow itself ends a deferred wait; it only does so when no triggerer runs."""


class ImagenOutputSensor(BaseSensorOperator):
    """Wait for at least ``min_images`` images below a ``gs://`` folder and return their URIs, ready for ``.expand()``.

    Of more than 1,024 images the first by name are returned, with a warning; XCom key ``found`` holds how many there
    are (``count``), the first of them (``uris``) and the folder (``output_uri``). With ``do_xcom_push=False`` the
    folder is listed no further than ``min_images`` asks for.

    A look that fails for a passing reason (429, 5xx, no connection) does not end the wait. A missing bucket, missing
    rights or wrong arguments end it at once, without retries. A look costs nothing but Cloud Storage's list price.
    ``poke_interval``, ``timeout``, ``mode`` and ``soft_fail`` are those of every Airflow sensor.

    :param output_uri: the folder to look into, with all below it: ``gs://bucket/folder/``. What lies in a folder named
        ``_imagen`` does not count. (templated)
    :param min_images: how many images end the wait, 0 or more. (templated)
    :param mime_types: count only these, for example ``["image/png"]``, ``["jpeg"]`` or ``["image/*"]``. None: every
        image. (templated)
    :param newer_than: count only images stored after this moment (datetime or ISO 8601; without time zone UTC), so
        that older files in the same folder do not count. (templated)
    :param imagen_conn_id: Airflow connection of type ``imagen`` or ``google_cloud_platform``. (templated)
    :param impersonation_chain: service account to act as, or a chain that ends with it. (templated)
    :param deferrable: wait in the triggerer instead of a worker slot. Default: ``[operators] default_deferrable``.
    :raises AirflowFailException: for every error that waiting cannot mend.
    :raises AirflowSensorTimeout: ``timeout`` seconds have passed.
    """

    template_fields: Sequence[str] = (
        "output_uri",
        "min_images",
        "mime_types",
        "newer_than",
        "imagen_conn_id",
        "impersonation_chain",
    )
    ui_color = "#e6f4ea"

    _connection: SharedConnection | None = None

    if TYPE_CHECKING:

        @property
        def output(self) -> Any:
            """What the task returns, as it is when the next task gets it."""

    else:  # to an editor the arguments are those of the constructor

        def __new__(cls, *_: Any, **kwargs: Any) -> Any:
            """Answer a name from elsewhere with the one here, before Airflow says which arguments are missing."""
            refuse_other_names(cls, kwargs)
            return super().__new__(cls)

    def __init__(
        self,
        *,
        output_uri: str | XComArg,
        min_images: int | str | XComArg = 1,
        mime_types: Sequence[str] | str | XComArg | None = None,
        newer_than: datetime | str | XComArg | None = None,
        imagen_conn_id: str = "imagen_default",
        impersonation_chain: str | Sequence[str] | None = None,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Unpack[SensorArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.output_uri = output_uri
        self.min_images = min_images
        self.mime_types = mime_types
        self.newer_than = newer_than
        self.imagen_conn_id = imagen_conn_id
        self.impersonation_chain = impersonation_chain
        self.deferrable = deferrable

    def execute(self, context: Context) -> Any:
        """Wait here, or hand the wait to the triggerer."""
        if not self.deferrable:
            return super().execute(context)
        try:
            with fail_permanently(self):
                wait = self._wait()
                verdict = self._look(wait)
                if verdict.failure is not None:
                    raise verdict.failure
            if verdict.event is not None:
                return self._report(context, verdict)
        except AirflowFailException as failure:
            # Airflow does this itself for a wait in a worker slot.
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(str(failure)) from failure
            raise
        self.log.info("%s; waiting in the triggerer.", verdict.text)
        self._defer(wait)
        return None

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once. True with the URIs when enough images are there."""
        with fail_permanently(self):
            verdict = self._look(self._wait())
            if verdict.failure is not None:
                raise verdict.failure
        if verdict.event is None:
            self.log.info("%s", verdict.text)
            return PokeReturnValue(is_done=False)
        return PokeReturnValue(is_done=True, xcom_value=self._report(context, verdict))

    def execute_complete(self, context: Context, event: Mapping[str, Any] | None = None) -> list[str]:
        """Continue after the triggerer reported."""
        from airflow_provider_imagen.core.waiting.decision import Verdict, read_event

        with fail_permanently(self):
            outcome = read_event(event)
        if outcome.status == "timeout":
            raise AirflowSensorTimeout(f"Waited {self.timeout} s: {outcome.message}")
        if outcome.status == "failed":
            if self.never_fail:  # not every Airflow does this itself, as for soft_fail
                raise AirflowSkipException(outcome.message)
            raise AirflowFailException(outcome.message)
        if outcome.total is None or outcome.total <= len(outcome.uris):
            return self._report(context, Verdict(outcome.message, len(outcome.uris), tuple(outcome.uris)))
        # The event names the first images only, because it went through Airflow's database.
        with fail_permanently(self):
            verdict = self._look(self._wait())
        if verdict.count < len(outcome.uris):
            self.log.warning("%s Only the first images that the triggerer saw are returned.", verdict.text)
            return self._report(context, Verdict(outcome.message, outcome.total, tuple(outcome.uris)))
        return self._report(context, verdict)

    def _report(self, context: Mapping[str, Any], verdict: Verdict) -> list[str]:
        """Return the images' URIs, and push how many images there are where Airflow keeps XCom values."""
        self.log.info("%s", verdict.text)
        if 0 < len(verdict.uris) < verdict.count:
            self.log.warning("There are %d images; the first %d are returned.", verdict.count, len(verdict.uris))
        found = {"count": verdict.count, "uris": list(verdict.uris[:FIRST_URIS]), "output_uri": self.output_uri}
        if self.do_xcom_push and context.get("ti") is not None:
            context["ti"].xcom_push(key=FOUND_KEY, value=found)
        return list(verdict.uris)

    def _wait(self) -> ImageWait:
        from airflow_provider_imagen.core.waiting.condition import check_wait

        return check_wait(
            output_uri=self.output_uri,
            min_images=self.min_images,
            mime_types=self.mime_types,
            newer_than=self.newer_than,
            wants_uris=self.do_xcom_push,
        )

    def _look(self, wait: ImageWait) -> Verdict:
        from airflow_provider_imagen.core.waiting.decision import look
        from airflow_provider_imagen.hooks.shared_connections import SharedConnection, is_refusal

        # Held by the sensor, so that not every poke reads the connection.
        connection = self._connection = self._connection or SharedConnection(
            self.imagen_conn_id, self.impersonation_chain
        )

        def look_once(refused_at: float = float("-inf")) -> Verdict:
            # Airflow keeps the time of a wait that occupies or reschedules a worker slot.
            return look(
                wait,
                lambda: connection.client_in_this_thread(refused_at).storage.list(wait.folder),
                seconds_left=float("inf"),
                poll_interval=self.poke_interval,
            )

        begun = connection.now()
        verdict = look_once()
        may_have_changed = is_refusal(verdict.failure) and connection.was_read_before(begun)
        return look_once(begun) if may_have_changed else verdict

    def _defer(self, wait: ImageWait) -> None:
        from airflow_provider_imagen.triggers.imagen import ImagenOutputTrigger

        chain = self.impersonation_chain
        self.defer(
            trigger=ImagenOutputTrigger(
                wait=wait.model_dump(mode="json"),
                deadline=time.time() + self.timeout,
                poll_interval=self.poke_interval,
                imagen_conn_id=self.imagen_conn_id,
                impersonation_chain=chain if chain is None or isinstance(chain, str) else list(chain),
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout + GRACE_SECONDS),
        )
