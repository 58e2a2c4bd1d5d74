"""What is known of the periods of a panel in advance: the calendar, holidays and promotions."""

from __future__ import annotations

import numpy as np

from inv_gym.demand.processes import CALENDAR, calendar
from inv_gym.products.panel.data import Panel
from inv_gym.products.panel.frequency import DAILY
from inv_gym.products.panel.holidays import HOLIDAY_NAMES, holiday_covariates

MONDAY = np.datetime64("2001-01-01", "D")
"""Calendar days are counted from here: a Monday and a first of January, so both phases of
`calendar` are true (that of the year within a day)."""


def covariate_names(panel: Panel) -> tuple[str, ...]:
    """The calendar (of weeks and months, the year alone), with holidays if they are given, and the
    promotion if the table has it.
    """
    phases = CALENDAR[_first_phase(panel) :]
    holidays = () if panel.holidays is None else HOLIDAY_NAMES
    promotion = () if panel.promotion is None else ("promotion",)
    return (*phases, *holidays, *promotion)


def covariates(panel: Panel, days: np.ndarray, series: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Calendar, holidays and promotion ``[H + T, B, C]``. A promotion is relative to the largest
    one of the series before its episode starts, or up to its own period.

    Args:
        panel: The table.
        days: ``[H + T, B]`` positions of the periods.
        series: ``[B]`` numbers of the series.
        start: ``[B]`` positions of the first periods of the episodes.
    """
    shown = of_dates(panel, panel.dates[days])
    if panel.promotion is None:
        return shown
    largest = panel.largest_promotions.before(series, np.maximum(days + 1, start))
    promotion = panel.promotion[days, series] / np.where(np.isnan(largest), 1.0, largest)
    return np.concatenate([shown, promotion[..., None]], -1)


def of_dates(panel: Panel, dates: np.ndarray) -> np.ndarray:
    """What dates alone tell, ``[..., C]``: the calendar, and holidays if they are given."""
    since = (dates - MONDAY).astype(np.int64)
    phases = calendar(since.ravel(), 1).reshape(*dates.shape, -1)[..., _first_phase(panel) :]
    if panel.holidays is None:
        return phases
    return np.concatenate([phases, holiday_covariates(panel.holidays, dates)], -1)


def _first_phase(panel: Panel) -> int:
    """The first of CALENDAR that tells periods apart."""
    return 0 if panel.frequency == DAILY else CALENDAR.index("year_sin")
