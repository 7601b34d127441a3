"""The images that a request was given: the one that was upscaled, and those that were edited or referred to."""

from __future__ import annotations

from airflow_provider_imagen.core.result_document import MOST_IMAGES, ResultDocument
from airflow_provider_imagen.core.result_parts import StoredImage
from airflow_provider_imagen.plugins.gallery.image_storage import UNKNOWN_TYPE


def sources_of(document: ResultDocument) -> list[StoredImage]:
    """Return the images that a request was given, in order, each once."""
    uris = dict.fromkeys(filter(None, document.sources))
    return [StoredImage(uri=uri, mime_type=UNKNOWN_TYPE) for uri in list(uris)[:MOST_IMAGES]]
