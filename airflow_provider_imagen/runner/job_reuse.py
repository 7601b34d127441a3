"""What a listing alone does not tell about an item before a job is created for it: its records, and its policy."""

from __future__ import annotations

from airflow_provider_imagen.core.batch.outcome import ItemOutcome
from airflow_provider_imagen.core.batch.plan import PlannedItem
from airflow_provider_imagen.core.batch.reuse import own_files, place_of
from airflow_provider_imagen.core.recovery.request_record import SHORT_HEX, TaskIdentity, record_names, relevant_record
from airflow_provider_imagen.core.storage.object_names import in_order
from airflow_provider_imagen.core.text import counted
from airflow_provider_imagen.errors import RecordUnreadableError
from airflow_provider_imagen.runner.batch_found import Found
from airflow_provider_imagen.runner.images import ImageFolder
from airflow_provider_imagen.runner.records import RecordFolder
from airflow_provider_imagen.runner.store import OutputStore, StoredFile


def earlier_outcome(
    item: PlannedItem, found: Found, store: OutputStore, task: TaskIdentity, if_exists: str
) -> ItemOutcome | None:
    """Return what became of an item before, None where it is to be asked for.

    :param item: an item of which the listing alone says nothing.
    :param found: what is there.
    :param store: the folder of the ``output_uri``.
    :param task: the task instance and its try.
    :param if_exists: the task's policy.
    :raises RecordUnreadableError: a record of it cannot be read, so its images may be there.
    """
    there = own_files(item, found.listed.files.get(item.key, ()))
    made = _made_by_this_batch(item, found, there, task)
    if made is not None:
        return ItemOutcome("reused", tuple(map(store.uri, made)), None, item.model, 0.0)
    if if_exists == "reuse":
        return _recorded(item, found, store, task, there)
    if if_exists == "fail" and there:
        why = f"{counted(len(there), 'image is', 'images are')} there under this key, and if_exists is 'fail'."
        return ItemOutcome("failed", (), why, item.model, 0.0, is_final=True, by_policy=True)
    return None


def _made_by_this_batch(item: PlannedItem, found: Found, there: dict[str, str], task: TaskIdentity) -> list[str] | None:
    """Return the images of an item that came since its batch began, in a try of this task that did not return."""
    earlier = found.earlier
    if earlier is None or earlier.writer.instance != task.instance:
        return None
    before = earlier.before.get((item.key, item.fingerprint))
    if before is None or not found.listed.records.get(item.key):
        return None
    new = in_order([name for name, version in there.items() if before.get(name) != version])
    return new[: item.images] if len(new) >= item.images else None


def _recorded(
    item: PlannedItem, found: Found, store: OutputStore, task: TaskIdentity, there: dict[str, str]
) -> ItemOutcome | None:
    """Return the images that a record of the same request names and that are there."""
    listed = found.listed.records.get(item.key, {})
    short = item.fingerprint[:SHORT_HEX]
    if not any(name.fingerprint == short and not name.is_intent for name in record_names(item.key, listed)):
        return None
    records = RecordFolder(store, item.key, item.fingerprint, listed).find()
    if records.unreadable:
        raise RecordUnreadableError(
            f"What an earlier try recorded cannot be read: {', '.join(records.unreadable)}. Nothing was sent, because "
            "its images may be there and paid for. Look for them below output_uri, remove this file, then clear the "
            "task."
        )
    sent_at = [record.sent_at for record in records.records]
    record = relevant_record(records.records, task, item.fingerprint, there, max(sent_at)) if sent_at else None
    if record is None or record.state != "finished" or record.fingerprint != item.fingerprint or record.result is None:
        return None
    files = [StoredFile(*file) for file in found.listed.files.get(item.key, [])]
    images = ImageFolder(store, place_of(item), files).of_result(record.result, there)
    if not images:
        return None
    return ItemOutcome("reused", tuple(str(image.uri) for image in images), None, record.result.model, 0.0)
