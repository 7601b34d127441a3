"""Generate and upscale images with Google's image models from Apache Airflow.

Airflow imports this package while it starts, so nothing is imported here.
"""

__version__ = "0.1.0"
