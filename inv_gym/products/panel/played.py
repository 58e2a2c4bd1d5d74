"""What the periods that episodes may have tell of all series of a panel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inv_gym.products.batch import HISTORY
from inv_gym.products.panel.data import Panel, by_block
from inv_gym.products.panel.eligible import Openings, largest_mean
from inv_gym.products.panel.prices import changes, number_without_price
from inv_gym.products.panel.runs import Runs, blocks, find_runs
from inv_gym.products.panel.store import PanelColumn


@dataclass(frozen=True, eq=False)
class PlayedPeriods:
    """Periods of a panel that episodes may have; what comes after them has no part in anything.

    It is the same for all series that are chosen, and all horizons: sources of the same periods
    share it, see `played_periods`.

    Attributes:
        panel: The table.
        periods: Their positions.
    """

    panel: Panel
    periods: range

    @cached_property
    def usable(self) -> np.ndarray:
        """What of the panel can be learned from up to the last period, as it is known then,
        ``[D, S]``.
        """
        stop = self.periods.stop
        later = self.panel.closed.known_later(stop)
        usable = self.panel.usable[:stop]
        if not len(later.reopened):
            return usable
        return usable | later.mask(range(stop), np.arange(usable.shape[1]))

    def demand(self, series: np.ndarray) -> np.ndarray:
        """Demand ``[D, n]`` of series of these numbers in these periods, units; NaN where it cannot
        be learned from.
        """
        first, stop = self.periods.start, self.periods.stop
        units = self.panel.units[first:stop][:, series].astype(np.float64)
        return np.where(self.usable[first:, series], units, np.nan)

    @cached_property
    def openings(self) -> Openings:
        """Where episodes may start, the series in the order of their names."""
        days = range(max(self.periods.start - HISTORY, 0), self.periods.stop)
        order, first = self.panel.by_name, self.periods.start - days.start
        units, usable = (x[days.start : days.stop] for x in (self.panel.units, self.panel.usable))
        runs, stops = list[Runs](), list[np.ndarray]()
        for block in blocks(len(order)):
            series = order[block]
            closed = self._closed(days, series)
            some = Openings.of(units[:, series], usable[:, series], first, closed)
            runs.append(some.runs.moved(block.start, days.start))
            stops.append(some.stop + days.start)
        series, start, length = map(np.concatenate, zip(*runs, strict=True))
        return Openings(Runs(order[series], start, length), np.concatenate(stops))

    def _closed(self, days: range, series: np.ndarray) -> np.ndarray | None:
        """``[D, n]`` where series were closed, which episodes play; None if none was."""
        mask = self.panel.closed.mask(days, series)
        return mask if mask.any() else None

    @cached_property
    def longest_stretch(self) -> np.ndarray:
        """``[S]`` the most periods in a row of each series that an episode may have."""
        longest = np.zeros(len(self.panel.series), np.int64)
        numbers = np.arange(len(longest))
        for block in blocks(len(longest)):
            played = self.panel.usable[self.periods.start : self.periods.stop, block]
            closed = self._closed(self.periods, numbers[block])
            runs = find_runs(played if closed is None else played | closed)
            np.maximum.at(longest[block], runs.series, runs.length)
        return longest

    @cached_property
    def largest_scale(self) -> float:
        """The largest mean of any known history up to the last period."""
        return max(
            largest_mean(self.panel.units[: len(self.usable), block], self.usable[:, block])
            for block in blocks(len(self.panel.series))
        )

    @cached_property
    def changing(self) -> np.ndarray:
        """``[S]`` whether the price of each series changes up to the last period."""
        if self.panel.prices is None:
            return np.zeros(len(self.panel.series), bool)
        return by_block(changes, self.prices)

    @property
    def prices(self) -> PanelColumn:
        """The prices up to the last period, of a table that has any."""
        assert self.panel.prices is not None
        return self.panel.prices[: self.periods.stop]

    @cached_property
    def without_price(self) -> int:
        """How many usable periods have no price, of the series that have some."""
        return number_without_price(self.prices, self.usable)


def played_periods(panel: Panel, periods: range) -> PlayedPeriods:
    """What periods tell of all series; it is worked out once."""
    if periods not in panel.played:
        panel.played[periods] = PlayedPeriods(panel, periods)
    return panel.played[periods]
