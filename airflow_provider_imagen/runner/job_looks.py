"""Looks at batch prediction jobs, in the worker or for the trigger, and says what follows."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.core.batch.job_waiting import JobLook, PollOutcome, outcome_of
from airflow_provider_imagen.errors import ImagenError, JobNotFoundError


class JobLooks:
    """Looks at some jobs again and again, and remembers since when Google does not know one.

    :param names: their resource names.
    :param deadline: Unix time in seconds at which the wait is over.
    :param poll_interval: seconds between two looks.
    """

    def __init__(self, names: Sequence[str], deadline: float, poll_interval: float) -> None:
        self._names = names
        self._deadline = deadline
        self._poll_interval = poll_interval
        self._missing_since: dict[str, float] = {}
        self.last: dict[str, JobLook] = {}
        """The last look at each job; one that has ended is not looked at again."""

    def look(self, client: ImagenClient | ImagenError, now: float) -> PollOutcome:
        """Look once at each job that has not ended.

        :param client: asks Google; or why there is none.
        :param now: Unix time in seconds.
        """
        for name in self._names:
            known = self.last.get(name)
            if known is None or not known.is_over:
                self.last[name] = self._look_at(name, client, now)
        looks = [self.last[name] for name in self._names]
        return outcome_of(looks, now=now, deadline=self._deadline, poll_interval=self._poll_interval)

    def _look_at(self, name: str, client: ImagenClient | ImagenError, now: float) -> JobLook:
        try:
            if isinstance(client, ImagenError):
                raise client
            job = client.batch_jobs.get(name)
        except JobNotFoundError as failure:
            since = self._missing_since.setdefault(name, now)
            return JobLook(name, None, failure, now - since)
        except ImagenError as failure:
            return JobLook(name, None, failure)
        self._missing_since.pop(name, None)
        return JobLook(name, job)
