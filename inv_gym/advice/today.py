"""The series of a table at today's decision: the period that follows the last one known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inv_gym.advice.stock import Calendar
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products, assemble
from inv_gym.products.panel import Panel, PanelProducts
from inv_gym.products.panel.covariates import covariates, of_dates
from inv_gym.products.panel.earlier import earlier_of
from inv_gym.products.panel.frequency import Periods
from inv_gym.products.panel.prices import prices_over_time
from inv_gym.products.panel.runs import blocks

PERIODS_AHEAD = 1100
"""Periods of the calendar from today on: more than the longest lead time and shelf life."""


@dataclass(frozen=True, eq=False)
class Today:
    """Today's decision for the series of a table.

    The history of a series are its last `HISTORY` periods that can be learned from: those in which
    it was closed are left out. A promotion of today that is not told is taken to be none.

    Attributes:
        source: The table, up to its end, and what is imputed.
        told: ``[S]`` prices and costs in place of those of the table, NaN where none is given.
        promotion: ``[S]`` today's promotions in units of the table, NaN where none is told; None:
            none of any series.
    """

    source: PanelProducts
    told: Mapping[str, np.ndarray]
    promotion: np.ndarray | None = None

    @property
    def panel(self) -> Panel:
        """The table."""
        return self.source.panel

    @cached_property
    def calendar(self) -> Calendar:
        """Today's period and those after it."""
        dates = self.panel.dates
        return Calendar(dates[-1], Periods(self.panel.frequency, dates).ahead(PERIODS_AHEAD))

    @cached_property
    def history(self) -> np.ndarray:
        """``[HISTORY, S]`` positions of the periods of the history, the latest last; below 0 where
        there are not so many.
        """
        usable, number = self.panel.usable, len(self.panel.series)
        positions = np.full((HISTORY, number), -1)
        for block in blocks(number):
            backward = usable[::-1, block]
            rank = np.cumsum(backward, 0, dtype=np.int32)
            day, series = np.nonzero(backward & (rank <= HISTORY))
            place = HISTORY - rank[day, series]
            positions[place, block.start + series] = len(usable) - 1 - day
        return positions

    @cached_property
    def whole(self) -> np.ndarray:
        """``[S]`` whether a series sold whole units only, ever."""
        units = self.panel.units
        return np.logical_and.reduceat(
            units.values == np.rint(units.values), units.index.offsets[:-1]
        )

    @cached_property
    def refusals(self) -> dict[int, str]:
        """Why a series cannot be answered, by its number."""
        has_ended = self.panel.units.index.stop < len(self.panel.dates)
        places = np.flatnonzero((self.history[-1] < 0) | has_ended)
        return {place: self._why_not(place) for place in places.tolist()}

    def _why_not(self, place: int) -> str:
        """Why a series that ended, or of which no period is known, cannot be answered."""
        dates, noun = self.panel.dates, self.panel.frequency.noun
        units, stop = self.panel.units[:, place], self.panel.units.index.stop[place]
        if not np.nansum(units) > 0.0:
            return "it has not a single sale"
        if self.history[-1, place] < 0:
            return f"it was closed on every {noun} from its first sale on"
        return (
            f"its last row is of {dates[stop - 1]}, and the table ends on {dates[-1]}: add its "
            'rows, or read periods without a row as no sales with missing="zero"'
        )

    def products(self, problem: Problem, series: np.ndarray) -> Products:
        """The products at the decision, without stock: their history, and one period whose demand,
        which nobody knows, stands there as 0.

        Args:
            problem: With a horizon of one period.
            series: ``[B]`` numbers of the series; those that can be answered.

        Raises:
            ValueError: The problem refuses the economics of a product.
        """
        known = self.history[:, series] >= 0
        known_periods = known.sum(0).astype(np.float64)
        days = np.maximum(self.history[:, series], 0)
        past = self.panel.units[days, series].astype(np.float64)
        demand = np.concatenate([past, np.zeros((1, len(series)))])
        rng = np.random.default_rng(0)  # the starting stock is not used
        figures, covariates = self.figures(series), self._covariates(days, series)
        names = self.source.covariate_names
        products = assemble(
            problem,
            rng,
            figures,
            demand,
            covariates,
            known_periods=known_periods,
            covariate_names=names,
        )
        first = np.where(known, days, len(self.panel.dates)).min(0)
        earlier = earlier_of(self.panel.units, self.panel.usable, series, first)
        return products._replace(
            lots=self.source.lots(series),
            earlier=earlier,
            sold_out=self._sold_out(days, series, known),
        )

    def _sold_out(
        self, days: np.ndarray, series: np.ndarray, known: np.ndarray
    ) -> np.ndarray | None:
        """``[HISTORY + 1, B]`` where the closing stock was 0; None if the table has none."""
        if self.panel.sold_out is None:
            return None
        told = np.where(known, self.panel.sold_out[days, series], 0.0)
        return np.concatenate([told, np.zeros((1, len(series)))])

    def figures(self, series: np.ndarray) -> dict[str, np.ndarray]:
        """Prices and costs of series of these numbers ``[B]``, each ``[B]``; of prices over time
        the last one.
        """
        told = {name: column[series] for name, column in self.told.items()}
        figures = self.source.figures.at(series, self._next(series), told)
        if self.panel.prices is not None:
            latest = np.full((1, len(series)), len(self.panel.dates) - 1)
            prices = prices_over_time(self.panel.prices, latest, series, figures["price"])[0]
            is_told = ~np.isnan(told.get("price", np.full(len(series), np.nan)))
            figures["price"] = np.where(is_told, figures["price"], prices)
        return figures

    def _next(self, series: np.ndarray) -> np.ndarray:
        """``[B]`` today's position, for each series."""
        return np.full(len(series), len(self.panel.dates))

    def _covariates(self, days: np.ndarray, series: np.ndarray) -> np.ndarray:
        """``[HISTORY + 1, B, C]`` of the history and of today."""
        past = covariates(self.panel, days, series, self._next(series))
        today = np.zeros((1, *past.shape[1:]))
        dated = of_dates(self.panel, self.calendar.ahead[:1])
        today[..., : dated.shape[-1]] = dated
        if self.panel.promotion is not None:
            today[0, :, -1] = self._promotion(series)
        return np.concatenate([past, today])

    def _promotion(self, series: np.ndarray) -> np.ndarray:
        """``[B]`` today's promotions relative to the largest ones up to today, as `covariates`."""
        if self.promotion is None:
            return np.zeros(len(series))
        told = np.nan_to_num(self.promotion[series])
        before = self.panel.largest_promotions.before(series, self._next(series))
        largest = np.fmax(before, told)
        return told / np.where(largest > 0.0, largest, 1.0)
