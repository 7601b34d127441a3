"""Makes calls with google-cloud-storage. Run by the python of its environment, never imported by a test.

Standard input is a JSON object {"endpoint": ...}. Standard output is a JSON object with a result for each call by its
name: what the library returned, or {"error": class, "code": ..., "message": ..., "reason": ...}.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.storage import transfer_manager

ENDPOINT: str = json.load(sys.stdin)["endpoint"]
RESULTS: dict[str, Any] = {}


def call(name: str, work: Callable[[], Any], **fault: Any) -> None:
    """Make a call, with a fault that is ordered right before it."""
    if fault:
        body = json.dumps({"operation": "any", **fault}).encode()
        headers = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(f"{ENDPOINT}/emulator/faults", body, headers)).close()
    try:
        RESULTS[name] = work()
    except GoogleAPICallError as failure:
        reason = failure.errors[0].get("reason") if failure.errors else None
        RESULTS[name] = {"error": type(failure).__name__, "code": failure.code, "reason": reason}
    except Exception as failure:  # noqa: BLE001  # whatever the library raises is the result
        RESULTS[name] = {"error": type(failure).__name__, "message": str(failure)}


def writes(bucket: Any) -> None:
    call("upload", lambda: bucket.blob("a/1.txt").upload_from_string(b"one", "text/plain"))
    call("upload with checksum", lambda: bucket.blob("a/2.txt").upload_from_string(b"two", checksum="crc32c"))
    call("create", lambda: bucket.blob("new.txt").upload_from_string(b"new", if_generation_match=0))
    call("create again", lambda: bucket.blob("new.txt").upload_from_string(b"other", if_generation_match=0))
    call("create at once", lambda: created_at_once(bucket))
    large = bucket.blob("a/large.bin", chunk_size=256 * 1024)
    call("upload in chunks", lambda: large.upload_from_file(io.BytesIO(bytes(700_000)), if_generation_match=0))
    call("create in chunks again", lambda: large.upload_from_file(io.BytesIO(bytes(700_000)), if_generation_match=0))
    call("open to write", lambda: written(bucket.blob("a/opened.txt")))
    call("replace a generation", lambda: replaced(bucket.blob("new.txt")))
    call("copy", lambda: bucket.copy_blob(bucket.blob("a/1.txt"), bucket, "copy.txt").name)
    call("rename", lambda: bucket.rename_blob(bucket.blob("copy.txt"), "renamed.txt").name)
    call("compose", lambda: composed(bucket))
    call("metadata", lambda: patched(bucket.blob("a/1.txt")))


def created_at_once(bucket: Any) -> list[str]:
    def create(number: int) -> str:
        try:
            bucket.blob("raced.txt").upload_from_string(b"%d" % number, if_generation_match=0)
        except GoogleAPICallError as failure:
            return type(failure).__name__
        return "created"

    with ThreadPoolExecutor(4) as pool:
        return sorted(pool.map(create, range(8)))


def written(blob: Any) -> str:
    with blob.open("wb", ignore_flush=True) as file:
        file.write(b"opened")
    return str(blob.download_as_bytes().decode())


def replaced(blob: Any) -> list[Any]:
    blob.reload()
    first = blob.generation
    blob.upload_from_string(b"replaced", if_generation_match=first)
    return [blob.generation > first, blob.download_as_bytes().decode()]


def composed(bucket: Any) -> str:
    blob = bucket.blob("composed.txt")
    blob.compose([bucket.blob("a/1.txt"), bucket.blob("a/2.txt")])
    return str(blob.download_as_bytes().decode())


def patched(blob: Any) -> Any:
    blob.metadata = {"key": "value"}
    blob.patch()
    blob.reload()
    return blob.metadata


def reads(client: Any, bucket: Any) -> None:
    blob = bucket.blob("a/1.txt")
    call("download", lambda: blob.download_as_bytes().decode())
    call("download with md5", lambda: blob.download_as_bytes(checksum="md5").decode())
    call("download with crc32c", lambda: blob.download_as_bytes(checksum="crc32c").decode())
    call("download a range", lambda: blob.download_as_bytes(start=1, end=1).decode())
    call("download corrupted", blob.download_as_bytes, operation="download", corrupted=True)
    call("download to a file", lambda: downloaded(blob))
    call("open to read", lambda: blob.open("rb").read().decode())
    call("download another generation", lambda: blob.download_as_bytes(if_generation_match=5))
    call("download in chunks", lambda: len(chunks(bucket)))
    call("get", lambda: facts(bucket.get_blob("a/1.txt")))
    call("get nothing", lambda: bucket.get_blob("nowhere"))
    call("exists", lambda: [bucket.blob(name).exists() for name in ("a/1.txt", "nowhere")])
    call("download nothing", lambda: bucket.blob("nowhere").download_as_bytes())
    call("bucket", lambda: client.get_bucket("bucket").name)
    call("no bucket", lambda: client.get_bucket("nowhere"))
    call("buckets", lambda: sorted(each.name for each in client.list_buckets()))
    call("permissions", lambda: bucket.test_iam_permissions(["storage.objects.create", "storage.objects.get"]))


def downloaded(blob: Any) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.txt")
        blob.download_to_filename(str(path))
        return path.read_text()


def chunks(bucket: Any) -> bytes:
    return bytes(bucket.blob("a/large.bin", chunk_size=256 * 1024).download_as_bytes())


def facts(blob: Any) -> list[Any]:
    return [blob.size, blob.content_type, blob.md5_hash, bool(blob.crc32c), blob.time_created <= blob.updated]


def listings(client: Any, bucket: Any) -> None:
    def names(**arguments: Any) -> list[str]:
        return [blob.name for blob in client.list_blobs(bucket, **arguments)]

    call("list", names)
    call("list a folder", lambda: names(prefix="a/"))
    call("list in pages", lambda: [len(list(page)) for page in client.list_blobs(bucket, page_size=3).pages])
    call("list some", lambda: names(max_results=2))
    call("list between", lambda: names(start_offset="a/2", end_offset="b"))
    call("list a glob", lambda: names(match_glob="a/*.txt"))
    call("list folders", lambda: folders(client, bucket))
    call(
        "list fields",
        lambda: [blob.size for blob in client.list_blobs(bucket, fields="items(name,size),nextPageToken")],
    )
    call("list no bucket", lambda: [blob.name for blob in client.list_blobs("nowhere")])


def folders(client: Any, bucket: Any) -> list[str]:
    listing = client.list_blobs(bucket, delimiter="/")
    list(listing)
    return sorted(listing.prefixes)


def refusals(client: Any, bucket: Any) -> None:
    old, new = bucket.blob("a/1.txt"), bucket.blob("refused.txt")
    call("batch", lambda: batched(client, bucket))
    call("XML upload", lambda: uploaded_in_parts(bucket))
    call("delete another generation", lambda: old.delete(if_generation_match=5))
    for state in ("retention_policy", "temporary_hold", "no_delete_permission"):
        call(f"{state}: replace", lambda: old.upload_from_string(b"x"), bucket_state=state)
        call(f"{state}: delete", old.delete, bucket_state=state)
    call("read_only: create", lambda: new.upload_from_string(b"x"), bucket_state="read_only")
    call("requester_pays: list", lambda: list(client.list_blobs(bucket)), bucket_state="requester_pays")
    call("requester_pays: download", old.download_as_bytes, bucket_state="requester_pays")
    paid = client.bucket("bucket", user_project="payer")
    call("requester_pays: paid", lambda: paid.blob("a/1.txt").download_as_bytes().decode())
    call("missing: create", lambda: new.upload_from_string(b"x"), bucket_state="missing")
    call("delete", lambda: bucket.blob("new.txt").delete())
    call("delete again", lambda: bucket.blob("new.txt").delete())
    call("delete many", lambda: bucket.delete_blobs(["a/1.txt", "a/2.txt"]))


def batched(client: Any, bucket: Any) -> None:
    with client.batch():
        bucket.blob("a/1.txt").patch()


def uploaded_in_parts(bucket: Any) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(bytes(1000))
        file.flush()
        blob = bucket.blob("parts.bin")
        transfer_manager.upload_chunks_concurrently(file.name, blob, worker_type=transfer_manager.THREAD)


def main() -> None:
    options = {"api_endpoint": ENDPOINT}
    client = storage.Client("emulator-project", credentials=AnonymousCredentials(), client_options=options)
    bucket = client.bucket("bucket")
    writes(bucket)
    reads(client, bucket)
    listings(client, bucket)
    refusals(client, bucket)
    json.dump(RESULTS, sys.stdout)


if __name__ == "__main__":
    main()
