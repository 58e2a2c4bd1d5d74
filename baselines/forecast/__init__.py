"""Predict, then optimise: the rules given a forecast in place of an estimate."""

from inv_gym.baselines.forecast.policies import forecast_policies
from inv_gym.baselines.forecast.quantile_levels import ForecastBaseStock, ForecastProjectedLevel
from inv_gym.baselines.forecast.rules import ForecastAdaptive, ForecastFitted

__all__ = [
    "ForecastAdaptive",
    "ForecastBaseStock",
    "ForecastFitted",
    "ForecastProjectedLevel",
    "forecast_policies",
]
