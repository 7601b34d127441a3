"""One client for each connection in this process, so that many waits share a connection pool and a token."""

from __future__ import annotations

import threading

from airflow_provider_imagen.client.attempts import Attempts
from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.retry import RetryRules

ONE_TRY = RetryRules(deadline_seconds=0)

_clients: dict[str, ImagenClient] = {}
_lock = threading.Lock()


def waiting_client(settings: ConnectionSettings) -> ImagenClient:
    """Return the client with which waits on these settings look; equal settings give the same client.

    It tries each request once: whoever waits looks again anyway. A changed connection gives a new client, so an edit in
    the Airflow UI takes effect with the next look.
    """
    key = settings.model_dump_json()
    with _lock:
        if key not in _clients:
            _clients[key] = ImagenClient(settings, Attempts(ONE_TRY))
        return _clients[key]
