"""Batch prediction jobs of Vertex AI: create, look at, list, cancel, delete. Creating one is what costs money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from airflow_provider_imagen.client.http_request import HttpRequest
from airflow_provider_imagen.client.session import Session
from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.catalogue.lifecycle import advice_when_missing
from airflow_provider_imagen.core.protocols import batch_job, endpoints
from airflow_provider_imagen.core.protocols.batch_job import BatchJob
from airflow_provider_imagen.core.protocols.http_errors import Operation
from airflow_provider_imagen.errors import (
    InvalidInputError,
    JobNotFoundError,
    RequestRejectedError,
    UnexpectedResponseError,
)

WHEN_FORBIDDEN = (
    "Check that the Vertex AI API is enabled in the project (a new project needs some minutes), and that the caller "
    "has the right {right} there, for example by the role roles/aiplatform.user."
)


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a job is created with.

    :param model: id of a publisher model of Google.
    :param location: Google Cloud location that runs it.
    :param input_uri: the ``gs://`` URI of the file with its requests.
    :param output_prefix: the ``gs://`` folder for its results.
    :param display_name: what the Cloud console shows.
    :param labels: by which it is found again.
    """

    model: str
    location: str
    input_uri: str
    output_prefix: str
    display_name: str
    labels: Mapping[str, str]


class BatchJobs:
    """The batch prediction jobs that one connection reaches. Safe to share between threads.

    :param session: sends the requests.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, new: NewJob) -> BatchJob:
        """Create a job. It is billed for every request that it answers.

        The create has no token by which Google would know a repetition, so it is sent again only where Google accepted
        nothing. After an error in Google's own words, which may come after the job was made, it is not.

        :raises ModelNotFoundError: Google does not know the model, or not in this location.
        :raises ServerError: Google failed; a job may be there.
        :raises ResponseLostError: the request was sent and not answered; a job may be there.
        :raises UnexpectedResponseError: the answer is no job; one may be there.
        :raises ImagenError: what any other answer means.
        """
        operation = Operation(
            f"Creating a batch job for {new.model} in {new.location}",
            when_not_found=advice_when_missing(new.model, catalogue(), self._session.now().date()),
            when_forbidden=WHEN_FORBIDDEN.format(right="aiplatform.batchPredictionJobs.create"),
        )
        body = batch_job.create_body(new.model, [new.input_uri], new.output_prefix, new.display_name, new.labels)
        # It makes something in Google's own storage, so it is not repeated after an error of Google's own.
        request = HttpRequest("POST", self._jobs_url(new.location), json=body, stores_output=True)
        return batch_job.decode_job(self._session.request(request, operation).body)

    def get(self, name: str) -> BatchJob:
        """Return a job as it is now. Free of charge.

        :param name: its resource name.
        :raises JobNotFoundError: Google does not know it.
        """
        response = self._session.request(
            HttpRequest("GET", self._job_url(name), free_of_charge=True), _operation("Looking at", name, "get")
        )
        return batch_job.decode_job(response.body)

    def list(self, location: str, job_filter: str | None = None, *, at_most: int | None = None) -> list[BatchJob]:
        """Return the jobs of a location. Google names no order. Free of charge.

        :param location: Google Cloud location.
        :param job_filter: as Google's reference defines it. None: all.
        :param at_most: so many are enough. None: all pages are read.
        """
        url, token = self._jobs_url(location), ""
        operation = Operation(
            f"Listing the batch jobs in {location}",
            when_forbidden=WHEN_FORBIDDEN.format(right="aiplatform.batchPredictionJobs.list"),
        )
        found: list[BatchJob] = []
        seen: set[str] = set()
        while True:
            request = HttpRequest("GET", url, batch_job.list_query(job_filter, token), free_of_charge=True)
            page = batch_job.decode_page(self._session.request(request, operation).body)
            found += page.jobs
            token = page.next_page_token
            if not token or (at_most is not None and len(found) >= at_most):
                return found[:at_most]
            if token in seen:
                raise UnexpectedResponseError(f"{operation.what}: the list leads back to a page that was read already.")
            seen.add(token)

    def cancel(self, name: str) -> bool:
        """Ask Google to cancel a job. What it has answered by then is billed, and exported.

        :param name: its resource name.
        :return: whether Google took the wish; False for a job that has ended already.
        :raises JobNotFoundError: Google does not know it.
        """
        request = HttpRequest("POST", self._job_url(name, "cancel"), content=b"", free_of_charge=True)
        try:
            self._session.request(request, _operation("Cancelling", name, "cancel"))
        except RequestRejectedError:
            if self.get(name).is_ended:
                return False
            raise
        return True

    def delete(self, name: str) -> bool:
        """Delete a job, not its results, and say whether it was there.

        :param name: its resource name.
        """
        request = HttpRequest("DELETE", self._job_url(name), free_of_charge=True)
        try:
            self._session.request(request, _operation("Deleting", name, "delete"))
        except JobNotFoundError:
            return False
        return True

    def _jobs_url(self, location: str) -> str:
        return endpoints.jobs_url(self._base(location), self._session.project, location)

    def _job_url(self, name: str, verb: str = "") -> str:
        try:
            location = endpoints.location_of_job(name)
        except ValueError as failure:
            raise InvalidInputError(
                (f"The name of the job is {failure}. 'airflow imagen jobs list' shows names.",)
            ) from None
        return endpoints.job_url(self._base(location), name, verb)

    def _base(self, location: str) -> str:
        return self._session.settings.endpoint or endpoints.vertex_host(location)


def _operation(what: str, name: str, verb: str) -> Operation:
    return Operation(
        f"{what} {name}",
        JobNotFoundError,
        "It was deleted, or belongs to another project or location.",
        WHEN_FORBIDDEN.format(right=f"aiplatform.batchPredictionJobs.{verb}"),
    )
