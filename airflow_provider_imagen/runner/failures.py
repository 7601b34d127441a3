"""The errors with which a run ends, in words."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from airflow_provider_imagen.core.recovery.decision import Reason
from airflow_provider_imagen.core.recovery.request_record import RequestRecord, TaskIdentity
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.core.text import counted
from airflow_provider_imagen.errors import (
    ImagenError,
    ImagesExistError,
    ImagesFilteredError,
    InvalidInputError,
    KeyInUseError,
    NotSentError,
    PermanentError,
    RecordUnreadableError,
    RequestStoppedError,
    ResponseLostError,
    UnexpectedResponseError,
)
from airflow_provider_imagen.runner.sending import Round

PASSING = frozenset(
    {
        errno.EAGAIN,
        errno.EBUSY,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.EINTR,
        errno.EIO,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.ESTALE,
        errno.ETIMEDOUT,
    }
)
"""Errors of the operating system that pass: of a network, and of a disk behind one."""
LASTING = (ImagenError, ImportError, PermissionError, FileNotFoundError, FileExistsError, NotADirectoryError)
"""Errors of a storage that another try meets as well."""


def error_for(
    reason: Reason,
    *,
    errors: Sequence[ImagenError],
    unreadable: Sequence[str],
    record: RequestRecord | None,
    task: TaskIdentity,
    uris: Sequence[str],
    name: str,
    host: str,
) -> ImagenError:
    """Return the error that ends a run.

    :param reason: why it ends.
    :param errors: what its requests failed with.
    :param unreadable: URIs of records that cannot be read.
    :param record: what an earlier try recorded.
    :param task: the task instance that ends.
    :param uris: images that are there.
    :param name: the name of the request's place.
    :param host: the machine of an earlier try.
    """
    if errors and reason != "stopped":
        return most_serious(errors)
    texts: dict[Reason, tuple[type[ImagenError], str]] = {
        "record_unreadable": (
            RecordUnreadableError,
            f"What an earlier try recorded cannot be read: {', '.join(unreadable)}. Nothing was sent, because its "
            "images may be there and paid for. Look for them below output_uri, remove this file, then clear the task.",
        ),
        "images_exist": (
            ImagesExistError,
            f"{counted(len(uris), 'image of an earlier try is', 'images of an earlier try are')} there: "
            f"{', '.join(uris)}. if_exists is 'fail', so nothing was asked. "
            "Use 'reuse' to return them, or 'generate' to pay for new ones.",
        ),
        "two_writers": (
            KeyInUseError,
            f"image_key {name!r} is in use by {record.writer if record else 'another task'}, and {task} wants it too. "
            "Two tasks of one run cannot make the same image: give each an image_key of its own.",
        ),
        "other_host": (
            ResponseLostError,
            f"An earlier try ran on {host}, and output_uri is a folder of that machine's own disk: whether it made "
            "images cannot be seen from here. Use a storage that all workers see, look there, or set on_lost='resend' "
            "to pay for new images.",
        ),
        "response_lost": (
            ResponseLostError,
            "The response to an earlier try was lost, and no image of it is there. It may have been billed. Nothing "
            "was sent. Clear the task to ask again, or set on_lost='resend'.",
        ),
    }
    kind, text = texts.get(reason) or (
        RequestStoppedError,
        "The task was stopped. Nothing more was sent; a later try finds what is stored.",
    )
    return kind(text)


@contextmanager
def place_errors(output_uri: str, so_far: str = "No model was asked.") -> Iterator[None]:
    """Turn what a storage library raises before a request into an error about ``output_uri``.

    :param output_uri: the folder.
    :param so_far: what was sent, in words.
    :raises NotSentError: the storage did not answer; nothing was sent to a model meanwhile.
    :raises InvalidInputError: the place cannot be read or written.
    """
    try:
        yield
    except ResponseLostError as failure:
        raise NotSentError(f"{failure} {so_far}") from failure
    except ImagenError:
        raise
    except Exception as failure:  # storage libraries raise anything
        if is_passing(failure):
            raise NotSentError(
                f"output_uri {output_uri!r} could not be reached ({type(failure).__name__}: {failure}). {so_far}"
            ) from failure
        problem = (
            f"output_uri is {output_uri!r} and cannot be written ({type(failure).__name__}: {failure}). Use a folder "
            "that this worker may write to, and install the Airflow provider of its scheme."
        )
        raise InvalidInputError((problem,)) from failure


def is_passing(failure: Exception) -> bool:
    """Say whether a storage library failed in a way that another try may not meet, as far as its error tells.

    Libraries for object storage raise errors of the operating system too: ``EBUSY`` where a service asks to slow down.
    """
    is_of_network = isinstance(failure, TimeoutError | ConnectionError)
    return is_of_network or (isinstance(failure, OSError) and failure.errno in PASSING)


def may_pass(failure: Exception) -> bool:
    """Say whether storing a paid image may succeed in another try.

    What says of itself that it stays is believed. So are our own errors: the client has tried again already. Libraries
    for object storage raise errors of their own kinds for a network that fails.
    """
    if isinstance(failure, LASTING):
        return False
    return is_passing(failure) or not isinstance(failure, OSError) or failure.errno is None


def most_serious(errors: Sequence[ImagenError]) -> ImagenError:
    """Return the error that matters most for the next step."""
    return min(errors, key=_rank)


def _rank(error: ImagenError) -> int:
    """Put first what matters most for the next step: a lost response, a permanent failure, one that may be repeated."""
    if isinstance(error, ResponseLostError | UnexpectedResponseError):
        return 0
    return 1 if isinstance(error, PermanentError) else 2


def refusal_of(sent: Round, response: ImagesResponse) -> ImagesFilteredError:
    """Return Google's refusal to make any image.

    :param sent: what the requests came to.
    :param response: all responses together.
    """
    refused = [error for error in sent.errors if isinstance(error, ImagesFilteredError)]
    if refused:
        return refused[0]
    codes = tuple(code for reason in response.reasons for code in reason.codes)
    return ImagesFilteredError(response.refusal(), codes)
