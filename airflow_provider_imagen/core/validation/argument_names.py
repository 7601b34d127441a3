"""Names that people give to arguments of the operators elsewhere: in Google's API and SDK, and in other libraries."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

ALIKE = 0.8
"""How like the name of an argument a name has to be to count as a misspelling of it, from 0 to 1."""

OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "sample_count": ("number_of_images",),
    "candidate_count": ("number_of_images",),
    "image_count": ("number_of_images",),
    "count": ("number_of_images",),
    "n": ("number_of_images",),
    "num_images": ("number_of_images",),
    "gcs_uri": ("image", "output_uri"),
    "bucket": ("output_uri",),
    "prefix": ("output_uri",),
    "output_gcs_uri": ("output_uri",),
    "output_path": ("output_uri",),
    "output_folder": ("output_uri",),
    "output_dir": ("output_uri",),
    "destination": ("output_uri",),
    "storage_uri": ("output_uri",),
    "image": ("reference_images",),
    "images": ("reference_images", "image"),
    "input_image": ("image", "reference_images"),
    "input_images": ("reference_images", "image"),
    "source_image": ("image", "reference_images"),
    "reference_image": ("reference_images", "image"),
    "image_uri": ("image", "reference_images"),
    "base_image": ("image", "reference_images"),
    "prompts": ("items", "prompt"),
    "text": ("prompt",),
    "contents": ("prompt",),
    "model_id": ("model",),
    "model_name": ("model",),
    "pretrained_model": ("model",),
    "fallback": ("fallback_model",),
    "ratio": ("aspect_ratio",),
    "size": ("image_size",),
    "sample_image_size": ("image_size",),
    "resolution": ("image_size",),
    "mime_type": ("output_mime_type",),
    "output_format": ("output_mime_type",),
    "quality": ("compression_quality",),
    "jpeg_quality": ("compression_quality",),
    "output_compression_quality": ("compression_quality",),
    "factor": ("upscale_factor",),
    "scale": ("upscale_factor",),
    "safety_setting": ("safety_filter_level",),
    "safety_settings": ("safety_filter_level",),
    "safety_filter": ("safety_filter_level",),
    "person": ("person_generation",),
    "allow_person": ("person_generation",),
    "style": ("sample_image_style",),
    "watermark": ("add_watermark",),
    "filename": ("image_key",),
    "file_name": ("image_key",),
    "key": ("image_key",),
    "project": ("project_id",),
    "region": ("location",),
    "gcp_conn_id": ("imagen_conn_id",),
    "google_cloud_conn_id": ("imagen_conn_id",),
    "conn_id": ("imagen_conn_id",),
    "tier": ("service_tier",),
    "system_prompt": ("system_instruction",),
    "use_search": ("google_search",),
    "min_count": ("min_images",),
    "parallelism": ("max_concurrency",),
    "concurrency": ("max_concurrency",),
    "budget": ("max_cost_usd",),
}
"""Other names, and what each may be here: the first that an operator has."""

ADVICE = {
    ("image", "generate"): "To enlarge an image use ImagenUpscaleOperator.",
    ("prompts", "generate"): "One task takes one prompt: map over them, .expand(prompt=...).",
}
"""What to say beside the name, by the name that was given and the job."""


def problem_with_names(operator: str, unknown: Iterable[str], allowed: Collection[str], job: str) -> str | None:
    """Return what is wrong with names that are no arguments of an operator; None where nothing better is known.

    :param operator: the name of its class.
    :param unknown: names that it was given and does not have.
    :param allowed: the arguments that it has.
    :param job: what it does: ``generate``, ``upscale``, ``wait``.
    """
    hints = [hint for name in unknown if (hint := _hint(name, allowed, job))]
    return f"{operator} has other names for its arguments: {' '.join(hints)}" if hints else None


def meant_by(name: str, allowed: Collection[str]) -> str | None:
    """Return the argument that a name from elsewhere, or a misspelt one, stands for.

    :param name: what was given.
    :param allowed: the arguments that there are.
    """
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    if plain in allowed:
        return plain
    known = next((each for each in OTHER_NAMES.get(plain, ()) if each in allowed), None)
    return known or next(iter(difflib.get_close_matches(plain, allowed, n=1, cutoff=ALIKE)), None)


def _hint(name: str, allowed: Collection[str], job: str) -> str | None:
    meant, advice = meant_by(name, allowed), ADVICE.get((name, job))
    sentence = f"instead of {name} write {meant}." if meant else f"there is no {name}." if advice else None
    return sentence and (f"{sentence} {advice}" if advice else sentence)
