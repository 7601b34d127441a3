"""Every error that a person can see: from the classes, with what to do."""

from __future__ import annotations

import inspect

from airflow_provider_imagen import errors
from airflow_provider_imagen.hooks.airflow_errors import MAYBE_PAID
from pages.docstrings import docstring_of
from pages.markdown import table

NEXT_STEPS = {
    "InvalidInputError": "correct the arguments it lists",
    "InvalidConnectionError": "create or correct the Airflow connection",
    "CredentialsError": "renew key or login, check the impersonation chain",
    "RequestRejectedError": "correct what Google's message names",
    "PermissionDeniedError": "enable the Vertex AI API, grant `roles/aiplatform.user` and access to the bucket",
    "ModelNotFoundError": "take the successor it names, or another location",
    "StorageNotFoundError": "create the bucket or correct the URI",
    "JobNotFoundError": "the batch job was deleted, or belongs to another project or location: "
    "`airflow imagen jobs list` shows which there are",
    "ImagesFilteredError": "rephrase the prompt, or set `on_filtered`",
    "PromptBlockedError": "rephrase the prompt",
    "ImagesExistError": 'take `if_exists="reuse"` or `"generate"`',
    "RecordUnreadableError": "look for the images it may be about, remove the file it names, clear the task",
    "KeyInUseError": "give each task of a run an `image_key` of its own; in a batch, do what the error says",
    "ObjectExistsError": "clear the task: another writer changed the file meanwhile",
    "OverBudgetError": "raise `max_cost_usd`, or ask for less",
    "BatchFailedError": "look at the first reasons, and at the manifest that the error names; another try asks only "
    "for the rest",
    "BatchRefusedError": "change these items, or set `max_failed_items`; clear the task to ask once more for those "
    "that are `lost`",
    "JobTimeoutError": "let Airflow try again: it waits for the same jobs; `airflow imagen jobs cancel` ends them",
    "RequestStoppedError": "clear the task: a later try finds what was stored",
    "NoImageError": "let Airflow try again, which is safe; Google was asked twice",
    "TokenLimitError": "shorten the prompt",
    "OutputError": "mend the folder's rights before you try again",
    "UnexpectedResponseError": "look into the folder, and report it to us",
    "NotSentError": "check network, proxy and `endpoint`",
    "QuotaExceededError": "run fewer tasks at once ([an Airflow pool](billing.md#quotas)), or ask for more quota",
    "ServiceUnavailableError": "wait; Airflow's retries are safe",
    "ServerError": "wait; Airflow's retries are safe",
    "ResponseLostError": "look into the folder before you let the task run again",
}


def visible() -> list[type[errors.ImagenError]]:
    """Return the classes that are raised as they are, in the order of the module."""
    kinds = [each for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, errors.ImagenError)]
    return [kind for kind in kinds if kind.__name__ in NEXT_STEPS]


def table_row(kind: type[errors.ImagenError]) -> tuple[str, str, str, str]:
    """Return the cells of an error."""
    is_final = issubclass(kind, errors.PermanentError | errors.ResponseLostError)
    airflow = "no retry" if is_final else "retries"
    airflow += ", not even by a `retry_policy`" if issubclass(kind, MAYBE_PAID) else ""
    return f"`{kind.__name__}`", " ".join(docstring_of(kind).paragraphs), NEXT_STEPS[kind.__name__], airflow


def table_of_errors() -> str:
    """Return every error with its meaning, the next step and what Airflow does."""
    return table(("you see", "it means", "do this", "Airflow"), map(table_row, visible()))
