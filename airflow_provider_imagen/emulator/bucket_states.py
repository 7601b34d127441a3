"""States of a bucket that a fault can order: what each refuses, and how Cloud Storage words it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from airflow_provider_imagen.emulator import storage_errors
from airflow_provider_imagen.emulator.storage_errors import StorageError

RETENTION = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Access:
    """The access of a request to a bucket.

    :param bucket: the name of the bucket.
    :param name: the object's name, None when the bucket itself is read or listed.
    :param permission: the permission that the request needs first.
    :param user_project: the project that pays.
    :param present: the metadata of the object that is replaced or deleted, None when there is none.
    """

    bucket: str
    name: str | None
    permission: str
    user_project: str | None = None
    present: Mapping[str, Any] | None = None

    @property
    def is_write(self) -> bool:
        """Whether something is created, replaced, changed or deleted."""
        return self.permission.rpartition(".")[2] not in {"get", "list"}


Rule = Callable[[Access], StorageError | None]


def _missing(access: Access) -> StorageError | None:
    del access
    return storage_errors.missing_bucket()


def _requester_pays(access: Access) -> StorageError | None:
    return None if access.user_project else storage_errors.user_project_missing()


def _read_only(access: Access) -> StorageError | None:
    return storage_errors.not_permitted(access.permission) if access.is_write else None


def _write_only(access: Access) -> StorageError | None:
    return None if access.is_write else storage_errors.not_permitted(access.permission)


def _no_delete_permission(access: Access) -> StorageError | None:
    deletes = access.present is not None or access.permission == "storage.objects.delete"
    return storage_errors.not_permitted("storage.objects.delete") if deletes else None


def _retention_policy(access: Access) -> StorageError | None:
    if access.present is None or access.name is None:
        return None
    until = datetime.fromisoformat(access.present["timeCreated"]) + RETENTION
    return storage_errors.retained(access.bucket, access.name, until.isoformat())


def _temporary_hold(access: Access) -> StorageError | None:
    if access.present is None or access.name is None:
        return None
    return storage_errors.held(access.bucket, access.name, "Temporary")


def _event_based_hold(access: Access) -> StorageError | None:
    if access.present is None or access.name is None:
        return None
    return storage_errors.held(access.bucket, access.name, "Event-Based")


BEFORE_CONDITIONS: dict[str, Rule] = {
    "missing": _missing,
    "requester_pays": _requester_pays,
    "read_only": _read_only,
    "write_only": _write_only,
}
"""States that are checked before the preconditions of a request."""

AFTER_CONDITIONS: dict[str, Rule] = {
    "no_delete_permission": _no_delete_permission,
    "retention_policy": _retention_policy,
    "temporary_hold": _temporary_hold,
    "event_based_hold": _event_based_hold,
}
"""States that keep existing objects; preconditions are checked first (412 before 403)."""

BUCKET_STATES = {*BEFORE_CONDITIONS, *AFTER_CONDITIONS}

DENIED_PERMISSIONS = {
    "read_only": [f"storage.objects.{verb}" for verb in ("create", "update", "delete")],
    "write_only": ["storage.buckets.get", "storage.objects.get", "storage.objects.list"],
    "no_delete_permission": ["storage.objects.delete"],
}
"""Permissions that the caller does not have; the other states refuse a caller with all permissions."""
