"""How often a table has a row: daily, weekly or monthly, told by its dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from inv_gym.products.panel.runs import blocks
from inv_gym.products.panel.store import RowIndex

FEWEST = 4
"""Rows of a series, or dates of a table, from which on their distances are judged."""

STRETCH = 5
"""So many weeks (or months) in a row, with nothing between, are no chance."""

LONG_STRETCH = 8
"""The same of a single series, which may sell on one weekday for a while."""

MISFIT_SHARE = 0.01
"""The share of series that may keep to one day of the week or month by chance or habit."""

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


FREQUENCIES = {frequency.name: frequency for frequency in (DAILY, WEEKLY, MONTHLY)}


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
        if self.frequency == MONTHLY:
            months = day.astype("datetime64[D]").astype("datetime64[M]")
            return (months - first.astype("datetime64[M]")).astype(np.int64)
        return (day - first.astype(np.int64)) // int(self.frequency.days)

    def ahead(self, number: int) -> np.ndarray:
        """The dates ``[number]`` of the periods that follow the last one."""
        last = self.dates[-1]
        if self.frequency is not MONTHLY:
            return last + int(self.frequency.days) * np.arange(1, number + 1)
        _, of_month = _days_of_month(self.dates)
        end = (last.astype("datetime64[M]") + number).astype("datetime64[D]")
        return _month_dates(np.array([last, end]), int(of_month.max()))[1:]


def given_periods(days: np.ndarray, frequency: Frequency) -> Periods:
    """The periods of a table that is said to have this frequency.

    Raises:
        ValueError: Dates of a weekly table are no multiples of a week apart, or those of a monthly
            one not on one day of the month.
    """
    dates = days.astype("datetime64[D]")
    if frequency == DAILY:
        return Periods(DAILY, np.arange(dates[0], dates[-1] + 1))
    months, of_month = _days_of_month(dates)
    is_weekly = frequency == WEEKLY
    fits = np.diff(days) % 7 == 0 if is_weekly else np.diff(of_month) == 0
    fits = fits if is_weekly else fits & (np.diff(months) > 0)
    if not fits.all():
        row = int((~fits).argmax())
        rule = "a week, or a multiple of it, apart" if is_weekly else "on one day of the month"
        raise ValueError(
            f"the table is said to be {frequency.name}, but {dates[row]} and {dates[row + 1]} are "
            f"not {rule}: correct the dates, add rows up, or leave frequency out."
        )
    if is_weekly:
        return Periods(WEEKLY, np.arange(dates[0], dates[-1] + 1, 7))
    return Periods(MONTHLY, _month_dates(dates, int(of_month.max())))


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


def why_not_daily(days: np.ndarray) -> str:
    """What speaks against reading a table with rows on these days (since 1970-01-01, in order, each
    once) as daily; empty if nothing.
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
    return ""


def why_irregular(days: np.ndarray) -> str:
    """The same of days without a row that only the layout makes days without sales."""
    dates = days.astype("datetime64[D]")
    if len(days) > 2 and np.diff(days).min() > 1:
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
class Misfits:
    """Series of a daily table whose rows, or many of them in a row, are a week or a month apart.

    Attributes:
        series: Their numbers.
        judged: Number of series with enough rows to tell.
        message: What speaks against such a table.
    """

    series: list[int]
    judged: int
    message: str

    @property
    def many(self) -> bool:
        """More than chance and habit bring."""
        return len(self.series) > MISFIT_SHARE * self.judged


def find_misfits(dates: np.ndarray, index: RowIndex, names: Sequence[str]) -> Misfits | None:
    """The series whose rows, or many of them in a row, are a week or a month apart, in a table that
    is daily.

    Args:
        dates: ``[D]``.
        index: Where the rows lie.
        names: Of the series.
    """
    misfits, first = list[int](), None
    for block in blocks(len(names)):
        offsets = index.offsets[block.start : block.stop + 1]
        day = index.period[offsets[0] : offsets[-1]].astype(np.int64)
        for place, noun, rows in _misfits_among(dates, day, np.diff(offsets)):
            misfits.append(block.start + place)
            first = first or (noun, rows)
    if first is None:
        return None
    noun, rows = first
    others = np.zeros(len(dates), bool)
    others[index.period] = True
    others[rows] = False
    message = (
        f"series {names[misfits[0]]!r} has one row a {noun} ({_few(dates[rows])}), but the table "
        f"has rows on other days ({_few(dates[others])}): a table must have one frequency: split "
        "it, or write the rows of the days without sales"
    )
    return Misfits(misfits, int((index.rows >= FEWEST).sum()), message)


def _misfits_among(
    dates: np.ndarray, day: np.ndarray, rows: np.ndarray
) -> Iterator[tuple[int, str, np.ndarray]]:
    """The series with rows a week or a month apart, and the numbers of those days.

    These are all their rows, most of them just one week or month apart and none between; or so many
    in a row that they are no chance.

    Args:
        dates: ``[D]``.
        day: Numbers of the days of the rows, sorted by series.
        rows: Number of rows of each series.
    """
    series = np.repeat(np.arange(len(rows)), rows)
    same, gaps = np.diff(series) == 0, np.diff(day)
    months, of_month = _days_of_month(dates)
    a_month = (np.diff(months[day]) == 1) & (np.diff(of_month[day]) == 0)
    steps = {"week": gaps == 7, "month": a_month & (gaps >= 28)}
    ends = np.cumsum(rows)
    for noun, apart in steps.items():
        apart = apart & same
        number = np.bincount(series[1:][apart], minlength=len(rows))
        longest = _longest_by_series(series[1:], apart, len(rows))
        mostly = (rows >= FEWEST) & (2 * number >= rows - 1)
        for column in np.flatnonzero(mostly | (longest >= LONG_STRETCH)):
            mine = day[ends[column] - rows[column] : ends[column]]
            first, last = _longest(apart[ends[column] - rows[column] : ends[column] - 1])
            if longest[column] >= LONG_STRETCH:
                yield int(column), noun, mine[first : last + 1]
            elif _keeps_to(noun, mine, of_month):
                yield int(column), noun, mine


def _longest_by_series(series: np.ndarray, mask: np.ndarray, number: int) -> np.ndarray:
    """Length of the longest run of true values of each series; entries are sorted by series, and
    runs do not cross from one to the next.
    """
    edges = np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8))
    first, last = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    longest = np.zeros(number, np.int64)
    np.maximum.at(longest, series[first], last - first)
    return longest


def _keeps_to(noun: str, day: np.ndarray, of_month: np.ndarray) -> bool:
    """Whether days are all on one weekday, or all on one day of the month."""
    return len(set((day % 7 if noun == "week" else of_month[day]).tolist())) == 1


def _few(dates: np.ndarray) -> str:
    """The first dates."""
    return ", ".join(str(date) for date in dates[:3]) + (", ..." if len(dates) > 3 else "")
