"""What identifies the pictures of a batch, by whatever request Cloud Storage told of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from airflow_provider_imagen.core.storage.listing import StoredObject
from airflow_provider_imagen.core.storage.locations import CloudFolder
from airflow_provider_imagen.runner.batch_pictures import FEW_OBJECTS, ListedObjects
from airflow_provider_imagen.runner.input_pictures import picture_in_cloud

MADE_AT = datetime(2026, 11, 26, tzinfo=UTC)
URIS = [f"gs://bucket/photos/{number}.png" for number in range(FEW_OBJECTS + 2)]


class EncryptedBucket:
    """A bucket with a customer-managed key: a listing leaves the checksums out, a look-up does not."""

    def __init__(self) -> None:
        self.looked_up: list[str] = []

    def metadata(self, uri: str) -> StoredObject:
        self.looked_up.append(uri)
        return self._stored(uri, {"md5Hash": f"md5 of {uri}", "crc32c": "crc"})

    def list(self, folder: CloudFolder) -> Iterator[StoredObject]:
        return (self._stored(uri, {}) for uri in URIS)

    def _stored(self, uri: str, checksums: dict[str, str]) -> StoredObject:
        name = uri.removeprefix("gs://bucket/")
        return StoredObject.model_validate({"name": name, "timeCreated": MADE_AT, "size": 7, **checksums})


def identities(uris: list[str], storage: Any) -> dict[str, str]:
    objects = ListedObjects(storage)
    return {uri: picture_in_cloud("picture", uri, objects.metadata(uri)).identity for uri in uris}


def test_a_listing_without_checksums_identifies_no_picture() -> None:
    storage = EncryptedBucket()

    found = identities(URIS, storage)

    assert found == {uri: f"md5:md5 of {uri}" for uri in URIS}
    assert identities(URIS[::-1], storage) == found
