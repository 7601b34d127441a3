"""What one Airflow connection gives access to: the image models of Vertex AI, and the buckets of Cloud Storage."""

from __future__ import annotations

from typing import Any

from airflow_provider_imagen.client.batch_jobs import BatchJobs
from airflow_provider_imagen.client.session import Session
from airflow_provider_imagen.client.storage import CloudStorage
from airflow_provider_imagen.client.vertex import VertexClient
from airflow_provider_imagen.core.connection import ConnectionSettings


class ImagenClient:
    """The clients of one connection, over one session. Safe to share between threads.

    :param settings: the connection.
    :param options: the arguments of :class:`airflow_provider_imagen.client.session.Session`.
    """

    def __init__(self, settings: ConnectionSettings, **options: Any) -> None:
        self.settings = settings
        self.session: Session = Session(settings, **options)
        self.vertex: VertexClient = VertexClient(self.session)
        self.batch_jobs: BatchJobs = BatchJobs(self.session)
        self.storage: CloudStorage = CloudStorage(self.session, settings.storage_endpoint)

    @property
    def project(self) -> str:
        """The project that is billed.

        :raises InvalidConnectionError: neither task, connection nor credentials name one.
        """
        return self.session.project

    def close(self) -> None:
        """Close the pooled connections."""
        self.session.close()
