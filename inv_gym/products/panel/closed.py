"""The closures of a panel, and when they are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inv_gym.products.panel.runs import Runs


@dataclass(frozen=True, eq=False)
class Closed:
    """Runs of periods in which the shop of a series was closed.

    They are known once the shop sells again: to windows that start later they are no demand, to all
    others they are periods without demand.

    Attributes:
        runs: The runs of each series, by series and then by period.
        reopened: ``[R]`` position of the sale that ends each closure.
    """

    runs: Runs
    reopened: np.ndarray

    @property
    def stop(self) -> np.ndarray:
        """``[R]`` one past the last period of each run."""
        return self.runs.first + self.runs.length

    def unknown(
        self, period: np.ndarray, series: np.ndarray, start: np.ndarray | int
    ) -> np.ndarray:
        """Whether periods of series lie in a closure that is not known before `start`, all of one
        shape.
        """
        period, series = np.broadcast_arrays(period, series)
        if not len(self.reopened):
            return np.zeros(period.shape, bool)

        # the last run that begins at or before each period, in the order of series and period
        span = int(self.stop.max())
        key = self.runs.series * span + self.runs.first
        run = np.searchsorted(key, series * span + np.minimum(period, span - 1), "right") - 1
        inside = (run >= 0) & (self.runs.series[run] == series) & (period < self.stop[run])
        return inside & (self.reopened[run] >= start)

    def known_later(self, start: int) -> Closed:
        """Those that are not known before `start`."""
        kept = self.reopened >= start
        return Closed(Runs(*(column[kept] for column in self.runs)), self.reopened[kept])

    def mask(self, days: range, series: np.ndarray) -> np.ndarray:
        """Whether periods ``[D]`` of series of these numbers ``[n]`` lie in a closure,
        ``[D, n]``.
        """
        out = np.zeros((len(days), len(series)), bool)
        column = {number: place for place, number in enumerate(series)}
        for run in np.flatnonzero(np.isin(self.runs.series, series)):
            first, stop = self.runs.first[run] - days.start, self.stop[run] - days.start
            out[max(first, 0) : max(stop, 0), column[self.runs.series[run]]] = True
        return out
