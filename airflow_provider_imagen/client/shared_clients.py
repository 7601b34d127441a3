"""One client for each connection in this process, so that many waits share a connection pool and a token."""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from airflow_provider_imagen.client.auth import ignore_secret
from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.connection import ConnectionSettings
from airflow_provider_imagen.core.recovery.retry import RetryRules

ONE_TRY = RetryRules(deadline_seconds=0)
POLL_TIMEOUT_SECONDS = 30.0
"""How long one look waits for an answer at most: a listing is small, and a wait looks again anyway."""
POLL_CONNECTIONS = 16
"""How many connections are kept open: one for each look that runs at the same moment."""
KEPT_CLIENTS = 8
"""How many clients are kept for the next look of a sensor that holds none itself."""

_Name = tuple[str, frozenset[tuple[str, Any]]]
_in_use: weakref.WeakValueDictionary[_Name, ImagenClient] = weakref.WeakValueDictionary()
_recent: OrderedDict[_Name, ImagenClient] = OrderedDict()
_lock = threading.Lock()


def waiting_client(
    settings: ConnectionSettings, on_secret: Callable[[str], None] = ignore_secret, **options: Any
) -> ImagenClient:
    """Return the client with which waits on these settings look; equal settings and options give the same client.

    It tries each request once and not for long, because a wait looks again anyway. A changed connection gives a new
    client. A client that is neither held nor among the last ones asked for is dropped, and its connections are closed.

    :param settings: the connection.
    :param on_secret: receives every token before it is used.
    :param options: other arguments of :class:`airflow_provider_imagen.client.session.Session`.
    """
    # A digest, so that no key of a connection stays in memory as the name of a client that is gone.
    name = hashlib.sha256(settings.model_dump_json().encode()).hexdigest(), frozenset(options.items())
    with _lock:
        client = _recent[name] = _in_use.get(name) or _new_client(settings, on_secret, options)
        _in_use[name] = client
        _recent.move_to_end(name)
        dropped = [_recent.popitem(last=False)[1] for _ in range(len(_recent) - KEPT_CLIENTS)]
    del dropped  # outside the lock, because connections may be closed here
    return client


def _new_client(
    settings: ConnectionSettings, on_secret: Callable[[str], None], options: dict[str, Any]
) -> ImagenClient:
    hurried = settings.model_copy(update={"timeout_seconds": min(settings.timeout_seconds, POLL_TIMEOUT_SECONDS)})
    fixed = {"retry_rules": ONE_TRY, "on_secret": on_secret, "pool_size": POLL_CONNECTIONS}
    return ImagenClient(hurried, **{**options, **fixed})
