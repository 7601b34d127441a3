"""The pictures of a batch: each is looked at once, and those of one folder in Cloud Storage by listing it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from airflow_provider_imagen.client.storage import CloudStorage
from airflow_provider_imagen.core.catalogue import Model
from airflow_provider_imagen.core.catalogue.plan import RequestPlan
from airflow_provider_imagen.core.requests import GenerateRequest
from airflow_provider_imagen.core.storage.listing import StoredObject
from airflow_provider_imagen.core.storage.locations import CloudFolder
from airflow_provider_imagen.core.storage.object_names import OwnPlace
from airflow_provider_imagen.errors import InvalidInputError, PermissionDeniedError, StorageNotFoundError
from airflow_provider_imagen.runner.input_pictures import KnownPictures, PictureReader, upload_large
from airflow_provider_imagen.runner.store import OpenPath, OutputStore
from airflow_provider_imagen.runner.task_run import can_upload, replaced_pictures

FEW_OBJECTS = 10
"""So many objects of one folder are looked up one by one; then the folder is listed."""
MOST_LISTED = 100_000


@dataclass(slots=True)
class ListedObjects:
    """What is known of objects: looked up, or from a listing of their folder.

    :param storage: the buckets that the connection reaches.
    """

    storage: CloudStorage
    _asked: dict[str, int] = field(default_factory=dict)
    _listed: dict[str, dict[str, StoredObject]] = field(default_factory=dict)

    def metadata(self, uri: str) -> StoredObject:
        """Return what is known about an object without its content.

        A listing says no checksum of an object that is encrypted with a customer-managed key; a look-up does.
        Source: Cloud Storage, "Customer-managed encryption keys", restrictions.
        """
        folder, _, _ = uri.rpartition("/")
        self._asked[folder] = self._asked.get(folder, 0) + 1
        if folder not in self._listed and self._asked[folder] > FEW_OBJECTS:
            self._listed[folder] = self._list(folder)
        listed = self._listed.get(folder, {}).get(uri)
        return listed if listed and (listed.md5_hash or listed.crc32c) else self.storage.metadata(uri)

    def _list(self, folder: str) -> dict[str, StoredObject]:
        """Return the objects of a folder by URI; nothing where it may not be listed."""
        bucket, _, path = folder.removeprefix("gs://").partition("/")
        objects = self.storage.list(CloudFolder(bucket, f"{path}/" if path else ""))
        try:
            return {f"gs://{bucket}/{each.name}": each for each in islice(objects, MOST_LISTED)}
        except (PermissionDeniedError, StorageNotFoundError):
            return {}


class BatchPictures:
    """Reads the pictures of the items of a batch. Safe to share between threads.

    :param storage: the buckets that the connection reaches.
    :param open_path: opens any other URI.
    """

    def __init__(self, storage: CloudStorage, open_path: OpenPath) -> None:
        self._reader = PictureReader(ListedObjects(storage), open_path, KnownPictures())
        self._lock = threading.Lock()

    def identify(self, request: GenerateRequest, model: Model) -> tuple[Mapping[str, str], list[str]]:
        """Return what identifies each picture of a request, by URI, and every mistake in them."""
        pictures, problems = self._reader.read(request, model, can_upload=can_upload(request))
        if request.image_key is not None:
            place = OwnPlace(request.image_key, is_key=True, requested=request.count)
            problems = [*problems, *replaced_pictures(request, place)]
        if problems:
            return {}, problems
        return {uri: read.identity for uri, read in zip(request.sources, pictures, strict=True)}, []

    def added_to(self, plan: RequestPlan[Any], store: OutputStore, *, uploads_all: bool = False) -> RequestPlan[Any]:
        """Return a plan with the pictures that its request sends.

        :param plan: what to send.
        :param uploads_all: none is sent with the request; those that are not in Cloud Storage are uploaded.
        :param store: the folder of the ``output_uri``: what is too large to be sent with a request is uploaded there.
        :raises InvalidInputError: a picture cannot be read any more.
        """
        request = plan.request
        if not request.sources:
            return plan
        pictures, problems = self._reader.read(request, plan.model, can_upload=can_upload(request))
        if problems:
            raise InvalidInputError(tuple(problems))
        limits = plan.model.pictures
        if uploads_all and limits is not None:
            limits = limits.model_copy(update={"inline_bytes": 0})
        with self._lock:  # each is uploaded once
            sent = upload_large(pictures, limits, request.service_tier, store)
        return replace(plan, request=request.model_copy(update={"pictures": tuple(read.picture for read in sent)}))
