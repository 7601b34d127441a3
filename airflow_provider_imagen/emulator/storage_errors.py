"""Errors of Cloud Storage, with the JSON and the words that Google's JSON API uses.

Words and reasons as measured against Cloud Storage on 2026-09-30 and in public reports of 2020 to 2026; they are not
those of its reference in every case: a held object is refused with ``forbidden``, not ``objectUnderActiveHold``.
"""

from __future__ import annotations

from typing import Any

CALLER = "caller@emulator-project.iam.gserviceaccount.com"
PRECONDITION = "At least one of the pre-conditions you specified did not hold."


class StorageError(Exception):
    """An error response of Cloud Storage.

    :param status: HTTP status.
    :param reason: Google's reason, such as ``forbidden``.
    :param location: the part of the request that is at fault, and its kind.
    """

    def __init__(self, status: int, reason: str, message: str, location: tuple[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.location = location

    @property
    def body(self) -> dict[str, Any]:
        """The error as the JSON API writes it."""
        error: dict[str, str] = {"message": self.message, "domain": "global", "reason": self.reason}
        if self.location:
            error |= {"locationType": self.location[0], "location": self.location[1]}
        return {"error": {"code": self.status, "message": self.message, "errors": [error]}}


def missing_bucket() -> StorageError:
    """Return the error of a bucket that does not exist."""
    return StorageError(404, "notFound", "The specified bucket does not exist.")


def missing_object(bucket: str, name: str) -> StorageError:
    """Return the error of an object that does not exist."""
    return StorageError(404, "notFound", f"No such object: {bucket}/{name}")


def precondition_failed() -> StorageError:
    """Return the error of a write whose ``ifGenerationMatch`` or the like does not hold."""
    return StorageError(412, "conditionNotMet", PRECONDITION, ("header", "If-Match"))


def not_modified() -> StorageError:
    """Return the answer to a read of a generation that the client has already."""
    return StorageError(304, "notModified", "Not Modified")


def not_permitted(permission: str) -> StorageError:
    """Return the error of a caller without a permission, such as ``storage.objects.delete``."""
    resource = "bucket" if permission == "storage.objects.list" or "buckets" in permission else "object"
    return StorageError(
        403,
        "forbidden",
        f"{CALLER} does not have {permission} access to the Google Cloud Storage {resource}. "
        f"Permission '{permission}' denied on resource (or it may not exist).",
    )


def retained(bucket: str, name: str, until: str) -> StorageError:
    """Return the error of a request to replace or delete an object that a retention policy keeps."""
    return StorageError(
        403,
        "retentionPolicyNotMet",
        f"Object '{bucket}/{name}' is subject to bucket's retention policy or object retention and cannot be deleted "
        f"or overwritten until {until}",
    )


def held(bucket: str, name: str, kind: str) -> StorageError:
    """Return the error of a request to replace or delete an object under a hold, ``Temporary`` or ``Event-Based``."""
    return StorageError(
        403,
        "forbidden",
        f"Object '{bucket}/{name}' is under active {kind} hold and cannot be deleted, overwritten or archived until "
        "hold is removed.",
    )


def user_project_missing() -> StorageError:
    """Return the error of a requester-pays bucket."""
    return StorageError(400, "required", "Bucket is a requester pays bucket but no user project provided.")


def invalid(message: str, parameter: str) -> StorageError:
    """Return the error of a parameter's value."""
    return StorageError(400, "invalidParameter", message, ("parameter", parameter))
