"""How often a table has a row: daily, weekly or monthly, told by its dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from inv_gym.products.panel.runs import blocks

FEWEST = 4
"""Rows of a series, or dates of a table, from which on their distances are judged."""

STRETCH = 5
"""As many weeks (or months) in a row, with nothing between, are no chance."""

SHARE = 0.01
"""Of the series, those that keep to one day of the week or month by chance or habit."""

YEAR = 365.25


@dataclass(frozen=True)
class Frequency:
    """How long a period is.

    Attributes:
        name: "daily", "weekly" or "monthly".
        noun: What a period is called.
        days: Its mean length.
    """

    name: str
    noun: str
    days: float

    def periods(self, days: int) -> int:
        """Periods that cover so many days."""
        return ceil(days / self.days)

    @property
    def a_year(self) -> int:
        """Whole periods of a year."""
        return round(YEAR / self.days)


DAILY, WEEKLY, MONTHLY = (
    Frequency("daily", "day", 1.0),
    Frequency("weekly", "week", 7.0),
    Frequency("monthly", "month", YEAR / 12.0),
)


@dataclass(frozen=True)
class Periods:
    """The periods of a table, one after another.

    Attributes:
        frequency: How long they are.
        dates: ``[D]`` datetime64[D], the days of their rows.
    """

    frequency: Frequency
    dates: np.ndarray

    def position(self, day: np.ndarray) -> np.ndarray:
        """Numbers of the periods of rows at these days since 1970-01-01."""
        first = self.dates[0]
        if self.frequency is MONTHLY:
            months = day.astype("datetime64[D]").astype("datetime64[M]")
            return (months - first.astype("datetime64[M]")).astype(np.int64)
        return (day - first.astype(np.int64)) // int(self.frequency.days)


def find_periods(days: np.ndarray) -> Periods:
    """The periods of a table with rows on these days (since 1970-01-01, in order, each once).

    Weekly are dates whose distances are multiples of a week, and of no more; monthly those on one
    day of the month (the last one where a month has no such day), some a month apart. All others
    are taken for daily; see `why_not_daily`.
    """
    dates = days.astype("datetime64[D]")
    step, noun = _step(days)
    if (step, noun) == (1, "month"):
        return Periods(MONTHLY, _month_dates(dates, int(_days_of_month(dates)[1].max())))
    if (step, noun) == (7, "day"):
        return Periods(WEEKLY, np.arange(dates[0], dates[-1] + 1, 7))
    return Periods(DAILY, np.arange(dates[0], dates[-1] + 1))


def _step(days: np.ndarray) -> tuple[int, str]:
    """The largest step that all distances are multiples of, in days, or in months where all dates
    are on one day of the month.
    """
    if len(days) < 2:
        return 1, "day"
    months, of_month = _days_of_month(days.astype("datetime64[D]"))
    monthly = (of_month == of_month[0]).all() and (np.diff(months) > 0).all()
    return int(np.gcd.reduce(np.diff(months if monthly else days))), "month" if monthly else "day"


def _days_of_month(dates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Month (since 1970-01) of each date, and its day of the month; the last day of a month is the
    latest one of all where that is longer.
    """
    months = dates.astype("datetime64[M]")
    day = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    length = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(
        np.int64
    )
    is_last = (day == length) & (day < day.max())
    return months.astype(np.int64), np.where(is_last, day.max(), day)


def _month_dates(dates: np.ndarray, of_month: int) -> np.ndarray:
    """A date in every month from the first to the last."""
    months = np.arange(dates[0].astype("datetime64[M]"), dates[-1].astype("datetime64[M]") + 1)
    begin, end = months.astype("datetime64[D]"), (months + 1).astype("datetime64[D]")
    return np.minimum(begin + (of_month - 1), end - 1)


def why_not_daily(days: np.ndarray, by_layout: bool) -> str:
    """What speaks against reading a table with rows on these days as daily; empty if nothing.

    Args:
        days: Since 1970-01-01, in order, each once.
        by_layout: That days without a row are no sales follows from the layout alone.
    """
    dates, gaps = days.astype("datetime64[D]"), np.diff(days)
    step, unit = _step(days)
    even = step > 1 and (step % 7 == 0 or unit == "month" or (gaps == step).all())
    if even and len(days) >= FEWEST:
        return (
            f"the dates are {step} {unit}s apart, or a multiple of it ({_few(dates)}): a table "
            "must be daily, weekly or monthly: add rows up, or write the rows of the days without "
            "sales"
        )
    months, of_month = _days_of_month(dates)
    a_month = (np.diff(months) == 1) & (np.diff(of_month) == 0) & (gaps >= 28)
    for noun, apart in (("week", gaps == 7), ("month", a_month)):
        first, last = _longest(apart)
        most = len(days) >= FEWEST and 2 * apart.sum() >= len(apart)
        if not apart.all() and (last - first >= STRETCH or most):
            other = int((~apart).argmax())
            return (
                f"the dates are a {noun} apart from {dates[first]} to {dates[last]}, but "
                f"{dates[other]} and {dates[other + 1]} are {gaps[other]} day(s) apart: a table "
                "must be daily, weekly or monthly: correct the dates, split it, or write the rows "
                "of the days without sales"
            )
    if by_layout and len(days) > 2 and gaps.min() > 1:
        return (
            f"the dates are irregular ({_few(dates)}), no two of them consecutive days: write the "
            "rows of the days without sales, or, if the table is daily, read such days as no sales "
            'with missing="zero"'
        )
    return ""


def _longest(mask: np.ndarray) -> tuple[int, int]:
    """Beginning and end of the longest run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    if not len(edges):
        return 0, 0
    first, last = edges[::2], edges[1::2]
    longest = int((last - first).argmax())
    return int(first[longest]), int(last[longest])


@dataclass(frozen=True)
class Rare:
    """Series of a daily table whose rows are all a week or a month apart.

    Attributes:
        series: Their numbers.
        judged: Number of series with enough rows to tell.
        message: What speaks against such a table.
    """

    series: np.ndarray
    judged: int
    message: str

    @property
    def many(self) -> bool:
        """More than chance and habit bring."""
        return len(self.series) > SHARE * self.judged


def find_rare(dates: np.ndarray, units: np.ndarray, names: Sequence[str]) -> Rare | None:
    """The series whose rows are all a week or a month apart, in a table that is daily.

    Args:
        dates: ``[D]``.
        units: ``[D, S]``, NaN where there is no row.
        names: Of the series.
    """
    rare, nouns, judged = list[int](), list[str](), 0
    for block in blocks(units.shape[1]):
        present = ~np.isnan(units[:, block])
        judged += int((present.sum(0) >= FEWEST).sum())
        for column, noun in _rare_columns(dates, present):
            rare.append(block.start + column)
            nouns.append(noun)
    if not rare:
        return None
    rows = ~np.isnan(units[:, rare[0]])
    noun = nouns[0]
    message = (
        f"series {names[rare[0]]!r} has one row a {noun} ({_few(dates[rows])}), but others have "
        f"rows on other days ({_few(dates[_other_days(units, rows)])}): a table must have one "
        "frequency: split it, or write the rows of the days without sales"
    )
    return Rare(np.array(rare), judged, message)


def _other_days(units: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Days on which series have rows, but not this one."""
    others = np.zeros(len(units), bool)
    for block in blocks(units.shape[1]):
        others |= (~np.isnan(units[:, block])).any(1)
    return others & ~rows


def _rare_columns(dates: np.ndarray, present: np.ndarray) -> Iterator[tuple[int, str]]:
    """The columns with at least FEWEST rows, all a week or a month apart, most of them just one."""
    rows = present.sum(0)
    months = int((dates[-1].astype("datetime64[M]") - dates[0].astype("datetime64[M]")).astype(int))
    few = np.flatnonzero((rows >= FEWEST) & (rows <= max(len(dates) // 7, months) + 1))
    for column in few:
        day = dates[present[:, column]]
        gaps = np.diff(day.astype(np.int64))
        month, of_month = _days_of_month(day)
        if not (gaps % 7).any() and 2 * (gaps == 7).sum() >= len(gaps):
            yield int(column), "week"
        elif len(set(of_month.tolist())) == 1 and 2 * (np.diff(month) == 1).sum() >= len(gaps):
            yield int(column), "month"


def _few(dates: np.ndarray) -> str:
    """The first dates."""
    return ", ".join(str(date) for date in dates[:3]) + (", ..." if len(dates) > 3 else "")
