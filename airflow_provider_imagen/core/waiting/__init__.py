"""The wait for images, as pure decisions."""
