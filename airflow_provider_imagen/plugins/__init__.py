"""What is added to Airflow's web interface."""
