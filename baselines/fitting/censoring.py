"""What sales say of demand where some periods sold out: the estimate of Kaplan and Meier (1958)."""

from __future__ import annotations

import numpy as np
from scipy import special

from inv_gym.util.arrays import Array, to_numpy

TAIL_STEPS = 25
"""Times that the tail and the moments are worked out from one another."""
LARGEST_RATIO = 3.0
"""Most that a mean may be above that of the sales: periods that all sold out do not tell it."""


def kaplan_meier(values: np.ndarray, censored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distribution of demand with the largest likelihood, from sales some of which are only
    lower bounds.

    Args:
        values: ``[N, B]`` units, NaN where nothing is known.
        censored: ``[N, B]`` whether demand was at least, and not equal to, the value.

    Returns:
        The values in order ``[N, B]`` (NaN last), and the probability of each ``[N, B]``. They add
        up to less than 1 where the largest value is censored: the rest lies above it.
    """
    known = ~np.isnan(values)
    # of equal values those that are demand come first
    order = np.lexsort((censored, np.where(known, values, np.inf)), axis=0)
    ordered = np.take_along_axis(values, order, 0)
    event = np.take_along_axis(known & ~censored, order, 0)
    at_risk = known.sum(0) - np.arange(len(values))[:, None]
    share = np.where(event, 1.0 / np.maximum(at_risk, 1), 0.0)
    survival = np.cumprod(1.0 - share, 0)
    before = np.concatenate([np.ones_like(survival[:1]), survival[:-1]])
    return ordered, before * share


def censored_moments(
    values: np.ndarray, censored: np.ndarray, mean: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance ``[B]`` of demand by Kaplan and Meier, and those of the sales where nothing
    was censored.

    What lies above the largest value follows the tail of the gamma distribution with the mean and
    the variance of the whole, found by working out one from the other (our choice).

    Args:
        values: ``[N, B]`` sales, units, NaN where they are not known.
        censored: ``[N, B]`` whether the period sold out.
        mean: ``[B]`` of the sales, above 0.
        variance: ``[B]`` of the sales.
    """
    touched = censored.any(0)
    if not touched.any():
        return mean, variance
    points, chances = kaplan_meier(values[:, touched], censored[:, touched])
    top = np.nanmax(values[:, touched], 0)
    rest = np.maximum(1.0 - chances.sum(0), 0.0)
    units = np.nan_to_num(points)
    first, second = (chances * units).sum(0), (chances * units**2).sum(0)
    middle, spread = mean[touched], np.maximum(variance[touched], 1e-6 * mean[touched] ** 2)
    most = LARGEST_RATIO * mean[touched]
    for _ in range(TAIL_STEPS):
        above, squares = _gamma_above(top, middle, spread)
        middle = np.clip(first + rest * above, mean[touched], most)
        spread = np.maximum(second + rest * squares - middle**2, 1e-6 * middle**2)
    moved, widened = mean.copy(), variance.copy()
    moved[touched], widened[touched] = middle, np.maximum(spread, variance[touched])
    return moved, widened


def demand_expected(history: Array, sold_out: Array | None) -> Array:
    """``[H, B]`` what sales say of demand, period by period: in those that sold out the mean of
    demand above the sales, of the gamma distribution with the moments of `censored_moments`; the
    sales in all others.

    Args:
        history: ``[H, B]`` sales, units, NaN where they are not known.
        sold_out: ``[H, B]`` 1 in periods that sold out, else 0; None if demand is seen.
    """
    if sold_out is None:
        return history
    sales = to_numpy(history).astype(float)
    censored = ~np.isnan(sales) & (to_numpy(sold_out) > 0.0)
    mean = np.maximum(np.nanmean(sales, 0), 0.5 / len(sales))
    variance = np.maximum(np.nanvar(sales, 0), 1e-6 * mean**2)
    above, _ = _gamma_above(sales, *censored_moments(sales, censored, mean, variance))
    return np.where(censored, np.maximum(above, sales), sales)


def _gamma_above(
    limit: np.ndarray, mean: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and mean square of a gamma distribution above a limit, ``[B]`` each, or ``[N, B]`` of
    limits ``[N, B]``.
    """
    shape, scale = mean**2 / variance, variance / mean
    beyond = [special.gammaincc(shape + power, limit / scale) for power in range(3)]
    far = beyond[0] < 1e-12  # the limit itself, where the tail is too thin to be computed
    share = np.where(far, 1.0, beyond[0])
    above = np.where(far, limit, mean * beyond[1] / share)
    squares = np.where(far, limit**2, (mean**2 + variance) * beyond[2] / share)
    return above, squares
