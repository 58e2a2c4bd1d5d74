"""Coverage and pinball loss of forecasters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import inv_gym
from inv_gym import InstanceProducts, Task
from inv_gym.agents.forecasting import EmpiricalQuantiles, SeasonalNaive, calibration

MEAN, DISPERSION = 50.0, 0.25


class Knowing:
    """Knows the gamma distribution of the demand, but for a factor."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def quantiles(
        self, history: np.ndarray, covariates: Any, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        return np.tile(self._of(levels, 1), (history.shape[1], horizon, 1))

    def lead_time_quantiles(
        self, history: np.ndarray, covariates: Any, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        return np.tile(self._of(levels, horizon), (history.shape[1], 1))

    def _of(self, levels: np.ndarray, periods: int) -> np.ndarray:
        shape = periods / DISPERSION
        return self.factor * stats.gamma.ppf(levels, shape, scale=MEAN * DISPERSION)


@pytest.fixture(scope="module")
def task() -> Task:
    economics = {"price": 2.0, "unit_cost": 1.0, "holding_cost": 0.1, "shortage_cost": 0.0}
    source = InstanceProducts("gamma", MEAN, economics, dispersion=DISPERSION)
    return Task(inv_gym.make_problem("InvLostSales-v0", horizon=4), source)


@pytest.fixture(scope="module")
def report(task: Task) -> Any:
    forecasters = {
        "knowing": Knowing(),
        "too high": Knowing(1.3),
        "naive": SeasonalNaive(),
        "empirical": EmpiricalQuantiles(season=1),
    }
    return calibration(forecasters, task, naive="naive", horizon=3, number=4000, seed=1)


def test_who_knows_the_distribution_covers_what_it_says(report: Any) -> None:
    frame = report.coverage(by=["ahead"])
    mine = frame[frame["forecaster"] == "knowing"]
    assert len(mine) == 3 * 5 + 5
    assert np.allclose(mine["coverage"], mine["level"], atol=0.03)
    high = frame[frame["forecaster"] == "too high"]
    assert (high["coverage"] > high["level"] + 0.03).all()


def test_who_knows_the_distribution_has_the_least_loss(report: Any) -> None:
    losses = report.losses().set_index(["target", "forecaster"])["less"].unstack("target")
    assert (losses.loc["naive"] == 0.0).all()
    assert (losses.loc["knowing"] > losses.drop("knowing").max() + 1.0).all()
    assert losses.loc["empirical", "period"] > 10.0


def test_losses_are_those_of_the_definition(report: Any, task: Task) -> None:
    products = task.draw(4000, seed=1)
    demand, scale = products.demand[32:34], products.scale
    given = Knowing()._of(np.array([0.9]), 1)
    miss = demand - given
    wanted = (np.where(miss > 0.0, 0.9 * miss, -0.1 * miss) / scale).mean(1)
    frame = report.frame
    mine = frame[(frame["forecaster"] == "knowing") & (frame["target"] == "period")]
    mine = mine[(mine["level"] == 0.9) & (mine["ahead"] <= 2)]
    parts = mine.groupby("ahead")[["loss", "forecasts"]].apply(
        lambda part: np.average(part["loss"], weights=part["forecasts"])
    )
    assert np.allclose(parts, wanted)


def test_classes_are_of_mean_demand(report: Any) -> None:
    assert set(report.frame["class"]) == {"10 to 100"}
    per_class = report.losses(by=["class"])
    assert set(per_class["class"]) == {"10 to 100"}


def test_bad_input_is_refused(task: Task) -> None:
    forecasters = {"naive": SeasonalNaive()}
    with pytest.raises(ValueError, match="unknown forecaster 'other'"):
        calibration(forecasters, task, naive="other")
    with pytest.raises(ValueError, match="levels must ascend"):
        calibration(forecasters, task, naive="naive", levels=[0.9, 0.1])
    with pytest.raises(ValueError, match="at least the 9 periods of the horizon, got 4"):
        calibration(forecasters, task, naive="naive", horizon=9)
