"""Opens the store of an ``output_uri``. This happens once a run; no module below parses the URI again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_imagen.core.storage.locations import CloudFolder, LocalFolder, parse_location
from airflow_provider_imagen.runner.store import OpenPath, OutputStore

if TYPE_CHECKING:
    from airflow_provider_imagen.client.storage import CloudStorage


def open_store(output_uri: str, storage: CloudStorage, open_path: OpenPath) -> OutputStore:
    """Open the folder that an ``output_uri`` names.

    :param output_uri: a valid ``output_uri``.
    :param storage: the buckets that the connection reaches.
    :param open_path: opens any other URI.
    """
    location = parse_location(output_uri)
    if isinstance(location, CloudFolder):
        from airflow_provider_imagen.runner.cloud_store import CloudStore

        return CloudStore(location, storage)
    if isinstance(location, LocalFolder):
        from airflow_provider_imagen.runner.local_store import LocalStore

        return LocalStore(location)
    from airflow_provider_imagen.runner.path_store import PathStore

    return PathStore(location.uri, open_path)
