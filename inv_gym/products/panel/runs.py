"""Runs of days with a property, over many series at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

SERIES_BLOCK = 4096
"""Series that are looked at in one go, so that what is worked out about a panel stays small beside
it.
"""


def blocks(number: int) -> Iterator[slice]:
    """Slices that cover `number` series."""
    return (slice(first, first + SERIES_BLOCK) for first in range(0, number, SERIES_BLOCK))


class Runs(NamedTuple):
    """Runs of true days, by series and then by day; columns ``[R]``."""

    series: np.ndarray
    first: np.ndarray
    """The first day."""
    length: np.ndarray

    def moved(self, series: int, days: int) -> Runs:
        """The same runs where the mask was cut out of a larger one at this series and day."""
        return Runs(self.series + series, self.first + days, self.length)


def find_runs(mask: np.ndarray) -> Runs:
    """The runs of consecutive true days of each column of a mask ``[D, S]``."""
    edge = np.zeros((1, mask.shape[1]), np.int8)
    change = np.diff(np.concatenate([edge, mask.astype(np.int8), edge]), axis=0).T
    series, first = np.nonzero(change == 1)
    return Runs(series, first, np.nonzero(change == -1)[1] - first)
