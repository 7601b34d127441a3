"""Airflow triggers: the deferred half of the sensors."""
