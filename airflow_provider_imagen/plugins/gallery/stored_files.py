"""Files in storage: the bytes behind a recorded URI, within bounds. No other module of the gallery reads storage."""

from __future__ import annotations

import logging
import os
import re
import stat
from http import HTTPStatus
from pathlib import Path

from airflow.providers.common.compat.sdk import ObjectStoragePath, conf
from airflow.sdk.io import has_fs

from airflow_provider_imagen.client.imagen import ImagenClient
from airflow_provider_imagen.client.shared_clients import waiting_client
from airflow_provider_imagen.core.storage.locations import is_in_cloud_storage, parse_folder
from airflow_provider_imagen.errors import ImagenError, OutputError, StorageNotFoundError
from airflow_provider_imagen.hooks.imagen import ImagenHook

log: logging.Logger = logging.getLogger(__name__)

STORAGE_TIMEOUT_SECONDS = 30.0
"""Request time-out of a page; the connection's own is meant for generating images."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_LOCAL_SCHEMES = {"file", "local"}
_REFUSED_SCHEMES = {"http", "https", "ftp", "data", "memory", "github", "zip", "tar"}
"""Never opened, whatever providers register: an XCom value must not send the API server to an address of its choice."""


class FileUnavailableError(Exception):
    """A file cannot be shown.

    :param status: HTTP status of the response.
    :param message: a sentence for people who may see the task instance.
    """

    def __init__(self, status: HTTPStatus = HTTPStatus.BAD_GATEWAY, message: str = "") -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


def refusal_of(uri: str, kind: str) -> str | None:
    """Return why a URI is never read, None if it may be. Reads no storage.

    :param uri: as a task recorded it.
    :param kind: what is there, as a noun.
    """
    scheme, separator, rest = uri.partition("://")
    if not uri.isprintable() or "::" in uri:
        return f"This is no address of {_a(kind)}."
    if not separator or scheme in _LOCAL_SCHEMES:
        return _local_refusal(Path(rest if separator else uri))
    if scheme == "gs":
        return _cloud_storage_refusal(uri, kind)
    if not _SCHEME.fullmatch(scheme) or scheme in _REFUSED_SCHEMES or not has_fs(scheme):
        return f"The API server cannot read {scheme}:// addresses. Install the provider of this storage there."
    return None


def read_file(uri: str, conn_id: str | None, at_most_bytes: int, kind: str) -> bytes:
    """Return the bytes behind a recorded URI.

    :param uri: as a task recorded it.
    :param conn_id: the connection that the task recorded.
    :param at_most_bytes: the largest file that is read.
    :param kind: what is there, as a noun.
    :raises FileUnavailableError: it cannot be shown; gives the reason.
    """
    if problem := refusal_of(uri, kind):
        raise FileUnavailableError(HTTPStatus.FORBIDDEN, problem)
    conn_id = conn_id or ImagenHook.default_conn_name
    try:
        data = _read(uri, conn_id, at_most_bytes)
    except Exception as failure:
        log.warning("%s cannot be shown in the gallery (connection %s).", uri, conn_id, exc_info=True)
        raise _unavailable(failure, conn_id, kind, at_most_bytes) from failure
    if len(data) > at_most_bytes:
        raise _too_large_error(kind, at_most_bytes)
    return data


def allowed_folders() -> list[Path]:
    """Return the local folders that the option ``gallery_local_folders`` names."""
    option = conf.get("imagen", "gallery_local_folders", fallback="") or ""
    return [Path(folder.strip()).resolve() for folder in option.split(",") if folder.strip().startswith("/")]


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _local_refusal(path: Path) -> str | None:
    if path.is_absolute() and _is_allowed(path):
        return None
    return "On the disk of the worker that made it. Folders that the API server may show: see gallery_local_folders."


def _is_allowed(path: Path) -> bool:
    try:
        real = path.resolve()
    except (OSError, RuntimeError):  # links that lead in a circle
        return False
    return any(real.is_relative_to(folder) for folder in allowed_folders())


def _cloud_storage_refusal(uri: str, kind: str) -> str | None:
    try:
        parse_folder(uri)
    except ValueError:
        return f"This is no address of {_a(kind)}."
    name = uri.removeprefix("gs://").partition("/")[2]
    return f"This is no address of {_a(kind)}." if name in {"", ".", ".."} else None


def _read(uri: str, conn_id: str, at_most_bytes: int) -> bytes:
    """Return the bytes, and at most one more than are allowed."""
    scheme, separator, rest = uri.partition("://")
    if is_in_cloud_storage(uri):
        return _client(conn_id).storage.download(uri, at_most_bytes)
    if not separator or scheme in _LOCAL_SCHEMES:
        return _read_local(Path(rest if separator else uri), at_most_bytes)
    with ObjectStoragePath(uri).open("rb") as file:
        return bytes(file.read(at_most_bytes + 1))


def _client(conn_id: str) -> ImagenClient:
    settings = ImagenHook(conn_id).settings
    timeout = min(settings.timeout_seconds, STORAGE_TIMEOUT_SECONDS)
    return waiting_client(settings.model_copy(update={"timeout_seconds": timeout}))


def _read_local(path: Path, at_most_bytes: int) -> bytes:
    """Return the bytes of a regular file. Symbolic links are resolved before the folder is checked, and never after."""
    real = path.resolve(strict=True)
    if not _is_allowed(real):
        raise FileNotFoundError(path)
    descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(path)
        return file.read(at_most_bytes + 1)


def _too_large_error(kind: str, at_most_bytes: int) -> FileUnavailableError:
    message = f"This {kind} is larger than {at_most_bytes >> 20} MB. Open it in its storage."
    return FileUnavailableError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)


def _unavailable(failure: Exception, conn_id: str, kind: str, at_most_bytes: int) -> FileUnavailableError:
    """Return the error for the page. The original text stays in the log: it may name hosts, files and accounts."""
    if isinstance(failure, StorageNotFoundError | FileNotFoundError):
        return FileUnavailableError(
            HTTPStatus.NOT_FOUND, f"This {kind} is not there any more. It was deleted or moved."
        )
    if isinstance(failure, OutputError):
        return _too_large_error(kind, at_most_bytes)
    through = f" through the connection {conn_id}" if isinstance(failure, ImagenError) else ""
    return FileUnavailableError(
        HTTPStatus.BAD_GATEWAY,
        f"The API server could not read this {kind}{through} ({type(failure).__name__}). Its log says more.",
    )
