"""A batch prediction job is created, found, waited for, cancelled and deleted as Google describes it."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import pytest
from PIL import Image

from airflow_provider_imagen.emulator import Fault, JobOrder

JOBS = "/v1/projects/p/locations/global/batchPredictionJobs"
PUBLISHER = "publishers/google/models"
MODELS = [
    "gemini-nano-banana-2.1",
    "gemini-3.1-flash-image",
    "gemini-3.1-flash-lite-image",
    "gemini-3-pro-image",
    "gemini-2.5-flash-image",
]


def image_of(result: dict[str, Any]) -> Image.Image:
    (candidate,) = result["response"]["candidates"]
    (data,) = [
        part["inlineData"]["data"]
        for part in candidate["content"]["parts"]
        if "inlineData" in part and not part.get("thought")
    ]
    return Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_created_job_waits_runs_and_succeeds(batches: Any, version: str) -> None:
    batches.write(batches.lines(3))
    job = batches.http.post(JOBS.replace("v1", version), batches.body(labels={"team": "ads"})).json

    assert re.fullmatch(r"projects/\d+/locations/global/batchPredictionJobs/\d+", job["name"])
    assert (job["state"], job["labels"], job["displayName"]) == ("JOB_STATE_PENDING", {"team": "ads"}, "my-job")
    assert "startTime" not in job
    assert "completionStats" not in job
    states = [batches.get(job)["state"] for _ in range(4)]
    assert states == ["JOB_STATE_PENDING", "JOB_STATE_RUNNING", "JOB_STATE_SUCCEEDED", "JOB_STATE_SUCCEEDED"]


def test_a_job_that_ended_names_its_results_and_counts_in_text(batches: Any, emulator: Any) -> None:
    lines = batches.lines(3)
    lines[1]["request"]["generationConfig"] = {"responseModalities": ["IMAGE"], "candidateCount": 2}

    job = batches.run(lines)

    directory = job["outputInfo"]["gcsOutputDirectory"]
    assert directory == f"gs://bucket/out/prediction-model-{job['createTime']}"
    assert emulator.list_objects("bucket", "out/") == [f"{directory.removeprefix('gs://bucket/')}/predictions.jsonl"]
    assert job["completionStats"] == {"successfulCount": "2", "failedCount": "1"}
    assert [failure["message"] for failure in job["partialFailures"]] == [
        "Multiple candidates is not enabled for this model"
    ]
    assert emulator.accepted == 2
    assert job["createTime"] < job["startTime"] < job["endTime"] == job["updateTime"]


def test_each_line_is_answered_with_what_stood_beside_its_request(batches: Any) -> None:
    lines = batches.lines(4)
    lines[2]["request"]["labels"] = {"row": "r2"}

    results = batches.results(batches.run(lines))

    assert {result["key"] for result in results} == {"r0", "r1", "r2", "r3"}
    for result in results:
        assert result["status"] == ""
        assert result["request"]["contents"][0]["parts"] == [{"text": f"boat {result['key'][1:]}"}]
        assert result["request"]["labels"] == ({"row": "r2"} if result["key"] == "r2" else None)
        assert image_of(result).size == (1024, 1024)


def test_the_results_are_in_another_order_than_the_lines(batches: Any) -> None:
    for count in (2, 3, 7):
        keys = [result["key"] for result in batches.results(batches.run(batches.lines(count)))]

        assert keys != sorted(keys)
        assert len(keys) == count


def test_a_line_that_is_refused_has_the_refusal_as_its_status(batches: Any) -> None:
    line = batches.line(key="r0", safetySettings=[{"category": "no such"}])

    job = batches.run([line])

    (result,) = batches.results(job)
    assert result["status"].startswith('Bad Request: {"error": {"code": 400, "message": "Invalid value at ')
    assert result["response"] == {}
    assert job["state"] == "JOB_STATE_SUCCEEDED"
    assert job["completionStats"] == {"failedCount": "1"}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("line", finish_reason="IMAGE_SAFETY"), "IMAGE_SAFETY"),
        (Fault("line", filtered=1), "IMAGE_SAFETY"),
        (Fault("line", blocked_prompt=True), "PROHIBITED_CONTENT"),
        (Fault("line", text_only="I cannot draw that."), "STOP"),
        (Fault("line", status=429, message="Quota."), "Too Many Requests: "),
        (Fault("line", empty=True), None),
    ],
)
def test_a_fault_applies_to_the_line_that_it_names(batches: Any, emulator: Any, fault: Any, expected: Any) -> None:
    emulator.order_fault(Fault(**{**{name: getattr(fault, name) for name in fault.__slots__}, "prompt_contains": "2"}))

    results = {result["key"]: result for result in batches.results(batches.run(batches.lines(4)))}

    struck = results.pop("r2")
    response = struck["response"]
    candidates = response.get("candidates", [{}])
    reason = candidates[0].get("finishReason") or response.get("promptFeedback", {}).get("blockReason")
    assert (struck["status"][:19] or reason) == expected
    assert all(image_of(result).size for result in results.values())


def test_orders_for_online_requests_do_not_apply_to_lines(batches: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("generate", status=503))

    assert batches.run(batches.lines(1))["completionStats"] == {"successfulCount": "1"}
    assert batches.http.generate().status == 503


def test_pictures_are_read_from_cloud_storage(batches: Any, emulator: Any, picture: Any) -> None:
    emulator.put_object("bucket", "photo.png", picture((1600, 900)), "image/png")
    lines = batches.lines(2)
    for line, uri in zip(lines, ("gs://bucket/photo.png", "gs://bucket/none.png"), strict=True):
        file = {"fileData": {"fileUri": uri, "mimeType": "image/png"}}
        line["request"]["contents"][0]["parts"].insert(0, file)

    found, missing = sorted(batches.results(batches.run(lines)), key=lambda result: str(result["key"]))

    assert image_of(found).size == (1360, 768)
    assert missing["status"].startswith("Not Found: ")
    assert found["response"]["usageMetadata"]["promptTokensDetails"][1] == {"modality": "IMAGE", "tokenCount": 1120}


def test_a_batch_gives_images_of_size_1k_whatever_is_asked(batches: Any) -> None:
    config = {"responseModalities": ["IMAGE"], "imageConfig": {"imageSize": "4K", "aspectRatio": "16:9"}}

    (result,) = batches.results(batches.run([batches.line(generationConfig=config)]))

    assert image_of(result).size == (1360, 768)


@pytest.mark.parametrize("model", MODELS)
def test_each_gemini_image_model_takes_jobs(batches: Any, model: str) -> None:
    job = batches.run([batches.line()], model=f"{PUBLISHER}/{model}")

    assert batches.results(job)[0]["response"]["modelVersion"] == model


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        (
            {"model": f"{PUBLISHER}/gemini-9-image"},
            404,
            f"The PublisherModel {PUBLISHER}/gemini-9-image does not exist.",
        ),
        ({"model": "gemini-3-pro-image"}, 404, "The PublisherModel gemini-3-pro-image does not exist."),
        ({"model": f"{PUBLISHER}/imagen-4.0-generate-001"}, 400, "Batch prediction is not supported for"),
        ({"displayName": ""}, 400, "List of found errors:\t1.Field: batch_prediction_job.display_name; Message: Req"),
        ({"serviceAccount": "me@p.iam"}, 400, "List of found errors:\t1.Field: batch_prediction_job.service_account"),
        ({"labels": {"Team": "x"}}, 400, "List of found errors:\t1.Field: batch_prediction_job.labels"),
        ({"labels": {"team": 65 * "x"}}, 400, "List of found errors:\t1.Field: batch_prediction_job.labels"),
        ({"inputConfig": {"instancesFormat": "jsonl"}}, 400, "inputConfig has no gcsSource."),
        (
            {"inputConfig": {"instancesFormat": "csv", "gcsSource": {"uris": "gs://b/x"}}},
            400,
            "Invalid instancesFormat",
        ),
        ({"outputConfig": {"predictionsFormat": "jsonl"}}, 400, "Invalid Google Cloud Storage URI: "),
        ({"outputConfig": {"bigqueryDestination": {"outputUri": "bq://p"}}}, 501, "BigQuery is not served"),
        ({"requestId": "1"}, 400, 'Invalid JSON payload received. Unknown name "requestId"'),
    ],
)
def test_a_job_that_google_refuses_at_once_is_refused(
    batches: Any, change: dict[str, Any], status: int, message: str
) -> None:
    answer = batches.http.post(JOBS, batches.body(**change))

    assert (answer.status, answer.message[: len(message)]) == (status, message)
    assert batches.found() == []


def test_a_model_that_is_not_served_in_a_location_does_not_exist_there(batches: Any) -> None:
    answer = batches.http.post(JOBS.replace("global", "europe-west4"), batches.body())

    assert (answer.status, answer.json["error"]["status"]) == (404, "NOT_FOUND")
    nowhere = batches.http.post(JOBS.replace("global", "nowhere"), batches.body())
    assert (nowhere.status, nowhere.json["error"]["status"]) == (403, "PERMISSION_DENIED")


def test_a_retired_model_takes_no_jobs(batches: Any, emulator: Any) -> None:
    emulator.retire("gemini-3.1-flash-image")

    assert batches.http.post(JOBS, batches.body()).status == 404


@pytest.mark.parametrize("change", ["inputConfig", "outputConfig"])
def test_a_wrong_bucket_is_found_out_after_the_creation(batches: Any, emulator: Any, change: str) -> None:
    source = {"inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["gs://elsewhere/x.jsonl"]}}}
    target = {"outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": "gs://elsewhere"}}}

    job = batches.run(batches.lines(1), **(source if change == "inputConfig" else target))

    assert job["state"] == "JOB_STATE_FAILED"
    assert job["error"] == {"code": 9, "message": "Failed to get GCS bucket location for elsewhere"}
    assert emulator.accepted == 0


def test_a_cancelled_job_exports_and_charges_what_is_finished(batches: Any, emulator: Any) -> None:
    job = batches.create(batches.lines(6))
    batches.get(job)
    batches.get(job)

    assert batches.cancel(job).json == {}
    assert batches.get(job)["state"] == "JOB_STATE_CANCELLING"
    job = batches.get(job)
    assert (job["state"], job["error"]) == ("JOB_STATE_CANCELLED", {"code": 1, "message": "CANCELED"})
    assert job["completionStats"] == {"successfulCount": "3", "incompleteCount": "3"}
    assert len(batches.results(job)) == emulator.accepted == 3


def test_a_job_that_is_cancelled_before_it_runs_has_no_results(batches: Any, emulator: Any) -> None:
    job = batches.create(batches.lines(2))
    batches.cancel(job)

    job = batches.ended(job)
    assert job["state"] == "JOB_STATE_CANCELLED"
    assert not {"outputInfo", "completionStats", "startTime"} & set(job)
    assert emulator.accepted == 0


def test_a_job_that_has_ended_is_not_cancelled(batches: Any) -> None:
    job = batches.run(batches.lines(1))

    answer = batches.cancel(job)
    assert (answer.status, answer.json["error"]["status"]) == (400, "FAILED_PRECONDITION")


def test_a_job_is_deleted_once_it_has_ended_and_its_results_stay(batches: Any, emulator: Any) -> None:
    job = batches.create(batches.lines(1))
    assert batches.http.send("DELETE", f"/v1/{job['name']}").json["error"]["status"] == "FAILED_PRECONDITION"
    batches.ended(job)

    operation = batches.http.send("DELETE", f"/v1/{job['name']}").json

    assert operation["done"] is True
    assert batches.http.get(f"/v1/{job['name']}").status == 404
    assert len(emulator.list_objects("bucket", "out/")) == 1


def test_a_job_belongs_to_its_project_and_location(batches: Any) -> None:
    name = batches.create(batches.lines(1))["name"]
    identifier = name.rpartition("/")[2]

    assert batches.http.get(f"{JOBS}/{identifier}").json["name"] == name
    assert batches.http.get(f"{JOBS.replace('global', 'us-central1')}/{identifier}").status == 404
    assert batches.http.get(f"{JOBS.replace('/p/', '/q/')}/{identifier}").status == 404


@pytest.mark.parametrize(
    ("operation", "send"),
    [
        ("create_job", lambda batches, job: batches.http.post(JOBS, batches.body())),
        ("get_job", lambda batches, job: batches.http.get(f"/v1/{job['name']}")),
        ("list_jobs", lambda batches, job: batches.http.get(JOBS)),
        ("cancel_job", lambda batches, job: batches.cancel(job)),
        ("delete_job", lambda batches, job: batches.http.send("DELETE", f"/v1/{job['name']}")),
    ],
)
def test_faults_can_be_ordered_of_each_call(batches: Any, emulator: Any, operation: Any, send: Any) -> None:
    job = batches.create(batches.lines(1))
    emulator.order_fault(Fault(operation, status=403, message="Permission denied."))

    assert (send(batches, job).status, send(batches, job).status != 403) == (403, True)


def test_the_answer_of_a_creation_can_be_lost(batches: Any, emulator: Any) -> None:
    emulator.order_fault(Fault("create_job", after_work=True, reset=True))
    batches.write(batches.lines(1))

    with pytest.raises(ConnectionError):
        batches.http.post(JOBS, batches.body())
    assert batches.found() == ["my-job"]


def test_a_job_can_be_ordered_over_http(batches: Any) -> None:
    order = {"end_state": "JOB_STATE_FAILED", "error": [13, "System error."]}
    assert batches.http.post("/emulator/job-orders", order).status == 200

    assert batches.run(batches.lines(1))["error"] == {"code": 13, "message": "System error."}
    ((ordered),) = batches.http.get("/emulator/job-orders").json
    assert (ordered["fired"], ordered["times"]) == (1, 1)
    assert batches.http.get("/emulator/accepted").json == {"accepted": 0}


@pytest.mark.parametrize("order", [{"end_state": "OVER"}, {"fails_at": "noon"}, {"x": 1}, {"waiting_state": 1}])
def test_an_order_that_is_none_is_refused(batches: Any, order: Any) -> None:
    assert batches.http.post("/emulator/job-orders", order).status == 422


def test_an_order_that_no_job_met_is_reported(running_emulator: Any) -> None:
    running_emulator.reset()
    order = JobOrder(duplicated_lines=1)
    running_emulator.order_job(order)

    assert running_emulator.unfired_faults() == [order]
    running_emulator.reset()
    assert running_emulator.unfired_faults() == []
