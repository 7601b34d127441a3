"""Google's web pages about what a task used: the folder of its images, and its model."""

from __future__ import annotations

from urllib.parse import quote

from airflow_provider_imagen.core.catalogue import Catalogue
from airflow_provider_imagen.core.storage.locations import is_object, parse_folder

BROWSER = "https://console.cloud.google.com/storage/browser/"
OBJECTS = "https://storage.cloud.google.com/"
JOBS = "https://console.cloud.google.com/vertex-ai/"
JOB_NAME_PARTS = 6
MODELS = "https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/model-versions"
"""Google's page about all models, for one of which no page of its own is known."""


def folder_page(output_uri: str) -> str:
    """Return the Cloud console's page of a ``gs://`` folder, an empty text for any other place."""
    try:
        folder = parse_folder(output_uri)
    except ValueError:
        return ""
    return f"{BROWSER}{folder.bucket}/{quote(folder.prefix.rstrip('/'))}".rstrip("/")


def object_page(uri: str) -> str:
    """Return the address at which Google shows a ``gs://`` object to people who may read it, else an empty text."""
    if not is_object(uri):
        return ""
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    return f"{OBJECTS}{bucket}/{quote(name)}"


def model_page(name: str, models: Catalogue) -> str:
    """Return the documentation that the catalogue names first for a model.

    :param name: model id.
    :param models: the catalogue.
    """
    known = models.find(name)
    sources = [models.sources[each] for each in known.source] if known else []
    pages = [source.partition(" ")[0] for source in sources if source.startswith("https://")]
    return next(iter(pages), MODELS)


def dataset_of(uri: str) -> tuple[str, str]:
    """Return name space and name of a file, by OpenLineage's rules: the bucket and the path in it, or ``file``."""
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme in {"file", "local"}:
        return "file", rest if separator else uri
    place, _, path = rest.partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}", path


def job_page(name: str) -> str:
    """Return the Cloud console's page of a batch prediction job, an empty text for what is no name of one.

    :param name: its resource name, ``projects/P/locations/L/batchPredictionJobs/ID``.
    """
    parts = name.split("/")
    if len(parts) != JOB_NAME_PARTS or parts[::2] != ["projects", "locations", "batchPredictionJobs"]:
        return ""
    project, location, number = (quote(part, safe="") for part in parts[1::2])
    return f"{JOBS}locations/{location}/batch-predictions/{number}?project={project}"
