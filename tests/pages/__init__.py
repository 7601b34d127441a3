"""What the pages in ``docs/`` and the README take from code, catalogue and docstrings."""
