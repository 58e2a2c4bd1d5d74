"""Smoothing for demand that is zero in most periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from inv_gym.agents.forecasting.grid import IndependentSums, scale_of
from inv_gym.util.checks import real

LEAST_VARIANCE = 1e-4
"""Squared coefficient of variation that sizes have at least."""
PRIOR_VARIANCE = 0.5
"""The same of the one size that stands in for what few sizes cannot tell."""


@dataclass(frozen=True)
class IntermittentSmoothing(IndependentSums):
    """Teunter, Syntetos and Babai (2011): the chance of a sale is smoothed in every period, its
    size in those with one. A size has a gamma distribution with the variance of past sizes.

    Attributes:
        chance_weight: Weight of the last period in the chance.
        size_weight: Weight of the last size in the size.

    Raises:
        TypeError: A weight is no number.
        ValueError: It is outside [0, 1].
    """

    chance_weight: float = 0.1
    size_weight: float = 0.1

    def __post_init__(self) -> None:
        for name in ("chance_weight", "size_weight"):
            real(name, getattr(self, name), 0.0, 1.0)

    def quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """See `inv_gym.play.forecaster.Forecaster`."""
        chance, size = self._smoothed(history)
        variance = self._relative_variance(history)
        # the level within the sizes; below the chance of no sale nothing is sold
        within = (levels - (1.0 - chance[:, None])) / chance[:, None]
        shape = 1.0 / variance[:, None]
        sizes = size[:, None] / shape * special.gammaincinv(shape, np.clip(within, 0.0, 1.0))
        quantiles = np.where(within > 0.0, sizes, 0.0)
        return np.repeat(quantiles[:, None], horizon, 1)

    def _smoothed(self, history: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``[B]`` the chance of a sale and its size, units, both begun with those of the whole
        history.
        """
        known, sold = ~np.isnan(history), history > 0.0
        number = np.maximum(sold.sum(0), 1)
        chance = (sold.sum(0) + 0.5) / (known.sum(0) + 1.0)
        size = np.where(sold.any(0), np.where(sold, history, 0.0).sum(0) / number, 1.0)
        size = np.maximum(size, scale_of(history))
        for demand, is_known, is_sold in zip(history, known, sold, strict=True):
            chance = np.where(is_known, chance + self.chance_weight * (is_sold - chance), chance)
            size = np.where(is_sold, size + self.size_weight * (demand - size), size)
        return chance, size

    @staticmethod
    def _relative_variance(history: np.ndarray) -> np.ndarray:
        """``[B]`` squared coefficient of variation of the sizes, averaged with that of one
        more.
        """
        sold = history > 0.0
        number = sold.sum(0)
        mean = np.where(sold, history, 0.0).sum(0) / np.maximum(number, 1)
        squares = (np.where(sold, history - mean, 0.0) ** 2).sum(0)
        relative = squares / np.where(number > 0, mean, 1.0) ** 2
        return np.maximum((relative + PRIOR_VARIANCE) / (number + 1.0), LEAST_VARIANCE)
