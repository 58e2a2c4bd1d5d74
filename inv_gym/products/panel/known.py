"""What was known of a column of a panel before a period: its mean, its largest value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inv_gym.products.panel.runs import blocks
from inv_gym.products.panel.store import PanelColumn


@dataclass(frozen=True, eq=False)
class Known:
    """What the rows of each series tell up to each of them.

    Attributes:
        column: ``[D, S]``.
        figures: ``[N]`` what its N rows tell, up to each row of a series; NaN where they tell
            nothing.
    """

    column: PanelColumn
    figures: np.ndarray

    @classmethod
    def means(cls, column: PanelColumn) -> Known:
        """The means of what is given."""
        return cls(column, _by_series(column, _running_means))

    @classmethod
    def largest(cls, column: PanelColumn) -> Known:
        """The largest values above 0."""
        return cls(column, _by_series(column, _running_largest))

    def before(self, series: np.ndarray, period: np.ndarray | int) -> np.ndarray:
        """What is known of series before a period, NaN where nothing is, of the shape of both.

        Args:
            series: Numbers of the series.
            period: Positions of the periods, or one for all.
        """
        index = self.column.index
        series, period = np.broadcast_arrays(series, np.asarray(period))
        row, _ = index.find(period, series)
        row = row - (index.period[row] >= period)  # the last row before the period
        return np.where(row >= index.offsets[series], self.figures[row], np.nan).astype(np.float64)

    @cached_property
    def first(self) -> np.ndarray:
        """``[S]`` position of the first period that tells something; D where none does."""
        index, tells = self.column.index, ~np.isnan(self.figures)
        period = np.where(tells, index.period.astype(np.int64), index.periods)
        return np.minimum.reduceat(period, index.offsets[:-1])


def _by_series(column: PanelColumn, running: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """A running figure of the rows of each series, ``[N]`` float32.

    Args:
        column: ``[D, S]``.
        running: Gives it down each column ``[n, S]``, of the rows one below the other, NaN after
            the last one.
    """
    index, figures = column.index, np.empty(len(column.values), np.float32)
    for block in blocks(len(index.rows)):
        rows = index.rows[block]
        series = np.repeat(np.arange(len(rows)), rows)
        begin = index.offsets[block.start]
        rank = np.arange(len(series)) - (index.offsets[:-1][block] - begin)[series]
        place = slice(begin, begin + len(series))
        cells = np.full((rows.max(), len(rows)), np.nan, np.float32)
        cells[rank, series] = column.values[place]
        figures[place] = running(cells)[rank, series]
    return figures


def _running_means(cells: np.ndarray) -> np.ndarray:
    given = ~np.isnan(cells)
    total = np.where(given, cells, 0.0).cumsum(0, dtype=np.float64)
    number = given.cumsum(0)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _running_largest(cells: np.ndarray) -> np.ndarray:
    largest = np.maximum.accumulate(np.nan_to_num(cells))
    return np.where(largest > 0.0, largest, np.nan)
