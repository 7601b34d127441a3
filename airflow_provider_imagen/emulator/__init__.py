"""A stand-in for the Google services that this provider uses, for tests, demos and a CI without Google.

It serves Imagen (``:predict``) and Gemini's image models (``:generateContent``) on Vertex AI as Google describes them,
with real images, and passes Cloud Storage calls on to the open-source fake-gcs-server. It shares no code with the
client: only the catalogue's data file.

Faithful in: paths, parameters and their limits, where a model is served, answers, interim thoughts, filtered-image
answers, error envelopes, storage layout.
Not faithful in: what the pictures show, safety filters (they fire when ordered), quotas (the same), authentication
(tokens are remembered, not checked), time-outs, token counts of text (words are counted), Gemini's pixel sizes where
Imagen has none. Gemini's input images, system instructions and tools are taken and not looked at; ``outputConfig``,
``responseFormat`` and ``cachedContent`` are refused, because nobody has seen what an image model makes of them.
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
