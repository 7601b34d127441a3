"""What is added to Airflow's web interface."""

GALLERY_PREFIX = "/imagen-gallery"
"""Where Airflow's API server serves the gallery, below its own base URL."""
