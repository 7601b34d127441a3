"""The Airflow hook: reads a connection and hands out a client for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseHook, mask_secret

from airflow_provider_imagen.provider_info import CONNECTION_FIELDS, HIDDEN_FIELDS, INTEGRATION, PLACEHOLDERS

if TYPE_CHECKING:
    from airflow_provider_imagen.client.imagen import ImagenClient
    from airflow_provider_imagen.core.connection import ConnectionSettings

PROBE_TIMEOUT_SECONDS = 20.0


class ImagenHook(BaseHook):
    """Holds connection and authentication for Google's image models on Vertex AI.

    Reading the connection, loading credentials and opening connections happen on first use. One hook has one
    connection pool and one cached token. A ``google_cloud_platform`` connection works as it is.

    :param imagen_conn_id: the Airflow connection, of type ``imagen`` or ``google_cloud_platform``.
    :param project_id: Google Cloud project to bill. None: the connection's, else the credentials' own.
    :param location: for example ``us-central1``. None: the connection's, else the model's default.
    :param impersonation_chain: service account to act as, or a chain (list or comma-separated) that ends with it.
        None: the connection's.
    """

    conn_name_attr = "imagen_conn_id"
    default_conn_name = "imagen_default"
    conn_type = "imagen"
    hook_name = INTEGRATION
    client_options: ClassVar[Mapping[str, Any]] = {}
    """Time and transport of every client of this class: arguments of
    :class:`airflow_provider_imagen.client.session.Session`. Tests set them."""

    def __init__(
        self,
        imagen_conn_id: str = default_conn_name,
        project_id: str | None = None,
        location: str | None = None,
        impersonation_chain: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        from airflow_provider_imagen.core.text import text_from

        super().__init__(**kwargs)
        self.imagen_conn_id: str = text_from(imagen_conn_id)
        self.project_id = project_id
        self.location = location
        self.impersonation_chain = impersonation_chain
        self._settings: ConnectionSettings | None = None
        self._client: ImagenClient | None = None

    @property
    def settings(self) -> ConnectionSettings:
        """What connection and arguments say together, read on first use.

        :raises InvalidConnectionError: there is no such connection, or an extra cannot be used.
        """
        # No cached_property: before Python 3.12 its lock is one for all hooks of a process.
        if self._settings is None:
            self._settings = self._read_settings()
        return self._settings

    def _read_settings(self) -> ConnectionSettings:
        from airflow_provider_imagen.core.connection import read_settings
        from airflow_provider_imagen.hooks.masking import mask_secrets_of

        settings = read_settings(
            self.imagen_conn_id,
            self._extras(),
            project=self.project_id,
            location=self.location,
            impersonation_chain=self.impersonation_chain,
        )
        mask_secrets_of(settings)
        return settings

    def get_conn(self) -> ImagenClient:
        """Return the client of this hook, always the same one."""
        return self.client

    @property
    def client(self) -> ImagenClient:
        """The client, made on first use."""
        from airflow_provider_imagen.client.imagen import ImagenClient

        if self._client is None:
            self._client = ImagenClient(self.settings, **{**self.client_options, "on_secret": mask_secret})
        return self._client

    def batch_client(self, requests: int) -> ImagenClient:
        """Return a client for many requests side by side, which bounds the memory that large responses take together.

        :param requests: how many. So many connections to each host are kept open.
        """
        from airflow_provider_imagen.client.imagen import ImagenClient
        from airflow_provider_imagen.client.large_bodies import LargeBodies

        options = {"pool_size": requests, "large_bodies": LargeBodies(), **self.client_options}
        return ImagenClient(self.settings, **{**options, "on_secret": mask_secret})

    def waiting_client(self) -> ImagenClient:
        """Return the client for waits: shared by all hooks on this connection in this process, and never patient.

        A wait looks again anyway, so a look that fails is not repeated by the client.
        """
        from airflow_provider_imagen.client.shared_clients import waiting_client

        return waiting_client(self.settings, mask_secret, **self.client_options)

    def test_connection(self) -> tuple[bool, str]:
        """Get a token and look up one model. No image is made, nothing is billed.

        :return: whether it worked, and what to do when it did not.
        """
        from airflow_provider_imagen.errors import ImagenError

        try:
            return True, self._probe()
        except ImagenError as failure:
            return False, str(failure)

    def _probe(self) -> str:
        from airflow_provider_imagen.client.imagen import ImagenClient
        from airflow_provider_imagen.client.shared_clients import ONE_TRY
        from airflow_provider_imagen.core.catalogue import catalogue

        # A person waits for this, so it is tried once and not for long.
        patience = {"timeout_seconds": min(self.settings.timeout_seconds, PROBE_TIMEOUT_SECONDS)}
        options = {**self.client_options, "retry_rules": ONE_TRY, "on_secret": mask_secret}
        client = ImagenClient(self.settings.model_copy(update=patience), **options)
        project = client.project
        model = self.settings.default_model or catalogue().defaults["generate"]
        client.session.check_token()
        client.vertex.describe_model(model)
        return f"Google accepted the credentials and knows {model}. Tasks will bill project {project}."

    def _extras(self) -> dict[str, Any]:
        from airflow.providers.common.compat.sdk import AirflowNotFoundException

        from airflow_provider_imagen.core.connection import read_extra
        from airflow_provider_imagen.errors import InvalidConnectionError

        try:
            connection = self.get_connection(self.imagen_conn_id)
        except AirflowNotFoundException as failure:
            raise InvalidConnectionError(
                f"The Airflow connection {self.imagen_conn_id!r} could not be read ({failure}). Create it in the UI "
                f"(Admin, Connections, type {INTEGRATION}) or with 'airflow connections add {self.imagen_conn_id} "
                "--conn-type imagen', or name another one with imagen_conn_id. If it is there, Airflow could not read "
                "it: its extra may be no JSON object."
            ) from failure
        except ValueError:
            # Airflow's models refuse some extras themselves. Their error may hold the text, so it is left out.
            raise InvalidConnectionError(
                f"The Airflow connection {self.imagen_conn_id!r} is not written as Airflow writes connections. Correct "
                "it; its extra is a JSON object."
            ) from None
        extras = read_extra(self.imagen_conn_id, connection.extra)
        _ = connection.extra_dejson  # Airflow masks in logs what it knows to be secret when it reads them itself
        return extras

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return the form's behaviour for Airflow versions that do not read it from the metadata (before 3.2)."""
        return {"hidden_fields": list(HIDDEN_FIELDS), "relabeling": {}, "placeholders": dict(PLACEHOLDERS)}

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the form's fields for Airflow versions that do not read them from the metadata (before 3.2)."""
        from airflow_provider_imagen.hooks.connection_form import widgets

        return widgets(CONNECTION_FIELDS)
