"""What is kept of the batch prediction jobs of one batch: an intent before each is created, its name, its results.

Source of what a label may hold: ``BatchPredictionJob.labels`` in Google's reference (lower case letters, digits, ``_``
and ``-``, at most 64 characters).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import ClassVar, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict

from airflow_provider_imagen.core.batch.stored_document import StoredDocument
from airflow_provider_imagen.core.recovery.request_record import TaskIdentity
from airflow_provider_imagen.core.storage.object_names import RECORDS

LABEL = "imagen_job"
"""The label by which a job is found again."""
LABEL_DIGITS = 40
LARGEST_BYTES = 1 << 20
MOST_READ_JOBS = 50
"""How many jobs whose results were read are remembered."""
LONGEST_DISPLAY_NAME = 128


class JobRecord(BaseModel):
    """One job.

    :param number: which job of its batch it is; a part of its label, so that the same items are another job next time.
    :param label: the value of its label.
    :param model: the model that is asked.
    :param location: the Google Cloud location that it runs in.
    :param lines: how many requests it has.
    :param items: how many items they are for.
    :param reserved_usd: what all its lines cost by list price, None where no price is known.
    :param is_first: it was submitted alone; the rest follows once its results are read.
    :param writer: the task instance, and its try, that meant to create it.
    :param intended_at: when, by the worker's clock.
    :param state: ``intended``: before its create was answered; ``lost``: that answer did not come; ``submitted``;
        ``read``: its results are stored.
    :param name: its resource name.
    :param end_state: Google's state when its results were read.
    :param images: how many images came, those of lines that were answered twice among them.
    :param duplicates: how many of these answer a line that was answered before.
    :param spent_usd: what these images cost by list price.
    :param others: names of further jobs that were created for the same intent, and were cancelled.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="ignore")

    number: int
    label: str
    model: str
    location: str
    lines: int
    items: int
    reserved_usd: float | None = None
    is_first: bool = False
    writer: TaskIdentity
    intended_at: AwareDatetime
    state: Literal["intended", "lost", "submitted", "read"] = "intended"
    name: str | None = None
    end_state: str = ""
    images: int = 0
    duplicates: int = 0
    spent_usd: float | None = None
    others: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether its results are still to be read."""
        return self.state != "read"

    @property
    def cost_usd(self) -> float:
        """What it has cost, or may still cost."""
        return (self.reserved_usd if self.is_open else self.spent_usd) or 0.0

    def is_of(self, task: TaskIdentity) -> bool:
        """Say whether this try meant to create it, on whatever machine that part of it ran."""
        return self.writer.instance == task.instance and self.writer.try_number == task.try_number

    def in_document(self) -> dict[str, object]:
        """Return what the ``result`` document says of it."""
        shown = {
            "name": self.name,
            "model": self.model,
            "location": self.location,
            "state": self.end_state or self.state,
            "lines": self.lines,
            "images": self.images,
        }
        more = {"duplicates": self.duplicates, "other_jobs": list(self.others)}
        return shown | {name: value for name, value in more.items() if value}


class JobRecords(StoredDocument):
    """All jobs of one batch, the oldest first."""

    jobs: tuple[JobRecord, ...] = ()

    @property
    def open_jobs(self) -> list[JobRecord]:
        """The jobs whose results are still to be read."""
        return [job for job in self.jobs if job.is_open]

    @property
    def next_number(self) -> int:
        """The number of the next job."""
        return max((job.number for job in self.jobs), default=0) + 1

    def with_job(self, job: JobRecord) -> Self:
        """Return the document with a job in it, in the place of the one with its number."""
        others = [each for each in self.jobs if each.number != job.number]
        read = [each for each in others if not each.is_open]
        dropped = {each.number for each in read[: max(0, len(read) - MOST_READ_JOBS)]}
        kept = [each for each in (*others, job) if each.number not in dropped]
        return self.model_copy(update={"jobs": tuple(sorted(kept, key=lambda each: each.number))})

    def without(self, number: int) -> Self:
        """Return the document without a job."""
        return self.model_copy(update={"jobs": tuple(job for job in self.jobs if job.number != number)})

    def spent_by(self, task: TaskIdentity) -> float:
        """Return what the jobs of one task instance cost since it was last cleared, or may still cost."""
        return sum(
            job.cost_usd
            for job in self.jobs
            if job.writer.instance == task.instance and job.writer.max_tries == task.max_tries
        )


def job_label(lines: Iterable[str], place: str, model: str, number: int) -> str:
    """Return the value of a job's label: the same for the same lines, place, model and number.

    :param lines: what each line asks for, as a fingerprint and the number of its image.
    :param place: the ``output_uri``.
    :param model: the model that is asked.
    :param number: which job of its batch it is.
    """
    digest = hashlib.sha256()
    for part in (*lines, place, model, str(number)):
        digest.update(part.encode(errors="surrogatepass") + b"\0")
    return digest.hexdigest()[:LABEL_DIGITS]


def display_name(batch: str, number: int, label: str) -> str:
    """Return what the Cloud console shows of a job."""
    ending = f"-{number}-{label[:12]}"
    return f"imagen-{batch}"[: LONGEST_DISPLAY_NAME - len(ending)] + ending


def job_folder(batch: str, number: int) -> str:
    """Return the folder of a job's files, below its ``output_uri``."""
    return f"{RECORDS}/jobs/{batch}-{number}/"
