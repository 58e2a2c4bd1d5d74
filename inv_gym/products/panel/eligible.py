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
    def of(
        cls, units: np.ndarray, usable: np.ndarray, first: int, closed: np.ndarray | None = None
    ) -> Openings:
        """The openings of series.

        Args:
            units: ``[D, S]``.
            usable: ``[D, S]`` at the end of the table.
            first: The first period of episodes; the history may begin earlier.
            closed: ``[D, S]`` periods of closures, which episodes play; None if there are none.
        """
        starts = may_start(units, usable, closed)
        starts[:first] = False
        runs = find_runs(starts)
        day = np.arange(len(usable), dtype=np.int32)[:, None]
        played = usable if closed is None else usable | closed
        gaps = np.where(played, np.int32(len(usable)), day)
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


def may_start(
    units: np.ndarray, usable: np.ndarray, closed: np.ndarray | None = None
) -> np.ndarray:
    """Whether an episode may start on a day: it is played, the day before is known, and there is a
    sale in the known history. ``[D, S]``, as the arguments of `Openings.of`.
    """
    day = np.arange(len(units), dtype=np.int32)[:, None]
    # the last day on which something was sold, and the last that is not known, up to each day
    sold = np.maximum.accumulate(np.where(usable & (units > 0.0), day, -1))
    gap = np.maximum.accumulate(np.where(usable, -1, day))
    if closed is not None:
        gap = _gap_in_closures(gap, closed)
        usable = usable | closed
    known = (sold > gap) & (sold > day - HISTORY)
    before = np.concatenate([np.zeros_like(known[:1]), known[:-1]])
    return usable & before


def _gap_in_closures(gap: np.ndarray, closed: np.ndarray) -> np.ndarray:
    """The last day that is not known, up to each day, where closures are not known while they last:
    in a closure it is that of the day before it, ``[D, S]``.
    """
    before = np.concatenate([np.full_like(gap[:1], -1), gap[:-1]])
    runs = find_runs(closed)
    day, series = np.nonzero(closed)
    run = np.searchsorted(
        runs.series * len(gap) + runs.first, series * len(gap) + day, side="right"
    )
    gap[day, series] = before[runs.first[run - 1], series]
    return gap


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
