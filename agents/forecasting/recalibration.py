"""A forecaster whose levels are set right by what it missed on other products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import special

from inv_gym.agents.forecasting.grid import LEVELS, pinball_loss
from inv_gym.agents.forecasting.origins import Origins, drawn
from inv_gym.play.forecaster import Forecaster, forecast_quantiles, forecast_sum
from inv_gym.tasks.task import Task
from inv_gym.util.checks import whole

LEAST_COVERAGE = 1e-3
"""Coverages are taken to lie as far from 0 and 1 at least."""
RECALIBRATION_SEED = 85_000


@dataclass(frozen=True)
class Recalibrated:
    """Where demand was at most a forecaster's quantile of level .54 in half of the cases, that is
    taken for its median from now on: quantiles for quantiles of other levels, found on products
    that it was not trained on (Kuleshov et al., 2018, in normal scores).

    Attributes:
        forecaster: Who forecasts.
        period: ``[G]`` the coverage that its levels `LEVELS` of a period have in truth.
        total: ``[G]`` that of all periods ahead together.
    """

    forecaster: Forecaster
    period: np.ndarray
    total: np.ndarray

    @classmethod
    def on(
        cls, forecaster: Forecaster, task: Task, horizon: int, number: int = 1000, seed: int = 0
    ) -> Self:
        """Found on products of a task's validation source, in the first periods of their episodes.

        Args:
            forecaster: Who forecasts.
            task: Its episodes have at least the horizon.
            horizon: Periods ahead.
            number: Of products.
            seed: Of the products.

        Raises:
            ValueError: Demand is censored, or the episodes are shorter than the horizon.
        """
        whole("number", number, least=1)
        origins = drawn(task, number, RECALIBRATION_SEED + seed, "validation", horizon)
        return cls(forecaster, *(_coverage(*pair) for pair in _missed(forecaster, origins)))

    def quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """See `inv_gym.play.forecaster.Forecaster`."""
        return self.forecaster.quantiles(
            history, covariates, true_levels(self.period, levels), horizon
        )

    def lead_time_quantiles(
        self, history: np.ndarray, covariates: np.ndarray | None, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        """See `inv_gym.play.forecaster.Forecaster`."""
        return self.forecaster.lead_time_quantiles(
            history, covariates, true_levels(self.total, levels), horizon
        )


def recalibrated_where_better(
    forecaster: Forecaster, earlier: Task, later: Task, horizon: int, number: int = 1000
) -> Forecaster:
    """A forecaster, recalibrated on the validation products of two tasks if what is found on those
    of the first lowers the pinball loss on those of the second; as it is if not.
    """
    tried = Recalibrated.on(forecaster, earlier, horizon, number)
    origins = drawn(later, number, RECALIBRATION_SEED, "validation", horizon)
    missed = _missed(forecaster, origins)
    if _loss(_missed(tried, origins)) >= _loss(missed):
        return forecaster
    period, total = (_coverage(*pair) for pair in missed)
    return Recalibrated(forecaster, (tried.period + period) / 2.0, (tried.total + total) / 2.0)


def true_levels(coverage: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The levels at which quantiles must be asked for to cover `levels` ``[Q]``, from the coverage
    ``[G]`` of those of `LEVELS`: straight lines in the normal score, as far beyond the last ones.
    """
    known = special.ndtri(np.maximum.accumulate(coverage))
    shift = special.ndtri(np.array(LEVELS)) - known
    wanted = special.ndtri(levels)
    return special.ndtr(wanted + np.interp(wanted, known, shift))


Missed = tuple[np.ndarray, np.ndarray]
"""Demand ``[N]``, and quantiles of it ``[N, G]``, in units of the scale."""


def _missed(forecaster: Forecaster, origins: Origins) -> tuple[Missed, Missed]:
    """Of all single periods ahead, and of all together."""
    levels, horizon = np.array(LEVELS), origins.horizon
    asked = (origins.history(0), origins.window(0), levels, horizon)
    scale = origins.scale[0][:, None]
    periods = forecast_quantiles(forecaster, *asked) / scale[..., None]
    total = forecast_sum(forecaster, *asked) / scale
    demand = origins.targets[0] / scale[..., None]
    return (
        (demand[..., 0].ravel(), periods.reshape(-1, len(levels))),
        (demand[:, -1, 1], total),
    )


def _coverage(demand: np.ndarray, given: np.ndarray) -> np.ndarray:
    """``[G]`` the middle of the shares of demand below a quantile and at most the quantile."""
    above = given - demand[:, None]
    share = ((above > 0.0).mean(0) + (above >= 0.0).mean(0)) / 2.0
    return np.clip(share, LEAST_COVERAGE, 1.0 - LEAST_COVERAGE)


def _loss(missed: tuple[Missed, Missed]) -> float:
    """The mean pinball loss of periods and sums, in units of the scale."""
    levels = np.array(LEVELS)
    losses = [pinball_loss(demand[:, None] - given, levels).mean() for demand, given in missed]
    return float(np.mean(losses))
