"""Days that users name, as positions among the dates of a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from inv_gym.products.panel.chunk import NO_DAY, read_day
from inv_gym.products.panel.headings import DAY


def day_within(name: str, value: Any, dates: np.ndarray) -> np.datetime64:
    """The day that a user named, within the table's dates ``[D]``.

    Raises:
        ValueError: It is not written as YYYY-MM-DD, or is outside the table; the message names it.
    """
    is_day = isinstance(value, str) and DAY.fullmatch(value) is not None
    day = read_day(value)[0] if is_day else NO_DAY
    if np.isnat(day):
        raise ValueError(f"{name} must be a day written as YYYY-MM-DD, got {value!r}.")
    if not dates[0] <= day <= dates[-1]:
        raise ValueError(
            f"{name} must be within the table's {dates[0]} to {dates[-1]}, got {value}."
        )
    return day


def first_position(name: str, value: str | None, dates: np.ndarray) -> int:
    """The first period on or after a day; the first one of all if it is None.

    Raises:
        ValueError: As of `day_within`.
    """
    return 0 if value is None else int(np.searchsorted(dates, day_within(name, value, dates)))


def end_position(name: str, value: str | None, dates: np.ndarray) -> int:
    """One past the last period on or before a day; past the last one of all if it is None.

    Raises:
        ValueError: As of `day_within`.
    """
    if value is None:
        return len(dates)
    return int(np.searchsorted(dates, day_within(name, value, dates), side="right"))
