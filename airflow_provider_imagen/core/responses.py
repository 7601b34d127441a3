"""What Google answered, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from airflow_provider_imagen.core.image_size import ImageSize
from airflow_provider_imagen.core.support_codes import category_of
from airflow_provider_imagen.core.token_usage import TokenUsage, sum_of


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """One image: its bytes, or the URI under which Google stored it.

    :param remark: what is odd about it, for the task's log.
    :param why_not_stored: its place refused it, so it still has its bytes.
    :param size: in pixels, as its bytes say; None where they do not say it, or never were here.
    """

    mime_type: str
    uri: str | None = None
    data: bytes | None = field(default=None, repr=False)
    prompt: str | None = None
    safety_attributes: Mapping[str, float] | None = None
    remark: str | None = None
    why_not_stored: str | None = None
    size: ImageSize | None = None


@dataclass(frozen=True, slots=True)
class FilterReason:
    """Why something was filtered, in Google's words, with the support codes found in them.

    :param is_declined: no filter stopped it: the model itself said in words that it makes no such image.
    """

    text: str
    codes: tuple[str, ...] = ()
    is_declined: bool = False

    def in_words(self) -> str:
        """Return the reason with the category of each support code."""
        if not self.codes:
            return self.text
        return f"{self.text} [{', '.join(f'{code}: {category_of(code)}' for code in self.codes)}]"


@dataclass(frozen=True, slots=True)
class ImagesResponse:
    """A decoded answer: the images, what was filtered, and what could not be understood.

    :param usages: the tokens that Google counted, of each response that says them.
    """

    images: tuple[GeneratedImage, ...]
    requested: int
    reasons: tuple[FilterReason, ...] = ()
    prompt_safety_attributes: Mapping[str, float] | None = None
    not_understood: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    duration_seconds: float = 0.0
    usages: tuple[TokenUsage, ...] = ()

    @property
    def usage(self) -> TokenUsage | None:
        """The tokens of all responses together, None where no response says them."""
        return sum_of(self.usages)

    @property
    def sizes(self) -> tuple[ImageSize | None, ...]:
        """The size of each image, None where it is not known."""
        return tuple(image.size for image in self.images)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is odd about the images that came."""
        return tuple(image.remark for image in self.images if image.remark)

    @property
    def filtered(self) -> int:
        """How many of the requested images are missing. Google's own count is only found in its prose."""
        return max(0, self.requested - len(self.images) - len(self.not_understood) - len(self.failures))

    def why(self) -> str:
        """Return the filter reasons in words, with the category of each support code."""
        if not self.reasons:
            return "Google gave no reason (include_rai_reason=True asks for one)."
        return " ".join(reason.in_words() for reason in self.reasons)

    def refusal(self) -> str:
        """Say that no image came, why, and what to do. A model's own words are left to speak for themselves."""
        is_one = self.requested == 1
        if self.reasons and all(reason.is_declined for reason in self.reasons):
            return f"{'The image was not' if is_one else f'None of {self.requested} images was'} made. {self.why()}"
        filtered = "The image was" if is_one else f"All {self.requested} images were"
        return f"{filtered} filtered. {self.why()} Rephrase the prompt."
