"""The locations of Vertex AI."""

from __future__ import annotations

from airflow_provider_imagen.emulator.api_errors import ApiError

# google-cloud-aiplatform 2.7.0, constants.SUPPORTED_REGIONS and MREP_JURISDICTIONS.
NAMES = (
    "africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2 "
    "asia-southeast1 asia-southeast2 australia-southeast1 australia-southeast2 eu europe-central2 europe-north1 "
    "europe-north2 europe-southwest1 europe-west1 europe-west12 europe-west2 europe-west3 europe-west4 europe-west6 "
    "europe-west8 europe-west9 global me-central1 me-central2 me-west1 northamerica-northeast1 "
    "northamerica-northeast2 southamerica-east1 southamerica-west1 us us-central1 us-east1 us-east4 us-east5 us-east7 "
    "us-south1 us-west1 us-west2 us-west3 us-west4 us-west8"
)
LOCATIONS = set(NAMES.split())


def check_location(location: str) -> None:
    """Check that Vertex AI has a location.

    :raises ApiError: it has not; with the message that Google's APIs share.
    """
    if location not in LOCATIONS:
        raise ApiError(403, f"Permission denied on 'locations/{location}' (or it may not exist).")
