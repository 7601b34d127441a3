"""What is killed, and when: the tasks, the moments and the signals. Data only."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Any, Literal

CallKind = Literal["ask", "image upload", "record upload", "listing", "other"]
When = Literal["half sent", "arrived", "slow", "done", "half answered"]
SIGNALS = (signal.SIGKILL, signal.SIGTERM)


@dataclass(frozen=True)
class AtGoogle:
    """While a call of the worker is on its way.

    ``half sent``: half of it was sent, and Google never sees it. ``arrived``: Google has it and works on it although
    the caller is dead. ``slow``: the same, and Google is ready only after the next try began to look. ``done``:
    Google's work is done and no byte of the answer was sent. ``half answered``: half the answer was sent.
    """

    call: CallKind
    number: int
    when: When

    def __str__(self) -> str:
        return f"{self.call} {self.number} {self.when}"


@dataclass(frozen=True)
class AtStep:
    """Before one of the product's own lines, in any thread: the last line of that part of the whole try."""

    part: int
    parts: int

    def __str__(self) -> str:
        return f"step {self.part} of {self.parts}"


@dataclass(frozen=True)
class AtReturn:
    """After ``execute`` has returned and before Airflow has stored what it returned."""

    def __str__(self) -> str:
        return "returned"


@dataclass(frozen=True)
class InWrite:
    """Inside ``write(2)``: the kernel ends the process when one of its files would get larger than this.

    The kernel's signal for it is SIGXFSZ, which nothing catches here, so it is as sudden as SIGKILL.

    """

    largest_file_bytes: int

    def __str__(self) -> str:
        return f"in write after {self.largest_file_bytes} bytes"


Moment = AtGoogle | AtStep | AtReturn | InWrite


@dataclass(frozen=True)
class Case:
    """One kind of task.

    :param place: who stores the images: the worker on its disk, the worker in Cloud Storage, or Google itself.
    :param asks: how many requests the task sends when nothing goes wrong.
    :param calls: the calls during which it is killed.
    :param operator: its module and class.
    """

    name: str
    place: Literal["disk", "uploaded", "google"]
    arguments: dict[str, Any] = field(hash=False)
    images: int = 3
    asks: int = 1
    calls: tuple[tuple[CallKind, int], ...] = (("ask", 1),)
    operator: str = "imagen.ImagenGenerateOperator"

    def __str__(self) -> str:
        return self.name


THREE = {"prompt": "a red boat", "number_of_images": 3, "output_mime_type": "image/jpeg"}
IMAGEN = {"model": "imagen-3.0-generate-002", **THREE}
GEMINI = {"model": "gemini-3.1-flash-image", **THREE}
UPSCALE = {"model": "imagen-4.0-upscale-preview", "image": "gs://bucket/source/small.png", "upscale_factor": "x2"}
GEMINI_ASKS: tuple[tuple[CallKind, int], ...] = (("ask", 1), ("ask", 3))
IMAGE_UPLOADS: tuple[tuple[CallKind, int], ...] = (("image upload", 1), ("image upload", 2), ("image upload", 3))
RECORDS: tuple[tuple[CallKind, int], ...] = (("record upload", 1), ("record upload", 2))

CASES = (
    Case("imagen to disk", "disk", IMAGEN),
    Case("imagen to gs", "google", IMAGEN, calls=(("ask", 1), *RECORDS)),
    Case("gemini to disk", "disk", GEMINI, asks=3, calls=GEMINI_ASKS),
    Case("gemini to gs", "uploaded", GEMINI, asks=3, calls=(*GEMINI_ASKS, *IMAGE_UPLOADS, *RECORDS)),
    Case(
        "upscale to gs",
        "google",
        UPSCALE,
        images=1,
        calls=(("ask", 1), *RECORDS),
        operator="imagen.ImagenUpscaleOperator",
    ),
)


def batch_cases(items: int, width: int) -> tuple[Case, ...]:
    """Return batches of so many items, on disk and in Cloud Storage."""
    rows = [{"key": f"sku-{number}", "prompt": f"a boat, number {number}."} for number in range(items)]
    arguments = {"items": rows, "model": "gemini-3.1-flash-image", "max_concurrency": width}
    asks: tuple[tuple[CallKind, int], ...] = (("ask", 1), ("ask", items // 2), ("ask", items))
    uploads: tuple[tuple[CallKind, int], ...] = (
        ("image upload", 1),
        ("image upload", items),
        ("record upload", 1),
        ("record upload", 4),
        ("record upload", items + 4),
        ("record upload", items + 5),
    )
    return tuple(
        Case(f"batch to {name}", place, arguments, items, items, calls, "batch.ImagenBatchOperator")
        for name, place, calls in (("disk", "disk", asks), ("gs", "uploaded", (*asks, *uploads)))
    )


def moments(case: Case, parts: int) -> list[Moment]:
    """Return the moments at which a worker on this task is killed.

    :param parts: in how many parts the lines of a try are divided.
    """
    found: list[Moment] = [AtStep(part, parts) for part in range(1, parts)]
    for call, number in case.calls:
        found += [AtGoogle(call, number, when) for when in ("arrived", "done")]
        found.append(AtGoogle(call, number, "half answered" if call == "ask" else "half sent"))
    return [*found, AtReturn()]


def if_exists_of(moment: Moment) -> str:
    """Return the ``if_exists`` of a task that is killed at a moment.

    With ``generate`` the record is gone when the images are about to be returned, so that a kill then is paid again:
    it is tried while requests and images are on their way.
    """
    return "generate" if isinstance(moment, AtGoogle) and moment.call in {"ask", "image upload"} else "reuse"


def batch_kills(cases: tuple[Case, ...], parts: int) -> list[tuple[Case, Moment, signal.Signals]]:
    """Return every kill of a batch."""
    return [(case, moment, each) for case in cases for moment in moments(case, parts) for each in SIGNALS]


def kills(parts: int) -> list[tuple[Case, Moment, signal.Signals]]:
    """Return every kill: each moment of each task with each signal, and those that only one signal has."""
    found = [(case, moment, each) for case in CASES for moment in moments(case, parts) for each in SIGNALS]
    for case in CASES:
        if case.place == "disk":
            writes = [InWrite(size) for size in (1, 20_000)]
            found += [(case, write, signal.SIGXFSZ) for write in writes]
        if case.place == "google":
            found.append((case, AtGoogle("ask", 1, "slow"), signal.SIGKILL))
    return found
