"""A task instance without a scheduler."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from airflow_provider_imagen.core.storage.object_names import own_name


class RecordingTaskInstance(SimpleNamespace):
    """What an operator asks of a task instance: its identity, and a place for XComs."""

    def __init__(
        self,
        run_id: str = "manual__1",
        map_index: int = -1,
        *,
        task_id: str = "posters",
        try_number: int = 1,
        max_tries: int = 0,
    ) -> None:
        super().__init__(
            dag_id="campaign",
            run_id=run_id,
            task_id=task_id,
            map_index=map_index,
            try_number=try_number,
            max_tries=max_tries,
        )
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value

    @property
    def own_name(self) -> str:
        """The name of its own place below an ``output_uri``."""
        return own_name(self.dag_id, self.run_id, self.task_id, self.map_index)


class StateStore(dict[str, Any]):
    """Airflow's task state store, as far as a task uses it."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value

    def delete(self, key: str) -> None:
        self.pop(key, None)


class BrokenStore:
    """A state store that does nothing but fail."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("no connection to the API server")
