"""Which windows of a panel may be played."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inv_gym.products.batch import HISTORY
from inv_gym.products.panel.runs import Runs, moving_sum


@dataclass(frozen=True)
class Windows:
    """The eligible windows of a panel.

    Attributes:
        runs: Runs of days on which a window may start.
        ends: Number of windows up to the end of each run.
    """

    runs: Runs
    ends: np.ndarray

    def draw(self, rng: np.random.Generator, batch: int) -> tuple[np.ndarray, np.ndarray]:
        """Series and first day of windows drawn uniformly, each ``[B]``."""
        pick = rng.integers(self.ends[-1], size=batch)
        run = np.searchsorted(self.ends, pick, side="right")
        return self.runs.series[run], self.runs.first[run] + self.runs.length[run] - (
            self.ends[run] - pick
        )


def eligible_starts(units: np.ndarray, usable: np.ndarray, horizon: int) -> np.ndarray:
    """Whether an episode may start on a day: all its days are usable, so is the day before, and
    there is a sale in the known history.

    Args:
        units: ``[D, S]``.
        usable: ``[D, S]``.
        horizon: Days of an episode.

    Returns:
        ``[D - horizon + 1, S]``; no rows if there is no window.
    """
    complete = moving_sum(usable.astype(np.int32), horizon) == horizon
    day = np.arange(len(units), dtype=np.int32)[:, None]
    # the last day on which something was sold, and the last that is not usable, up to each day
    sold = np.maximum.accumulate(np.where(usable & (units > 0.0), day, -1))
    gap = np.maximum.accumulate(np.where(usable, -1, day))
    known = (sold > gap) & (sold > day - HISTORY)
    before = np.concatenate([np.zeros_like(known[:1]), known[:-1]])
    return complete & before[: len(complete)]


def largest_mean(units: np.ndarray, usable: np.ndarray) -> float:
    """The largest mean of any known history of series ``[D, S]``: up to HISTORY usable days in a
    row, all there are before a day.
    """
    sales = np.where(usable, units, 0.0).astype(np.float64)
    sums = np.cumsum(np.concatenate([np.zeros_like(sales[:1]), sales]), axis=0)
    day = np.arange(len(units))[:, None]
    gap = np.maximum.accumulate(np.where(usable, -1, day))
    known = np.minimum(day - gap, HISTORY)
    before = np.take_along_axis(sums, day + 1 - known, 0)
    means = (sums[1:] - before) / np.maximum(known, 1)
    return float(means.max(initial=0.0))
