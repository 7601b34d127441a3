"""What the links on a task instance lead to, with what the task recorded and without."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_imagen.core.catalogue import catalogue
from airflow_provider_imagen.core.responses import ImagesResponse
from airflow_provider_imagen.core.result_document import ResultDocument
from airflow_provider_imagen.core.web_pages import model_page
from airflow_provider_imagen.links import imagen
from airflow_provider_imagen.links.imagen import BatchFolderLink, ManifestLink, ModelLink, OutputFolderLink
from airflow_provider_imagen.operators.imagen import ImagenGenerateOperator, ImagenUpscaleOperator

ASKED, FALLBACK = "imagen-4.0-generate-001", "gemini-3-pro-image"
RESULT = ResultDocument.build(
    {"model": FALLBACK, "output_uri": "gs://bucket/made/"}, ImagesResponse((), 1), [], location="global"
).to_json()


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What XCom answers, the last one for ever; an error is raised."""
    answers: list[Any] = [None]

    def get_value(*, ti_key: Any, key: str) -> Any:
        assert key == "result"
        if isinstance(answers[-1], Exception):
            raise answers[-1]
        return answers[-1]

    monkeypatch.setattr(imagen, "XCom", SimpleNamespace(get_value=get_value))
    return answers


def links_of(**arguments: Any) -> tuple[str, str]:
    task = SimpleNamespace(**arguments)
    return OutputFolderLink().get_link(task, ti_key=object()), ModelLink().get_link(task, ti_key=object())


def test_they_lead_to_what_was_really_used(recorded: list[Any]) -> None:
    recorded.append(RESULT)

    assert links_of(output_uri="gs://other/{{ ds }}/", model=ASKED) == (
        "https://console.cloud.google.com/storage/browser/bucket/made",
        model_page(FALLBACK, catalogue()),
    )


@pytest.mark.parametrize("kept", [ResultDocument.read(RESULT), RESULT])
def test_where_the_task_ran_they_follow_from_what_the_operator_holds(recorded: list[Any], kept: Any) -> None:
    recorded.append(AssertionError("XCom was read"))

    assert links_of(output_uri="gs://other/made/", model=ASKED, result_document=kept) == (
        "https://console.cloud.google.com/storage/browser/bucket/made",
        model_page(FALLBACK, catalogue()),
    )


def test_after_a_failure_xcom_is_not_read_where_the_task_ran(
    recorded: list[Any], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow 3 writes an error into the task's log for every XCom that is not there."""
    monkeypatch.setattr(imagen, "IN_WEB_SERVER", False)
    recorded.append(AssertionError("XCom was read"))

    assert links_of(output_uri="gs://other/made/", model=ASKED, result_document=None) == (
        "https://console.cloud.google.com/storage/browser/other/made",
        model_page(ASKED, catalogue()),
    )
    assert caplog.records == []


def test_a_mapped_task_that_failed_before_it_was_unmapped_has_them_from_its_arguments(
    recorded: list[Any], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imagen, "IN_WEB_SERVER", False)
    recorded.append(AssertionError("XCom was read"))

    assert links_of(output_uri="gs://other/made/", model=ASKED, operator_class=ImagenGenerateOperator) == (
        "https://console.cloud.google.com/storage/browser/other/made",
        model_page(ASKED, catalogue()),
    )
    assert caplog.records == []


def test_a_task_that_did_not_run_in_the_web_server_has_its_links_from_xcom(
    recorded: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imagen, "IN_WEB_SERVER", True)
    recorded.append(RESULT)

    assert links_of(output_uri="gs://other/", model=ASKED, result_document=None) == (
        "https://console.cloud.google.com/storage/browser/bucket/made",
        model_page(FALLBACK, catalogue()),
    )


def test_of_a_task_that_recorded_nothing_they_lead_to_what_its_arguments_say(recorded: list[Any]) -> None:
    assert links_of(output_uri="gs://other/made/", model=ASKED) == (
        "https://console.cloud.google.com/storage/browser/other/made",
        model_page(ASKED, catalogue()),
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {"output_uri": "gs://bucket/{{ ds }}/", "model": "{{ params.model }}"},
        {"output_uri": "{% if ds %}gs://b/{% endif %}", "model": None},
        {"output_uri": "gs://bucket/{% if params.today %}today{% endif %}/", "model": "{% if x %}y{% endif %}"},
        {"output_uri": "/data/made", "model": ""},
        {"output_uri": object(), "model": object()},
        {},
    ],
)
def test_without_a_page_there_is_no_link(recorded: list[Any], arguments: dict[str, Any]) -> None:
    assert links_of(**arguments) == ("", "")


@pytest.mark.parametrize(
    "answer",
    [
        RuntimeError("no database"),
        ["a"],
        "{",
        {"parameters": 3, "model": 4},
        RESULT | {"parameters": {"output_uri": 5}},
    ],
)
def test_whatever_xcom_answers_no_link_ever_raises(recorded: list[Any], answer: Any) -> None:
    recorded.append(answer)

    assert all(isinstance(link, str) for link in links_of(output_uri="/x", model=None))


@pytest.mark.parametrize("operator", [ImagenGenerateOperator, ImagenUpscaleOperator])
def test_both_operators_have_both_links(operator: Any) -> None:
    assert [type(link) for link in operator.operator_extra_links] == [OutputFolderLink, ModelLink]
    assert len({link.name for link in operator.operator_extra_links}) == 2


BATCH = {"manifest": "gs://bucket/made/_imagen/batches/a b/manifest.jsonl", "output_uri": "gs://bucket/made/"}


def batch_links_of(**arguments: Any) -> tuple[str, str]:
    task = SimpleNamespace(**arguments)
    return BatchFolderLink().get_link(task, ti_key=object()), ManifestLink().get_link(task, ti_key=object())


@pytest.mark.parametrize("where", ["xcom", "operator"])
def test_those_of_a_batch_lead_to_its_folder_and_its_manifest(recorded: list[Any], where: str) -> None:
    recorded.append(BATCH if where == "xcom" else AssertionError("XCom was read"))
    held = {} if where == "xcom" else {"batch_document": BATCH}

    assert batch_links_of(output_uri="gs://other/{{ ds }}/", **held) == (
        "https://console.cloud.google.com/storage/browser/bucket/made",
        "https://storage.cloud.google.com/bucket/made/_imagen/batches/a%20b/manifest.jsonl",
    )


@pytest.mark.parametrize("result", [None, 7, {"manifest": None}, {"manifest": "/data/manifest.jsonl"}])
def test_a_batch_without_a_manifest_in_cloud_storage_has_no_link_to_it(recorded: list[Any], result: Any) -> None:
    recorded.append(result)

    assert batch_links_of(output_uri="gs://other/made/") == (
        "https://console.cloud.google.com/storage/browser/other/made",
        "",
    )


def test_the_link_to_a_batch_job_leads_to_its_page_in_the_cloud_console() -> None:
    from airflow_provider_imagen.links.imagen import JobLink

    class Task:
        job_names = ("projects/123/locations/global/batchPredictionJobs/456",)

    page = "https://console.cloud.google.com/vertex-ai/locations/global/batch-predictions/456?project=123"
    assert JobLink().get_link(Task(), ti_key=object()) == page
    Task.job_names = ()
    assert JobLink().get_link(Task(), ti_key=object()) == ""
    Task.job_names = ("no name of a job",)
    assert JobLink().get_link(Task(), ti_key=object()) == ""


def test_after_a_deferral_the_link_to_a_batch_job_follows_from_xcom(monkeypatch: pytest.MonkeyPatch) -> None:
    """The task is continued in another process than the one that created the jobs."""
    from airflow_provider_imagen.links.imagen import JobLink

    pushed = {"imagen_jobs": ["projects/123/locations/global/batchPredictionJobs/456"]}
    monkeypatch.setattr(imagen, "XCom", SimpleNamespace(get_value=lambda ti_key, key: pushed[key]))

    link = JobLink().get_link(SimpleNamespace(job_names=None), ti_key=object())

    assert link == "https://console.cloud.google.com/vertex-ai/locations/global/batch-predictions/456?project=123"
