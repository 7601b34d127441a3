"""Which models are served, under which paths, and what a look-up says."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

CATALOGUE = Path(__file__).parents[2] / "airflow_provider_imagen" / "core" / "catalogue" / "models.toml"
CATALOGUE_ROWS = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))["models"]
ROWS = [row for row in CATALOGUE_ROWS if row["protocol"] == "predict"]
GENERATORS = [row["id"] for row in ROWS if "generate" in row["jobs"]]
FOUR = "imagen-4.0-generate-001"
versions = pytest.mark.parametrize("version", ["v1", "v1beta1"])


def look_up(google: Any, model: str, version: str = "v1") -> Any:
    return google.get(f"/{version}/publishers/google/models/{model}")


@versions
@pytest.mark.parametrize("model", GENERATORS)
def test_every_model_that_generates_does(google: Any, model: str, version: str) -> None:
    body = {
        "instances": [{"prompt": "a boat"}],
        "parameters": {"sampleCount": 1, "outputOptions": {"mimeType": "image/jpeg"}},
    }

    assert len(google.predict(body, model, version).predictions) == 1


def test_the_catalogue_lists_the_models_of_the_reference() -> None:
    assert {
        "imagen-3.0-generate-002",
        "imagen-3.0-generate-001",
        "imagen-3.0-fast-generate-001",
        "imagegeneration@006",
        "imagegeneration@005",
        "imagegeneration@002",
    } <= set(GENERATORS)


def test_a_model_without_version_is_the_one_it_stands_for(google: Any) -> None:
    assert google.generate(model="imagegeneration").status == 200
    assert look_up(google, "imagegeneration").json["name"] == "publishers/google/models/imagegeneration@006"


@versions
@pytest.mark.parametrize("model", ["imagen-9.0-generate-001", "imagegeneration@001", "gemini-2.5-flash", "x%20y"])
def test_a_model_that_is_not_served_is_not_found(google: Any, version: str, model: str) -> None:
    answer = google.predict({"instances": [{"prompt": "a boat"}]}, model, version)

    name = f"projects/p/locations/us-central1/publishers/google/models/{model.replace('%20', ' ')}"
    text = f"Publisher Model `{name}` was not found or your project does not have access to it."
    assert answer.status == 404
    assert answer.json["error"] == {"code": 404, "message": text, "status": "NOT_FOUND", "details": []}


def test_a_retired_model_is_not_found_for_any_call(google: Any, emulator: Any) -> None:
    emulator.retire(FOUR)

    assert google.generate().status == 404
    assert look_up(google, FOUR).status == 404
    assert google.generate(model="imagen-4.0-fast-generate-001").status == 200
    emulator.reset()
    assert google.generate().status == 200


def test_a_retired_model_is_not_found_whatever_the_request_says(google: Any, emulator: Any) -> None:
    emulator.retire(FOUR)

    assert google.generate(sampleCount=99).status == 404


@versions
@pytest.mark.parametrize("model", [row["id"] for row in ROWS])
def test_a_look_up_names_the_model(google: Any, model: str, version: str) -> None:
    answer = look_up(google, model, version)

    assert answer.status == 200
    resource = answer.json
    schema = resource.pop("predictSchemata")["instanceSchemaUri"]
    assert schema == "gs://google-cloud-aiplatform/schema/predict/instance/vision_generative_model_1.0.0.yaml"
    assert resource == {
        "name": f"publishers/google/models/{model}",
        "versionId": model.partition("@")[2] or "default",
        "openSourceCategory": "PROPRIETARY",
        "launchStage": "PUBLIC_PREVIEW" if "preview" in model else "GA",
        "publisherModelTemplate": f"projects/{{user-project}}/locations/{{location}}/publishers/google/models/{model}",
    }


@versions
def test_a_look_up_of_an_unknown_model_is_not_found(google: Any, version: str) -> None:
    answer = look_up(google, "imagen-9", version)

    assert (answer.status, answer.json["error"]["status"]) == (404, "NOT_FOUND")
    assert answer.message == "Publisher Model `publishers/google/models/imagen-9` was not found."


@pytest.mark.parametrize("project", ["p", "example.com:p", "12345"])
@pytest.mark.parametrize("location", ["us-central1", "europe-west4", "northamerica-northeast2", "global"])
def test_any_project_and_location_will_do(google: Any, project: str, location: str) -> None:
    path = f"/v1/projects/{project}/locations/{location}/publishers/google/models/{FOUR}:predict"

    assert google.post(path, {"instances": [{"prompt": "a boat"}], "parameters": {"sampleCount": 1}}).status == 200


@pytest.mark.parametrize("location", ["nowhere", "us-central9", "globalx", "US-CENTRAL1", "northeast2"])
@pytest.mark.parametrize("method", ["predict", "generateContent", "streamGenerateContent?alt=sse", "countTokens"])
def test_a_location_that_does_not_exist_is_refused(google: Any, location: str, method: str) -> None:
    model = FOUR if method == "predict" else "gemini-3-pro-image"
    path = f"/v1/projects/p/locations/{location}/publishers/google/models/{model}:{method}"

    answer = google.post(path, {})

    message = f"Permission denied on 'locations/{location}' (or it may not exist)."
    error = {"code": 403, "message": message, "status": "PERMISSION_DENIED", "details": []}
    assert (answer.status, answer.json) == (403, {"error": error})


@versions
@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_listing_of_models_has_every_model_once(google: Any, version: str, size: int) -> None:
    names: list[str] = []
    token = ""
    while True:
        page = google.get(f"/{version}/publishers/google/models?pageSize={size}&pageToken={token}").json
        names += [model["name"] for model in page["publisherModels"]]
        assert len(page["publisherModels"]) <= size
        if not (token := page.get("nextPageToken", "")):
            break

    assert names == [f"publishers/google/models/{row['id']}" for row in CATALOGUE_ROWS]


def test_every_publisher_can_be_listed(google: Any) -> None:
    listings = {name: google.get(f"/v1beta1/publishers/{name}/models").json for name in ("google", "*", "other")}

    assert listings["google"] == listings["*"]
    assert listings["other"] == {}


def test_a_retired_model_is_not_listed(google: Any, emulator: Any) -> None:
    emulator.retire(FOUR)

    listed = google.get("/v1beta1/publishers/google/models").json["publisherModels"]
    assert len(listed) == len(CATALOGUE_ROWS) - 1
    assert FOUR not in str(listed)


def test_a_page_of_models_needs_numbers(google: Any) -> None:
    assert google.get("/v1beta1/publishers/google/models?pageSize=x").message == "Invalid pageSize, x"


def test_a_project_has_no_models_of_its_own(google: Any) -> None:
    answer = google.get("/v1beta1/projects/p/locations/us-central1/models?pageSize=5")

    assert (answer.status, answer.json) == (200, {})


def test_a_client_may_ask_for_numbers_of_enums(google: Any) -> None:
    answer = google.get(f"/v1/publishers/google/models/{FOUR}?%24alt=json%3Benum-encoding%3Dint")

    assert (answer.json["launchStage"], answer.json["openSourceCategory"]) == (4, 1)
