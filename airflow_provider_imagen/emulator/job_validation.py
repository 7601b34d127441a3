"""The checks of a new batch prediction job: what Google refuses at once.

The form of a list of errors and the text of an unknown model are as in public reports; other texts are the emulator's.
What Google finds out later, such as a wrong bucket or lines that cannot be imported, ends the job instead.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from airflow_provider_imagen.emulator.api_errors import ApiError
from airflow_provider_imagen.emulator.generate_content_limits import TRAITS
from airflow_provider_imagen.emulator.predict_limits import is_served_in, models

PUBLISHER = "publishers/google/models/"
REQUIRED = {
    "displayName": "display_name",
    "model": "model",
    "inputConfig": "input_config",
    "outputConfig": "output_config",
}
NOT_SUPPORTED = {"serviceAccount": "service_account", "encryptionSpec": "encryption_spec"}
"""Fields that batch prediction with Gemini does not support (Google's page on BigQuery input)."""

LABEL = re.compile(r"[\w-]{0,64}")
LONGEST_NAME = 128
MOST_LABELS = 64


def check_job(job: dict[str, Any], location: str, retired: Collection[str]) -> dict[str, Any]:
    """Return the row of the model of a job that may be created.

    :param job: the job as :func:`proto_json.read` returns it.
    :param retired: ids of models that are not served any more.
    :raises ApiError: it may not.
    """
    if mistakes := list(_mistakes(job)):
        numbered = "".join(
            f"{number}.Field: batch_prediction_job.{field}; Message: {message}\t"
            for number, (field, message) in enumerate(mistakes, 1)
        )
        raise ApiError(400, f"List of found errors:\t{numbered}")
    _check_places(job)
    return _model(job["model"], location, retired)


def _mistakes(job: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, field in REQUIRED.items():
        if not job.get(name):
            yield field, "Required field is not set."
    if len(job.get("displayName", "")) > LONGEST_NAME:
        yield "display_name", f"The name has more than {LONGEST_NAME} characters."
    for name, field in NOT_SUPPORTED.items():
        if job.get(name):
            yield field, "The field is not supported for this model."
    labels = job.get("labels", {})
    if len(labels) > MOST_LABELS:
        yield "labels", f"At most {MOST_LABELS} labels are allowed."
    for name, value in labels.items():
        is_lower = f"{name}{value}".lower() == f"{name}{value}"
        if not (name and is_lower and LABEL.fullmatch(name) and LABEL.fullmatch(value)):
            yield (
                "labels",
                f"Invalid label {name}={value}: use lower case letters, digits, _ and -, at most 64 of them.",
            )


def _check_places(job: dict[str, Any]) -> None:
    source, destination = job["inputConfig"], job["outputConfig"]
    if "bigquerySource" in source or "bigqueryDestination" in destination:
        raise ApiError(501, "BigQuery is not served by the emulator.", word="UNIMPLEMENTED")
    uris = source.get("gcsSource", {}).get("uris", [])
    prefix = destination.get("gcsDestination", {}).get("outputUriPrefix", "")
    for uri in [*uris, prefix]:
        if not re.match(r"gs://[^/]+", uri):
            raise ApiError(400, f"Invalid Google Cloud Storage URI: {uri}")
    if not uris:
        raise ApiError(400, "inputConfig has no gcsSource.")
    for name, value in (
        ("instancesFormat", source.get("instancesFormat")),
        ("predictionsFormat", destination.get("predictionsFormat")),
    ):
        if value != "jsonl":
            raise ApiError(400, f"Invalid {name}, {value}: Cloud Storage takes jsonl.")


def _model(name: str, location: str, retired: Collection[str]) -> dict[str, Any]:
    model = name.removeprefix(PUBLISHER)
    row = models().get(model)
    if not name.startswith(PUBLISHER) or row is None or model in retired or not is_served_in(row, location):
        raise ApiError(404, f"The PublisherModel {name} does not exist.")
    if row["id"] not in TRAITS:
        raise ApiError(400, f"Batch prediction is not supported for the model {name}.")
    return row
