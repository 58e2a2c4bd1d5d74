"""Rules whose levels are quantiles of a forecast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inv_gym.baselines.forecast.known import Forecasting, Outlook, own_columns
from inv_gym.baselines.rules.base_stock import BaseStock
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.baselines.rules.projected_level import ProjectedLevel
from inv_gym.play.forecaster import Forecaster
from inv_gym.play.policy import Observation
from inv_gym.problems import LostSales
from inv_gym.problems.problem import Problem
from inv_gym.util.arrays import Array, map_columns, to_numpy


@dataclass(frozen=True)
class ForecastBaseStock(Forecasting):
    """Order up to the critical quantile of the forecast of lead time and review period together.

    Attributes:
        problem: What to order for.
        forecaster: Who forecasts.
        outlook: What it forecasts from, see `plan`.
    """

    problem: Problem
    forecaster: Forecaster
    outlook: Outlook | None = None

    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, K]``, units."""
        return BaseStock(problem=self.problem, level=self.level(observation))(observation)

    def level(self, observation: Observation) -> np.ndarray:
        """``[B]`` the level ordered up to, units."""
        economics = map_columns(to_numpy, observation.economics)
        ratios, place = np.unique(critical_ratio(self.problem, economics), return_inverse=True)
        periods = self.problem.lead_times[0] + 1
        return own_columns(self._outlook.sum(observation, ratios, periods), place)


@dataclass(frozen=True)
class ForecastProjectedLevel(ForecastBaseStock):
    """Order up to a level on the stock that is expected to be on hand when the order arrives (see
    `ProjectedLevel`), the demand until then being forecast.

    The level is that at which `ForecastBaseStock` aims if no demand is lost until then: the
    critical quantile of lead time and review period together, less the mean of the lead time (our
    choice). It orders less the more sales will be lost.

    Raises:
        ValueError: There is no lead time: then the rule is `ForecastBaseStock`.
    """

    problem: LostSales

    def __post_init__(self) -> None:
        if self.problem.lead_times[0] == 0:
            raise ValueError(
                "lead_time must be at least 1 for ForecastProjectedLevel, got 0: use "
                "ForecastBaseStock."
            )

    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, 1]``, units."""
        lead_time = self.problem.lead_time
        distribution = self._outlook.distribution(observation, lead_time)
        level = self.level(observation) - distribution.window_mean(lead_time)
        rule = ProjectedLevel(
            problem=self.problem, level=np.maximum(level, 0.0), distribution=distribution
        )
        return rule(observation)
