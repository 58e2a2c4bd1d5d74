"""Exponential smoothing of mean and variance, for short histories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from inv_gym.agents.forecasting.grid import scale_of
from inv_gym.util.checks import real

PRIOR_WEIGHT, SMOOTHED_PRIOR_VARIANCE = 1.0, 0.25
"""Periods that stand in for what few cannot tell of the variance, and the squared coefficient of
variation of their demand.
"""


@dataclass(frozen=True)
class SmoothedMoments:
    """A gamma distribution with the weighted mean and variance of the history, in which each
    earlier period counts less; the demands of periods ahead do not depend on one another.

    Attributes:
        weight: Share of its weight that a demand loses with each further period, within (0, 1).

    Raises:
        TypeError: The weight is no number.
        ValueError: It is outside [.001, .999].
    """

    weight: float = 0.2

    def __post_init__(self) -> None:
        real("weight", self.weight, 0.001, 0.999)

    def quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """See `inv_gym.play.forecaster.Forecaster`."""
        given = self.lead_time_quantiles(history, covariates, levels, 1)
        return np.repeat(given[:, None], horizon, 1)

    def lead_time_quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """See `inv_gym.play.forecaster.Forecaster`."""
        mean, relative = self._moments(history)
        shape = (horizon / relative)[:, None]
        return special.gammaincinv(shape, levels) * (horizon * mean)[:, None] / shape

    def _moments(self, history: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``[B]`` mean, units, and squared coefficient of variation."""
        known = ~np.isnan(history)
        age = np.arange(len(history))[::-1, None]
        weights = np.where(known, (1.0 - self.weight) ** age, 0.0)
        demand = np.where(known, history, 0.0)
        total = weights.sum(0)
        mean = (weights * demand).sum(0) / np.maximum(total, np.finfo(float).tiny)
        mean = np.maximum(mean, 0.1 * scale_of(history))
        squares = (weights * (demand - mean) ** 2).sum(0) / mean**2
        relative = (squares + PRIOR_WEIGHT * SMOOTHED_PRIOR_VARIANCE) / (total + PRIOR_WEIGHT)
        return mean, np.maximum(relative, 1e-4)
