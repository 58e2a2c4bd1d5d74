"""Demand as probabilities of whole numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inv_gym.demand.distribution import Distribution

TAIL = 1e-10
"""Probability of larger demands than those listed, where they cannot be lumped without error."""
EDGE_SHIFT = 1e-6


class Atoms(NamedTuple):
    """Demand of a product in each of P periods."""

    demand: np.ndarray
    """``[N]``: 0, 1, 2, ...; the last stands for all larger demands, at their mean."""
    probability: np.ndarray
    """``[P, N]``."""

    def at(self, period: int) -> np.ndarray:
        """The probabilities ``[N]`` of a period."""
        return self.probability[min(period, len(self.probability) - 1)]


def atoms(distribution: Distribution, most: float = np.inf) -> Atoms:
    """The demand of one product, period by period; the last period holds for all later ones.

    Args:
        distribution: Of one product.
        most: A number of units that demand need not be told apart beyond. With lost sales that is
            the largest stock: all larger demands empty it, and their cost is linear, so that
            lumping them at their mean is exact.

    Raises:
        ValueError: Demand does not come in whole numbers.
    """
    periods = [distribution.at(period) for period in range(len(distribution.mean))]
    reach = max(float(one.quantile(np.array([1.0 - TAIL]))[0]) for one in periods)
    points = np.arange(np.ceil(reach) + 1.0)[:, None]
    mass = np.stack(
        [(one.cdf(points) - one.cdf(np.maximum(points - EDGE_SHIFT, 0.0)))[:, 0] for one in periods]
    )
    mass[:, 0] = [one.cdf(np.zeros(1))[0] for one in periods]
    if (np.abs(mass.sum(1) - 1.0) > 1e-6).any():
        names = ", ".join(type(one).__name__ for one in distribution.families)
        raise ValueError(
            f"exact dynamic programs need demand in whole numbers, got a distribution of "
            f"amounts ({names}): "
            "use a count distribution, or inv_gym.baselines.exact.upper_bound."
        )
    mass = mass / mass.sum(1, keepdims=True)
    demand = points[:, 0]
    # One value of demand serves all periods: the tail must be so short that its mean does not
    # matter.
    if len(mass) > 1:
        most = np.inf
    last = int(min(most + 1.0, demand[-1]))
    tail = mass[:, last:].sum(1)
    mean = (mass[:, last:] @ demand[last:] / np.maximum(tail, np.finfo(float).tiny)).max()
    lumped = np.concatenate([mass[:, :last], tail[:, None]], 1)
    return Atoms(np.append(demand[:last], max(mean, demand[last])), lumped)
