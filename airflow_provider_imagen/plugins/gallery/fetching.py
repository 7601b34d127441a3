"""From what a task recorded to the bytes of an image, within bounds. The only place where the gallery reads storage."""

from __future__ import annotations

import logging
import os
import re
import stat
from http import HTTPStatus
from pathlib import Path

from airflow.providers.common.compat.sdk import ObjectStoragePath, conf
from airflow.sdk.io import has_fs

from airflow_provider_imagen.client.shared_clients import waiting_client
from airflow_provider_imagen.client.vertex import ImagenClient
from airflow_provider_imagen.core.result_document import ResultDocument, StoredImage
from airflow_provider_imagen.core.storage.locations import parse_folder
from airflow_provider_imagen.errors import ImagenError, OutputError, StorageNotFoundError
from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.plugins.gallery.sniffing import image_type

log = logging.getLogger(__name__)

MOST_BYTES = 64 << 20
"""The largest image that is fetched. The largest that Google makes, 17 megapixels as PNG, are about half of it."""
PATIENCE_SECONDS = 30.0
"""How long a page waits for storage; the connection's own timeout is made for generating images."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_LOCAL = {"file", "local"}
_FOREIGN = {"http", "https", "ftp", "data", "memory", "github", "zip", "tar"}
"""Never opened, whatever providers register: an XCom value must not send the API server to an address of its choice."""


class NotShownError(Exception):
    """An image that cannot be shown: the HTTP status, and a sentence for people who may see the task instance."""

    def __init__(self, status: HTTPStatus = HTTPStatus.BAD_GATEWAY, message: str = "") -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


def why_not_shown(image: StoredImage) -> str | None:
    """Return why an image is not even looked for, None when it is. Reads no storage."""
    uri = image.uri
    scheme, separator, rest = uri.partition("://")
    if not uri.isprintable() or "::" in uri:
        return "This is no address of an image."
    if not separator or scheme in _LOCAL:
        return _why_not_local(Path(rest if separator else uri))
    if scheme == "gs":
        return _why_not_cloud(uri)
    if not _SCHEME.fullmatch(scheme) or scheme in _FOREIGN or not has_fs(scheme):
        return f"The API server cannot read {scheme}:// addresses. Install the provider of this storage there."
    return None


def fetch(image: StoredImage, record: ResultDocument) -> tuple[bytes, str]:
    """Return the bytes of a recorded image and their real MIME type.

    :raises NotShownError: it cannot be shown; says why.
    """
    if problem := why_not_shown(image):
        raise NotShownError(HTTPStatus.FORBIDDEN, problem)
    data = _read(image.uri, record.imagen_conn_id or ImagenHook.default_conn_name)
    mime_type = image_type(data)
    if mime_type is None:
        raise NotShownError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "What is stored there is no PNG, JPEG, WebP, GIF or BMP image."
        )
    return data, mime_type


def allowed_folders() -> list[Path]:
    """Return the folders on this machine that the configuration opens to the gallery."""
    named = conf.get("imagen", "gallery_local_folders", fallback="") or ""
    return [Path(folder.strip()).resolve() for folder in named.split(",") if folder.strip().startswith("/")]


def _why_not_local(path: Path) -> str | None:
    if path.is_absolute() and _is_allowed(path):
        return None
    return "On the disk of the worker that made it. Folders that the API server may show: see gallery_local_folders."


def _is_allowed(path: Path) -> bool:
    try:
        real = path.resolve()
    except (OSError, RuntimeError):  # links that lead in a circle
        return False
    return any(real.is_relative_to(folder) for folder in allowed_folders())


def _why_not_cloud(uri: str) -> str | None:
    try:
        parse_folder(uri)
    except ValueError:
        return "This is no address of an image."
    name = uri.removeprefix("gs://").partition("/")[2]
    return "This is no address of an image." if name in {"", ".", ".."} else None


def _read(uri: str, conn_id: str) -> bytes:
    scheme, separator, rest = uri.partition("://")
    try:
        if scheme == "gs" and separator:
            return _client(conn_id).download(uri, MOST_BYTES)
        if not separator or scheme in _LOCAL:
            return _bounded(_read_local(Path(rest if separator else uri)))
        with ObjectStoragePath(uri).open("rb") as file:
            return _bounded(bytes(file.read(MOST_BYTES + 1)))
    except NotShownError:
        raise
    except Exception as failure:
        log.warning("%s is not shown in the gallery (connection %s).", uri, conn_id, exc_info=True)
        raise _in_words(failure, conn_id) from failure


def _client(conn_id: str) -> ImagenClient:
    settings = ImagenHook(conn_id).settings
    patience = min(settings.timeout_seconds, PATIENCE_SECONDS)
    return waiting_client(settings.model_copy(update={"timeout_seconds": patience}))


def _read_local(path: Path) -> bytes:
    """Read a regular file. Links are followed before it is checked where they lead, and not again after that."""
    real = path.resolve(strict=True)
    if not _is_allowed(real):
        raise FileNotFoundError(path)
    descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(path)
        return file.read(MOST_BYTES + 1)


def _bounded(data: bytes) -> bytes:
    if len(data) > MOST_BYTES:
        raise _too_large()
    return data


def _too_large() -> NotShownError:
    return NotShownError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"This image is larger than {MOST_BYTES >> 20} MB. Open it in its storage."
    )


def _in_words(failure: Exception, conn_id: str) -> NotShownError:
    """Return what people may know. The error's own text stays in the log: it may tell of hosts, files and accounts."""
    if isinstance(failure, StorageNotFoundError | FileNotFoundError):
        return NotShownError(HTTPStatus.NOT_FOUND, "This image is not there any more. Somebody deleted or moved it.")
    if isinstance(failure, OutputError):
        return _too_large()
    through = f" through the connection {conn_id}" if isinstance(failure, ImagenError) else ""
    return NotShownError(
        HTTPStatus.BAD_GATEWAY,
        f"The API server could not read this image{through} ({type(failure).__name__}). Its log says more.",
    )
