"""Airflow sensors that wait for images in Cloud Storage."""
