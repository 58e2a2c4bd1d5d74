"""Which windows of a panel may be played."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inv_gym.products.batch import HISTORY
from inv_gym.products.panel.runs import Runs, find_runs


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


@dataclass(frozen=True)
class Openings:
    """Where episodes may start, and how long they may last: enough for the windows of any horizon.

    Attributes:
        runs: Runs of periods on which an episode may start, by series and then by day.
        stop: ``[R]`` one past the last period that an episode of the run may have.
    """

    runs: Runs
    stop: np.ndarray

    @classmethod
    def of(cls, units: np.ndarray, usable: np.ndarray, first: int) -> Openings:
        """The openings of series.

        Args:
            units: ``[D, S]``.
            usable: ``[D, S]``.
            first: The first period of episodes; the history may begin earlier.
        """
        starts = may_start(units, usable)
        starts[:first] = False
        runs = find_runs(starts)
        day = np.arange(len(usable), dtype=np.int32)[:, None]
        gaps = np.where(usable, np.int32(len(usable)), day)
        next_gap = np.minimum.accumulate(gaps[::-1])[::-1]
        return cls(runs, next_gap[runs.first, runs.series].astype(np.int64))

    @property
    def longest(self) -> np.ndarray:
        """``[R]`` periods of the longest episode of each run."""
        return self.stop - self.runs.first

    def some(self, kept: np.ndarray) -> Openings:
        """Those of a mask ``[R]``."""
        return Openings(Runs(*(column[kept] for column in self.runs)), self.stop[kept])

    def windows(self, horizon: int) -> Windows:
        """The windows of episodes of so many periods; their runs are in the same order."""
        length = np.minimum(self.runs.length, self.longest - horizon + 1)
        kept = length > 0
        runs = Runs(self.runs.series[kept], self.runs.first[kept], length[kept])
        return Windows(runs, np.cumsum(runs.length))


def may_start(units: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Whether an episode may start on a day: it is usable, so is the day before, and there is a
    sale in the known history. ``[D, S]``, as both arguments.
    """
    day = np.arange(len(units), dtype=np.int32)[:, None]
    # the last day on which something was sold, and the last that is not usable, up to each day
    sold = np.maximum.accumulate(np.where(usable & (units > 0.0), day, -1))
    gap = np.maximum.accumulate(np.where(usable, -1, day))
    known = (sold > gap) & (sold > day - HISTORY)
    before = np.concatenate([np.zeros_like(known[:1]), known[:-1]])
    return usable & before


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
