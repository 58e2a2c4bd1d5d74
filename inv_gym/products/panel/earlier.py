"""What a table knows of demand before a history."""

from __future__ import annotations

import numpy as np

from inv_gym.products.earlier import MEMORY, Earlier, summed
from inv_gym.products.panel.data import Panel


def earlier_of(panel: Panel, series: np.ndarray, stop: np.ndarray, start: np.ndarray) -> Earlier:
    """The sums of the known ones of the `MEMORY` periods before a history.

    Args:
        panel: The table.
        series: ``[B]`` numbers of the series.
        stop: ``[B]`` position of the first known period of each history.
        start: ``[B]`` position of the first period of each episode.
    """
    days = stop.astype(np.int64) + np.arange(-MEMORY, 0)[:, None]
    known = panel.known(days, series, start)
    return summed(panel.units[np.maximum(days, 0), series].astype(np.float64), known)
