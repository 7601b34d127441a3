"""Responses whose headers are read without the parser for email where they are plain, as Google's are.

``http.client`` reads all headers with that parser, which takes a seventh of the time of a small request. It still reads
those of any other form, so that nothing comes to mean something else.
"""

from __future__ import annotations

import http.client
import re
from io import BufferedReader
from types import FunctionType
from typing import Any

MOST_HEADERS = 100
"""``http.client`` refuses as many."""

# Repetitions are possessive (*+), so that headers which do not match take no longer than those that do.
_FIELD = rb"([!#$%&'*+.^_`|~0-9A-Za-z-]++):[ \t]*+([\t\x20-\x7e]*+)\r\n"
_FIELDS = re.compile(rb"(?:%b){1,%d}" % (_FIELD, MOST_HEADERS - 1))
_EACH_FIELD = re.compile(_FIELD)


def plain_headers(reader: BufferedReader) -> http.client.HTTPMessage | None:
    """Read headers, each a name and a value in ASCII on a line of its own.

    :param reader: stands behind the status line. What comes after the headers stays in it.
    :return: what ``http.client`` reads. None: they have another form or are not there as a whole; nothing was read.
    """
    head, end, _ = reader.peek().partition(b"\r\n\r\n")
    fields = head + b"\r\n"
    if not end or _FIELDS.fullmatch(fields) is None or _is_nested(fields.lower()):
        return None
    reader.read(len(head) + len(end))
    message = http.client.HTTPMessage()
    for name, value in _EACH_FIELD.findall(fields):
        message.set_raw(name.decode(), value.decode())
    message.set_payload("")
    return message


def _is_nested(fields: bytes) -> bool:
    """Say whether the parser for email would look for further messages behind these headers."""
    return b"multipart/" in fields or b"message/" in fields


def _parse_headers(reader: BufferedReader, *arguments: Any, **options: Any) -> http.client.HTTPMessage:
    message = plain_headers(reader)
    return http.client.parse_headers(reader, *arguments, **options) if message is None else message


def with_quick_headers(begin: Any) -> Any:
    """Return the very code of ``http.client``, which finds our ``parse_headers`` among the names of its module.

    :param begin: reads the status line and the headers. It is returned as it is where another library replaced it.
    """
    code = getattr(begin, "__code__", None)
    if code is None or code.co_freevars or "parse_headers" not in code.co_names:
        return begin
    made = FunctionType(code, {**vars(http.client), "parse_headers": _parse_headers})
    made.__kwdefaults__ = begin.__kwdefaults__
    return made


class Response(http.client.HTTPResponse):
    """A response of ``http.client`` that reads plain headers quickly."""

    begin: Any = with_quick_headers(http.client.HTTPResponse.begin)
