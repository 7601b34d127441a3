"""What a task asks for, as frozen values.

Arguments come from templates, so a number may arrive as ``"4"``, a switch as ``"true"``, and with native rendering a
text as ``1984``; all are read. An optional argument that renders to nothing (``""`` or ``"None"``) counts as not given
and is not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WrapValidator, model_validator

from airflow_provider_imagen.core.text import ReadText, is_blank, list_in_text, text_from

OLD_SAFETY_LEVELS = {
    "block_most": "block_low_and_above",
    "block_some": "block_medium_and_above",
    "block_few": "block_only_high",
    "block_fewest": "block_none",
}
"""Deprecated spellings of ``safety_filter_level`` and what they mean today (API reference, ``safetySetting``)."""


LARGEST_SEED = 2_147_483_647
"""Google's reference allows seeds from 1 to this, for Imagen and Gemini image models."""

NEVER_BLANK = {"prompt", "image", "reference_images", "output_uri", "image_key"}
"""Arguments that say what is made and where: one that renders to nothing is refused, never taken as not given."""


def _read_by(read: Callable[[str], str]) -> WrapValidator:
    """Return a validator that reads a text, and keeps how it was written."""

    def validated(value: Any, check: Callable[[Any], Any]) -> Any:
        written = check(value)
        text = read(written.strip())
        return written if text == written else ReadText(text, written)

    return WrapValidator(validated)


def _safety_level(value: str) -> str:
    return OLD_SAFETY_LEVELS.get(value.lower(), value.lower())


def _no_switch(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("True and False are no numbers")  # noqa: TRY004  # pydantic collects ValueErrors
    return value


def _text(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        raise ValueError("bytes are no text")  # noqa: TRY004  # pydantic collects ValueErrors
    return text_from(value)


def _uris(value: Any) -> Any:
    """Return one URI as a list of one, and a list that a template rendered as text as that list."""
    if not isinstance(value, str):
        return list(value) if isinstance(value, list | tuple) else value
    rendered = list_in_text(value)
    return [value] if rendered is None else rendered


def _only_true(value: Any) -> Any:
    """Return None for False: such a switch has no "off" on the wire, so both ask for the same."""
    return value or None


Text = Annotated[str, BeforeValidator(_text), Field(description="text")]
Whole = Annotated[int, BeforeValidator(_no_switch), Field(description="a whole number")]
Number = Annotated[float, Field(description="a number")]
Switch = Annotated[bool, Field(description="True or False")]
Lower = Annotated[Text, _read_by(str.lower)]
Upper = Annotated[Text, _read_by(str.upper)]
SafetyLevel = Annotated[Text, _read_by(_safety_level)]
OnlyTrue = Annotated[Switch | None, AfterValidator(_only_true), Field(description="True or False")]
Uris = Annotated[
    tuple[Text, ...], BeforeValidator(_uris), Field(description="one URI, or a list of URIs", min_length=1)
]
Labels = Annotated[dict[Text, Text], Field(description="a dict of text to text")]


class InputPicture(BaseModel):
    """A picture that a request sends: a ``gs://`` URI, or bytes; with its MIME type where that is known."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    gcs_uri: str | None = None
    data: bytes | None = Field(default=None, repr=False)
    mime_type: str | None = None


class RequestFields(BaseModel):
    """What both jobs have in common. ``pictures`` are added once they were read, and never recorded."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    model: Text
    output_uri: Text
    safety_filter_level: SafetyLevel | None = None
    person_generation: Lower | None = None
    output_mime_type: Lower | None = None
    compression_quality: Whole | None = None
    include_rai_reason: Switch | None = True
    labels: Labels | None = None
    on_filtered: Annotated[Lower, Field(exclude=True)] = "fail"
    if_exists: Annotated[Lower, Field(exclude=True)] = "generate"
    on_lost: Annotated[Lower, Field(exclude=True)] = "fail"
    image_key: Annotated[Text | None, Field(exclude=True)] = None
    pictures: Annotated[tuple[InputPicture, ...], Field(exclude=True, repr=False)] = ()

    @model_validator(mode="before")
    @classmethod
    def _blank_is_not_given(cls, given: Any) -> Any:
        kept = {name: value for name, value in given.items() if _is_given(name, value)}
        # Its default is ours, not Google's, so a task can still choose not to send it.
        return {"include_rai_reason": None, **kept} if "include_rai_reason" in given else kept

    @property
    def count(self) -> int:
        """How many images are asked for."""
        return 1

    def sent_arguments(self) -> dict[str, Any]:
        """Return the arguments that have a value, JSON-ready, for the record of a run."""
        return self.model_dump(mode="json", exclude_none=True)


class GenerateRequest(RequestFields):
    """Images from a text prompt, and from pictures."""

    job: ClassVar[Literal["generate"]] = "generate"

    prompt: Text
    number_of_images: Whole = 1
    negative_prompt: Text | None = None
    aspect_ratio: Lower | None = None
    seed: Whole | None = None
    enhance_prompt: Switch | None = None
    language: Text | None = None
    add_watermark: Switch | None = None
    sample_image_style: Lower | None = None
    guidance_scale: Number | None = None
    image_size: Upper | None = None
    reference_images: Uris | None = None
    thinking_level: Upper | None = None
    system_instruction: Text | None = None
    google_search: OnlyTrue = None
    prominent_people: Lower | None = None
    service_tier: Lower | None = None
    include_safety_attributes: Switch | None = None

    @property
    def count(self) -> int:
        """How many images are asked for."""
        return self.number_of_images

    @property
    def sources(self) -> tuple[str, ...]:
        """The URIs of the pictures that the request names."""
        return self.reference_images or ()

    def seed_of(self, index: int) -> int | None:
        """Return the seed of one of the images, None when no seed is set. It grows by one with each image.

        :param index: the number of the image, from 0.
        """
        return None if self.seed is None else (self.seed + index - 1) % LARGEST_SEED + 1


class UpscaleRequest(RequestFields):
    """One image, larger."""

    job: ClassVar[Literal["upscale"]] = "upscale"

    image: Text
    upscale_factor: Lower
    enhance_input_image: Switch | None = None
    image_preservation_factor: Number | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The URI of the image."""
        return (self.image,)


ImageRequest = GenerateRequest | UpscaleRequest
"""What a task may ask for."""

REQUEST_KINDS: Mapping[str, type[ImageRequest]] = {"generate": GenerateRequest, "upscale": UpscaleRequest}
"""What a task asks for, by its job."""


def _is_given(name: str, value: object) -> bool:
    return value is not None if name in NEVER_BLANK else not is_blank(value)
