"""The tokens that Google counted for a request, as values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """The ``usageMetadata`` of one response, or the sum of several; None is a count that Google did not send.

    :param prompt_token_count: tokens of texts and pictures that were sent.
    :param candidates_token_count: tokens of images and texts that came.
    :param thoughts_token_count: tokens of the model's thoughts.
    :param total_token_count: all of them, as Google sums them up.
    :param prompt_tokens_details: tokens that were sent by modality, for example ``TEXT`` or ``IMAGE``.
    :param candidates_tokens_details: tokens that came by modality.
    :param traffic_type: how the request was served, for example ``ON_DEMAND`` or ``ON_DEMAND_FLEX``; of several
        responses, each type once, with commas.
    :param images: how many images came with these tokens.
    """

    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    total_token_count: int | None = None
    prompt_tokens_details: Mapping[str, int] = field(default_factory=dict)
    candidates_tokens_details: Mapping[str, int] = field(default_factory=dict)
    traffic_type: str = ""
    images: int = 0

    @property
    def image_tokens(self) -> int:
        """How many tokens the images took. Without details these are all that came, if an image came."""
        output = self.output_tokens
        if self.candidates_tokens_details:
            return min(output, self.candidates_tokens_details.get("IMAGE", 0))
        return output if self.images else 0

    @property
    def output_tokens(self) -> int:
        """How many tokens came, without thoughts; 0 where Google did not say."""
        if self.candidates_token_count is not None:
            return self.candidates_token_count
        return sum(self.candidates_tokens_details.values())


def sum_of(usages: Sequence[TokenUsage]) -> TokenUsage | None:
    """Return the usage of several responses together, None where no response has one.

    :param usages: the usage of each response that has one.
    """
    if not usages:
        return None
    types = [kind for each in usages for kind in each.traffic_type.split(", ") if kind]
    return TokenUsage(
        _sum([each.prompt_token_count for each in usages]),
        _sum([each.candidates_token_count for each in usages]),
        _sum([each.thoughts_token_count for each in usages]),
        _sum([each.total_token_count for each in usages]),
        _by_modality([each.prompt_tokens_details for each in usages]),
        _by_modality([each.candidates_tokens_details for each in usages]),
        ", ".join(dict.fromkeys(types)),
        sum(each.images for each in usages),
    )


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _by_modality(details: Sequence[Mapping[str, int]]) -> dict[str, int]:
    together: Counter[str] = Counter()
    for each in details:
        together.update(each)
    return dict(together)
