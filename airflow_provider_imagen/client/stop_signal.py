"""The signal that ends a session: first what may be billed, then everything."""

from __future__ import annotations

import threading

from airflow_provider_imagen.errors import RequestStoppedError


class StopSignal:
    """Says which requests may still be sent. Safe to share between threads."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._aborted = threading.Event()

    @property
    def is_stopped(self) -> bool:
        """Whether requests that may be billed are refused."""
        return self._stopped.is_set()

    @property
    def is_aborted(self) -> bool:
        """Whether all requests are refused."""
        return self._aborted.is_set()

    def stop(self) -> None:
        """Refuse what may be billed from now on, and end all pauses."""
        self._stopped.set()

    def abort(self) -> None:
        """Refuse everything from now on."""
        self._aborted.set()
        self._stopped.set()

    def wait(self, seconds: float) -> None:
        """Pause for so many seconds, or until the signal comes."""
        self._stopped.wait(seconds)

    def check(self, method: str, url: str, *, free_of_charge: bool) -> None:
        """Let a request pass.

        :raises RequestStoppedError: it must not be sent any more.
        """
        if self.is_aborted or (self.is_stopped and not free_of_charge):
            raise RequestStoppedError(
                f"The task was stopped before {method} {url.partition('?')[0]} was sent. Nothing was billed for it."
            )
