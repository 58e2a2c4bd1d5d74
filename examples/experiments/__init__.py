"""Campaigns of measurement: `python examples/experiments --help` lists them."""
