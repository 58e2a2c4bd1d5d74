"""A demand table read as a panel: what is filled, refused and told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from inv_gym.products.panel.closures import Closures
from inv_gym.products.panel.data import COSTS_REMEDY, Panel, means, why_not_below
from inv_gym.products.panel.faults import Faults
from inv_gym.products.panel.frequency import (
    DAILY,
    FREQUENCIES,
    Periods,
    find_misfits,
    find_periods,
    given_periods,
    why_irregular,
    why_not_daily,
)
from inv_gym.products.panel.headings import COSTS, SERIES_FIGURES, STATES
from inv_gym.products.panel.holidays import Holidays, read_holidays
from inv_gym.products.panel.sorting import SortedRows
from inv_gym.products.panel.store import PanelColumn
from inv_gym.products.panel.table import DUPLICATES, RULES, Table, first_part, read_table
from inv_gym.util.checks import flag, one_of, whole

LONGEST_SPAN = 100 * 366
"""Days that a table may span; a longer one has a wrong date, and would not fit in memory."""

COVERED = 0.9
"""The share of periods with rows of some series from which on a table is taken to be complete."""

MOSTLY = 0.5
"""The share of series with periods without a row above which such periods are no accident."""

ONLY_SALES_NOTE = (
    "no row has 0 units, most series have periods without a row, and nearly all periods have rows "
    'of some series: so what has no row sold nothing (missing="error" refuses it)'
)
"""What is read into a table that writes rows of sales alone."""


def read_panel(
    path: str | Path,
    *,
    missing: str | None = None,
    returns: str | None = None,
    duplicates: str = "error",
    closure_days: int = 14,
    wide: bool = False,
    separator: str = ",",
    columns: Mapping[str, str] | None = None,
    frequency: str | None = None,
    decimal: str = ".",
    holidays: Holidays | None = None,
    rows_per_chunk: int = 1_000_000,
) -> Panel:
    """Read a demand table, as text or Parquet: one row per series and period, in any order.

    Recognised by their columns (`inv_gym.products.panel.headings.LAYOUTS`; others are ignored) are
    a long table ``series, date, units`` with or without ``price, cost, promotion``, and the tables
    of the Kaggle competitions on Corporación Favorita, by item, by family and by store. Error
    messages count rows from 1, without the header, and name all that is wrong at once.

    The dates tell how long a period is: a day, a week or a month. A table that is irregular, or
    whose series differ in it, is refused.

    A closure is a run of at least `closure_days` days without sales whose probability, given the
    days with and without sales before the run and a uniform prior on the share of days without, is
    below 1e-6, unless a season explains it; see `Closures`. So the long zero runs of slow movers
    are demand, and so are a single holiday and the winter of what sells in summer.

    Args:
        path: The file, ``.csv``, ``.csv.gz`` or ``.parquet``, or a directory with parts in
            Parquet.
        missing: Rule for periods without a row: "error" refuses them between the first and the last
            row of a series; with "zero" there are no sales, up to the end of the table. None
            follows the layout: "zero" for the Kaggle tables; for the long table "error", unless it
            writes rows of sales alone: no row of 0 units, several series, most of them with periods
            without a row between others, and rows of some series in at least nine of ten periods.
            Then it is "zero", and a note says so. An empty cell of a wide table is never read so.
        returns: Rule for negative units: "error", or "zero" for no sales. None follows the layout,
            as above.
        duplicates: Rule for further rows of a series and period: "error", or "sum" to add them up
            (with their largest promotion, lowest price and lowest cost).
        closure_days: Fewest days of a closure.
        wide: There is a column ``date`` and one per series, or a column per day (YYYY-MM-DD) beside
            those that name the series. An empty cell is a period without a row.
        separator: Between the cells of a text file.
        columns: The table's names of columns, by the names of the layout: ``{"series": "Product"}``
            reads the column Product as the series.
        frequency: "daily", "weekly" or "monthly"; None has the dates tell. Of a table that is said
            to be daily, no series is refused for rows a week or a month apart.
        decimal: The mark of decimals in a text file, "." or ",".
        holidays: A CSV file with a column ``date``, or a list of days: networks and forecasters
            that are trained on the table know ahead which days are holidays. Only of a table of
            days.
        rows_per_chunk: Rows that are held as a data frame at a time.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: An option, the layout, cells or the rows as a whole are not as they must be;
            the message has the values, the places and the remedies.
    """
    rule = None if missing is None else one_of("missing", missing, RULES)
    one_of("duplicates", duplicates, DUPLICATES)
    whole("closure_days", closure_days, 1)
    said = None if frequency is None else FREQUENCIES[one_of("frequency", frequency, FREQUENCIES)]
    table = read_table(
        path, returns, rows_per_chunk, flag("wide", wide), separator, columns, decimal
    )
    names, faults = tuple(table.index), table.faults
    days = _all_days(table)
    periods = find_periods(days) if said is None else given_periods(days, said)
    rows = SortedRows(periods, names, faults, duplicates)
    rows.take(table.parts)

    # faults of the table as a whole
    unusual = _check_daily(days, rows, rule, table) if said is None else ()
    is_open = rule is None and table.layout.missing == "error" and not table.layout.wide
    has_no_zeros = is_open and only_sales(rows)
    filled = _fill(rows, rule or ("zero" if has_no_zeros else table.layout.missing), table.unknown)
    if has_no_zeros and filled:
        unusual = (*unusual, ONLY_SALES_NOTE)
    prices, costs = (rows.column(name, np.nan, np.nan) for name in ("price", "cost"))
    _check_costs(names, costs, prices, faults)
    figures = {name: cells for name in SERIES_FIGURES if (cells := rows.figure(name)) is not None}
    faults.refuse()
    known_holidays = None if holidays is None else _holidays_of(holidays, periods)

    closures = Closures(periods.frequency.periods(closure_days), periods.frequency)
    shops = _shops(table)
    units = rows.column("units", 0.0, np.nan)
    assert units is not None
    further = {
        name: column
        for name in (*COSTS, *STATES)
        if (column := rows.column(name, np.nan, np.nan)) is not None
    }
    usable, closed = closures.usable(units, shops, further.get("open"))
    masked = int((~usable).sum()) - closed
    return Panel(
        periods.dates,
        names,
        units,
        usable,
        rows.column("promotion", 0.0, 0.0),
        prices,
        costs,
        further,
        figures,
        (*_counts(table, rows, filled, masked, closed), *unusual, *_doubts(days, names)),
        periods.frequency,
        closures,
        shops,
        Path(path).name,
        known_holidays,
    )


def _holidays_of(holidays: Holidays, periods: Periods) -> np.ndarray:
    """The days of holidays.

    Raises:
        ValueError: The table is of weeks or months, or the holidays are not as they must be.
    """
    if periods.frequency != DAILY:
        raise ValueError(
            f"holidays must be left out of a {periods.frequency.name} table: they are of days."
        )
    return read_holidays(holidays, periods.dates)


def _counts(
    table: Table, rows: SortedRows, filled: int, masked: int, closed: int
) -> tuple[str, ...]:
    """Notes of what a period is, if it is no day, and of how many rows and periods were changed."""
    frequency = rows.periods.frequency
    noun, period = frequency.noun, f"series-{frequency.noun}"
    sold_out = int((rows.values.get("closing_stock", np.empty(0)) == 0.0).sum())
    figures = (
        (table.returned, "row", "of negative units (returned goods) set to 0"),
        (rows.added, "further row", "of a series and period added up"),
        (filled, period, "without a row read as no sales"),
        (masked, period, "before the first sale or after the last row masked"),
        (closed, period, "of closures masked"),
        (sold_out, period, "sold out (a closing stock of 0)"),
    )
    counted = tuple(
        f"{number:,} {thing}{'s' if number > 1 else ''} {what}"
        for number, thing, what in figures
        if number
    )
    if frequency == DAILY:
        return counted
    return (f"the table is {frequency.name}: a period of the game is a {noun}", *counted)


def _doubts(days: np.ndarray, names: tuple[str, ...]) -> tuple[str, ...]:
    """Notes of what may be wrong, and is played as it is: dates after today, and names of series
    that differ from another by spaces and capitals alone.
    """
    later = days[days > np.datetime64("today", "D").astype(np.int64)]
    first: dict[str, str] = {}
    alike = [name for name in names if first.setdefault(_plain(name), name) != name]
    notes = []
    if len(later):
        notes.append(
            f"{len(later):,} dates are after today (the last one is "
            f"{later[-1].astype('datetime64[D]')}), and are played as they are"
        )
    if alike:
        notes.append(
            f"{len(alike):,} names of series differ from another by spaces and capitals alone "
            f"(such as {first[_plain(alike[0])]!r} and {alike[0]!r}), and are series of their own"
        )
    return tuple(notes)


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()


def _all_days(table: Table) -> np.ndarray:
    """The days on which the table has rows, in order.

    Raises:
        ValueError: There are none, or they span too long a time.
    """
    days = np.unique(np.concatenate([np.unique(part.day) for part in table.parts]))
    if not len(days):
        table.faults.refuse()
    first, last = days[[0, -1]].astype("datetime64[D]")
    if days[-1] - days[0] >= LONGEST_SPAN:
        table.faults.add(
            "span",
            f"dates span {first} to {last}, over 100 years",
            "correct the one that is wrong",
        )
        table.faults.refuse()
    return days.astype(np.int64)


def _check_daily(
    days: np.ndarray, rows: SortedRows, rule: str | None, table: Table
) -> tuple[str, ...]:
    """Take in what speaks against a table that was taken for daily; notes of what may be chance."""
    if rows.periods.frequency != DAILY:
        return ()
    is_strict = (rule or table.layout.missing) == "error"
    misfits = find_misfits(rows.periods.dates, rows.index, rows.names)
    is_alone = len(rows.names) == 1  # then its dates tell more
    if not is_alone and misfits is not None and (misfits.many or is_strict):
        reason, misfits = misfits.message, None
    else:
        reason = why_not_daily(days)
    if not reason and rule is None and not is_strict:
        reason = why_irregular(days)
    if reason and not table.unknown:  # rows without a day may be those that are missed
        rows.faults.add("frequency", reason)
    if misfits is None:
        return ()
    return (
        f"{len(misfits.series):,} series have rows a week or a month apart only (such as "
        f"{rows.names[misfits.series[0]]!r}) and are read as daily, as the others are",
    )


def _shops(table: Table) -> np.ndarray:
    """``[S]`` the shop of each series; where the layout has none, each is its own."""
    if not table.layout.shop:
        return np.arange(len(table.index))
    return pd.factorize(np.array([first_part(name) for name in table.index], object))[0]


def _fill(rows: SortedRows, rule: str, unknown: int) -> int:
    """Read periods without a row as no sales: under the rule "zero" from the first row of a series
    to the end of the table; gives their number.

    Under the rule "error", one between the first and the last row is a fault, if there are more
    than rows that are not known.
    """
    if rule == "error":
        _note_gaps(rows, unknown)
        return 0
    index = rows.index
    rows.index = replace(index, stop=np.full_like(index.stop, index.periods))
    return int((index.periods - index.first - index.rows).sum())


def only_sales(rows: SortedRows) -> bool:
    """Whether a table writes rows of sales alone: no row of no units, rows of some series in nearly
    all periods, and most of several series with periods without a row between others.
    """
    index = rows.index
    periods = len(np.unique(index.period))
    with_gaps = index.last + 1 - index.first > index.rows
    return (
        len(rows.names) > 1
        and periods >= COVERED * index.periods
        and with_gaps.mean() > MOSTLY
        and not (rows.values["units"] == 0.0).any()
    )


def _note_gaps(rows: SortedRows, unknown: int) -> None:
    """Take in the periods without a row between the first and the last one of a series as a fault,
    the first such series telling.
    """
    index = rows.index
    missed = index.last + 1 - index.first - index.rows
    if "frequency" in rows.faults.messages or missed.sum() <= unknown:
        return
    place = int((missed > 0).argmax())
    period = index.period[index.offsets[place] : index.offsets[place + 1]].astype(np.int64)
    before = period[(np.diff(period) > 1).argmax()]
    noun = rows.periods.frequency.noun
    rows.faults.add(
        "gap",
        f"series {rows.names[place]!r} has no row for {rows.periods.dates[before + 1]} and "
        f"{missed[place]} {noun}(s) in all between its first and last row",
        f'add the rows, or read such {noun}s as no sales with missing="zero"',
    )


def _check_costs(
    names: tuple[str, ...], costs: PanelColumn | None, prices: PanelColumn | None, faults: Faults
) -> None:
    """Take in a mean cost that is not below the mean price as a fault."""
    if costs is not None and prices is not None:
        message = why_not_below(names, means(costs), means(prices))
        if message:
            faults.add("cost", message, COSTS_REMEDY)
