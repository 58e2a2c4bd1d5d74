"""Quantiles between the levels that a model has, and of sums of periods that it forecasts one by
one.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy import special

from inv_gym.products.batch import HISTORY

LEVELS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""The levels that trained models learn."""
DRAWS = 400
"""Equally likely demands of a period whose sums over periods are looked at."""
DRAW_SEED = 0
"""Of the order in which the demands of one period meet those of another."""


class Quantiles(Protocol):
    """What forecasts period by period."""

    def quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """See `inv_gym.play.forecaster.Forecaster`."""
        ...


class IndependentSums:
    """Gives a forecaster of single periods its quantiles of sums, as if the demands of the periods
    did not depend on one another.
    """

    def lead_time_quantiles(
        self: Quantiles,
        history: np.ndarray,
        covariates: np.ndarray | None,
        levels: np.ndarray,
        horizon: int,
    ) -> np.ndarray:
        """``[B, Q]`` quantiles of the demand of all periods ahead together, units."""
        if horizon == 1:
            return self.quantiles(history, covariates, levels, 1)[:, 0]
        middle = (np.arange(DRAWS) + 0.5) / DRAWS
        demands = self.quantiles(history, covariates, middle, horizon)
        rng = np.random.default_rng(DRAW_SEED)
        total = sum(demands[:, period, rng.permutation(DRAWS)] for period in range(horizon))
        return np.moveaxis(np.quantile(total, levels, axis=-1), 0, -1)


def scale_of(history: np.ndarray) -> np.ndarray:
    """``[B]`` mean of what is known of histories ``[H, B]``, units; one unit in H periods where
    nothing was sold.
    """
    return np.maximum(np.nanmean(history, 0), 1.0 / HISTORY)


def at_levels(values: np.ndarray, known: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles ``[..., Q]`` at levels ``[Q]`` from those ``[..., G]`` at known levels ``[G]``.

    Between known levels, and beyond the last ones, they are straight lines in the normal score, as
    those of a normal distribution are; so they ascend as the known ones do.
    """
    scores, wanted = special.ndtri(known), special.ndtri(levels)
    place = np.clip(np.searchsorted(scores, wanted) - 1, 0, len(scores) - 2)
    share = (wanted - scores[place]) / (scores[place + 1] - scores[place])
    low, high = values[..., place], values[..., place + 1]
    return np.maximum(low + share * (high - low), 0.0)


def sample_quantiles(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """``[B, Q]`` quantiles of samples ``[N, B]``, NaN left out; the k-th of n stands at the level
    ``k / (n + 1)``, so that a further value of the same law is as likely below each as it should
    be.
    """
    ordered = np.sort(values, 0)  # NaN last
    number = (~np.isnan(values)).sum(0)[:, None]
    place = np.clip(levels * (number + 1.0) - 1.0, 0.0, number - 1.0)
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, number - 1)
    rows = np.arange(values.shape[1])[:, None]
    low, high = ordered[below, rows], ordered[above, rows]
    return low + (place - below) * (high - low)


def pinball_loss(miss: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """``[..., Q]`` the pinball loss of quantiles of these levels ``[Q]``, from demand less quantile
    ``[..., Q]``.
    """
    return np.maximum(levels * miss, (levels - 1.0) * miss)
