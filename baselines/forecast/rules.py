"""Any rule, fitted to a forecast in place of an estimate of the demand distribution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from inv_gym.baselines.fitting.fitting import Fit
from inv_gym.baselines.fitting.heuristic import Heuristic
from inv_gym.baselines.forecast.known import Forecasting, Outlook
from inv_gym.play.episode import Episode
from inv_gym.play.forecaster import Forecaster
from inv_gym.play.policy import NotPlannedError, Observation
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products
from inv_gym.util.arrays import Array, map_columns, to_numpy


@dataclass(frozen=True)
class ForecastAdaptive(Forecasting):
    """A heuristic that is fitted anew each period, to the forecast of the periods up to the arrival
    of an order.

    Attributes:
        fit: A constructor of a heuristic, ``BaseStock.closed_form`` say.
        problem: What to order for.
        forecaster: Who forecasts.
        outlook: What it forecasts from, see `plan`.
    """

    fit: Fit
    problem: Problem
    forecaster: Forecaster
    outlook: Outlook | None = None

    def __call__(self, observation: Observation) -> Array:
        """Orders ``[B, K]``, units."""
        return self.rule(observation)(observation)

    def rule(self, observation: Observation) -> Heuristic:
        """The heuristic for what is forecast now."""
        periods = max(self.problem.lead_times) + 1
        distribution = self._outlook.distribution(observation, periods)
        economics = map_columns(to_numpy, observation.economics)
        return self.fit(self.problem, distribution, economics)


@dataclass(frozen=True)
class ForecastFitted(ForecastAdaptive):
    """A heuristic whose parameters are found once, from what is forecast at the start: for
    parameters that take long to find.
    """

    def plan(self, problem: Problem, products: Products) -> Any:
        """The fitted heuristic for these products."""
        start = products._replace(demand=products.demand[:HISTORY])
        ready = super().plan(problem, start)
        return replace(ready.rule(Episode(problem, start).observe()), knows=self.knows)

    def __call__(self, observation: Observation) -> Array:
        """Refuse to order before planning.

        Raises:
            NotPlannedError: Always; the policy that `plan` gives orders.
        """
        raise NotPlannedError("it is fitted at the start: call plan(problem, products) first.")
