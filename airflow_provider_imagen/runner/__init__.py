"""Performs the steps of a request between client and store. Knows no policy and no Airflow."""
