"""What ``airflow imagen ...`` and ``python -m airflow_provider_imagen ...`` do. They ask Google nothing."""
