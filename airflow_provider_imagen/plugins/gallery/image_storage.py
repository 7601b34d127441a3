"""Images in storage: the bytes behind a recorded URI, within bounds. No other module of the gallery reads storage."""

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
from airflow_provider_imagen.core.image_format import image_type
from airflow_provider_imagen.core.result_document import ResultDocument
from airflow_provider_imagen.core.result_parts import StoredImage
from airflow_provider_imagen.core.storage.locations import is_in_cloud_storage, parse_folder
from airflow_provider_imagen.errors import ImagenError, OutputError, StorageNotFoundError
from airflow_provider_imagen.hooks.imagen import ImagenHook
from airflow_provider_imagen.plugins.gallery.thumbnails import FORMATS

log = logging.getLogger(__name__)

MAX_IMAGE_BYTES = 64 << 20
"""The largest image that is read. The largest that Google makes, 17 megapixels as PNG, are about half of it."""
STORAGE_TIMEOUT_SECONDS = 30.0
"""Request time-out of a page; the connection's own is meant for generating images."""

UNKNOWN_TYPE = "application/octet-stream"
"""MIME type of an image that no result names."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_LOCAL_SCHEMES = {"file", "local"}
_REFUSED_SCHEMES = {"http", "https", "ftp", "data", "memory", "github", "zip", "tar"}
"""Never opened, whatever providers register: an XCom value must not send the API server to an address of its choice."""


class ImageUnavailableError(Exception):
    """An image cannot be shown.

    :param status: HTTP status of the response.
    :param message: a sentence for people who may see the task instance.
    """

    def __init__(self, status: HTTPStatus = HTTPStatus.BAD_GATEWAY, message: str = "") -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


def unavailable_reason(image: StoredImage) -> str | None:
    """Return why an image is never read, None if it may be. Reads no storage."""
    uri = image.uri
    scheme, separator, rest = uri.partition("://")
    if not uri.isprintable() or "::" in uri:
        return "This is no address of an image."
    if not separator or scheme in _LOCAL_SCHEMES:
        return _local_refusal(Path(rest if separator else uri))
    if scheme == "gs":
        return _cloud_storage_refusal(uri)
    if not _SCHEME.fullmatch(scheme) or scheme in _REFUSED_SCHEMES or not has_fs(scheme):
        return f"The API server cannot read {scheme}:// addresses. Install the provider of this storage there."
    return None


def read_image(image: StoredImage, document: ResultDocument) -> tuple[bytes, str]:
    """Return the bytes of a recorded image and the MIME type that they have.

    :raises ImageUnavailableError: it cannot be shown; gives the reason.
    """
    if problem := unavailable_reason(image):
        raise ImageUnavailableError(HTTPStatus.FORBIDDEN, problem)
    data = _read(image.uri, document.imagen_conn_id or ImagenHook.default_conn_name)
    mime_type = image_type(data)
    if mime_type is None or mime_type not in FORMATS:
        raise ImageUnavailableError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "What is stored there is no PNG, JPEG, WebP, GIF or BMP image."
        )
    return data, mime_type


def allowed_folders() -> list[Path]:
    """Return the local folders that the option ``gallery_local_folders`` names."""
    option = conf.get("imagen", "gallery_local_folders", fallback="") or ""
    return [Path(folder.strip()).resolve() for folder in option.split(",") if folder.strip().startswith("/")]


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


def _cloud_storage_refusal(uri: str) -> str | None:
    try:
        parse_folder(uri)
    except ValueError:
        return "This is no address of an image."
    name = uri.removeprefix("gs://").partition("/")[2]
    return "This is no address of an image." if name in {"", ".", ".."} else None


def _read(uri: str, conn_id: str) -> bytes:
    scheme, separator, rest = uri.partition("://")
    try:
        if is_in_cloud_storage(uri):
            return _client(conn_id).storage.download(uri, MAX_IMAGE_BYTES)
        if not separator or scheme in _LOCAL_SCHEMES:
            return _bounded(_read_local(Path(rest if separator else uri)))
        with ObjectStoragePath(uri).open("rb") as file:
            return _bounded(bytes(file.read(MAX_IMAGE_BYTES + 1)))
    except ImageUnavailableError:
        raise
    except Exception as failure:
        log.warning("%s cannot be shown in the gallery (connection %s).", uri, conn_id, exc_info=True)
        raise _unavailable(failure, conn_id) from failure


def _client(conn_id: str) -> ImagenClient:
    settings = ImagenHook(conn_id).settings
    timeout = min(settings.timeout_seconds, STORAGE_TIMEOUT_SECONDS)
    return waiting_client(settings.model_copy(update={"timeout_seconds": timeout}))


def _read_local(path: Path) -> bytes:
    """Return the bytes of a regular file. Symbolic links are resolved before the folder is checked, and never after."""
    real = path.resolve(strict=True)
    if not _is_allowed(real):
        raise FileNotFoundError(path)
    descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileNotFoundError(path)
        return file.read(MAX_IMAGE_BYTES + 1)


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_IMAGE_BYTES:
        raise _too_large_error()
    return data


def _too_large_error() -> ImageUnavailableError:
    message = f"This image is larger than {MAX_IMAGE_BYTES >> 20} MB. Open it in its storage."
    return ImageUnavailableError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)


def _unavailable(failure: Exception, conn_id: str) -> ImageUnavailableError:
    """Return the error for the page. The original text stays in the log: it may name hosts, files and accounts."""
    if isinstance(failure, StorageNotFoundError | FileNotFoundError):
        return ImageUnavailableError(HTTPStatus.NOT_FOUND, "This image is not there any more. It was deleted or moved.")
    if isinstance(failure, OutputError):
        return _too_large_error()
    through = f" through the connection {conn_id}" if isinstance(failure, ImagenError) else ""
    return ImageUnavailableError(
        HTTPStatus.BAD_GATEWAY,
        f"The API server could not read this image{through} ({type(failure).__name__}). Its log says more.",
    )
