"""The wire forms of Google's API, one module each, and the registry of those that ask a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_imagen.core.protocols.protocol import Protocol


def protocol_named(name: str) -> Protocol:
    """Return the protocol that the catalogue names so.

    Its module is imported here: a task needs the wire models of one protocol only.

    :raises LookupError: there is none.
    """
    if name == "predict":
        from airflow_provider_imagen.core.protocols.predict import PREDICT  # noqa: PLC0415

        return PREDICT
    if name == "generateContent":
        from airflow_provider_imagen.core.protocols.generate_content import GENERATE_CONTENT  # noqa: PLC0415

        return GENERATE_CONTENT
    raise LookupError(f"no protocol is named {name!r}")
