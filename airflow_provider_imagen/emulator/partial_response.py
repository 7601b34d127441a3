"""Partial responses: the ``fields`` parameter of Google's JSON APIs, such as ``items(name,size),nextPageToken``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from airflow_provider_imagen.emulator.storage_errors import StorageError, invalid

SYMBOL = re.compile(r"[A-Za-z][A-Za-z0-9_-]*|[*/(),]")
Mask = dict[str, Any]
"""Names that are kept, each with the mask of what is below it; an empty mask keeps everything."""


def _fields(names: str) -> Mask:
    return {name: {} for name in names.split()}


OBJECT = _fields(
    "acl bucket cacheControl componentCount contentDisposition contentEncoding contentLanguage contentType contexts "
    "crc32c customTime customerEncryption etag eventBasedHold generation hardDeleteTime id kind kmsKeyName md5Hash "
    "mediaLink metadata metageneration name owner restoreToken retention retentionExpirationTime selfLink size "
    "softDeleteTime storageClass temporaryHold timeCreated timeDeleted timeFinalized timeStorageClassUpdated updated"
)
LISTING = {**_fields("kind nextPageToken prefixes"), "items": OBJECT}
"""Fields of Google's ``Object`` and ``Objects`` resources (JSON API reference, 2026-11)."""


def parse(text: str, known: Mask) -> Mask:
    """Read a ``fields`` parameter.

    :param known: the fields of the resource; what is below one without fields of its own is not checked.
    :raises StorageError: the text is no field selection, or selects a field that the resource does not have.
    """
    symbols = SYMBOL.findall(text)
    if "".join(symbols) != text.replace(" ", ""):
        raise _invalid(text)
    mask, end = _list(iter([*symbols, ""]), text)
    if end:
        raise _invalid(text)
    _check(mask, known)
    return mask


def select(value: Any, mask: Mask) -> Any:
    """Return a JSON value with the fields of a mask only."""
    if not mask:
        return value
    if isinstance(value, list):
        return [select(each, mask) for each in value]
    if not isinstance(value, dict):
        return value
    masks = {name: mask[name if name in mask else "*"] for name in value if name in mask or "*" in mask}
    return {name: select(value[name], below) for name, below in masks.items()}


def _check(mask: Mask, known: Mask) -> None:
    for name, below in mask.items():
        if name not in {*known, "*"}:
            raise _invalid(name)
        if known.get(name):
            _check(below, known[name])


def _list(symbols: Iterator[str], text: str) -> tuple[Mask, str]:
    """Read ``a,b/c,d(e,f)`` up to a closing bracket or the end, and return what ended it too."""
    mask: Mask = {}
    separator = ","
    while separator == ",":
        below, separator = mask, "/"
        while separator == "/":
            if not (name := next(symbols)).strip("/(),"):
                raise _invalid(text)
            below, separator = below.setdefault(name, {}), next(symbols)
        if separator == "(":
            inner, end = _list(symbols, text)
            if end != ")":
                raise _invalid(text)
            below.update(inner)
            separator = next(symbols)
    return mask, separator


def _invalid(text: str) -> StorageError:
    return invalid(f"Invalid field selection {text}", "fields")
