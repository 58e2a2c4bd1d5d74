"""What a policy that forecasts knows in a period: the history, and the covariates ahead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from inv_gym.baselines.fitting.censoring import demand_expected
from inv_gym.baselines.fitting.estimation import matched
from inv_gym.demand.distribution import Distribution
from inv_gym.play.forecaster import Forecaster, forecast_quantiles, forecast_sum
from inv_gym.play.policy import NotPlannedError, Observation
from inv_gym.problems.problem import Problem
from inv_gym.products.batch import HISTORY, Products
from inv_gym.util.arrays import Array, to_numpy

MOMENT_LEVELS = (np.arange(50) + 0.5) / 50
"""Levels of the quantiles whose mean and variance are taken for those of demand."""


@dataclass(frozen=True)
class Outlook:
    """Forecasts demand from what an observation shows; sales of periods that sold out stand for the
    demand that is expected of them, see `inv_gym.baselines.fitting.censoring.demand_expected`.

    After the last period of the products, whose covariates nobody knows, those of that period
    stand in; the demand of later periods has no part in a reward.

    Attributes:
        forecaster: Who forecasts.
        covariates: ``[H + T, B, C]`` of all periods, NumPy; None if there are none, or before
            planning.
    """

    forecaster: Forecaster
    covariates: np.ndarray | None = None

    knows: ClassVar[str] = "history"

    def of(self, products: Products) -> Outlook:
        """The same for products, whose covariates are known in advance."""
        known = None if products.covariates is None else to_numpy(products.covariates)
        return Outlook(self.forecaster, known)

    def sum(self, observation: Observation, levels: np.ndarray, periods: int) -> np.ndarray:
        """``[B, Q]`` quantiles of the demand of the next periods together, units."""
        known = self._ahead(observation, periods)
        history = demand_expected(observation.history, observation.sold_out)
        return forecast_sum(self.forecaster, history, known, levels, periods)

    def distribution(self, observation: Observation, periods: int) -> Distribution:
        """The demand of the next periods as `estimate` gives it of a history: means period by
        period, with the variance of the first.
        """
        history = demand_expected(observation.history, observation.sold_out)
        known = self._ahead(observation, periods)
        given = forecast_quantiles(self.forecaster, history, known, MOMENT_LEVELS, periods)
        least = 0.5 / HISTORY  # about half a unit in as many periods
        mean = np.maximum(given.mean(-1).T, least)
        demand = np.asarray(to_numpy(observation.history), dtype=float)
        counts = ((demand == np.rint(demand)) | np.isnan(demand)).all(0)
        return matched(mean, given[:, 0].var(-1), counts)

    def _ahead(self, observation: Observation, periods: int) -> Array | None:
        """``[H + periods, B, C]`` covariates of the history and of the periods ahead.

        Raises:
            NotPlannedError: Covariates of later periods are needed, which an observation does not
                show.
        """
        shown = observation.covariates
        if shown is None or periods == 1:
            return shown
        if self.covariates is None:
            raise NotPlannedError(
                "it forecasts with covariates of later periods: call plan(problem, products) first."
            )
        first = observation.period
        known = self.covariates[first : first + HISTORY + periods]
        lacking = HISTORY + periods - len(known)
        return np.concatenate([known, np.repeat(known[-1:], lacking, 0)])


class Forecasting:
    """What policies that forecast have in common, beside their fields: a forecaster, and the
    outlook that it has after planning.
    """

    forecaster: Forecaster
    outlook: Outlook | None

    knows: ClassVar[str] = "history"

    def plan(self, problem: Problem, products: Products) -> Self:
        """The same, with the covariates of all periods, which are known in advance."""
        planned: Any = self
        return replace(planned, outlook=Outlook(self.forecaster).of(products))

    @cached_property
    def _outlook(self) -> Outlook:
        return self.outlook or Outlook(self.forecaster)


def own_columns(values: np.ndarray, place: np.ndarray) -> np.ndarray:
    """``[B]`` of values ``[B, Q]``, the column that each product asks for ``[B]``."""
    return values[np.arange(len(values)), place]
