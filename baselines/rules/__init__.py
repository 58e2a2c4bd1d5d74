"""The rules of the literature, one file per family."""
