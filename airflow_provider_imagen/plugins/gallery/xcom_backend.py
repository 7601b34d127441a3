"""Results that an XCom backend keeps outside Airflow's database.

The files of common.io's ``XComObjectStorageBackend`` are read here, below its configured path only. No other backend
is called: its code may do anything, and this is the API server.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import ObjectStoragePath, conf
from airflow.sdk.bases.xcom import BaseXCom

from airflow_provider_imagen.plugins.gallery.bounded_cache import BoundedCache

log: logging.Logger = logging.getLogger(__name__)

OBJECT_STORAGE = "airflow.providers.common.io.xcom.backend.XComObjectStorageBackend"
MAX_FILE_BYTES = 1 << 20
"""The largest file of a result that is read, decompressed."""
CACHE_BYTES = 16 << 20

_files: BoundedCache[bytes] = BoundedCache(CACHE_BYTES, len)


class UnreadableResultError(Exception):
    """A result is kept where the gallery cannot read it; the text is for people who may see the task instance."""


@dataclass(frozen=True, slots=True)
class XComBackend:
    """The backend that is configured in Airflow.

    :param name: import path of its class.
    :param is_default: whether it is Airflow's own, which keeps every value in the database.
    :param base: path of ``XComObjectStorageBackend``, None for any other backend.
    """

    name: str
    is_default: bool
    base: str | None = None

    def is_reference(self, value: Any) -> bool:
        """Return whether a value in the database stands for one elsewhere."""
        if self.is_default:
            return False
        return self.base is None or (isinstance(value, str) and value.startswith(f"{self.base}/"))

    def read(self, reference: Any, version: str) -> bytes:
        """Return the value behind a reference, as JSON text.

        :param reference: the value in the database.
        :param version: changes when the XCom is pushed again.
        :raises UnreadableResultError: it cannot be read; gives the reason.
        """
        if self.base is None:
            raise UnreadableResultError(
                f"Airflow keeps XComs through {self.name}, which the gallery cannot read, so images cannot be shown."
            )
        try:
            return _files.get((reference, version), lambda: self._read_file(reference))
        except Exception as failure:
            log.warning("The XCom in %s cannot be read.", reference, exc_info=True)
            raise UnreadableResultError(
                f"Airflow keeps XComs through {self.name}, and the API server could not read this result from there "
                f"({type(failure).__name__}), so images cannot be shown. Its log says more."
            ) from failure

    def _read_file(self, reference: str) -> bytes:
        below = reference.removeprefix(f"{self.base}/")
        if not reference.isprintable() or "::" in below or {"", ".", ".."} & set(below.split("/")):
            raise ValueError("not a path below the configured one")
        path = ObjectStoragePath(reference)
        scheme, _, folder = str(self.base).partition("://")
        if scheme in {"file", "local"}:
            _check_local(Path(folder), Path(path.path))
        with path.open("rb", compression="infer") as file:
            data = bytes(file.read(MAX_FILE_BYTES + 1))
        if len(data) > MAX_FILE_BYTES:
            raise ValueError(f"larger than {MAX_FILE_BYTES} bytes")
        return data


def configured_backend() -> XComBackend:
    """Return the backend that ``[core] xcom_backend`` names."""
    name = conf.get("core", "xcom_backend", fallback="") or ""
    try:
        found = conf.getimport("core", "xcom_backend")
    except Exception:  # a class that cannot be imported here: its values cannot be read either
        log.warning("The XCom backend %s cannot be imported.", name, exc_info=True)
        return XComBackend(name, is_default=False)
    if found is None or found is BaseXCom:
        return XComBackend(name, is_default=True)
    if OBJECT_STORAGE in {f"{each.__module__}.{each.__qualname__}" for each in getattr(found, "__mro__", ())}:
        path = conf.get("common.io", "xcom_objectstorage_path", fallback="") or ""
        return XComBackend(name, is_default=False, base=str(ObjectStoragePath(path)).rstrip("/") if path else None)
    return XComBackend(name, is_default=False)


def stored_prefixes(base: str) -> list[str]:
    """Return how a reference below a path begins as JSON text in the database, with and without escapes."""
    return list({json.dumps(f"{base}/", ensure_ascii=ascii_only)[:-1] for ascii_only in (True, False)})


def _check_local(base: Path, path: Path) -> None:
    real = path.resolve(strict=True)
    if not real.is_relative_to(base.resolve()) or not real.is_file():
        raise FileNotFoundError(path)
