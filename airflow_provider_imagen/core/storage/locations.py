"""What an ``output_uri`` may look like, and what it names in Cloud Storage.

``gs://bucket/folder/`` is written by Google itself; every other scheme and absolute local paths are written by
the worker.
"""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from typing import NamedTuple

from airflow_provider_imagen.core.text import quoted

BUCKET = re.compile(r"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]\Z")
"""Names a Cloud Storage bucket may have (lower case, digits, ``.``, ``_``, ``-``; 3 to 222)."""

SCHEME = "gs://"
HAS_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
_CONNECTION = re.compile(r"^[^/@]*@")
OBJECT = re.compile(r"^gs://[^/]+/(.*[^/])\Z")


class CloudFolder(NamedTuple):
    """A bucket and the prefix that all objects of a folder share: empty, or ending in ``/``."""

    bucket: str
    prefix: str


@lru_cache(maxsize=1024)
def parse_folder(uri: str) -> CloudFolder:
    """Read ``gs://bucket/folder`` as a folder.

    A closing slash is added, so ``posters/2026-01-0`` does not also name ``posters/2026-01-01``.

    :raises ValueError: it is no ``gs://`` URI with a usable bucket name.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, path = rest.partition("/")
    if scheme != "gs" or not BUCKET.match(bucket):
        raise ValueError(f"{quoted(uri)} is not of the form gs://bucket/folder/")
    folder = path.rstrip("/")
    return CloudFolder(bucket, f"{folder}/" if folder else "")


def is_in_cloud_storage(uri: str) -> bool:
    """Say whether a URI names a place in Cloud Storage, valid or not."""
    return uri.startswith(SCHEME)


class LocalFolder(NamedTuple):
    """A folder on the disk of the machine that opens it.

    :param uri: the folder as it was written, without a closing slash; the names of its files begin with it.
    :param path: its absolute path.
    """

    uri: str
    path: str


class OtherFolder(NamedTuple):
    """A folder in a storage that Airflow has a file system for, without a closing slash."""

    uri: str


Location = CloudFolder | LocalFolder | OtherFolder


def parse_location(uri: str) -> Location:
    """Say where an ``output_uri`` leads. This is the one place where its scheme decides anything.

    :raises ValueError: it begins with ``gs://`` and has no usable bucket name.
    """
    if is_in_cloud_storage(uri):
        return parse_folder(uri)
    scheme, separator, rest = uri.partition("://")
    folder = uri.rstrip("/")
    if not separator:
        return LocalFolder(folder, folder or "/")
    return LocalFolder(folder, rest.rstrip("/") or "/") if scheme in {"file", "local"} else OtherFolder(folder)


def name_below(uri: str, folder: str) -> str | None:
    """Return the name of a file relative to a folder, None where it lies elsewhere.

    One place has several spellings: ``file:///out``, ``local:///out`` and ``/out``; ``s3://bucket`` with and without
    the connection that Airflow reads before an ``@``.

    :param uri: the file.
    :param folder: the folder, with or without a closing slash.
    """
    path, root = _one_spelling(uri), f"{_one_spelling(folder).rstrip('/')}/"
    return path.removeprefix(root) if path.startswith(root) else None


def _one_spelling(uri: str) -> str:
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme in {"file", "local"}:
        return posixpath.normpath(f"/{(rest if separator else uri).lstrip('/')}")
    return uri if scheme == "gs" else f"{scheme}://{_CONNECTION.sub('', rest)}"


def is_object(uri: str) -> bool:
    """Say whether a URI names an object in Cloud Storage: ``gs://bucket/name``."""
    return uri.isprintable() and OBJECT.match(uri) is not None


def problem_with_source(uri: str, name: str = "image") -> str | None:
    """Return what is wrong with the URI of a picture, None when it can be read or passed on.

    :param uri: its URI.
    :param name: the argument that names it.
    """
    if is_object(uri):
        return None
    other_scheme = HAS_SCHEME.match(uri) is not None and not uri.startswith((SCHEME, "http://", "https://"))
    if (other_scheme or uri.startswith("/")) and uri.isprintable():
        return None
    return (
        f"{name} is {quoted(uri)}; allowed are gs://bucket/name.png, an absolute local file, or another scheme that "
        "Airflow can read. Save the image in one of these places first."
    )
