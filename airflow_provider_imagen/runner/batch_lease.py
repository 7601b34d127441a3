"""The lease of a batch on ``gs://``: of two runs with one ``output_uri`` the second waits, then finds what is made."""

from __future__ import annotations

import logging

from airflow_provider_imagen.client.session import Session
from airflow_provider_imagen.core.batch.state import LARGEST_BYTES, LEASE_SECONDS, Lease, batch_folder
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity
from airflow_provider_imagen.errors import KeyInUseError, ObjectExistsError
from airflow_provider_imagen.runner.store import OutputStore

log: logging.Logger = logging.getLogger("airflow.task")
CREATE_ONLY = ""
PAUSE_SECONDS = 10.0
MIME_TYPE = "application/json"


class BatchLease:
    """Says who runs a batch now. Storage that keeps no versions has no lease.

    :param store: the folder of the ``output_uri``.
    :param name: the batch's name.
    :param task: the task instance that runs it.
    :param session: for its clock and its pauses.
    """

    def __init__(self, store: OutputStore, name: str, task: TaskIdentity, session: Session) -> None:
        self._store = store
        self._file = f"{batch_folder(name)}lease.json"
        self._task = task
        self._session = session
        self._version: str | None = None
        self._unanswered: list[Lease] = []
        self.is_lost: bool = False
        """Another run has taken the batch over; its files are that run's now."""

    def acquire(self) -> None:
        """Wait until no other run holds the lease, and take it.

        :raises RequestStoppedError: the wait was stopped.
        """
        if not self._store.keeps_versions:
            return
        waited, seen = 0.0, ""
        while not self._create():
            version, lease = self._look()
            if version == "":
                continue  # given back since
            waited, seen = (waited, seen) if version == seen else (0.0, version)
            if lease is None or lease.is_of(self._task) or waited >= LEASE_SECONDS:
                if self._replace(version):
                    return
                continue
            log.info("%s runs this batch. Waiting for it, or until it says nothing for 3 minutes.", lease.writer)
            self._session.pause(PAUSE_SECONDS)
            waited += PAUSE_SECONDS
            if self._session.is_stopped:
                return

    def renew(self) -> None:
        """Say that the batch goes on.

        :raises KeyInUseError: another run has taken it over, because it heard nothing for long.
        """
        if self._version is not None and not self._replace(self._version) and not self._replace_unanswered():
            self._version, self.is_lost = None, True
            raise KeyInUseError(
                f"Another run of this task has taken the batch over, because nothing was heard of {self._task} for "
                f"{LEASE_SECONDS:.0f} s. This one stops; images that are stored are found by the other."
            )

    def release(self) -> None:
        """Give the lease back, unless another run has it. Where that fails, the next run waits until it has expired."""
        if self._version is None:
            return
        try:
            if self._unanswered:
                self._version = self._version_of_unanswered() or self._version
            self._store.remove(self._file, version=self._version)
        except ObjectExistsError:
            log.info("Another run holds the batch now; its lease stays.")
        except Exception as failure:  # noqa: BLE001  # whatever a storage library raises; the images matter more
            log.warning("The lease of the batch could not be removed: %s", failure)
        self._version = None

    def _create(self) -> bool:
        return self._replace(CREATE_ONLY)

    def _replace(self, version: str) -> bool:
        lease = Lease(writer=self._task, renewed_at=self._session.now())
        try:
            self._version = self._store.write(self._file, lease.encode(), MIME_TYPE, version=version)
        except ObjectExistsError:
            return False
        except BaseException:  # it may have been stored all the same
            self._unanswered.append(lease)
            raise
        self._unanswered.clear()
        return True

    def _replace_unanswered(self) -> bool:
        """Replace a lease that this run wrote without an answer, and say whether it was there."""
        version = self._version_of_unanswered()
        return version is not None and self._replace(version)

    def _version_of_unanswered(self) -> str | None:
        """Return the version of the lease that is there if this run wrote it without an answer."""
        version, lease = self._look() if self._unanswered else ("", None)
        return version if lease in self._unanswered else None

    def _look(self) -> tuple[str, Lease | None]:
        """Return the version of the lease that is there, empty if there is none, and what it says."""
        version = next((file.version for file in self._store.files(self._file)), "")
        content = self._store.read(self._file, LARGEST_BYTES) if version else None
        return version, None if content is None else Lease.decode(content)
