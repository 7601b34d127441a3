"""How a batch runs: its width, pace, budget and what counts as a failure, read from a task's arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from airflow_provider_imagen.core.requests import Number, Switch, Whole
from airflow_provider_imagen.core.text import is_blank, quoted
from airflow_provider_imagen.errors import InvalidInputError

MODES = ("online", "batch")
MOST_AT_ONCE = 64
"""More threads than that gain nothing: each waits for Google."""
RANGES: Mapping[str, tuple[float, float]] = {
    "max_concurrency": (1, MOST_AT_ONCE),
    "requests_per_minute": (0.01, 1_000_000),
    "max_cost_usd": (0, 1_000_000),
    "first_job_items": (1, 200_000),
    "poll_interval": (1, 3600),
    "job_timeout_seconds": (60, 30 * 24 * 3600),
}


JOB_TIMEOUT_SECONDS = (72 + 24 + 2) * 3600.0
"""72 hours in the queue and 24 hours of running are Google's own limits for a job; two more for its ends."""


def _failures(value: Any) -> Any:
    """Return a number of items as a whole number, a share (``0.05``, ``"5%"``) as a fraction."""
    if isinstance(value, bool):
        raise ValueError("True and False are no numbers")  # noqa: TRY004  # pydantic collects ValueErrors
    if isinstance(value, str):
        text = value.strip()
        return float(text[:-1]) / 100 if text.endswith("%") else float(text) if "." in text else int(text)
    return value


MaxFailed = Annotated[
    int | float, BeforeValidator(_failures), Field(description="a number of items, or a share such as 0.05 or '5%'")
]


class BatchSettings(BaseModel):
    """How a batch runs.

    :param mode: ``online``: requests side by side; ``batch``: batch prediction jobs of Google.
    :param max_concurrency: the most requests under way.
    :param requests_per_minute: the most requests in a minute. None: as fast as Google answers.
    :param max_cost_usd: what the batch may cost, by list price. None: no limit.
    :param max_failed_items: how many items may fail: a number, or below 1 a share of all.
    :param retry_filtered: ask again for items that were filtered or refused before.
    :param first_job_items: submit a first job for so many items, and the rest once its results were read. None: all.
    :param keep_job_files: keep the files of a job when every image of it is stored.
    :param cancel_on_kill: cancel the jobs when the task is stopped.
    :param cancel_on_timeout: cancel the jobs when they are not done in time.
    :param job_timeout_seconds: how long jobs are waited for. Google ends a job after 72 hours in its queue and 24 more.
    :param poll_interval: seconds between two looks at the jobs.
    :param dry_run: only say what would be asked for.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["online", "batch"] = "online"
    max_concurrency: Whole = 8
    requests_per_minute: Number | None = None
    max_cost_usd: Number | None = None
    max_failed_items: MaxFailed = 0
    retry_filtered: Switch = False
    first_job_items: Whole | None = None
    keep_job_files: Switch = False
    cancel_on_kill: Switch = False
    cancel_on_timeout: Switch = False
    job_timeout_seconds: Number = JOB_TIMEOUT_SECONDS
    poll_interval: Number = 60.0
    dry_run: Switch = False

    @model_validator(mode="before")
    @classmethod
    def _blank_is_not_given(cls, given: Any) -> Any:
        return {name: value for name, value in given.items() if not is_blank(value)}

    @classmethod
    def read(cls, arguments: Mapping[str, Any]) -> Self:
        """Return the settings in a task's arguments.

        :raises InvalidInputError: names every mistake at once.
        """
        settings, problems = cls.read_what_is_right(arguments)
        if problems:
            raise InvalidInputError(problems)
        return settings

    @classmethod
    def read_what_is_right(cls, arguments: Mapping[str, Any]) -> tuple[Self, tuple[str, ...]]:
        """Return the settings in a task's arguments, defaults in place of those of a wrong type, and every mistake."""
        wrong: dict[str, str] = {}
        try:
            settings = cls.model_validate(dict(arguments))
        except ValidationError as failure:
            wrong = {str(error["loc"][0]): "" for error in failure.errors()}
            settings = cls.model_validate({name: value for name, value in arguments.items() if name not in wrong})
        problems = [_type_problem(name, arguments.get(name)) for name in wrong]
        return settings, (*problems, *settings._out_of_range(arguments))  # noqa: SLF001  # its own kind

    def may_fail(self, items: int) -> int:
        """Return how many of a number of items may fail."""
        share = self.max_failed_items
        return int(share * items + 1e-9) if isinstance(share, float) else share

    def _out_of_range(self, written: Mapping[str, Any]) -> Iterator[str]:
        """Yield one sentence for each number that is too small or too large, as it was written."""
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                limits = f"allowed are {low:g} to {high:g}"
                yield f"{name} is {quoted(written[name])}; {limits}. Choose a value in that range."
        failed = self.max_failed_items
        if not (failed >= 0 and (isinstance(failed, int) or failed <= 1)):  # NaN is neither
            yield (
                f"max_failed_items is {quoted(written['max_failed_items'])}; allowed are a number of items from 0, and "
                "a share from 0 to 1 or from '0%' to '100%'. Correct it."
            )


def _type_problem(name: str, value: Any) -> str:
    field = BatchSettings.model_fields.get(name)
    if field is None:
        return f"{name} is no argument of a batch. Allowed: {', '.join(sorted(BatchSettings.model_fields))}."
    if name == "mode":
        return f"mode is {quoted(value)}; allowed are {', '.join(MODES)}. Choose one of these or leave it out."
    form = field.description or {
        "max_concurrency": "a whole number",
        "retry_filtered": "True or False",
        "dry_run": "True or False",
    }.get(name, "a number")
    return f"{name} is {quoted(value)} and must be {form}. Correct the value or its template."
