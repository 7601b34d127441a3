"""The work of a batch prediction job: the import of its lines, their answers, and the files of results.

Layout and lines as seen in public reports: ``prediction-model-<createTime>/predictions.jsonl``, in no order, with what
stood beside ``request``, the request with null where only other lines have a field, and a status in place of a
response. The names of partial files and which lines an order applies to are the emulator's own.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from tempfile import TemporaryFile
from typing import IO, Any

from airflow_provider_imagen.emulator.api_errors import ApiError, error_body
from airflow_provider_imagen.emulator.faults import FaultQueue
from airflow_provider_imagen.emulator.generate_content import GenerateContentHandler, as_gemini_fault
from airflow_provider_imagen.emulator.job_import import ImportRefusedError, read_lines
from airflow_provider_imagen.emulator.job_orders import FAILURES
from airflow_provider_imagen.emulator.jobs import Counts, Job
from airflow_provider_imagen.emulator.storage import ObjectMissingError
from airflow_provider_imagen.emulator.storage_errors import StorageError
from airflow_provider_imagen.emulator.storage_front import StorageFront

MOST_PARTIAL_FAILURES = 20
DEADLINE = ApiError(504, "Request deadline exceeded before prefill finished")
CONTENT_TYPE = "application/octet-stream"


class JobFailedError(Exception):
    """The job cannot go on.

    :param code: gRPC's number of the error.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.error: tuple[int, str] = code, message


class JobWorker:
    """Imports and answers the lines of jobs.

    :param storage: Cloud Storage as the service agent reaches it.
    :param handler: answers each line as it answers an online request.
    :param faults: the ordered faults, of which those for "line" apply.
    :param accept: counts a request that images were made for.
    """

    def __init__(
        self,
        storage: StorageFront,
        handler: GenerateContentHandler,
        faults: FaultQueue,
        accept: Callable[[], None],
    ) -> None:
        self._storage, self._handler, self._faults, self._accept = storage, handler, faults, accept

    def read_input(self, job: Job) -> None:
        """Import the lines of a job.

        :raises JobFailedError: they cannot be imported.
        """
        uris = job.body["inputConfig"]["gcsSource"]["uris"]
        places = [*uris, job.body["outputConfig"]["gcsDestination"]["outputUriPrefix"]]
        for bucket in dict.fromkeys(uri.removeprefix("gs://").partition("/")[0] for uri in places):
            if not self._storage.has_bucket(bucket):
                raise JobFailedError(9, f"Failed to get GCS bucket location for {bucket}")
        if job.order.fails_at == "import":
            raise JobFailedError(*(job.order.error or FAILURES["import"]))
        try:
            for line in read_lines(self._lines(uris), job.schema):
                job.offsets.append(job.lines.tell())
                job.lines.write(line.rstrip(b"\r\n") + b"\n")
        except ImportRefusedError as failure:
            raise JobFailedError(3, str(failure)) from failure
        except ObjectMissingError as failure:
            raise JobFailedError(3, f"Failed to import data. Not found: {', '.join(uris)}") from failure
        except StorageError as failure:
            raise JobFailedError(7, f"Failed to import data. {failure}") from failure

    def write_results(self, job: Job, finished: int, is_stopped: Callable[[], bool]) -> Counts:
        """Answer lines and write the results.

        :param finished: how many lines are answered.
        :param is_stopped: whether to give up.
        :raises JobFailedError: the results cannot be written.
        """
        counts = Counts(incomplete=job.total - finished)
        job.counts = counts
        with TemporaryFile() as whole, TemporaryFile() as part:
            for number, line in enumerate(_shuffled(job, finished)):
                if is_stopped():
                    return counts
                for result in self._results(job, *line, counts):
                    whole.write(result)
                    if number < (finished + 1) // 2 or job.order.incremental == "instead":
                        part.write(result)
            if finished:
                self._store(job, whole, part)
        return counts

    def _store(self, job: Job, whole: IO[bytes], part: IO[bytes]) -> None:
        if job.order.fails_at == "export":
            raise JobFailedError(*(job.order.error or FAILURES["export"]))
        try:
            if job.order.incremental:
                part.truncate(max(0, part.tell() - 1))  # such files do not end with a line break
                self._storage.write_uri(
                    f"{job.directory}/incremental_predictions/predictions_00001.jsonl", part, CONTENT_TYPE
                )
            if job.order.incremental != "instead":
                self._storage.write_uri(f"{job.directory}/predictions.jsonl", whole, CONTENT_TYPE)
        except (StorageError, ObjectMissingError) as failure:
            raise JobFailedError(*FAILURES["export"]) from failure

    def _results(self, job: Job, index: int, line: bytes, counts: Counts) -> Iterator[bytes]:
        """Yield the results of a line: the first lines fail if that is ordered, the next are missing, then doubled."""
        order = job.order
        value = json.loads(line)
        if index < order.failed_lines:
            yield self._failed(job, value, DEADLINE, counts, code=4)
            return
        index -= order.failed_lines
        if index < order.missing_lines:
            counts.incomplete += 1
            return
        index -= order.missing_lines
        for _ in range(order.copies if index < order.duplicated_lines else 1):
            yield self._answered(job, value, counts)

    def _answered(self, job: Job, value: dict[str, Any], counts: Counts) -> bytes:
        fault = as_gemini_fault(self._faults.take("line", is_gemini=True, body=value["request"]))
        try:
            if fault and fault.status is not None:
                raise ApiError(fault.status, fault.message, details=fault.details)  # noqa: TRY301
            response = self._handler.answer(value["request"], job.model, {}, fault, is_batch=True)
        except ApiError as error:
            return self._failed(job, value, error, counts)
        counts.successful += 1
        self._accept()
        return _result(job, value, "", {} if fault and fault.empty else response)

    def _failed(
        self, job: Job, value: dict[str, Any], error: ApiError, counts: Counts, code: int | None = None
    ) -> bytes:
        counts.failed += 1
        body = error_body(error.status, error.message, error.details, error.word)
        body["error"]["code"] = code or error.status
        if len(counts.failures) < MOST_PARTIAL_FAILURES:
            counts.failures.append({"code": code or 3, "message": error.message})
        return _result(job, value, f"{HTTPStatus(error.status).phrase}: {json.dumps(body)}", {})

    def _lines(self, uris: list[str]) -> Iterator[bytes]:
        for uri in uris:
            for name in self._storage.matching_uris(uri):
                yield from self._storage.lines(name)


def _result(job: Job, value: dict[str, Any], status: str, response: dict[str, Any]) -> bytes:
    columns = job.schema.columns
    beside = {
        name: columns[name].retyped(columns[name].filled(value.get(name))) for name in columns if name != "request"
    }
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    result = {
        **(beside if job.order.keeps_keys else {}),
        "status": status,
        "processed_time": now,
        "request": columns["request"].filled(value["request"]),
        "response": response,
    }
    return json.dumps(result, ensure_ascii=False).encode() + b"\n"


def _shuffled(job: Job, finished: int) -> Iterator[tuple[int, bytes]]:
    """Yield the first lines with their places in the input, never in its order."""
    indexes = list(range(finished))
    random.Random(job.name).shuffle(indexes)  # noqa: S311  # no secret
    if indexes == list(range(finished)):
        indexes = indexes[1:] + indexes[:1]
    for index in indexes:
        job.lines.seek(job.offsets[index])
        yield index, job.lines.readline()
