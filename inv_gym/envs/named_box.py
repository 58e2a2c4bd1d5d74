"""Boxes that say what their entries are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from gymnasium import spaces


class NamedBox(spaces.Box):
    """Vectors ``[n]`` of float32 whose entries have names: an observation, or orders in units.

    Boxes of other names are not equal, and no box without names is equal to one. A model that
    stable-baselines3 saves keeps its spaces. So its file tells for which problem it was trained,
    and whether a wrapper changed what it saw or what its actions stand for.

    Args:
        low: Least value of each entry, ``[n]``.
        high: Largest value of each entry, ``[n]``.
        names: Of the entries.
    """

    def __init__(self, low: np.ndarray, high: np.ndarray, names: Sequence[str]) -> None:
        super().__init__(low, high, dtype=np.float32)
        self.names = tuple(names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NamedBox) and self.names == other.names and super().__eq__(other)

    def __repr__(self) -> str:
        return f"NamedBox({', '.join(self.names)})"
