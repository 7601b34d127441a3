"""The gallery: pages and images for people who may read a DAG's task instances, served by Airflow's API server."""
