"""When a series can be learned from: from its first sale on, and while its shop is open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from inv_gym.products.panel.frequency import Frequency
from inv_gym.products.panel.runs import Runs, blocks, find_runs
from inv_gym.products.panel.store import PanelColumn

CLOSURE_PROBABILITY = 1e-6
"""A run of periods without sales that is less probable than this may be a closure."""

LONGEST_CLOSURE = 183
"""Days; what sells nothing for more than half a year has a season."""

SEASONAL = 0.75
"""Share of periods without sales, a year before, from which on a run is a season."""

TAPERED = 0.25
"""Share of the mean sales below which a season ends, as a closure does not begin."""


@dataclass(frozen=True)
class Closures:
    """How closures are told from demand, judged for each shop.

    A closure is a run of at least `least` periods without sales that ends with a sale, at most half
    a year long, whose probability, given the periods with and without sales before the run and a
    uniform prior on the share of periods without, is below 1e-6. A run that a season explains is
    none: one that is there a year before, too, or before which sales fade out. So what is judged
    when the shop sells again rests on earlier days alone.

    Attributes:
        least: Periods.
        frequency: How long a period is.
    """

    least: int
    frequency: Frequency

    def usable(
        self, units: PanelColumn, shops: np.ndarray, opened: PanelColumn | None = None
    ) -> tuple[np.ndarray, int]:
        """Whether each period of a series can be learned from, ``[D, S]``, and how many cannot for
        a closure.

        Args:
            units: ``[D, S]``, NaN before the first and after the last row of a series.
            shops: ``[S]`` the shop of each series.
            opened: ``[D, S]`` 0 where the table says closed; None if it does not say.
        """
        own = len(shops) == shops.max() + 1  # every series is a shop of its own
        closed = None if own else self._closed(_totals(units, shops))
        usable = np.empty(units.shape, bool)
        number = 0
        for block in blocks(units.shape[1]):
            columns = units[:, block]
            active = _active(columns)
            shut = self._closed(columns) if closed is None else closed[:, shops[block]]
            if opened is not None:
                shut = shut | (opened[:, block] == 0.0)
            usable[:, block] = active & ~shut
            number += int((active & shut).sum())
        return usable, number

    def _closed(self, units: np.ndarray) -> np.ndarray:
        """The periods that shops with these units ``[D, n]`` are closed."""
        closed = np.zeros(units.shape, bool)
        for shop, first, length in zip(*self._runs(units), strict=True):
            closed[first : first + length, shop] = True
        return closed

    def _runs(self, units: np.ndarray) -> Runs:
        """The closures of columns ``[D, n]``."""
        active = _active(units)
        zero = active & (units == 0.0)
        runs = find_runs(zero)

        # of a length that a closure has, and over
        most = self.frequency.periods(LONGEST_CLOSURE)
        fits = (runs.length >= self.least) & (runs.length <= most)
        end = runs.first + runs.length
        reopened = units[np.minimum(end, len(units) - 1), runs.series] > 0.0  # no run has sales
        runs = Runs(*(column[fits & reopened] for column in runs))

        # improbable, given the periods before
        before = (runs.first - 1, runs.series)
        zeros = np.cumsum(zero, 0, dtype=np.int32)[before]
        sold = np.cumsum(active, 0, dtype=np.int32)[before] - zeros
        chance = special.betaln(zeros + 1.0 + runs.length, sold + 1.0)
        chance -= special.betaln(zeros + 1.0, sold + 1.0)

        # without a season that explains it
        abrupt = [
            run
            for run in np.flatnonzero(chance < np.log(CLOSURE_PROBABILITY))
            if not self._seasonal(
                units[:, runs.series[run]],
                active[:, runs.series[run]],
                slice(runs.first[run], runs.first[run] + runs.length[run]),
            )
        ]
        return Runs(*(column[np.array(abrupt, int)] for column in runs))

    def _seasonal(self, units: np.ndarray, active: np.ndarray, run: slice) -> bool:
        """Whether a season explains a run without sales in a column ``[D]``."""
        return self._recurs(units, active, run) or self._tapers(units, active, run)

    def _recurs(self, units: np.ndarray, active: np.ndarray, run: slice) -> bool:
        """Whether there are hardly any sales a year before, either."""
        a_year = self.frequency.a_year
        days = slice(max(run.start - a_year, 0), max(run.stop - a_year, 0))
        sold = units[days][active[days]] > 0.0
        return len(sold) >= self.least and bool((~sold).mean() >= SEASONAL)

    def _tapers(self, units: np.ndarray, active: np.ndarray, run: slice) -> bool:
        """Whether sales fade out before the run."""
        usual = units[: run.start][active[: run.start]].mean()
        fading = units[max(run.start - self.least, 0) : run.start]
        return bool(np.nanmean(fading) < TAPERED * usual)


def _active(units: np.ndarray) -> np.ndarray:
    """Whether a period lies at or after the first sale and its units are known, ``[D, n]``."""
    sold = units > 0.0
    first = np.where(sold.any(0), sold.argmax(0), len(units))
    return (np.arange(len(units))[:, None] >= first) & ~np.isnan(units)


def _totals(units: PanelColumn, shops: np.ndarray) -> np.ndarray:
    """What each shop sells, ``[D, shops]``; NaN where none of its series has a row."""
    totals = np.full((len(units), int(shops.max()) + 1), np.nan, np.float32)
    for block in blocks(len(shops)):
        columns = units[:, block]
        for shop in np.unique(shops[block]):
            mine = columns[:, shops[block] == shop]
            sold = np.where(np.isnan(mine).all(1), np.nan, np.nansum(mine, axis=1))
            totals[:, shop] = np.where(
                np.isnan(sold), totals[:, shop], np.nan_to_num(totals[:, shop]) + sold
            )
    return totals
