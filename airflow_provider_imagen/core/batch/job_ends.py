"""What the end of a job means for the lines that it did not answer, and what to do about it, in words.

Source of the codes: what users of the service reported on each, and ``google/rpc/code.proto``; read 2026-11-25.
"""

from __future__ import annotations

from airflow_provider_imagen.core.batch.job_decision import GONE
from airflow_provider_imagen.core.batch.outcome import ItemOutcome
from airflow_provider_imagen.core.protocols.batch_job import BatchJob

IMPORT, PERMISSION, BUCKET, SYSTEM = 3, 7, 9, 13
ADVICE = {
    IMPORT: "Google could not import the requests, so nothing ran and nothing is charged.",
    PERMISSION: (
        "Vertex AI's service agent may not read or write the bucket. The requests may have run, and be charged, "
        "without a result: grant it the rights before the next try."
    ),
    BUCKET: "Google could not reach the bucket of output_uri; nothing is charged. Check that it exists and its region.",
    SYSTEM: "Google calls it a passing failure; another try may succeed.",
}


def grants(project: str, bucket: str) -> str:
    """Return the commands that give Vertex AI's service agent the rights that a job needs on a bucket.

    :param project: id of the project that runs the job.
    :param bucket: name of the bucket.
    """
    agent = f"service-$(gcloud projects describe {project} --format='value(projectNumber)')"
    member = f"serviceAccount:{agent}@gcp-sa-aiplatform.iam.gserviceaccount.com"
    return (
        f"gcloud storage buckets add-iam-policy-binding gs://{bucket} "
        f'--member="{member}" --role=roles/storage.objectUser'
    )


def end_in_words(job: BatchJob | None, state: str) -> str:
    """Say how a job ended, and what to do about it.

    :param job: as Google describes it, None for one that it does not know any more.
    :param state: the state that it ended in.
    """
    if job is None or state == GONE:
        return "Google does not know the job any more; it was deleted."
    said = f"The job ended as {state}{f': {job.error}' if job.error else ''}"
    advice = ADVICE.get(job.error_code, "")
    return f"{said.rstrip('.')}. {advice}".strip()


def unanswered(state: str, why: str, model: str) -> ItemOutcome:
    """Return what became of an item whose lines were not answered.

    :param state: the state that the job ended in.
    :param why: how it ended, in words.
    :param model: the model that was asked.
    """
    if state == "FAILED":
        return ItemOutcome("failed", (), why, model, 0.0)
    return ItemOutcome("not_sent", (), f"{why} This item was not answered.", model, 0.0)
