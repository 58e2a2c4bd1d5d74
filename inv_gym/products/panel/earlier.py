"""What a table knows of demand before a history."""

from __future__ import annotations

from typing import Any

import numpy as np

from inv_gym.products.earlier import MEMORY, Earlier, summed


def earlier_of(units: Any, usable: Any, series: np.ndarray, stop: np.ndarray) -> Earlier:
    """The sums of the usable ones of the `MEMORY` periods before a history.

    Args:
        units: ``[D, S]`` demand of a table.
        usable: ``[D, S]`` whether a period can be learned from.
        series: ``[B]`` numbers of the series.
        stop: ``[B]`` position of the first known period of each history.
    """
    days = stop.astype(np.int64) + np.arange(-MEMORY, 0)[:, None]
    inside = np.maximum(days, 0)
    known = (days >= 0) & usable[inside, series]
    return summed(units[inside, series].astype(np.float64), known)
