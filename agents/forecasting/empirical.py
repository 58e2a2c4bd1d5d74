"""Forecasters without training: quantiles of the last demands themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inv_gym.agents.forecasting.grid import IndependentSums, sample_quantiles, scale_of
from inv_gym.util.checks import whole


@dataclass(frozen=True)
class Seasonal(IndependentSums):
    """What forecasts from a season have in common.

    Attributes:
        season: Its periods, 7 for days; 1: there is none.

    Raises:
        TypeError: The season is no whole number.
        ValueError: It is below 1.
    """

    season: int = 7

    def __post_init__(self) -> None:
        whole("season", self.season, least=1)


class EmpiricalQuantiles(Seasonal):
    """Quantiles of the demands of the history, each taken to the day of the week that is forecast.

    A day's factor is its mean demand over the mean of all; one further mean day in each keeps it
    from what few weeks say by chance. With a season of 1 there are no factors.
    """

    def quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """See `inv_gym.play.forecaster.Forecaster`."""
        factors = self._factors(history)
        phase = np.arange(-len(history), 0) % self.season
        level = sample_quantiles(history / factors[phase], levels)
        ahead = factors[np.arange(horizon) % self.season]
        return level[:, None] * ahead.T[..., None]

    def _factors(self, history: np.ndarray) -> np.ndarray:
        """``[season, B]`` of the current period and of those after it."""
        mean = scale_of(history)
        known = ~np.isnan(history)
        phase = np.arange(-len(history), 0) % self.season
        days = phase[None] == np.arange(self.season)[:, None]
        total = days.astype(float) @ np.where(known, history, 0.0)
        number = days.astype(float) @ known
        return (total + mean) / ((number + 1.0) * mean)


class SeasonalNaive(Seasonal):
    """The demand one season ago (of a season of 1, the last one), with the quantiles of what such
    forecasts missed in the history.
    """

    def quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """See `inv_gym.play.forecaster.Forecaster`."""
        mean = scale_of(history)
        given = []
        for period in range(horizon):
            lag = self.season * (period // self.season + 1)
            # a demand that is not known, or lies before the history, is its mean
            last = history[period - lag] if lag - period <= len(history) else mean
            point = np.where(np.isnan(last), mean, last)
            given.append(np.maximum(point[:, None] + self._misses(history, lag, levels), 0.0))
        return np.stack(given, 1)

    def _misses(self, history: np.ndarray, lag: int, levels: np.ndarray) -> np.ndarray:
        """``[B, Q]`` quantiles of demand less that so many periods before; of demand less its mean
        where the history is too short.
        """
        around = history - scale_of(history)
        misses = history[lag:] - history[:-lag]
        short = (~np.isnan(misses)).sum(0) < 2
        if not len(misses) or short.all():
            return sample_quantiles(around, levels)
        padded = np.full_like(history, np.nan)
        padded[lag:] = misses
        return sample_quantiles(np.where(short, around, padded), levels)
