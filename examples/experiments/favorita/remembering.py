"""Forecasts that are asked for again with another critical ratio are not worked out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from inv_gym.agents.forecasting import Forecaster
from inv_gym.agents.forecasting.grid import LEVELS, at_levels

MOST_KEPT = 2000
"""Batches whose forecasts are kept; the oldest ones give way."""


class Remembering:
    """A forecaster that learned the levels of `LEVELS`, and gives other quantiles between them; its
    last forecasts are kept.

    Args:
        forecaster: Who forecasts.
    """

    def __init__(self, forecaster: Forecaster) -> None:
        self.forecaster = forecaster
        self._kept: dict[Any, np.ndarray] = {}

    def quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """See `inv_gym.play.forecaster.Forecaster`."""
        return self._of(self.forecaster.quantiles, history, covariates, levels, horizon)

    def lead_time_quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """See `inv_gym.play.forecaster.Forecaster`."""
        return self._of(self.forecaster.lead_time_quantiles, history, covariates, levels, horizon)

    def _of(
        self,
        forecast: Callable[..., np.ndarray],
        history: np.ndarray,
        covariates: np.ndarray | None,
        levels: np.ndarray,
        horizon: int,
    ) -> np.ndarray:
        known = b"" if covariates is None else covariates.tobytes()
        key = forecast.__name__, history.tobytes(), known, horizon
        if key not in self._kept:
            if len(self._kept) == MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = forecast(history, covariates, np.array(LEVELS), horizon)
        return at_levels(self._kept[key], np.array(LEVELS), levels)
