"""Holidays: dates that are known ahead, beside a table of days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from inv_gym.products.panel.chunk import read_day

Holidays: TypeAlias = str | Path | Sequence[Any]
"""A CSV file with a column ``date``, or the days themselves."""
HOLIDAY_NAMES = ("holiday", "before_holiday")
"""The covariates that holidays give."""
RUN_UP = 7
"""Days before a holiday over which ``before_holiday`` rises, for those who buy ahead."""
LONGEST_GAP = 366
"""Days that a table may reach beyond the first and the last holiday that are given."""
HOLIDAYS_REMEDY = "give a CSV file with a column date, or days written as YYYY-MM-DD"


def read_holidays(holidays: Holidays, dates: np.ndarray) -> np.ndarray:
    """The days ``[N]`` of holidays, datetime64[D], rising.

    Args:
        holidays: See `Holidays`; other columns of a file are ignored.
        dates: ``[D]`` the days of the table.

    Raises:
        FileNotFoundError: There is no such file.
        TypeError: It is neither a file nor a sequence.
        ValueError: There is no column ``date`` or no day, something in it is no day, or the table
            goes on for more than a year before the first holiday or after the last one.
    """
    found = np.unique(_days(_cells(holidays)))
    if not len(found):
        raise ValueError(f"holidays must have at least one day, got none: {HOLIDAYS_REMEDY}.")
    reach = np.timedelta64(LONGEST_GAP, "D")
    if dates[0] + reach < found[0] or found[-1] + reach < dates[-1]:
        raise ValueError(
            f"holidays must be those of all years of the table, got days from {found[0]} to "
            f"{found[-1]} for a table from {dates[0]} to {dates[-1]}: add the other years, or "
            "leave holidays out."
        )
    return found


def holiday_covariates(holidays: np.ndarray, dates: np.ndarray) -> np.ndarray:
    """``[..., 2]`` of dates ``[...]``: 1 on a holiday, else 0; and how near the next holiday is, 1
    on the day before it, a seventh on the seventh day before it, 0 earlier.
    """
    later = np.searchsorted(holidays, dates, side="right")
    following = holidays[np.minimum(later, len(holidays) - 1)]
    ahead = np.where(later < len(holidays), (following - dates).astype(np.int64), RUN_UP + 1)
    near = np.clip((RUN_UP + 1 - ahead) / RUN_UP, 0.0, 1.0)
    return np.stack([np.isin(dates, holidays).astype(np.float64), near], -1)


def _cells(holidays: Holidays) -> Iterable[Any]:
    """What should be days."""
    if not isinstance(holidays, str | Path):
        if not isinstance(holidays, Sequence | np.ndarray):
            raise TypeError(f"holidays must be a file or a list of days, got {holidays!r}.")
        return holidays
    path = Path(holidays)
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no file of holidays {str(holidays)!r}: {HOLIDAYS_REMEDY}."
        )
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, OSError) as error:
        raise ValueError(
            f"holidays {str(path)!r} cannot be read ({error}): {HOLIDAYS_REMEDY}."
        ) from None
    if "date" not in frame.columns:
        names = ", ".join(map(repr, frame.columns))
        raise ValueError(
            f"holidays must have a column 'date', got the columns {names} in {str(path)!r}: "
            f"{HOLIDAYS_REMEDY}."
        )
    return frame["date"]


def _days(cells: Iterable[Any]) -> np.ndarray:
    """The days that are written in cells."""
    days = []
    for number, cell in enumerate(cells, 1):
        day, _ = read_day(str(cell))
        if np.isnat(day):
            raise ValueError(
                f"holidays must be days written as YYYY-MM-DD, got {cell!r} in place {number}: "
                "write it so, or leave it out."
            )
        days.append(day)
    return np.array(days, "datetime64[D]")
