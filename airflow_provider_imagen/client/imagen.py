"""What one Airflow connection gives access to: the image models of Vertex AI, and the buckets of Cloud Storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_imagen.client.session import Session
from airflow_provider_imagen.client.storage import CloudStorage
from airflow_provider_imagen.core.connection import ConnectionSettings

if TYPE_CHECKING:
    from airflow_provider_imagen.client.batch_jobs import BatchJobs
    from airflow_provider_imagen.client.vertex import VertexClient


class ImagenClient:
    """The clients of one connection, over one session. Safe to share between threads.

    Those that ask a model load the catalogue of models, which a wait for images does without.

    :param settings: the connection.
    :param options: the arguments of :class:`airflow_provider_imagen.client.session.Session`.
    """

    def __init__(self, settings: ConnectionSettings, **options: Any) -> None:
        self.settings = settings
        self.session: Session = Session(settings, **options)
        self.storage: CloudStorage = CloudStorage(self.session, settings.storage_endpoint)

    @property
    def vertex(self) -> VertexClient:
        """The image models."""
        from airflow_provider_imagen.client.vertex import VertexClient

        return VertexClient(self.session)

    @property
    def batch_jobs(self) -> BatchJobs:
        """The batch prediction jobs."""
        from airflow_provider_imagen.client.batch_jobs import BatchJobs

        return BatchJobs(self.session)

    @property
    def project(self) -> str:
        """The project that is billed.

        :raises InvalidConnectionError: neither task, connection nor credentials name one.
        """
        return self.session.project

    def close(self) -> None:
        """Close the pooled connections."""
        self.session.close()
