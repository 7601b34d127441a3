"""What ``airflow imagen ...`` and ``python -m airflow_provider_imagen ...`` do. Only ``generate`` asks Google."""
