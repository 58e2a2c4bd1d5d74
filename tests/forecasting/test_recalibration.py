"""Forecasters that are asked for other levels, by what they missed elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import inv_gym
from inv_gym import InstanceProducts, Task
from inv_gym.agents.forecasting import (
    Recalibrated,
    calibration,
    forecast_quantiles,
    recalibrated_where_better,
)
from inv_gym.agents.forecasting.grid import LEVELS
from inv_gym.agents.forecasting.recalibration import true_levels

MEAN, DISPERSION = 60.0, 0.1


class Biased:
    """Knows the gamma distribution of the demand, but for a factor, that of sums for another."""

    def __init__(self, period: float, total: float) -> None:
        self.factors = period, total

    def quantiles(
        self, history: np.ndarray, covariates: Any, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        row = self.factors[0] * self._of(levels, 1)
        return np.tile(row, (history.shape[1], horizon, 1))

    def lead_time_quantiles(
        self, history: np.ndarray, covariates: Any, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        return np.tile(self.factors[1] * self._of(levels, horizon), (history.shape[1], 1))

    @staticmethod
    def _of(levels: np.ndarray, periods: int) -> np.ndarray:
        return stats.gamma.ppf(levels, periods / DISPERSION, scale=MEAN * DISPERSION)


def task_of(mean: float = MEAN) -> Task:
    economics = {"price": 2.0, "unit_cost": 1.0, "holding_cost": 0.1, "shortage_cost": 0.0}
    source = InstanceProducts("gamma", mean, economics, dispersion=DISPERSION)
    return Task(inv_gym.make_problem("InvLostSales-v0", horizon=3), source)


def test_levels_are_those_that_cover_what_is_asked_for() -> None:
    """A normal forecast that is too high by .3 deviations."""
    coverage = stats.norm.cdf(stats.norm.ppf(LEVELS) + 0.3)
    asked = np.array([0.005, 0.1, 0.5, 0.9, 0.997])
    wanted = stats.norm.cdf(stats.norm.ppf(asked) - 0.3)
    assert np.allclose(true_levels(coverage, asked), wanted)
    assert np.allclose(true_levels(np.array(LEVELS), asked), asked)


def test_biases_of_periods_and_of_sums_are_taken_away() -> None:
    task = task_of()
    forecaster = Biased(1.15, 0.9)
    right = Recalibrated.on(forecaster, task, 3, number=4000)
    models = {"biased": forecaster, "right": right}
    report = calibration(models, task, naive="biased", horizon=3, number=4000, seed=9)
    covered = report.coverage()
    covered["off"] = (covered["coverage"] - covered["level"]).abs()
    worst = covered.groupby(["forecaster", "target"])["off"].max().unstack()
    assert (worst.loc["right"] < 0.025).all() and (worst.loc["biased"] > 0.1).all()
    less = report.losses().set_index("forecaster").loc["right", "less"]
    assert (less > 5.0).all()


def test_quantiles_still_ascend() -> None:
    rng = np.random.default_rng(0)
    coverage = np.sort(rng.uniform(0.001, 0.999, len(LEVELS)))
    model = Recalibrated(Biased(1.0, 1.0), coverage, coverage)
    levels = np.linspace(0.001, 0.999, 400)
    given = forecast_quantiles(model, np.full((32, 2), MEAN), None, levels, 2)
    assert np.isfinite(given).all()


def test_it_is_done_where_later_products_confirm_it() -> None:
    biased, knowing = Biased(1.15, 1.15), Biased(1.0, 1.0)
    earlier, later = task_of(), task_of()
    assert isinstance(recalibrated_where_better(biased, earlier, later, 2, 1000), Recalibrated)
    # demand that is another from one half to the other tells nothing
    lower = task_of(0.8 * MEAN)
    assert recalibrated_where_better(knowing, lower, later, 2, 1000) is knowing


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="number must be at least 1, got 0"):
        Recalibrated.on(Biased(1.0, 1.0), task_of(), 1, number=0)
    with pytest.raises(ValueError, match="at least the 4 periods of the horizon, got 3"):
        Recalibrated.on(Biased(1.0, 1.0), task_of(), 4)
