"""On which machine an earlier try ran, where only that machine sees the folder of the images."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_imagen.runner.listener import HostMemory


@dataclass(frozen=True, slots=True)
class HostTrace:
    """What is remembered of a request's machine between tries.

    :param memory: keeps it. None: every machine sees the folder, so nothing is kept.
    :param fingerprint: of the request.
    :param here: this machine.
    """

    memory: HostMemory | None
    fingerprint: str
    here: str

    @property
    def known(self) -> str:
        """The machine that was remembered, empty where none was."""
        return str(((self.memory and self.memory.get()) or {}).get("host", ""))

    def is_elsewhere(self) -> bool:
        """Whether a try of this request ran on another machine."""
        found = self.memory.get() if self.memory else None
        return found is not None and found.get("fingerprint") == self.fingerprint and found["host"] != self.here

    def leave(self) -> None:
        """Remember this machine."""
        if self.memory:
            self.memory.set({"fingerprint": self.fingerprint, "host": self.here})

    def forget(self) -> None:
        """Forget what was remembered."""
        if self.memory:
            self.memory.clear()
