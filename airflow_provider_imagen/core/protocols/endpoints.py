"""Where requests go, and where a token may go."""

from __future__ import annotations

import re
from urllib.parse import quote

STORAGE = "https://storage.googleapis.com"
MULTI_REGIONS = {"us", "eu"}
_GOOGLE = re.compile(r"https://([a-z0-9-]+\.)+googleapis\.com(:[0-9]+)?(/|\Z)", re.IGNORECASE)
"""The whole authority is spelled out: what a parser might read in another way than the HTTP library does not match."""
_JOB = re.compile(r"projects/[A-Za-z0-9.:_-]+/locations/(?P<location>[a-z0-9-]+)/batchPredictionJobs/[0-9A-Za-z_-]+\Z")


def vertex_host(location: str) -> str:
    """Return the base URL of Vertex AI in a location: ``global``, ``us``, ``eu`` or a region."""
    if location == "global":
        return "https://aiplatform.googleapis.com"
    if location in MULTI_REGIONS:
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


def model_url(base: str, project: str, location: str, model: str, verb: str) -> str:
    """Return the URL of a call to a publisher model.

    :param base: scheme and host, from :func:`vertex_host` or the connection's ``endpoint``.
    :param verb: ``predict`` or ``generateContent``.
    """
    place = f"projects/{quote(project, safe=':')}/locations/{quote(location, safe='')}"
    return f"{base}/v1/{place}/publishers/google/models/{quote(model, safe='@')}:{verb}"


def lookup_url(base: str, model: str) -> str:
    """Return the URL that describes a publisher model, free of charge."""
    return f"{base}/v1/publishers/google/models/{quote(model, safe='@')}"


def listing_url(base: str, bucket: str) -> str:
    """Return the URL that lists the objects of a bucket."""
    return f"{base}/storage/v1/b/{quote(bucket, safe='')}/o"


def rights_url(base: str, bucket: str) -> str:
    """Return the URL that tells which of some rights the caller has on a bucket."""
    return f"{base}/storage/v1/b/{quote(bucket, safe='')}/iam/testPermissions"


def object_url(base: str, bucket: str, name: str) -> str:
    """Return the URL of one object."""
    quoted = quote(name, safe="")
    if name in {".", ".."}:
        quoted = quoted.replace(".", "%2E")  # or the path would lead to the bucket itself
    return f"{base}/storage/v1/b/{quote(bucket, safe='')}/o/{quoted}"


def upload_url(base: str, bucket: str) -> str:
    """Return the URL that stores an object in a bucket."""
    return f"{base}/upload/storage/v1/b/{quote(bucket, safe='')}/o"


def is_google(url: str) -> bool:
    """Say whether a URL leads to Google's API hosts over TLS, where a token may always go."""
    return _GOOGLE.match(url) is not None


def jobs_url(base: str, project: str, location: str) -> str:
    """Return the URL under which batch prediction jobs of a location are created and listed."""
    place = f"projects/{quote(project, safe=':')}/locations/{quote(location, safe='')}"
    return f"{base}/v1/{place}/batchPredictionJobs"


def job_url(base: str, name: str, verb: str = "") -> str:
    """Return the URL of one batch prediction job.

    :param name: its full resource name, ``projects/.../batchPredictionJobs/...``.
    :param verb: ``cancel``, or empty for the job itself.
    """
    return f"{base}/v1/{quote(name, safe='/:')}{f':{verb}' if verb else ''}"


def location_of_job(name: str) -> str:
    """Return the location in the resource name of a batch prediction job.

    :raises ValueError: it is no such name.
    """
    found = _JOB.match(name)
    if found is None:
        raise ValueError(f"{name[:200]!r} is not of the form projects/P/locations/L/batchPredictionJobs/ID")
    return found["location"]
