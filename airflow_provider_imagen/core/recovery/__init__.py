"""The life of a request over several tries, as pure decisions."""
