"""Connections outside a running task: Airflow 3 itself reads its database for running tasks only."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar

from airflow.models.connection import Connection
from airflow.providers.common.compat.sdk import AirflowNotFoundException
from airflow.secrets.environment_variables import EnvironmentVariablesBackend

from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.recovery.retry import RetryRules
from airflow_provider_imagen.hooks.imagen import ImagenHook


@contextmanager
def _nothing_to_encrypt() -> Iterator[None]:
    """Keep Airflow's warning back that it would store connections unencrypted: here they are only read."""
    logger = logging.getLogger("airflow.models.crypto")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


class HookOutsideTasks(ImagenHook):
    """Reads a connection wherever Airflow keeps it: a secrets backend, the environment, the metadata database.

    A person waits for what it does, so an endpoint where nothing listens is not waited for as long as in a task.
    """

    client_options: ClassVar[Mapping[str, Any]] = {"retry_rules": RetryRules(refused_deadline_seconds=10.0)}

    @classmethod
    def get_connection(cls, conn_id: str) -> Any:
        """Return the connection.

        :param conn_id: its id.
        :raises AirflowNotFoundException: there is none.
        """
        with _nothing_to_encrypt():
            return Connection.get_connection_from_secrets(conn_id)


class HookOnEnvironment(ImagenHook):
    """Reads connections in ``AIRFLOW_CONN_...`` variables, and no others."""

    @classmethod
    def get_connection(cls, conn_id: str) -> Any:
        """Return the connection.

        :param conn_id: its id.
        :raises AirflowNotFoundException: there is none in the environment.
        """
        with _nothing_to_encrypt():
            connection = EnvironmentVariablesBackend().get_connection(conn_id)
        if connection is None:
            raise AirflowNotFoundException(f"The conn_id `{conn_id}` isn't in the environment")
        return connection


class ConnectionReader:
    """Reads each connection once.

    :param everywhere: wherever Airflow keeps it, not only in the environment.
    """

    def __init__(self, *, everywhere: bool) -> None:
        self._hook = HookOutsideTasks if everywhere else HookOnEnvironment
        self.read: Callable[[str], ConnectionSettings | None] = cache(self._read)
        self.missing: dict[str, None] = {}
        """Ids of connections that were not found."""

    def _read(self, conn_id: str) -> ConnectionSettings | None:
        """Return what a connection says, None if it was not found.

        :param conn_id: its id.
        :raises InvalidConnectionError: it cannot be used.
        """
        hook = self._hook(conn_id)
        try:
            hook.get_connection(conn_id)
        except AirflowNotFoundException:
            self.missing[conn_id] = None
            return None
        return hook.settings
