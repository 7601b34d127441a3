"""A stand-in for the Google services that this provider uses, for tests, demos and a CI without Google.

It serves Imagen on Vertex AI as Google's API reference describes it, with real images, and passes Cloud Storage calls
on to the open-source fake-gcs-server. It shares no code with the client: only the catalogue's data file.

Faithful in: paths, parameters and their limits, answers, filtered-image answers, error envelopes, storage layout.
Not faithful in: what the pictures show, safety filters (they fire when ordered), quotas (the same), authentication
(tokens are remembered, not checked), time-outs.
"""

from airflow_provider_imagen.emulator.faults import Fault
from airflow_provider_imagen.emulator.server import Emulator

__all__ = ["Emulator", "Fault"]
