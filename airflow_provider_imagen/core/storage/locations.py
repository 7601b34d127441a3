"""What an ``output_uri`` may look like, and what it names in Cloud Storage.

``gs://bucket/folder/`` is written by Google itself; every other scheme and absolute local paths are written by
the worker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from airflow_provider_imagen.core.text import quoted
from airflow_provider_imagen.core.validation.path_parts import problem_with_path

BUCKET = re.compile(r"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]\Z")
"""Names a Cloud Storage bucket may have (lower case, digits, ``.``, ``_``, ``-``; 3 to 222)."""

OBJECT = re.compile(r"^gs://[^/]+/(.*[^/])\Z")

ALIASES = {"gcs"}
"""Schemes that mean Cloud Storage elsewhere; here ``gs`` does."""

ALLOWED = "Use gs://bucket/folder/, an absolute local folder, or another scheme that Airflow can write to."


class CloudFolder(NamedTuple):
    """A bucket and the prefix that all objects of a folder share: empty, or ending in ``/``."""

    bucket: str
    prefix: str


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


def is_object(uri: str) -> bool:
    """Say whether a URI names an object in Cloud Storage: ``gs://bucket/name``."""
    return uri.isprintable() and OBJECT.match(uri) is not None


def problem_with_source(uri: str) -> str | None:
    """Return what is wrong with the ``image`` to upscale, None when it can be read or passed on."""
    if is_object(uri):
        return None
    other_scheme = "://" in uri and not uri.startswith(("gs://", "http://", "https://"))
    if (other_scheme or uri.startswith("/")) and uri.isprintable():
        return None
    return (
        f"image is {quoted(uri)}; allowed are gs://bucket/name.png, an absolute local file, or another scheme that "
        "Airflow can read. Save the image in one of these places first."
    )


def problems_with(uri: str) -> Iterator[str]:
    """Yield what is wrong with an ``output_uri``, one sentence each."""
    scheme = uri.partition("://")[0] if "://" in uri else ""
    if not uri.strip():
        yield f"output_uri is empty. {ALLOWED}"
    elif not uri.isprintable() or uri != uri.strip():
        yield f"output_uri is {quoted(uri)}; control characters and blanks around it are not allowed. {ALLOWED}"
    elif wrong := problem_with_path(_path_of(uri), in_cloud=uri.startswith("gs://")):
        yield f"output_uri is {quoted(uri)}; {wrong}. {ALLOWED}"
    elif uri.startswith("gs://"):
        yield from _problems_with_cloud_folder(uri)
    elif uri.startswith(("http://", "https://")):
        yield f"output_uri is {quoted(uri)}; a web address cannot be written to. {ALLOWED}"
    elif scheme in ALIASES or scheme != scheme.lower():
        yield (
            f"output_uri is {quoted(uri)}; its scheme is spelled in a way that Google does not write to itself. "
            f"{ALLOWED}"
        )
    elif uri.startswith("file://") and not uri.startswith("file:///"):
        yield (f"output_uri is {quoted(uri)}; a file URI has three slashes, for example file:///data/images. {ALLOWED}")
    elif "://" not in uri and not uri.startswith("/"):
        yield f"output_uri is {quoted(uri)}, a relative path whose place depends on the worker. {ALLOWED}"


def _path_of(uri: str) -> str:
    """Return what follows the scheme, without the slash that makes it absolute."""
    return (uri.partition("://")[2] if "://" in uri else uri).removeprefix("/")


def _problems_with_cloud_folder(uri: str) -> Iterator[str]:
    try:
        folder = parse_folder(uri)
    except ValueError:
        yield (
            f"output_uri is {quoted(uri)}; the form is gs://bucket/folder/ with a valid bucket name. "
            "Correct the bucket."
        )
        return
    if not folder.prefix:
        yield (
            f"output_uri is {quoted(uri)}; Google wants a folder after the bucket. Use gs://{folder.bucket}/images/."
        )
