"""What the demand of each series of a table is like, in figures that a population can have."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np

FITTED_WINDOWS = 2048
"""Windows that are drawn to find the series that are played, each as often as it is played."""
WEEK_DAYS = 7
WHOLE_BLOCK, LEAST_BLOCKS = 28, 6
"""Periods whose mean is a point of a trend, and points of a trend at least."""
SURE, SURE_TREND = 3.0, 4.0
"""A weekday profile, autocorrelation or trend is one if it is so many times as large as chance
makes it: a ratio of variances, or a number of standard errors (our choice)."""
LAG = 8
"""Periods between two correlations that tell how fast a level forgets."""
FASTEST, SLOWEST = 0.3, 0.99
"""Correlations of a level from one period to the next that are believed."""


class TableFigures(NamedTuple):
    """Figures of n series, each ``[n]``."""

    mean: np.ndarray
    """Units per period."""
    whole: np.ndarray
    """Whether all demands are whole."""
    week: np.ndarray
    """Spread of the weekday profile, as a share of the mean; 0 for a series without one."""
    trend: np.ndarray
    """Growth per period; 0 for a series without one."""
    level: np.ndarray
    """Covariance of successive periods without profile and trend, in squares of the mean; 0 for a
    series that is not autocorrelated.
    """
    later: np.ndarray
    """The same of periods that are `LAG` apart."""
    excess: np.ndarray
    """Variance without profile, trend and level, beyond that of a Poisson distribution for counts,
    in squares of the mean.
    """

    def rows(self, rows: np.ndarray) -> TableFigures:
        """Those of some series."""
        return TableFigures(*(column[rows] for column in self))


def figures_of(demand: np.ndarray, daily: bool) -> TableFigures:
    """The figures of the demands of some series.

    Args:
        demand: ``[D, n]`` units, NaN where not known; each series has a sale.
        daily: Whether periods are days, which may have a weekday profile.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # means of nothing are NaN
        mean = np.nanmean(demand, 0)
        whole = (np.isnan(demand) | (demand == np.rint(demand))).all(0)
        share = demand / mean
        profile, week = _profile(share) if daily else (np.ones(share.shape), 0.0 * mean)
        share = np.where(profile > 0.0, share / profile, np.nan)
        path, trend = _path(share)
        rest = share / path - 1.0

        # what is left: level and noise
        variance = np.nanmean(rest**2, 0)
        known = (~np.isnan(rest)).sum(0)
        next_covariance, later = _covariance(rest, 1), _covariance(rest, LAG)
        sure = next_covariance * np.sqrt(known) > SURE * variance
        level = np.where(sure, next_covariance, 0.0)
        counted = np.nanmean(np.where(np.isnan(rest), np.nan, 1.0 / (profile * path)), 0) / mean
    excess = variance - np.where(whole, counted, 0.0)
    return TableFigures(mean, whole, week, trend, level, np.where(sure, later, 0.0), excess)


def dispersion_of(figures: TableFigures) -> float:
    """The dispersion that some series share; those that sell more say more of it."""
    correlation = level_correlation(figures)
    variance = figures.level / correlation
    weight = figures.mean**2
    return float((weight * (figures.excess - variance)).sum() / (weight * (1.0 + variance)).sum())


def level_correlation(figures: TableFigures) -> float:
    """The correlation, from one period to the next, of the levels that some series share."""
    first, later = figures.level.sum(), max(figures.later.sum(), 0.0)
    if not first > 0.0:
        return SLOWEST
    return float(np.clip((later / first) ** (1.0 / (LAG - 1)), FASTEST, SLOWEST))


def _profile(share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The factor of every period's weekday ``[D, n]``, 1 for a series without a profile, and the
    spread of each profile ``[n]``.
    """
    weekday = np.arange(len(share)) % WEEK_DAYS
    factors = np.stack([np.nanmean(share[weekday == k], 0) for k in range(WEEK_DAYS)])
    factors = np.where(np.isnan(factors), 1.0, factors)
    number = np.stack([(~np.isnan(share[weekday == k])).sum(0) for k in range(WEEK_DAYS)])
    within = np.nanmean((share - factors[weekday]) ** 2, 0)
    between = (number * (factors - 1.0) ** 2).sum(0) / (WEEK_DAYS - 1.0)
    has_profile = between > SURE * within
    noise = within * (1.0 / np.maximum(number, 1)).mean(0)
    spread = np.sqrt(np.log1p(np.maximum(factors.var(0, ddof=1) - noise, 0.0)))
    return np.where(has_profile, factors, 1.0)[weekday], np.where(has_profile, spread, 0.0)


def _path(share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The factor of every period that a trend makes ``[D, n]``, 1 for a series without one, and the
    growth per period ``[n]``.
    """
    number = len(share) // WHOLE_BLOCK
    if number < LEAST_BLOCKS:
        return np.ones(share.shape), np.zeros(share.shape[1])

    # a straight line through the means of blocks, and its standard error
    points = np.nanmean(share[: number * WHOLE_BLOCK].reshape(number, WHOLE_BLOCK, -1), 1)
    known = ~np.isnan(points)
    time = np.where(known, np.arange(number)[:, None], np.nan)
    time = time - np.nanmean(time, 0)
    slope = np.nansum(time * points, 0) / np.nansum(time**2, 0)
    rest = points - np.nanmean(points, 0) - slope * time
    error = np.sqrt(np.nansum(rest**2, 0) / np.maximum(known.sum(0) - 2, 1) / np.nansum(time**2, 0))
    is_sure = (known.sum(0) >= LEAST_BLOCKS) & (np.abs(slope) > SURE_TREND * error)
    growth = np.where(is_sure, slope / WHOLE_BLOCK, 0.0)
    periods = np.arange(len(share))[:, None]
    middle = (np.where(np.isnan(share), 0.0, 1.0) * periods).sum(0) / (~np.isnan(share)).sum(0)
    return np.exp(np.log1p(growth) * (periods - middle)), growth


def _covariance(rest: np.ndarray, lag: int) -> np.ndarray:
    """The covariance ``[n]`` of periods that are so far apart; 0 where none are."""
    if len(rest) <= lag:
        return np.zeros(rest.shape[1])
    return np.nan_to_num(np.nanmean(rest[:-lag] * rest[lag:], 0))
