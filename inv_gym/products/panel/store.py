"""The rows of a table sorted by series and period, laid out as periods by series where asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class RowIndex:
    """Where the N rows of S series lie among D periods.

    Attributes:
        offsets: ``[S + 1]``, the rows of series s are those from ``offsets[s]`` on, up to
            ``offsets[s + 1]``; each series has a row.
        period: ``[N]`` positions of the periods, rising within a series.
        stop: ``[S]`` position after the last period of each series.
        periods: D.
    """

    offsets: np.ndarray
    period: np.ndarray
    stop: np.ndarray
    periods: int

    @property
    def first(self) -> np.ndarray:
        """``[S]`` position of the first row of each series."""
        return self.period[self.offsets[:-1]].astype(np.int64)

    @property
    def last(self) -> np.ndarray:
        """``[S]`` position of the last row of each series."""
        return self.period[self.offsets[1:] - 1].astype(np.int64)

    @property
    def rows(self) -> np.ndarray:
        """``[S]`` number of rows of each series."""
        return np.diff(self.offsets)

    def find(self, period: np.ndarray, series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the rows of periods of series, and whether there is one; all of one shape."""
        start, end = self.offsets[series], self.offsets[series + 1]
        last = end - 1

        # periods rise by one at least, so a row is as near to either end as its period, or nearer
        high = np.clip(start + period - self.first[series], start, end)
        low = np.clip(last + period - self.last[series], start, end)

        # bisection in all series at once
        for _ in range(int(np.max(high - low, initial=0)).bit_length()):
            middle = (low + high) // 2
            below = (low < high) & (self.period[np.minimum(middle, last)] < period)
            low, high = np.where(below, middle + 1, low), np.where(below, high, middle)
        row = np.minimum(low, last)
        return row, self.period[row] == period


@dataclass(frozen=True, eq=False)
class PanelColumn:
    """A column of a table, which reads as a matrix of periods by series, ``[D, S]``.

    Indexing by periods and series, ``column[:, block]`` or ``column[periods, series]``, gives an
    array; by periods alone, ``column[:stop]``, the column of those periods.

    Attributes:
        index: Where the rows lie.
        values: ``[N]`` of the rows.
        inside: The value of periods without a row from the first row of a series to its stop.
        outside: The value of all other periods.
        periods: Positions of the periods that are there.
    """

    index: RowIndex
    values: np.ndarray
    inside: float
    outside: float
    periods: range

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of periods and series."""
        return len(self.periods), len(self.index.stop)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the values."""
        return self.values.dtype

    def __len__(self) -> int:
        return len(self.periods)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All periods of all series, which may be many."""
        return self._columns(np.arange(self.shape[1])).astype(dtype or self.dtype)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return replace(self, periods=self.periods[key])
        if not isinstance(key, tuple):
            return self._columns(np.arange(self.shape[1]))[key]
        period, series = key
        if isinstance(period, np.ndarray) and period.ndim and not isinstance(series, slice):
            return self._cells(period, np.asarray(series))
        chosen = np.arange(self.shape[1])[series]
        columns = self._columns(np.atleast_1d(chosen))[period]
        return columns if np.ndim(chosen) else columns[..., 0]

    def _columns(self, series: np.ndarray) -> np.ndarray:
        """All periods of some series, ``[D, n]``."""
        index, first = self.index, self.periods.start
        out = np.full((len(self.periods), len(series)), self.outside, self.dtype)

        # from the first row on, periods without a row
        if self.inside != self.outside:
            number = np.arange(first, self.periods.stop)[:, None]
            span = (number >= index.first[series]) & (number < index.stop[series])
            out[span] = self.inside

        # the rows
        rows = index.rows[series]
        column = np.repeat(np.arange(len(series)), rows)
        ends = np.cumsum(rows)
        row = np.arange(len(column)) + np.repeat(index.offsets[series] - ends + rows, rows)
        period = index.period[row].astype(np.int64) - first
        within = (period >= 0) & (period < len(self.periods))
        out[period[within], column[within]] = self.values[row[within]]
        return out

    def _cells(self, period: np.ndarray, series: np.ndarray) -> np.ndarray:
        """The cells at positions of periods and series, which are broadcast."""
        period, series = np.broadcast_arrays(period + self.periods.start, series)
        row, present = self.index.find(period, series)
        span = (period >= self.index.first[series]) & (period < self.index.stop[series])
        absent = np.where(span, self.inside, self.outside).astype(self.dtype)
        return np.where(present, self.values[row], absent)
