"""Measurements of speed, coverage and search; each file is a command of its own."""
