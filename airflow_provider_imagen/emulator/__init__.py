"""An emulator of the Google services that this provider uses, for tests, demos and a CI without Google.

It serves Imagen (``:predict``) and Gemini's image models (``:generateContent``) on Vertex AI as Google describes them,
with real images, and passes Cloud Storage calls on to the open-source fake-gcs-server. It shares no code with the
client: only the catalogue's data file.

Faithful in: paths, parameters and their limits, where a model is served, responses, interim thoughts, filtered
images, errors, storage layout, preconditions and refusals of Cloud Storage.
Not faithful in: what the images show, safety filters (they fire when ordered), quotas (the same), authentication
(tokens are logged, not checked), time-outs, token counts of text (words are counted), Gemini's pixel sizes where
Imagen has none. Gemini's input images, system instructions and tools are accepted and ignored; ``outputConfig``,
``responseFormat`` and ``cachedContent`` are refused, because their effect on an image model is not documented.
"""

from airflow_provider_imagen.emulator.faults import Fault

try:
    from airflow_provider_imagen.emulator.server import Emulator
except ModuleNotFoundError as missing:
    if not missing.name or missing.name.startswith("airflow_provider_imagen"):
        raise
    raise ModuleNotFoundError(
        f"The emulator needs the Python module {missing.name}, which is not installed. "
        "Install the extra: pip install 'airflow-provider-imagen[emulator]'",
        name=missing.name,
    ) from missing

__all__ = ["Emulator", "Fault"]
