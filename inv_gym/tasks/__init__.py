"""Tasks: a problem and its products, by name."""
