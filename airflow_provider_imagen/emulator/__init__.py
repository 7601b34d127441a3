"""An emulator of the Google services that this provider uses, for tests, demos and a CI without Google.

It serves Imagen (``:predict``) and Gemini's image models (``:generateContent``, batch prediction jobs) on Vertex AI as
Google describes them, with real images, and passes Cloud Storage calls on to the open-source fake-gcs-server. It shares
no code with the client: only the catalogue's data file.

Faithful in: paths, parameters and their limits, the leniency of proto3 JSON, where a model is served, responses,
interim thoughts, streams, filtered images, input pictures and their limits, tiers, errors, storage layout,
preconditions and refusals of Cloud Storage, jobs with their states, filters, import and results. Google's Python
clients work with it.
Not faithful in: what the images show, safety filters (they fire when ordered), quotas (the same), authentication
(tokens are logged, not checked), time-outs, how long a job takes, token counts of text (words are counted), Gemini's
pixel sizes where Imagen has none. System instructions, documents and videos are accepted and ignored, a search finds
nothing. Editing with Imagen, jobs on BigQuery, ``outputConfig``, ``responseFormat``, ``cachedContent``, batch requests
and the XML API of Cloud Storage are not served, and the error says so. Each module names what it follows and what is
its own.
"""

from airflow_provider_imagen.emulator.faults import Fault
from airflow_provider_imagen.emulator.job_orders import JobOrder

try:
    from airflow_provider_imagen.emulator.server import Emulator
except ModuleNotFoundError as _missing:
    if not _missing.name or _missing.name.startswith("airflow_provider_imagen"):
        raise
    raise ModuleNotFoundError(
        f"The emulator needs the Python module {_missing.name}, which is not installed. "
        "Install the extra: pip install 'airflow-provider-imagen[emulator]'",
        name=_missing.name,
    ) from _missing

__all__ = ["Emulator", "Fault", "JobOrder"]
