"""The rows of a table sorted by series and period, one for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from inv_gym.products.panel.faults import Faults
from inv_gym.products.panel.frequency import Periods
from inv_gym.products.panel.headings import OPTIONAL
from inv_gym.products.panel.store import PanelColumn, RowIndex
from inv_gym.products.panel.table import Rows

ROWS_SORTED = 1_000_000
"""Rows that are sorted in one go, or those of one series if it has more."""

MERGED: dict[str, Callable[..., None]] = {
    "units": np.add.at,
    "promotion": np.maximum.at,
    "open": np.fmax.at,
} | {name: np.fmin.at for name in OPTIONAL if name != "open"}
"""How the cells of further rows of a series and period are merged."""

EMPTY = {"units": 0.0, "promotion": 0.0} | dict.fromkeys(OPTIONAL, np.nan)
"""What they are merged into."""


@dataclass
class SortedRows:
    """The rows of S series in D periods.

    Attributes:
        periods: The D periods.
        names: Of the S series.
        faults: Takes what is wrong.
        duplicates: Rule for further rows of a series and period.
        index: Where the rows lie.
        values: ``[N]`` of each column that the table has.
        added: Rows that were added to others.
    """

    periods: Periods
    names: Sequence[str]
    faults: Faults
    duplicates: str
    index: RowIndex = field(init=False)
    values: dict[str, np.ndarray] = field(init=False)
    added: int = 0
    _period: np.ndarray = field(init=False, repr=False)
    _again: tuple[int, int] | None = field(default=None, init=False, repr=False)

    def take(self, parts: list[Rows]) -> None:
        """Sort the rows; they are given up part by part, so that they are not in memory twice."""
        counts = sum(np.bincount(part.series, minlength=len(self.names)) for part in parts)
        offsets = np.concatenate([[0], np.cumsum(counts)])
        number = self._group(parts, offsets)
        kept = self._sort(offsets, number)
        self._refuse_twice(offsets)
        self._keep(offsets, kept)

    def column(self, name: str, inside: float, outside: float) -> PanelColumn | None:
        """A column that reads as periods by series; None if the table has none of the name.

        Args:
            name: Of the column.
            inside: The value of periods without a row from the first row of a series to its stop.
            outside: The value of all other periods.
        """
        if name not in self.values:
            return None
        periods = range(self.index.periods)
        return PanelColumn(self.index, self.values[name], inside, outside, periods)

    def figure(self, name: str) -> np.ndarray | None:
        """The number of each series in a column that has one per series, ``[S]``, NaN where none is
        given; None if the table has none of the name. Series with several are a fault.
        """
        if name not in self.values:
            return None
        starts, cells = self.index.offsets[:-1], self.values[name]
        low, high = np.fmin.reduceat(cells, starts), np.fmax.reduceat(cells, starts)
        several = low < high
        if several.any():
            place = int(several.argmax())
            self.faults.add(
                name,
                f"{name} must be one number per series, got {low[place]:g} and {high[place]:g} "
                f"(series {self.names[place]!r})",
                "correct it, split the series, or drop the column",
                int(several.sum()),
            )
        return low.astype(np.float64)

    def _group(self, parts: list[Rows], offsets: np.ndarray) -> np.ndarray:
        """Put the rows of each series together, in the order of the table; gives the numbers of the
        rows in the table.
        """
        total = int(offsets[-1])
        self._period = np.empty(total, np.min_scalar_type(len(self.periods.dates)))
        types = [{name: cells.dtype for name, cells in _cells(part).items()} for part in parts]
        self.values = {
            name: np.empty(total, np.result_type(*(kinds[name] for kinds in types)))
            for name in types[0]
        }
        number = np.empty(total, np.int64)
        cursor = offsets[:-1].copy()
        while parts:
            part = parts.pop(0)
            order = np.argsort(part.series, kind="stable")
            series = part.series[order]
            counts = np.bincount(series, minlength=len(cursor))
            begun = np.cumsum(counts) - counts
            place = cursor[series] + np.arange(len(series)) - begun[series]
            self._period[place] = self.periods.position(part.day[order].astype(np.int64))
            number[place] = np.asarray(part.number)[order]
            for name, cells in _cells(part).items():
                self.values[name][place] = cells[order]
            cursor += counts
        return number

    def _sort(self, offsets: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Sort the rows of each series by period and merge those of one period into its first;
        gives whether a row is kept, ``[N]``.
        """
        kept = np.ones(len(number), bool)
        first = 0
        while first < len(offsets) - 1:
            end = offsets[first] + ROWS_SORTED
            last = max(int(np.searchsorted(offsets, end, "right")) - 1, first + 1)
            self._sort_block(offsets[first : last + 1], number, kept)
            first = last
        return kept

    def _sort_block(self, offsets: np.ndarray, number: np.ndarray, kept: np.ndarray) -> None:
        """The same of consecutive series, in place."""
        rows = slice(offsets[0], offsets[-1])
        series = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        key = series * np.int64(len(self.periods.dates)) + self._period[rows]
        step = np.diff(key)
        if (step > 0).all():
            return
        if (step < 0).any():
            order = np.argsort(key, kind="stable")
            for cells in (self._period, number, *self.values.values()):
                cells[rows] = cells[rows][order]
            key = key[order]
        is_first = np.append(True, np.diff(key) > 0)
        if not is_first.all():
            self._merge(rows, is_first)
            self._note_twice(np.flatnonzero(~is_first) + rows.start, number)
            kept[rows] = is_first

    def _merge(self, rows: slice, is_first: np.ndarray) -> None:
        """Merge the cells of rows of one series and period into the first one."""
        group = np.cumsum(is_first) - 1
        for name, cells in self.values.items():
            merged = np.full(int(group[-1]) + 1, EMPTY[name], cells.dtype)
            MERGED[name](merged, group, cells[rows])
            cells[rows] = merged[group]

    def _note_twice(self, further: np.ndarray, number: np.ndarray) -> None:
        """Count the further rows of a series and period, and keep the first one in the table."""
        self.added += len(further)
        row = int(further[number[further].argmin()])
        if self._again is None or number[row] < self._again[0]:
            self._again = (int(number[row]), row)

    def _refuse_twice(self, offsets: np.ndarray) -> None:
        """Take in further rows as a fault, unless they are to be added up."""
        if self._again is None or self.duplicates == "sum":
            return
        number, row = self._again
        name = self.names[int(np.searchsorted(offsets, row, "right")) - 1]
        day = self.periods.dates[int(self._period[row])]
        self.faults.add(
            "twice",
            f"series {name!r} has more than one row for {day} (again in row {number + 1})",
            'add them up (duplicates="sum" does), or keep one',
            self.added,
        )
        self.added = 0

    def _keep(self, offsets: np.ndarray, kept: np.ndarray) -> None:
        """Drop the rows that were merged into others."""
        if not kept.all():
            offsets = np.concatenate([[0], np.cumsum(kept)])[offsets]
            self._period = self._period[kept]
            self.values = {name: cells[kept] for name, cells in self.values.items()}
        last = self._period[offsets[1:] - 1].astype(np.int64)
        self.index = RowIndex(offsets, self._period, last + 1, len(self.periods.dates))


def _cells(part: Rows) -> dict[str, np.ndarray]:
    """The columns of rows by their names."""
    promotion = {} if part.promotion is None else {"promotion": part.promotion}
    return {"units": part.units, **promotion, **part.prices}
