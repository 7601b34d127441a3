"""What an image to upscale may be, by its bytes. Source: API reference "Upscale images", and the model's card."""

from __future__ import annotations

from airflow_provider_imagen.core.catalogue import Model
from airflow_provider_imagen.core.image_header import read_header
from airflow_provider_imagen.core.picture_bytes import is_damaged
from airflow_provider_imagen.core.requests import UpscaleRequest

LARGEST_SOURCE_BYTES = 10 * 1024 * 1024
"""Google's limit of 10 MB for an image to upscale, read as MiB so that nothing it accepts is refused here."""

MOST_MEGAPIXELS = 1000
"""Of an upscaled image, for models without a published limit. A file of 10 MB that claims more is a trap."""


def problems_with_source(data: bytes, request: UpscaleRequest, model: Model) -> list[str]:
    """Return what is wrong with the bytes of an image to upscale.

    :param data: the image file.
    :param request: what to do with it.
    :param model: the catalogue's row that the request is planned with.
    """
    header = read_header(data)
    if len(data) > LARGEST_SOURCE_BYTES:
        return [f"image {request.image} has {len(data)} bytes; allowed are {LARGEST_SOURCE_BYTES}. Make it smaller."]
    if header is None:
        return [f"image {request.image} is neither PNG nor JPEG; these two are allowed. Convert it first."]
    most = (model.max_output_megapixels if model.is_named(request.model) else None) or MOST_MEGAPIXELS
    factor = int(request.upscale_factor.removeprefix("x"))
    pixels = header.width * header.height * factor**2
    if pixels <= most * 1_000_000:
        damaged = is_damaged(data, header.mime_type)
        return [f"image {request.image} is damaged or cut off. Save or copy it again."] if damaged else []
    problem = (
        f"image {request.image} is {header.width} x {header.height}; upscale_factor {request.upscale_factor!r} makes "
        f"{pixels / 1e6:.1f} megapixels, and {request.model} allows {most}. Choose a smaller factor or image."
    )
    return [problem]
