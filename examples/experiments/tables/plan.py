"""Which tables are reproduced: those of all published instances."""

from __future__ import annotations

from experiments.campaign import Measurement
from inv_gym import INSTANCES


def plan() -> list[Measurement]:
    """An instance at a time, the longest ones first, so that both cores finish together."""
    ordered = sorted(INSTANCES, key=lambda name: (not name.startswith("zipkin"), -lead_time(name)))
    return [Measurement(name, (name,)) for name in ordered]


def lead_time(name: str) -> int:
    """The digit that a name of an instance ends in; 0 if there is none."""
    return int(name[-1]) if name[-1].isdigit() else 0
