"""The deferred wait: asks in a thread, sleeps on the event loop, reports once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

if TYPE_CHECKING:
    from airflow_provider_imagen.client.imagen import ImagenClient
    from airflow_provider_imagen.core.connection import ConnectionSettings
    from airflow_provider_imagen.core.polling import Verdict


class ImagenOutputTrigger(BaseTrigger):
    """Waits until enough images are in a Cloud Storage folder, or a moment has passed.

    All arguments are plain values, because Airflow stores them in its database. Waits on the same connection share
    one client: one connection pool, one token.

    :param wait: what to wait for, as :class:`airflow_provider_imagen.core.wait.ImageWait` dumps itself.
    :param deadline: Unix time in seconds at which the wait is over. A restarted triggerer keeps it.
    :param poll_interval: seconds between two looks.
    :param imagen_conn_id: the Airflow connection.
    :param impersonation_chain: service account to act as, or a chain that ends with it.
    """

    def __init__(
        self,
        wait: dict[str, Any],
        deadline: float,
        poll_interval: float,
        imagen_conn_id: str,
        impersonation_chain: str | list[str] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow 3.3 left it without types
        self.wait = wait
        self.deadline = deadline
        self.poll_interval = poll_interval
        self.imagen_conn_id = imagen_conn_id
        self.impersonation_chain = impersonation_chain
        self._settings: ConnectionSettings | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class path and arguments, from which Airflow makes this trigger anew."""
        arguments = ("wait", "deadline", "poll_interval", "imagen_conn_id", "impersonation_chain")
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in arguments}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event: ``done`` with the URIs, ``timeout``, or ``failed`` with the reason."""
        while True:
            verdict = await asyncio.to_thread(self._look)
            if verdict.event is not None:
                yield TriggerEvent(verdict.event)
                return
            self.log.info("%s", verdict.text)
            await asyncio.sleep(verdict.pause_seconds)

    def _look(self) -> Verdict:
        from airflow_provider_imagen.core.polling import ended_by, look
        from airflow_provider_imagen.core.wait import check_wait
        from airflow_provider_imagen.errors import PermanentError

        try:
            wait = check_wait(**self.wait)
        except PermanentError as failure:
            return ended_by(failure)
        return look(
            wait,
            lambda: self._client().list_folder(wait.folder),
            seconds_left=self.deadline - time.time(),
            poll_interval=self.poll_interval,
        )

    def _client(self) -> ImagenClient:
        """Return the shared client. The connection is read once: a later hiccup in reading it must not end the wait."""
        if self._settings is None:
            from airflow_provider_imagen.hooks.imagen import ImagenHook

            self._settings = ImagenHook(self.imagen_conn_id, impersonation_chain=self.impersonation_chain).settings
        from airflow_provider_imagen.client.shared import waiting_client

        return waiting_client(self._settings)
