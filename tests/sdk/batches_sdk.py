"""Makes batch prediction jobs with Google's own Python SDK. Run by the python of the SDK's environment.

Standard input is a JSON object {"endpoint": ..., "calls": [name of CALLS, ...]}. Standard output is a JSON list with a
result for each call: {"result": what the function returned} or {"error": {...}}.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials

PROJECT, LOCATION = "emulator-project", "global"
MODEL = "gemini-3.1-flash-image"
SOURCE, TARGET = "gs://bucket/in/requests.jsonl", "gs://bucket/out"
MOST_LOOKS = 9


def main() -> None:
    order = json.load(sys.stdin)
    client = genai.Client(
        vertexai=True,
        project=PROJECT,
        location=LOCATION,
        credentials=Credentials(token="static"),
        http_options=types.HttpOptions(base_url=order["endpoint"]),
    )
    json.dump([result_of(client, call) for call in order["calls"]], sys.stdout)


def result_of(client: genai.Client, call: str) -> dict[str, Any]:
    try:
        return {"result": CALLS[call](client)}
    except errors.APIError as failure:
        return {"error": {"code": failure.code, "status": failure.status, "message": failure.message}}


def created(client: genai.Client, name: str = "sdk-job", **more: Any) -> types.BatchJob:
    config = types.CreateBatchJobConfig(display_name=name, dest=TARGET, **more)
    return client.batches.create(model=MODEL, src=SOURCE, config=config)


def waited_for(client: genai.Client, job: types.BatchJob) -> list[types.BatchJob]:
    """Return the job as it was at each look, until it is done."""
    seen = [job]
    while not seen[-1].done and len(seen) <= MOST_LOOKS:
        seen.append(client.batches.get(name=job.name or ""))
    return seen


def described(job: types.BatchJob) -> dict[str, Any]:
    return job.model_dump(mode="json", exclude_none=True)


def succeeded(client: genai.Client) -> dict[str, Any]:
    seen = waited_for(client, created(client))
    return {"states": [each.state for each in seen], "job": described(seen[-1])}


def by_defaults(client: genai.Client) -> dict[str, Any]:
    job = client.batches.create(model=f"publishers/google/models/{MODEL}", src=SOURCE)
    return {"job": described(waited_for(client, job)[-1])}


def listed(client: genai.Client) -> dict[str, Any]:
    for number in range(5):
        created(client, f"listed-{number}")
    config = types.ListBatchJobsConfig(filter='display_name:"listed-*"', page_size=2)
    pager = client.batches.list(config=config)
    return {"first page": len(pager.page), "names": sorted(job.display_name or "" for job in pager)}


def cancelled(client: genai.Client) -> dict[str, Any]:
    job = created(client, "cancelled")
    client.batches.get(name=job.name or "")
    client.batches.get(name=job.name or "")
    client.batches.cancel(name=job.name or "")
    seen = waited_for(client, job)
    return {"states": [each.state for each in seen[1:]], "job": described(seen[-1])}


def cancelled_too_late(client: genai.Client) -> None:
    client.batches.cancel(name=waited_for(client, created(client))[-1].name or "")


def deleted(client: genai.Client) -> dict[str, Any]:
    job = waited_for(client, created(client, "deleted"))[-1]
    operation = client.batches.delete(name=job.name or "")
    left = [each.display_name for each in client.batches.list(config={"filter": 'display_name="deleted"'})]
    return {"done": operation.done, "left": left}


def asynchronous(client: genai.Client) -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        config = types.CreateBatchJobConfig(display_name="asynchronous", dest=TARGET)
        job = await client.aio.batches.create(model=MODEL, src=SOURCE, config=config)
        seen = [await client.aio.batches.get(name=job.name or "") for _ in range(3)]
        pager = await client.aio.batches.list(config={"filter": 'display_name="asynchronous"'})
        return {"state": seen[-1].state, "listed": [each.display_name async for each in pager]}

    return asyncio.run(run())


def with_labels(client: genai.Client) -> dict[str, Any]:
    """Send labels, which the SDK only passes on as an extra body."""
    options = types.HttpOptions(extra_body={"labels": {"team": "ads"}})
    created(client, "labelled", http_options=options)
    config = types.ListBatchJobsConfig(filter='labels.team="ads" AND create_time>"2020-01-01T00:00:00Z"')
    return {"listed": [job.display_name for job in client.batches.list(config=config)]}


def one_of_each(client: genai.Client) -> None:
    """Make each call once, with everything that the SDK can say; labels only go through as an extra body."""
    options = types.HttpOptions(extra_body={"labels": {"imagen_job": "abc"}})
    job = created(client, "catalogue", http_options=options)
    config = types.ListBatchJobsConfig(filter='labels.imagen_job="abc"', page_size=100)
    client.batches.list(config=config)
    client.batches.get(name=job.name or "")
    client.batches.cancel(name=job.name or "")
    waited_for(client, job)
    client.batches.delete(name=job.name or "")


CALLS: dict[str, Callable[[genai.Client], Any]] = {
    "succeeded": succeeded,
    "by defaults": by_defaults,
    "listed": listed,
    "cancelled": cancelled,
    "cancelled too late": cancelled_too_late,
    "deleted": deleted,
    "asynchronous": asynchronous,
    "with labels": with_labels,
    "one of each": one_of_each,
    "get an unknown job": lambda client: described(client.batches.get(name="1")),
    "unknown model": lambda client: described(client.batches.create(model="gemini-9", src=SOURCE)),
}


if __name__ == "__main__":
    main()
