"""The closed lists of arguments, each in one place: an editor completes from the types, the rules read the same values.

Lists that grow with Google's models are types for editors only; what a model takes is in the catalogue.
"""

from __future__ import annotations

from typing import Literal, get_args

OnFiltered = Literal["fail", "skip", "warn"]
IfExists = Literal["generate", "reuse", "fail"]
OnLost = Literal["fail", "resend"]
BatchMode = Literal["online", "batch"]
SafetyFilterLevel = Literal["block_low_and_above", "block_medium_and_above", "block_only_high", "block_none"]
PersonGeneration = Literal["dont_allow", "allow_adult", "allow_all"]
Language = Literal["auto", "en", "es", "hi", "ja", "ko", "pt", "zh", "zh-CN", "zh-TW"]
SampleImageStyle = Literal["photograph", "digital_art", "landscape", "sketch", "watercolor", "cyberpunk", "pop_art"]
ThinkingLevel = Literal["MINIMAL", "MEDIUM", "HIGH"]
ProminentPeople = Literal["allow_prominent_people", "block_prominent_people"]
ServiceTier = Literal["flex", "priority"]
UpscaleFactor = Literal["x2", "x3", "x4"]

OutputMimeType = Literal["image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff"]
ImageSize = Literal["512", "1K", "2K", "4K"]
AspectRatio = Literal[
    "1:1", "3:2", "2:3", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "9:21", "1:4", "4:1", "1:8", "8:1"
]
GenerateModel = Literal[
    "gemini-nano-banana-2.1",
    "gemini-3.1-flash-image",
    "gemini-3.1-flash-lite-image",
    "gemini-3-pro-image",
    "gemini-2.5-flash-image",
]
UpscaleModel = Literal["imagen-4.0-upscale-preview"]

ON_FILTERED: tuple[str, ...] = get_args(OnFiltered)
IF_EXISTS: tuple[str, ...] = get_args(IfExists)
ON_LOST: tuple[str, ...] = get_args(OnLost)
SAFETY_FILTER_LEVELS: tuple[str, ...] = get_args(SafetyFilterLevel)
PERSON_GENERATION: tuple[str, ...] = get_args(PersonGeneration)
LANGUAGES: tuple[str, ...] = get_args(Language)
SAMPLE_IMAGE_STYLES: tuple[str, ...] = get_args(SampleImageStyle)
THINKING_LEVELS: tuple[str, ...] = get_args(ThinkingLevel)
PROMINENT_PEOPLE: tuple[str, ...] = get_args(ProminentPeople)
SERVICE_TIERS: tuple[str, ...] = get_args(ServiceTier)
UPSCALE_FACTORS: tuple[str, ...] = get_args(UpscaleFactor)
