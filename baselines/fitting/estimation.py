"""The demand distribution that a history suggests."""

from __future__ import annotations

import numpy as np

from inv_gym.baselines.fitting.censoring import censored_moments
from inv_gym.demand.distribution import Distribution
from inv_gym.demand.families import FAMILIES
from inv_gym.util.arrays import Array, to_numpy

_FAMILIES = (FAMILIES["poisson"], FAMILIES["negative_binomial"], FAMILIES["gamma"])


PRIOR_DISPERSION = 0.5
"""Dispersion of the demand that stands in for what a short history cannot tell of the variance."""


def estimate(history: Array, sold_out: Array | None = None) -> Distribution:
    """A stationary distribution per product by the method of moments.

    Counts get a negative binomial distribution, or a Poisson distribution where their variance does
    not exceed the mean; amounts get a gamma distribution. Our choice: all three are closed under
    sums, so lead-time demand needs no convolution.

    A short history says little of the variance, and a single demand nothing. So the sample variance
    is averaged with a prior: that of demand with the dispersion `PRIOR_DISPERSION` and the mean of
    the known periods. The prior counts as one period where one is known, and ever less with each
    more, down to nothing where all are known (our choice).

    Sales of periods that sold out are at most the demand: there its mean and variance are those of
    `inv_gym.baselines.fitting.censoring.censored_moments`.

    Args:
        history: ``[H, B]``, units, NaN where it is not known; every product has a known period.
        sold_out: ``[H, B]`` 1 in periods that sold out, else 0; None if demand is seen.
    """
    values = to_numpy(history).astype(float)
    known = ~np.isnan(values)
    periods = known.sum(0)
    # nothing sold in H periods: about half a unit in as many
    mean = np.maximum(np.nanmean(values, 0), 0.5 / periods)
    counts = ((values == np.rint(values)) | ~known).all(0)
    if sold_out is not None:
        censored = known & (to_numpy(sold_out) > 0.0)
        prior = _variance(values, np.where(counts, mean, 0.0) + PRIOR_DISPERSION * mean**2)
        mean, variance = censored_moments(values, censored, mean, prior)
        return matched(mean[None], variance, counts)
    variance = _variance(values, np.where(counts, mean, 0.0) + PRIOR_DISPERSION * mean**2)
    return matched(mean[None], variance, counts)


def matched(mean: np.ndarray, variance: np.ndarray, counts: np.ndarray) -> Distribution:
    """The distribution per product with a mean and a variance, see `estimate`.

    Args:
        mean: ``[P, B]`` of each period from now on, units, above 0.
        variance: ``[B]`` of the first period's demand.
        counts: ``[B]`` whether demand comes in whole units.
    """
    first = mean[0]
    overdispersed = variance > first * (1.0 + 1e-6)
    index = np.where(counts, np.where(overdispersed, 1, 0), 2)
    dispersion = np.select(
        [index == 0, index == 1],
        [0.0, (variance - first) / first**2],
        np.maximum(variance, 1e-6 * first**2) / first**2,
    )
    return Distribution(_FAMILIES, index, mean, dispersion)


def _variance(values: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """``[B]`` variance of histories ``[H, B]``, averaged with a prior ``[B]`` where they are short;
    see `estimate`.
    """
    longest = len(values)
    periods = (~np.isnan(values)).sum(0)
    if (periods == longest).all():
        return values.var(0, ddof=1)
    squares = np.nansum((values - np.nanmean(values, 0)) ** 2, 0)
    weight = (longest - periods) / (longest - 1.0)
    return (squares + weight * prior) / (periods - 1.0 + weight)
