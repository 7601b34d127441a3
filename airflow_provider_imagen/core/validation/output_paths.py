"""Where images may go and what they may be called: the rules for ``output_uri`` and ``image_key``, as sentences."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from airflow_provider_imagen.core.image_format import UNKNOWN, type_of_name
from airflow_provider_imagen.core.storage.locations import is_in_cloud_storage, parse_folder
from airflow_provider_imagen.core.text import is_blank, quoted
from airflow_provider_imagen.core.validation.path_parts import problem_with_path

MISSING = {"None", "nan", "NaT"}
"""What Jinja and pandas write for a missing value."""

LONGEST_KEY = 100
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What an ``image_key`` may be: it stands in names of files, objects and URLs, on every system."""

ALIASES = {"gcs"}
"""Schemes that mean Cloud Storage elsewhere; here ``gs`` does."""

ALLOWED = "Use gs://bucket/folder/, an absolute local folder, or another scheme that Airflow can write to."


def problems_with_output_uri(uri: str, allowed: str = ALLOWED) -> Iterator[str]:
    """Yield what is wrong with an ``output_uri``, one sentence each.

    :param uri: the ``output_uri``.
    :param allowed: says what is allowed.
    """
    scheme = uri.partition("://")[0] if "://" in uri else ""
    if not uri.strip():
        yield f"output_uri is empty. {allowed}"
    elif not uri.isprintable() or uri != uri.strip():
        yield f"output_uri is {quoted(uri)}; control characters and blanks around it are not allowed. {allowed}"
    elif wrong := problem_with_path(_path_of(uri), in_cloud=is_in_cloud_storage(uri)) or _problem_with_folder(uri):
        yield f"output_uri is {quoted(uri)}; {wrong}. {allowed}"
    elif is_in_cloud_storage(uri):
        yield from _problems_with_cloud_folder(uri)
    elif uri.startswith(("http://", "https://")):
        yield f"output_uri is {quoted(uri)}; a web address cannot be written to. {allowed}"
    elif scheme in ALIASES or scheme != scheme.lower():
        yield (
            f"output_uri is {quoted(uri)}; its scheme is spelled in a way that Google does not write to itself. "
            f"{allowed}"
        )
    elif uri.startswith("file://") and not uri.startswith("file:///"):
        yield (f"output_uri is {quoted(uri)}; a file URI has three slashes, for example file:///data/images. {allowed}")
    elif "://" not in uri and not uri.startswith("/"):
        yield f"output_uri is {quoted(uri)}, a relative path whose place depends on the worker. {allowed}"


def _problem_with_folder(uri: str) -> str | None:
    """Return why a path is probably not the folder that is meant, None when it may be."""
    if any(mark in uri for mark in ("{{", "{%", "{#")):
        return "a template in it was not rendered: only templated arguments of a task are"
    if found := next((mark for mark in "*?" if mark in uri), None):
        return f"it is one folder, and {found!r} stands for no name"
    if missing := next((part for part in _path_of(uri).split("/") if part.rpartition("=")[2] in MISSING), None):
        return f"a part of it is {missing!r}, which is what a template makes of a missing value"
    if type_of_name(uri) != UNKNOWN:
        return "it names a file, and a folder is wanted; image_key gives the images of operators a name"
    return None


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


def problems_with_key(key: str | None) -> Iterator[str]:
    """Yield what is wrong with an ``image_key``. A key that is given and renders to nothing is none."""
    if key is None or (KEY.fullmatch(key) and not _is_nothing(key)):
        return
    if _is_nothing(key):
        yield (
            f"image_key is {quoted(key)}, which is what a template makes of a missing value. Check the template that "
            "renders it, or leave image_key out."
        )
        return
    yield (
        f"image_key is {quoted(key)}; allowed are 1 to {LONGEST_KEY} characters of A-Z a-z 0-9 . _ -, beginning with a "
        f"letter or digit. {_suggestion(key)}"
    )


def _is_nothing(key: str) -> bool:
    """Say whether a key is what Jinja, Python or pandas write for a missing value."""
    return is_blank(key) or key.strip().lower() in {"none", "nan"}


def _suggestion(key: str) -> str:
    plain = unicodedata.normalize("NFKD", key).encode("ascii", "ignore").decode()
    allowed = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-._")[:LONGEST_KEY]
    if not KEY.fullmatch(allowed) or _is_nothing(allowed):
        return "Make one of the item's number or code."
    return f"Use {allowed!r}, for example."
