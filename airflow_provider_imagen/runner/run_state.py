"""What a run knows so far, and what of it decides the next step."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_imagen.core.recovery.request_record import RequestRecord
from airflow_provider_imagen.core.responses import GeneratedImage
from airflow_provider_imagen.core.token_usage import TokenUsage
from airflow_provider_imagen.errors import ImagenError, ImagesFilteredError
from airflow_provider_imagen.runner.sending import Round


@dataclass(slots=True)
class RunState:
    """What a run knows so far.

    :param record: what an earlier try recorded, or what this try records.
    :param unreadable: URIs of records that cannot be read.
    :param before: the files in the place that are not of this request, each with its version.
    :param kept: images of this request that an earlier try left.
    :param others: URIs of images of this request beyond the number asked for.
    :param round: what the requests of this try came to, by number; a second sending replaces the outcome of the first.
    :param usages: the tokens of the responses without an image, also of those that were asked for again.
    :param resent: how many requests were sent again because their response was lost, or their worker died.
    :param seconds: how long the sendings took together.
    :param unrecorded: why the intent to send once more could not be recorded.
    :param waited_for: when the other writer's request was sent that this task waits for.
    :param waited: how many seconds it has waited, by its own clock.
    """

    record: RequestRecord | None = None
    unreadable: tuple[str, ...] = ()
    before: dict[str, str] = field(default_factory=dict)
    kept: tuple[GeneratedImage, ...] = ()
    others: tuple[str, ...] = ()
    round: Round = field(default_factory=Round)
    sendings: int = 0
    looked: bool = False
    usages: tuple[TokenUsage, ...] = ()
    resent: int = 0
    seconds: float = 0.0
    unrecorded: ImagenError | None = None
    waited_for: datetime | None = None
    waited: float = 0.0

    @property
    def new_images(self) -> int:
        """How many images the sendings of this try brought."""
        return sum(len(response.images) for response in self.round.responses)

    @property
    def filtered(self) -> int:
        """How many images Google held back, and how many requests it refused for their prompt."""
        refused = len(self.round.numbers(ImagesFilteredError))
        return refused + sum(response.filtered for response in self.round.responses)

    @property
    def failed(self) -> int:
        """How many requests failed in a way that is none of the others."""
        sent = self.round
        errors = len(sent.errors)
        if not errors:
            return 0
        return errors - len({*sent.lost, *sent.server_errors, *sent.empty, *sent.numbers(ImagesFilteredError)})

    @property
    def kept_uris(self) -> list[str]:
        """The URIs of the images that an earlier try left."""
        return [str(image.uri) for image in self.kept]
