"""How long a connection may take, and how much is read of a response."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_imagen.client.connection_pools import CONNECT_SECONDS


@dataclass(frozen=True, slots=True)
class TransportLimits:
    """How long a connection may take, and how large a response may be.

    :param connect_seconds: how long one address may take to accept a connection.
    :param image_bytes: the largest response with images that is read, unpacked. Four images of 2K are about 40 MiB.
    :param other_bytes: the largest other response that is read, unpacked. A page of a listing is below 1 MiB.
    """

    connect_seconds: float = CONNECT_SECONDS
    image_bytes: int = 256 << 20
    other_bytes: int = 32 << 20
