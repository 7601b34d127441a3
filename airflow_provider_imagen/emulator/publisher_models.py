"""The ``PublisherModel`` resources that Vertex AI's clients look up and list."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from airflow_provider_imagen.emulator.api_errors import ApiError
from airflow_provider_imagen.emulator.predict_limits import models

PREDICT_SCHEMATA = {
    "instanceSchemaUri": "gs://google-cloud-aiplatform/schema/predict/instance/vision_generative_model_1.0.0.yaml",
    "parametersSchemaUri": "gs://google-cloud-aiplatform/schema/predict/params/vision_generative_model_1.0.0.yaml",
    "predictionSchemaUri": "gs://google-cloud-aiplatform/schema/predict/prediction/vision_generative_model_1.0.0.yaml",
}
"""What ``vertexai.vision_models`` recognises a model for images by (google-cloud-aiplatform 2.7.0)."""

PAGE_SIZE = 100


def get_model(model: str, retired: Collection[str]) -> dict[str, Any]:
    """Return the resource of a model.

    :param retired: ids that are not served any more.
    :raises ApiError: there is no such model.
    """
    if model in retired or model not in models():
        raise ApiError(404, f"Publisher Model `publishers/google/models/{model}` was not found.")
    return _resource(models()[model])


def list_models(query: Mapping[str, str], retired: Collection[str]) -> dict[str, Any]:
    """Return one page of all models.

    :param query: ``pageSize`` and ``pageToken`` of the request.
    :raises ApiError: one of these is no number.
    """
    rows = [row for name, row in models().items() if name == row["id"] and name not in retired]
    start, size = _number(query, "pageToken", 0), _number(query, "pageSize", PAGE_SIZE) or PAGE_SIZE
    page = {"publisherModels": [_resource(row) for row in rows[start : start + size]]}
    return page | ({"nextPageToken": str(start + size)} if start + size < len(rows) else {})


def _resource(row: Mapping[str, Any]) -> dict[str, Any]:
    model = row["id"]
    resource = {
        "name": f"publishers/google/models/{model}",
        "versionId": model.partition("@")[2] or "default",
        "openSourceCategory": "PROPRIETARY",
        "launchStage": "PUBLIC_PREVIEW" if "preview" in model else "GA",
        "publisherModelTemplate": f"projects/{{user-project}}/locations/{{location}}/publishers/google/models/{model}",
    }
    return resource | ({"predictSchemata": PREDICT_SCHEMATA} if row["protocol"] == "predict" else {})


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name) or str(default)
    if not value.isdigit():
        raise ApiError(400, f"Invalid {name}, {value}")
    return int(value)
