"""The images that a request was given: the one that was upscaled, and those that were edited or referred to."""

from __future__ import annotations

from airflow_provider_imagen.core.result_document import MOST_IMAGES, ResultDocument
from airflow_provider_imagen.core.result_parts import StoredImage
from airflow_provider_imagen.plugins.gallery.image_storage import UNKNOWN_TYPE

PARAMETERS = ("image", "reference_images")
"""The arguments of operators that name images."""


def sources_of(document: ResultDocument) -> list[StoredImage]:
    """Return the images that a request was given, in order, each once."""
    named = [getattr(document, "reference_images", ()), *(document.parameters.get(name) for name in PARAMETERS)]
    uris = [uri for value in named for uri in (value if isinstance(value, list | tuple) else [value])]
    texts = dict.fromkeys(uri for uri in uris if isinstance(uri, str) and uri)
    return [StoredImage(uri=uri, mime_type=UNKNOWN_TYPE) for uri in list(texts)[:MOST_IMAGES]]
