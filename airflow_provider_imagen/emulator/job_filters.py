"""The ``filter`` of a list of batch prediction jobs.

Fields and comparisons: ``ListBatchPredictionJobsRequest`` in google-cloud-aiplatform 2.7.0. Grammar: AIP-160, in which
OR binds more tightly than AND, and two restrictions side by side are joined by AND. The texts of errors are the
emulator's.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from airflow_provider_imagen.emulator.api_errors import ApiError

Job = Mapping[str, Any]
Test = Callable[[Job], bool]

TOKEN = re.compile(r'\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<sign><=|>=|!=|[=<>:()])|(?P<word>[^\s<>=!:()"]+))')
EQUALITY = {"=": operator.eq, "!=": operator.ne}
ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
FIELDS = {"display_name": "displayName", "model_display_name": "modelDisplayName", "state": "state"}
LABEL = "labels."


def job_filter(text: str) -> Test:
    """Return a function that says whether the resource of a job is wanted.

    :raises ApiError: the filter cannot be read.
    """
    return _Parser(text).parsed() if text.strip() else lambda _: True


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)

    def parsed(self) -> Test:
        test = self._expression()
        if self._tokens:
            raise _invalid(self._text)
        return test

    def _expression(self) -> Test:
        tests = [self._alternatives()]
        while self._tokens and self._tokens[0] != ")":
            if self._tokens[0] == "AND":
                self._next()
            tests.append(self._alternatives())
        return lambda job: all(test(job) for test in tests)

    def _alternatives(self) -> Test:
        tests = [self._term()]
        while self._tokens and self._tokens[0] == "OR":
            self._next()
            tests.append(self._term())
        return lambda job: any(test(job) for test in tests)

    def _term(self) -> Test:
        word = self._next()
        if word == "NOT":
            negated = self._term()
            return lambda job: not negated(job)
        if word != "(":
            return self._restriction(word)
        test = self._expression()
        if self._next() != ")":
            raise _invalid(self._text)
        return test

    def _restriction(self, field: str) -> Test:
        sign, value = self._next(), _unquoted(self._next())
        if field.startswith(LABEL):
            return _label(field.removeprefix(LABEL), sign, value, self._text)
        if field == "create_time" and sign in EQUALITY | ORDER:
            return _time(sign, value, self._text)
        if field == "display_name" and sign == ":":
            pattern = re.compile(".*".join(re.escape(part) for part in value.split("*")))
            return lambda job: bool(pattern.fullmatch(job["displayName"]))
        if field in FIELDS and sign in EQUALITY:
            compare, name = EQUALITY[sign], FIELDS[field]
            return lambda job: bool(compare(job.get(name, ""), value))
        raise _invalid(self._text, f"{field}{sign} is not supported.")

    def _next(self) -> str:
        if not self._tokens:
            raise _invalid(self._text)
        return self._tokens.pop(0)


def _label(name: str, sign: str, value: str, text: str) -> Test:
    if sign == ":" and value == "*":
        return lambda job: name in job.get("labels", {})
    if sign == "=":
        return lambda job: job.get("labels", {}).get(name) == value
    raise _invalid(text, f"{LABEL}{name}{sign} is not supported.")


def _time(sign: str, value: str, text: str) -> Test:
    compare = (EQUALITY | ORDER)[sign]
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as failure:
        raise _invalid(text, f"{value} is no time in RFC 3339 format.") from failure
    if moment.tzinfo is None:
        raise _invalid(text, f"{value} is no time in RFC 3339 format: it names no time zone.")
    return lambda job: bool(compare(datetime.fromisoformat(job["createTime"]), moment))


def _tokens(text: str) -> list[str]:
    tokens, place, rest = [], 0, text.rstrip()
    while place < len(rest):
        found = TOKEN.match(rest, place)
        if not found:
            raise _invalid(text)
        tokens.append(found[0].strip())
        place = found.end()
    return tokens


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _invalid(text: str, reason: str = "") -> ApiError:
    return ApiError(400, f"Invalid list filter: {text}. {reason}".rstrip())
