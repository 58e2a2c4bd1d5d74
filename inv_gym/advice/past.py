"""The last periods of a table, in which policies are compared before they order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inv_gym.advice.today import Today
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import Products
from inv_gym.products.panel import ListedWindows

WINDOWS = 6
"""Windows of a series, the latest ones."""
PERIODS = 10
"""Periods of a window beyond the longest lead time: those that its orders reach."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PastWindows(ListedWindows):
    """The latest windows of some series: they lie side by side and end with the table, so that
    other series, and how long ago they begin, do not matter.

    A window starts with the mean demand of the lead time and a period on hand; where a problem has
    a range of starting stocks, the windows of a series are spread over it. Prices and costs are
    those of today.

    Attributes:
        today: Says what prices and costs are.
        number: ``[N]`` of each window among those of its series, the latest being 0.
    """

    today: Today
    number: np.ndarray

    @classmethod
    def of(cls, today: Today, problem: Problem, series: np.ndarray) -> PastWindows | None:
        """The windows of series of these numbers; None if there are none.

        Args:
            today: The table.
            problem: Its horizon is the length of a window.
            series: ``[B]``.
        """
        dates = today.panel.dates
        most = min(WINDOWS, len(dates) // problem.horizon)
        if most == 0:
            return None
        first = len(dates) - most * problem.horizon
        source: Any = replace(today.source, first=str(dates[first]))
        try:
            every = ListedWindows.side_by_side(source, problem.horizon).latest(WINDOWS)
        except ValueError:
            return None
        some = every.windows[np.isin(every.windows[:, 0], series)]
        if not len(some):
            return None
        last = np.searchsorted(some[:, 0], some[:, 0], side="right") - 1
        number = last - np.arange(len(some))
        return cls(source=source, windows=some, today=today, number=number)

    def __len__(self) -> int:
        return len(self.number)

    @property
    def notes(self) -> tuple[str, ...]:
        """None: those of the table are told once."""
        return ()

    def _at(self, rng: np.random.Generator, rows: Any, problem: Problem) -> Products:
        products = super()._at(rng, rows, problem)
        figures = self.today.figures(self.windows[rows, 0])
        economics = problem.Economics(*(figures[name] for name in problem.Economics._fields))
        stock = products.scale * starting_periods(problem, self.number[rows])
        stock = np.rint(stock) if problem.integer_orders else stock
        state = problem.initial_state(stock)
        return products._replace(economics=economics, initial_state=state, prices=None)


def starting_periods(problem: Problem, number: np.ndarray) -> np.ndarray:
    """Periods of mean demand on hand at the start of windows with these numbers ``[N]``."""
    low, high = problem.initial_stock
    if high > low:
        return low + (high - low) * (number + 0.5) / WINDOWS
    return np.full(len(number), max(low, problem.lead_times[0] + 1.0))
