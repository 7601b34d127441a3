"""What an ``output_uri`` may look like, and what it names in Cloud Storage.

``gs://bucket/folder/`` is written by Google itself; every other scheme and absolute local paths are written by
the worker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

BUCKET = re.compile(r"^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]\Z")
"""Names a Cloud Storage bucket may have (lower case, digits, ``.``, ``_``, ``-``; 3 to 222)."""


ALIASES = {"gcs"}
"""Schemes that mean Cloud Storage elsewhere; here ``gs`` does."""


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
        raise ValueError(f"{uri!r} is not of the form gs://bucket/folder/")
    folder = path.rstrip("/")
    return CloudFolder(bucket, f"{folder}/" if folder else "")


def problem_with_source(uri: str) -> str | None:
    """Return what is wrong with the ``image`` to upscale, None when it can be read or passed on."""
    if uri.startswith("gs://") and re.match(r"^gs://[^/]+/.*[^/]$", uri):
        return None
    other_scheme = "://" in uri and not uri.startswith(("gs://", "http://", "https://"))
    if other_scheme or uri.startswith("/"):
        return None
    return (
        f"image is {uri!r}; allowed are gs://bucket/name.png, an absolute local file, or another scheme that "
        "Airflow can read. Save the image in one of these places first."
    )


def problems_with(uri: str) -> Iterator[str]:
    """Yield what is wrong with an ``output_uri``, one sentence each."""
    allowed = "Use gs://bucket/folder/, an absolute local folder, or another scheme that Airflow can write to."
    if not uri.strip():
        yield f"output_uri is empty. {allowed}"
    elif not uri.isprintable() or uri != uri.strip() or ".." in uri.split("/"):
        yield f"output_uri is {uri!r}; control characters, blanks around it and '..' are not allowed. {allowed}"
    elif uri.startswith("gs://"):
        yield from _problems_with_cloud_folder(uri)
    elif uri.startswith(("http://", "https://")):
        yield f"output_uri is {uri!r}; a web address cannot be written to. {allowed}"
    elif "://" in uri and (
        uri.partition("://")[0] in ALIASES or uri.partition("://")[0] != uri.partition("://")[0].lower()
    ):
        yield f"output_uri is {uri!r}; its scheme is spelled in a way that Google does not write to itself. {allowed}"
    elif uri.startswith("file://") and not uri.startswith("file:///"):
        yield f"output_uri is {uri!r}; a file URI has three slashes, for example file:///data/images. {allowed}"
    elif "://" not in uri and not uri.startswith("/"):
        yield f"output_uri is {uri!r}, a relative path whose place depends on the worker. {allowed}"


def _problems_with_cloud_folder(uri: str) -> Iterator[str]:
    try:
        folder = parse_folder(uri)
    except ValueError:
        yield f"output_uri is {uri!r}; the form is gs://bucket/folder/ with a valid bucket name. Correct the bucket."
        return
    if not folder.prefix:
        yield f"output_uri is {uri!r}; Google wants a folder after the bucket. Use gs://{folder.bucket}/images/."
