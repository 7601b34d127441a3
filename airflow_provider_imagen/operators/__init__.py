"""Airflow operators that generate and upscale images."""
