"""The wire forms of Google's APIs, one module each."""
