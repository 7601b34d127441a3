"""Every deliberate failure of this package, in one tree.

::

    ImagenError
    ├── PermanentError              asking again with the same words cannot help, or would pay twice
    │   ├── InvalidInputError       an argument is wrong; nothing was sent
    │   ├── InvalidConnectionError  the Airflow connection is wrong; nothing was sent
    │   ├── CredentialsError        Google gave no token for these credentials
    │   ├── RequestRejectedError    Google refused the request (400)
    │   ├── PermissionDeniedError   Google refused the caller (401, 403)
    │   ├── ModelNotFoundError      no such model here, or retired (404)
    │   ├── StorageNotFoundError    no such bucket or object (404)
    │   ├── JobNotFoundError        no such batch prediction job (404)
    │   ├── ImagesFilteredError     Google made nothing that passes its filters
    │   │   └── PromptBlockedError  Google refused the prompt (400 with support codes, Gemini's blockReason)
    │   ├── ImagesExistError        an earlier try made them, and if_exists="fail" forbids more
    │   ├── RecordUnreadableError   what an earlier try recorded cannot be read; nothing was sent
    │   ├── KeyInUseError           another task, run or job makes these images; nothing was sent
    │   ├── OverBudgetError         a request could cross max_cost_usd, and was not sent
    │   ├── ObjectExistsError       the object is there already, or was changed meanwhile (412)
    │   ├── OutputError             images came but could not be written
    │   ├── BatchRefusedError       (also a BatchFailedError) a retry would bring images to no item that failed
    │   ├── TokenLimitError         (also a NoImageError) the model reached its token limit before the image
    │   └── UnexpectedResponseError   Google answered in a shape that is not documented
    ├── RetryableError             Google accepted nothing, so asking again cannot be billed twice
    │   ├── NotSentError            no connection was made
    │   ├── QuotaExceededError      429
    │   ├── ServiceUnavailableError 503
    │   └── ServerError             408, 499, 500, 502, 504 in Google's own words: not charged, but images may be stored
    ├── NoImageError                Google answered without an image, and no filter is the reason; another try may help
    ├── BatchFailedError            more items of a batch failed than may; another try asks only for these
    ├── JobTimeoutError             batch prediction jobs were not done in time; they go on, or are cancelled
    ├── RequestStoppedError         the task was stopped before the request was sent
    └── ResponseLostError             the request may have been accepted and billed, the answer did not arrive

The class says what a caller may do next; the text says what happened and what a person can do.
All arguments are positional with defaults and reach ``super().__init__``, so every error survives pickling.
"""

from __future__ import annotations


class ImagenError(Exception):
    """Anything this package gives up on.

    :param message: what happened, with the values, then what to do.
    """

    def __init__(self, message: str = "", *details: object) -> None:
        super().__init__(message, *details)
        self.message = message

    def __str__(self) -> str:
        return self.message


class PermanentError(ImagenError):
    """Another try with the same arguments fails the same way, or pays for the same images again."""


class InvalidInputError(PermanentError):
    """One or more arguments are wrong. No request was sent.

    :param problems: one sentence for each mistake, with the value, what is allowed and what to do.
    """

    def __init__(self, problems: tuple[str, ...] = ()) -> None:
        self.problems: tuple[str, ...] = tuple(problems)
        lines = "".join(f"\n  - {problem}" for problem in self.problems)
        super().__init__(f"No request was sent, {len(self.problems)} to correct:{lines}")
        self.args: tuple[object, ...] = (self.problems,)


class InvalidConnectionError(PermanentError):
    """The Airflow connection lacks something or holds a value that cannot be used. No request was sent."""


class CredentialsError(PermanentError):
    """The credentials could not be loaded, or Google exchanged them for no token."""


class RequestRejectedError(PermanentError):
    """Google refused the request as invalid (HTTP 400 and other permanent answers).

    :param message: what happened and what to do.
    :param is_foreign: the answer is none of Google's API, a proxy's for example: it does not judge the request.
    """

    def __init__(self, message: str = "", is_foreign: bool = False) -> None:  # noqa: FBT001, FBT002  # for pickle
        super().__init__(message, is_foreign)
        self.is_foreign = is_foreign


class PermissionDeniedError(PermanentError):
    """Google refused the caller (HTTP 401 or 403)."""


class ModelNotFoundError(PermanentError):
    """The model is retired, is not served in this location, or the project may not use it (HTTP 404)."""


class StorageNotFoundError(PermanentError):
    """The bucket, or the object in it, does not exist (HTTP 404)."""


class JobNotFoundError(PermanentError):
    """Google knows no such batch prediction job: it was deleted, or is not to be seen yet (HTTP 404)."""


class ImagesFilteredError(PermanentError):
    """No image passed Google's safety filters. Filtered images are not charged.

    :param message: the reason in words.
    :param codes: Google's support codes, as digits.
    """

    def __init__(self, message: str = "", codes: tuple[str, ...] = ()) -> None:
        super().__init__(message, codes)
        self.codes: tuple[str, ...] = tuple(codes)


class PromptBlockedError(ImagesFilteredError):
    """Google refused the prompt before making an image (HTTP 400 with support codes, or Gemini's ``blockReason``)."""


class ImagesExistError(PermanentError):
    """An earlier try, or with ``image_key`` an earlier run, made images, and ``if_exists`` is ``fail``.

    No request was sent.
    """


class RecordUnreadableError(PermanentError):
    """What an earlier try recorded is there and cannot be read, so its images may be there too. No request was sent."""


class KeyInUseError(PermanentError):
    """Another task, run or batch job is making these images, or images under this ``image_key``. Nothing was sent."""


class OverBudgetError(PermanentError):
    """The request of an item could cross the ``max_cost_usd`` of its batch. It was not sent."""


class ObjectExistsError(PermanentError):
    """An object was left as it is: another generation of it is there than was meant (HTTP 412)."""


class OutputError(PermanentError):
    """Images were made but could not be written to ``output_uri``; a retry would pay for new ones."""


class NoImageError(ImagenError):
    """The model answered without an image, and no filter is the reason (``NO_IMAGE``, ``OTHER``, an empty answer).

    Another try may bring one. Google bills no image, but may bill the tokens.

    :param message: what the model answered.
    :param usage: the tokens that Google counted (``core.token_usage.TokenUsage``), None where it did not say.
    """

    def __init__(self, message: str = "", usage: object | None = None) -> None:
        super().__init__(message, usage)
        self.usage = usage


class TokenLimitError(PermanentError, NoImageError):
    """The model reached its token limit before the image was complete (``MAX_TOKENS``)."""


class UnexpectedResponseError(PermanentError):
    """Google answered with something its reference does not document."""


class BatchFailedError(ImagenError):
    """More items of a batch have no images than ``max_failed_items`` allows. Another try asks only for the rest."""


class BatchRefusedError(PermanentError, BatchFailedError):
    """More items have no images than ``max_failed_items`` allows, and a retry would bring none of them any.

    They were filtered or refused for their words, lost with ``on_lost="fail"``, would cross ``max_cost_usd``, or are
    there with ``if_exists="fail"``.
    """


class RetryableError(ImagenError):
    """Google accepted nothing, so another request cannot be billed twice.

    :param message: what happened and what to do.
    :param retry_after_seconds: how long Google asked to wait, None when it did not say.
    """

    def __init__(self, message: str = "", retry_after_seconds: float | None = None) -> None:
        super().__init__(message, retry_after_seconds)
        self.retry_after_seconds = retry_after_seconds


class NotSentError(RetryableError):
    """No connection to Google was made (refused, DNS, TLS, connect timeout).

    :param message: what happened and what to do.
    :param retry_after_seconds: None; there is no answer that could say it.
    :param is_refused: nothing listens at an endpoint that the connection names.
    """

    def __init__(
        self,
        message: str = "",
        retry_after_seconds: float | None = None,
        is_refused: bool = False,  # noqa: FBT001, FBT002  # positional, so that pickle keeps it
    ) -> None:
        ImagenError.__init__(self, message, retry_after_seconds, is_refused)
        self.retry_after_seconds = retry_after_seconds
        self.is_refused = is_refused


class QuotaExceededError(RetryableError):
    """Google refused for lack of quota or capacity (HTTP 429)."""


class ServiceUnavailableError(RetryableError):
    """Google's service refused because it is unavailable (HTTP 503)."""


class JobTimeoutError(ImagenError):
    """Batch prediction jobs were not done within ``job_timeout_seconds``, or before ``execution_timeout``.

    Another try finds them again.
    """


class RequestStoppedError(ImagenError):
    """The task was stopped, so this request was not sent; Airflow may retry the task."""


class ServerError(RetryableError):
    """Google failed to handle the request and says so itself (HTTP 408, 499, 500, 502, 504). It is not charged.

    Where Google stores images itself, some may be there all the same.
    """


class ResponseLostError(ImagenError):
    """The request was sent and no usable answer came: it may have been accepted and billed."""
