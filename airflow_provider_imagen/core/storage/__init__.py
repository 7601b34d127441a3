"""Names and places of stored images, and the Cloud Storage JSON API as values."""
