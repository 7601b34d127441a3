"""What we know about Google's image API, as pure functions and values: no sockets, no clock, no Airflow."""
