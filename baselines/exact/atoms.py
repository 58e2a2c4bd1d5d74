"""Demand as probabilities of whole numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inv_gym.baselines.exact.limits import AmountsError, TooLargeError
from inv_gym.demand.distribution import Distribution

TAIL = 1e-10
"""Probability of larger demands than those listed, where they cannot be lumped without error."""
EDGE_SHIFT = 1e-6
"""How far below a whole number its own probability begins."""
MOST_PROBABILITIES = 10_000_000
"""Most values of demand, times periods, that are told apart."""


class Atoms(NamedTuple):
    """Demand of a product in each of P periods."""

    demand: np.ndarray
    """``[N]``: 0, 1, 2, ...; the last stands for all larger demands, at their mean."""
    probability: np.ndarray
    """``[P, N]``."""

    def at(self, period: int) -> np.ndarray:
        """The probabilities ``[N]`` of a period."""
        return self.probability[min(period, len(self.probability) - 1)]


def reach(distribution: Distribution) -> int:
    """The largest demand of one product that is told apart, units: that of probability `TAIL` in
    the busiest period.

    Raises:
        TooLargeError: Telling all smaller demands apart would take too many probabilities.
    """
    periods = [distribution.at(period) for period in range(len(distribution.mean))]
    quantiles = [float(period.quantile(np.array([1.0 - TAIL]))[0]) for period in periods]
    most = max(quantiles)
    if (most + 1.0) * len(periods) > MOST_PROBABILITIES:
        raise TooLargeError(
            f"exact solutions tell at most {MOST_PROBABILITIES:,} values of demand apart, got "
            f"demands of up to {most:,.0f} in {len(periods)} periods: take a smaller mean, or use "
            "inv_gym.baselines.exact.newsvendor_bound."
        )
    return int(np.ceil(most))


def atoms(distribution: Distribution, most: float = np.inf) -> Atoms:
    """The demand of one product, period by period; the last period holds for all later ones.

    Args:
        distribution: Of one product.
        most: A number of units that demand need not be told apart beyond. With lost sales that is
            the largest stock: all larger demands empty it, and their cost is linear, so that
            lumping them at their mean is exact.

    Raises:
        AmountsError: Demand does not come in whole numbers.
        TooLargeError: Demand takes too many values.
    """
    points = np.arange(reach(distribution) + 1.0)
    mass = np.stack(
        [_mass(distribution.at(period), points) for period in range(len(distribution.mean))]
    )
    if (np.abs(mass.sum(1) - 1.0) > 1e-6).any():
        names = ", ".join(type(family).__name__ for family in distribution.families)
        raise AmountsError(
            f"exact dynamic programs need demand in whole numbers, got a distribution of "
            f"amounts ({names}): "
            "use a count distribution, or inv_gym.baselines.exact.upper_bound."
        )
    mass = mass / mass.sum(1, keepdims=True)
    # One value of demand serves all periods: the tail must be so short that its mean does not
    # matter.
    if len(mass) > 1:
        most = np.inf
    last = int(min(most + 1.0, points[-1]))
    tail = mass[:, last:].sum(1)
    mean = (mass[:, last:] @ points[last:] / np.maximum(tail, np.finfo(float).tiny)).max()
    lumped = np.concatenate([mass[:, :last], tail[:, None]], 1)
    return Atoms(np.append(points[:last], max(mean, points[last])), lumped)


def _mass(distribution: Distribution, points: np.ndarray) -> np.ndarray:
    """``[N]`` probabilities of whole demands in the next period; less than 1 in sum for amounts."""
    column = points[:, None]
    below = distribution.cdf(np.maximum(column - EDGE_SHIFT, 0.0))[:, 0]
    below[0] = 0.0
    return distribution.cdf(column)[:, 0] - below
