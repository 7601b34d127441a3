"""A table of prompts: its rows, keys, pace, budget and manifest, as pure decisions."""
