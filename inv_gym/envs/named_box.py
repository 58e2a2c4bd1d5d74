"""Boxes that say what their entries are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from gymnasium import spaces


class NamedBox(spaces.Box):
    """Vectors ``[n]`` of float32 whose entries have names: an observation, or orders.

    Boxes of other names or units are not equal, and no box without names is equal to one. A model
    that stable-baselines3 saves keeps its spaces. So its file tells for which problem it was
    trained, and whether a wrapper changed what it saw or what its actions stand for.

    Args:
        low: Least value of each entry, ``[n]``.
        high: Largest value of each entry, ``[n]``.
        names: Of the entries.
        units: What the entries are in: ``pieces`` (and money), or ``scale``.
    """

    units: str = "pieces"
    """Spaces of files from before there were others have none of their own."""

    def __init__(
        self, low: np.ndarray, high: np.ndarray, names: Sequence[str], units: str = "pieces"
    ) -> None:
        super().__init__(low, high, dtype=np.float32)
        self.names = tuple(names)
        self.units = units

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NamedBox):
            return False
        same = (self.names, self.units) == (other.names, other.units)
        return same and super().__eq__(other)

    def __repr__(self) -> str:
        # Units first: where two long spaces differ in them alone, it is seen at once.
        return f"NamedBox(units={self.units!r}: {', '.join(self.names)})"
