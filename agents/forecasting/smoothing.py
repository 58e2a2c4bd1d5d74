"""Exponential smoothing with the states of Hyndman et al., by statsmodels (extra `forecast`)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from inv_gym.agents.forecasting.grid import scale_of
from inv_gym.util.checks import whole
from inv_gym.util.extras import needs

SIMULATED = 200
"""Paths whose means and deviations are taken."""
SIMULATION_SEED = 0


@dataclass(frozen=True)
class ExponentialSmoothing:
    """ETS with additive errors and an additive season, fitted to each history by statsmodels; some
    hundredths of a second per product and period.

    What is not known of a history is taken to be its mean. Quantiles are those of the normal
    distribution.

    Attributes:
        season: Periods, 7 for days; 1: no season.

    Raises:
        TypeError: The season is no whole number.
        ValueError: It is below 1.
        ImportError: statsmodels is not installed.
    """

    season: int = 7

    def __post_init__(self) -> None:
        whole("season", self.season, least=1)
        with needs("forecast", "exponential smoothing"):
            import statsmodels.tsa.exponential_smoothing.ets  # noqa: F401

    def quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """See `inv_gym.play.forecaster.Forecaster`."""
        paths = self._paths(history, horizon)
        mean, deviation = paths.mean(1), paths.std(1)
        return _normal_quantiles(mean, deviation, levels)

    def lead_time_quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """See `inv_gym.play.forecaster.Forecaster`."""
        total = self._paths(history, horizon).sum(-1)
        return _normal_quantiles(total.mean(1), total.std(1), levels)

    def _paths(self, history: np.ndarray, horizon: int) -> np.ndarray:
        """``[B, paths, horizon]`` demand simulated by the model of each product, units."""
        scale = scale_of(history)
        share = np.where(np.isnan(history), scale, history) / scale
        return np.stack([self._simulated(row, horizon) for row in share.T]) * scale[:, None, None]

    def _simulated(self, history: np.ndarray, horizon: int) -> np.ndarray:
        """``[paths, horizon]`` of one history ``[H]``."""
        from statsmodels.tsa.exponential_smoothing.ets import ETSModel

        if np.ptp(history) == 0.0:  # nothing to fit
            return np.tile(history[:1], (SIMULATED, horizon))
        season = self.season if len(history) >= 2 * self.season and self.season > 1 else None
        options: dict[str, Any] = {"seasonal": None if season is None else "add"}
        if season is not None:
            options["seasonal_periods"] = season
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of fits that end before they converge
            fitted = ETSModel(history, error="add", trend=None, **options).fit(disp=False)
            rng = np.random.default_rng(SIMULATION_SEED)
            paths = fitted.simulate(horizon, anchor="end", repetitions=SIMULATED, rng=rng)
        return np.asarray(paths).reshape(horizon, SIMULATED).T


def _normal_quantiles(mean: np.ndarray, deviation: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """``[..., Q]`` at least 0."""
    return np.maximum(mean[..., None] + deviation[..., None] * special.ndtri(levels), 0.0)
