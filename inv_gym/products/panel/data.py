"""A demand table as a dense panel, days by series, with the days that can be learned
from marked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special

from inv_gym.products.panel.files import RULES
from inv_gym.products.panel.runs import Runs, blocks, find_runs
from inv_gym.products.panel.table import Table, read_table
from inv_gym.util.checks import one_of, whole

CLOSURE_PROBABILITY = 1e-6
"""A run of days without sales that is less probable than this is a closure."""

LONGEST_SPAN = 100 * 366
"""Days that a table may span; a longer one has a wrong date, and would not fit in memory."""


@dataclass(frozen=True, eq=False)
class Panel:
    """Daily demand of many series. D consecutive days, S series.

    Attributes:
        dates: ``[D]`` datetime64[D].
        series: Names of the S series, in the order of their first rows.
        units: ``[D, S]`` float32; NaN before the first and after the last row of a series.
        usable: ``[D, S]`` bool: False before the first sale, after the last row, and while a shop
            is closed.
        promotion: ``[D, S]`` uint8 or float32, 0 on days without a row; None if the table has none.
        price: ``[S]`` mean money per unit; None if the table has none.
        cost: ``[S]`` mean money per unit, below the price; None if the table has none.
        notes: What was filled, set to zero and masked.
    """

    dates: np.ndarray
    series: tuple[str, ...] = field(repr=False)
    units: np.ndarray = field(repr=False)
    usable: np.ndarray = field(repr=False)
    promotion: np.ndarray | None = field(repr=False)
    price: np.ndarray | None = field(repr=False)
    cost: np.ndarray | None = field(repr=False)
    notes: tuple[str, ...]


def read_panel(
    path: str | Path,
    *,
    missing: str | None = None,
    returns: str | None = None,
    closure_days: int = 14,
    rows_per_chunk: int = 1_000_000,
) -> Panel:
    """Read a long demand table: one row per series and day, in any order, as CSV or Parquet.

    Recognised by their columns (`inv_gym.products.panel.files.LAYOUTS`; others are ignored) are a
    long table ``series, date, units`` with or without ``price, cost, promotion``, and the tables of
    the Kaggle competitions on Corporación Favorita, by item, by family and by store. Error messages
    count rows from 1, without the header.

    A closure is a run of at least `closure_days` days without sales whose probability, given the
    days with and without sales outside the run and a uniform prior on the share of days without, is
    below 1e-6. So the long zero runs of slow movers are demand, and so is a single holiday.

    Args:
        path: The file, ``.csv``, ``.csv.gz`` or ``.parquet``.
        missing: Rule for days without a row between the first and the last row of a series:
            "error", or "zero" for no sales. None follows the layout: "error" for the long table,
            "zero" for the Kaggle tables.
        returns: Rule for negative units: "error", or "zero" for no sales. None follows the layout,
            as above.
        closure_days: Fewest days of a closure.
        rows_per_chunk: Rows that are held as a data frame at a time.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: An option, the layout, a cell or the rows as a whole are not as they must be;
            the message has the value, the place and the remedy.
    """
    rule = None if missing is None else one_of("missing", missing, RULES)
    whole("closure_days", closure_days, 1)
    table = read_table(path, returns, rows_per_chunk)
    price, cost = table.prices()
    names = tuple(table.index)
    dates, units, promotion = _matrices(table, names)
    filled = _fill(units, dates, names, rule or table.layout.missing)
    usable, closed = _usable(units, closure_days)
    figures = (
        (table.returned, "negative units (returned goods) were set to 0"),
        (filled, "series-days without a row were read as no sales"),
        (
            int((~usable).sum()) - closed,
            "series-days before the first sale or after the last row are masked",
        ),
        (closed, "series-days of closures are masked"),
    )
    notes = tuple(f"{number:,} {what}" for number, what in figures if number)
    return Panel(dates, names, units, usable, promotion, price, cost, notes)


def _matrices(
    table: Table, names: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Dates ``[D]``, units ``[D, S]`` with NaN where there is no row, and promotion ``[D, S]``."""
    first, last = (
        min(part.day.min() for part in table.parts),
        max(part.day.max() for part in table.parts),
    )
    dates = np.arange(first, last + 1).astype("datetime64[D]")
    if len(dates) > LONGEST_SPAN:
        raise ValueError(
            f"dates span {dates[0]} to {dates[-1]}, over 100 years: correct the one that is wrong."
        )
    units = np.full((len(dates), len(names)), np.nan, np.float32)
    promotions = [part.promotion for part in table.parts if part.promotion is not None]
    promotion = np.zeros(units.shape, np.result_type(*promotions)) if promotions else None
    before = 0
    while (
        table.parts
    ):  # given up one by one, so that rows and matrices are not both whole in memory
        part = table.parts.pop(0)
        day, series = part.day - first, part.series
        twice = (
            ~np.isnan(units[day, series])
            | pd.Index(day * np.int64(len(names)) + series).duplicated()
        )
        if twice.any():
            row = int(twice.argmax())
            raise ValueError(
                f"series {names[series[row]]!r} has more than one row for {dates[day[row]]} (again "
                "in row "
                f"{before + row + 1}): add them up, or keep one."
            )
        units[day, series] = part.units
        if promotion is not None:
            promotion[day, series] = part.promotion
        before += len(day)
    return dates, units, promotion


def _between(mask: np.ndarray) -> np.ndarray:
    """From the first true day of each column to its last, both included, ``[D, S]``."""
    return np.logical_or.accumulate(mask) & np.logical_or.accumulate(mask[::-1])[::-1]


def _fill(units: np.ndarray, dates: np.ndarray, names: tuple[str, ...], rule: str) -> int:
    """Fill days without a row between the first and the last one with 0, in place; gives their
    number.

    Raises:
        ValueError: There is such a day, and the rule is "error".
    """
    filled = 0
    for block in blocks(units.shape[1]):
        columns = units[:, block]
        present = ~np.isnan(columns)
        gaps = _between(present) & ~present
        if rule == "error" and gaps.any():
            column = int(gaps.any(0).argmax())
            raise ValueError(
                f"series {names[block.start + column]!r} has no row for "
                f"{dates[gaps[:, column].argmax()]} and "
                f"{gaps[:, column].sum()} day(s) in all between its first and last row: add the "
                "rows, or read such "
                'days as no sales with missing="zero".'
            )
        columns[gaps] = 0.0
        filled += int(gaps.sum())
    return filled


def _usable(units: np.ndarray, closure_days: int) -> tuple[np.ndarray, int]:
    """The days of each series that are open, ``[D, S]``, and the number of days closed."""
    usable = np.empty(units.shape, bool)
    closed = 0
    for block in blocks(units.shape[1]):
        columns = units[:, block]
        open_days = np.logical_or.accumulate(columns > 0.0) & ~np.isnan(columns)
        closures = _closures(open_days, open_days & (columns == 0.0), closure_days)
        for series, first, length in zip(*closures, strict=True):
            open_days[first : first + length, series] = False
            closed += int(length)
        usable[:, block] = open_days
    return usable, closed


def _closures(active: np.ndarray, zero: np.ndarray, closure_days: int) -> Runs:
    """Runs of at least `closure_days` zeros that are improbable for their series."""
    runs = find_runs(zero)
    zeros, days = zero.sum(0)[runs.series], active.sum(0)[runs.series]
    elsewhere, sold = zeros - runs.length + 1.0, days - zeros + 1.0
    chance = special.betaln(elsewhere + runs.length, sold) - special.betaln(elsewhere, sold)
    closed = (runs.length >= closure_days) & (chance < np.log(CLOSURE_PROBABILITY))
    return Runs(*(column[closed] for column in runs))
