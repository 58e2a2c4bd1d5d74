"""All that can be made of a forecaster for a problem."""

from __future__ import annotations

from inv_gym.baselines.catalogue import applicable
from inv_gym.baselines.forecast.quantile_levels import ForecastBaseStock, ForecastProjectedLevel
from inv_gym.baselines.forecast.rules import ForecastAdaptive, ForecastFitted
from inv_gym.play.forecaster import Forecaster
from inv_gym.play.policy import Policy
from inv_gym.problems import LostSales
from inv_gym.problems.problem import Problem

QUANTILE, PROJECTED = "forecast quantile", "forecast projected level"
"""Names of the rules whose levels are quantiles of the forecast."""


def forecast_policies(problem: Problem, forecaster: Forecaster) -> dict[str, Policy]:
    """Predict-then-optimise policies by name: levels that are quantiles of the forecast where the
    problem is one of lost sales, and every heuristic that applies, fitted to the forecast.

    Raises:
        TypeError: No heuristics are registered for problems of this class, or the forecaster is
            none.
    """
    if not isinstance(forecaster, Forecaster) or isinstance(forecaster, type):
        raise TypeError(
            "forecaster must have quantiles and lead_time_quantiles, such as "
            f"inv_gym.agents.forecasting.EmpiricalQuantiles(), got {forecaster!r}."
        )
    by_name: dict[str, Policy] = {}
    if isinstance(problem, LostSales):
        by_name[QUANTILE] = ForecastBaseStock(problem, forecaster)
        if problem.lead_time > 0:
            by_name[PROJECTED] = ForecastProjectedLevel(problem, forecaster)
    for entry in applicable(problem).entries:
        kind = ForecastAdaptive if entry.each_period else ForecastFitted
        by_name[f"{entry.name} (forecast)"] = kind(entry.fit, problem, forecaster)
    return by_name
