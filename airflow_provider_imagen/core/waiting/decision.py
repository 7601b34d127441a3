"""One look at a folder and what follows from it: done, failed, out of time, or look again.

Sensor and trigger both feed this function; neither decides anything itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from airflow_provider_imagen.core.storage.listing import StoredObject
from airflow_provider_imagen.core.text import quoted
from airflow_provider_imagen.core.waiting.condition import FolderContent, ImageWait
from airflow_provider_imagen.errors import ImagenError, PermanentError, UnexpectedResponseError

MOST_URIS_IN_EVENT = 100
"""Each has at most 1,250 bytes."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one look came to.

    :param text: how far the wait is, in words.
    :param count: how many images are there.
    :param uris: their URIs, the first of them where there are very many.
    :param event: what a trigger reports when the wait is over, None when it goes on.
    :param pause_seconds: when to look again.
    :param failure: why the wait cannot succeed any more.
    """

    text: str
    count: int = 0
    uris: tuple[str, ...] = ()
    event: dict[str, Any] | None = None
    pause_seconds: float = 0.0
    failure: PermanentError | None = None


class WaitEvent(BaseModel):
    """The event of a trigger, as the sensor reads it back.

    :param uris: the first images, at most ``MOST_URIS_IN_EVENT``: events go through Airflow's database.
    :param total: how many images there are.
    :param output_uri: the folder they are in.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", strict=True)

    status: Literal["done", "timeout", "failed"]
    uris: list[str]
    message: str
    total: int | None = None
    output_uri: str | None = None


def look(
    wait: ImageWait,
    list_folder: Callable[[], Iterable[StoredObject]],
    *,
    seconds_left: float,
    poll_interval: float,
) -> Verdict:
    """Look once.

    :param wait: what is waited for.
    :param list_folder: lists the folder; may raise our errors. A permanent one ends the wait, any other does not.
    :param seconds_left: until the wait is given up.
    :param poll_interval: seconds to the next look.
    """
    try:
        content = wait.content_of(list_folder())
    except PermanentError as failure:
        return ended_by(failure)
    except ImagenError as failure:
        text = f"This look failed and does not count: {failure}"
        return _not_yet(text, wait, FolderContent(), seconds_left, poll_interval)
    text = wait.progress(content)
    if wait.is_over(content):
        return Verdict(text, content.count, content.uris, _event("done", text, wait.output_uri, content))
    return _not_yet(text, wait, content, seconds_left, poll_interval)


def unanswered(output_uri: object) -> Verdict:
    """Return the verdict on a wait whose time is up while its last look still hangs."""
    text = f"The last look into {output_uri} did not end in time, so what is there is unknown"
    return Verdict(text, event=_event("timeout", text))


def ended_by(failure: PermanentError) -> Verdict:
    """Return the verdict on a wait that cannot succeed any more."""
    text = f"{type(failure).__name__}: {failure}"
    return Verdict(text, event=_event("failed", text), failure=failure)


def read_event(event: Mapping[str, Any] | None) -> WaitEvent:
    """Read what a trigger reported. A wake-up call is read, not trusted.

    :raises UnexpectedResponseError: there is no event, or it is of no known shape.
    """
    try:
        return WaitEvent.model_validate(event)
    except ValidationError:
        raise UnexpectedResponseError(
            f"The trigger reported {quoted(event)}, which is no result of a wait. Clear the task to wait anew, and "
            "restart the triggerer if this provider was upgraded."
        ) from None


def _not_yet(text: str, wait: ImageWait, content: FolderContent, seconds_left: float, poll_interval: float) -> Verdict:
    if seconds_left <= 0:
        event = _event("timeout", text, wait.output_uri, content)
        return Verdict(text, content.count, content.uris, event)
    pause = min(poll_interval, max(seconds_left, 0.0))
    return Verdict(text, content.count, content.uris, pause_seconds=pause)


def _event(
    status: str, message: str, output_uri: str | None = None, content: FolderContent | None = None
) -> dict[str, Any]:
    found = content or FolderContent()
    return {
        "status": status,
        "message": message,
        "uris": list(found.uris[:MOST_URIS_IN_EVENT]),
        "total": found.count,
        "output_uri": output_uri,
    }
