"""What sales say of Poisson demand, by Bayes, where some periods sold out."""

from __future__ import annotations

import numpy as np
from scipy import special

from inv_gym.baselines.fitting.estimation import estimate, matched
from inv_gym.demand.distribution import Distribution
from inv_gym.util.arrays import Array, to_numpy

PRIOR_PERIODS = 0.5
"""Periods of mean sales that the gamma prior of the rate counts as (our choice)."""
RATE_STEPS = 240
"""Rates at which the posterior is known."""
LARGEST_RATE_RATIO = 8.0
"""The largest rate over the mean of the sales; beyond it the prior has next to nothing."""


def gamma_poisson(history: Array, sold_out: Array | None = None) -> Distribution:
    """A stationary distribution per product by Bayes: the rate of Poisson demand has a gamma prior
    with the mean of the sales, which counts as `PRIOR_PERIODS`; a period that sold out tells that
    demand was at least its sales.

    Beside `inv_gym.baselines.fitting.estimation.estimate` it needs few periods that did not sell
    out, and none at all; in return it believes that demand is Poisson. Its distribution has mean
    and variance of the next period's demand. Products that are not sold in whole units, for which
    there is no such model, get `estimate`.

    >>> from inv_gym.baselines import Adaptive, BaseStock
    >>> import inv_gym
    >>> task = inv_gym.task("InvLostSales-v0", censored=True)
    >>> rule = Adaptive(BaseStock.closed_form, task.problem, estimator=gamma_poisson)
    >>> inv_gym.rollout(task, rule, number=5).orders.shape
    (50, 5, 1)

    Args:
        history: ``[H, B]`` sales, units, NaN where they are not known; every product has a known
            period.
        sold_out: ``[H, B]`` 1 in periods that sold out, else 0; None if demand is seen.
    """
    sales = to_numpy(history).astype(float)
    known = ~np.isnan(sales)
    counts = ((sales == np.rint(sales)) | ~known).all(0)
    censored = np.zeros_like(known) if sold_out is None else known & (to_numpy(sold_out) > 0.0)
    mean, variance = _posterior(np.nan_to_num(sales), known, censored)
    if counts.all():
        return matched(mean[None], mean + variance, counts)
    # moments of Kaplan and Meier where there are no counts
    other = estimate(history, sold_out)
    mean = np.where(counts, mean, other.mean[0])
    return matched(mean[None], np.where(counts, mean + variance, other.variance()), counts)


def _posterior(
    sales: np.ndarray, known: np.ndarray, censored: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance ``[B]`` of the rate, from sales ``[H, B]``, 0 where they are not known."""
    usual = np.maximum(sales.sum(0) / known.sum(0), 0.5 / known.sum(0))
    told = known & ~censored
    # the conjugate part: gamma with these, of the periods in which demand is seen
    shape = PRIOR_PERIODS * usual + np.where(told, sales, 0.0).sum(0)
    periods = PRIOR_PERIODS + told.sum(0)

    # rates are dense around the mean of the sales; each stands for the space around it
    place = (np.arange(RATE_STEPS) + 0.5) / RATE_STEPS
    rate = LARGEST_RATE_RATIO * place[:, None] ** 2 * usual
    space = place[:, None] * usual
    log = (shape - 1.0) * np.log(rate) - periods * rate + np.log(space)
    for units, is_censored in zip(sales, censored, strict=True):
        above = special.gammainc(np.maximum(units, 1.0), rate)  # the chance of as many or more
        lower_bound = is_censored & (units > 0.0)
        log += np.where(lower_bound, np.log(np.maximum(above, np.finfo(float).tiny)), 0.0)
    weight = np.exp(log - log.max(0))
    weight /= weight.sum(0)
    mean = (weight * rate).sum(0)
    return mean, (weight * (rate - mean) ** 2).sum(0)
