"""Rules given a forecast in place of an estimate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import inv_gym
from inv_gym import Problem, testing
from inv_gym.agents.forecasting import EmpiricalQuantiles
from inv_gym.baselines.fitting.estimation import estimate
from inv_gym.baselines.forecast import (
    ForecastAdaptive,
    ForecastBaseStock,
    ForecastProjectedLevel,
    forecast_policies,
)
from inv_gym.baselines.rules.base_stock import BaseStock
from inv_gym.play.policy import NotPlannedError
from inv_gym.products.batch import HISTORY

TASKS = {
    "InvLostSales-v0": {},
    "InvLostSalesLeadTime-v0": {"lead_time": 3},
    "InvPerishable-v0": {},
    "InvDualSourcing-v0": {},
    "InvProcurementRemoval-v0": {},
}


class Poisson:
    """Takes demand for Poisson's with the mean of the history."""

    def quantiles(
        self, history: np.ndarray, covariates: Any, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        given = stats.poisson.ppf(levels, np.nanmean(history, 0)[:, None])
        return np.repeat(given[:, None], horizon, 1)

    def lead_time_quantiles(
        self, history: np.ndarray, covariates: Any, levels: np.ndarray, horizon: int
    ) -> np.ndarray:
        return stats.poisson.ppf(levels, horizon * np.nanmean(history, 0)[:, None])


def played(name: str, horizon: int = 4) -> tuple[Problem, Any]:
    task = inv_gym.task(name, horizon=horizon, products="poisson", **TASKS[name])
    return task.problem, task.draw(6, seed=2)


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize("name", TASKS)
def test_every_rule_plays_by_a_forecast(name: str) -> None:
    problem, products = played(name)
    for policy in forecast_policies(problem, EmpiricalQuantiles(season=1)).values():
        rewards = inv_gym.rollout(problem, policy, products).rewards
        assert np.isfinite(rewards).all()
        assert policy.knows == "history"


@pytest.mark.parametrize("name", ["InvLostSalesLeadTime-v0", "InvDualSourcing-v0"])
def test_policies_that_forecast_keep_the_laws(name: str) -> None:
    problem = inv_gym.task(name, **TASKS[name]).problem
    policies = forecast_policies(problem, EmpiricalQuantiles(season=1)).values()
    for policy in [*policies][:2]:
        testing.check_policy(policy, problem, inv_gym.make_source("default"))


@pytest.mark.parametrize("lead_time", [0, 3])
def test_the_level_is_the_critical_quantile_of_the_forecast(lead_time: int) -> None:
    task = inv_gym.task("InvLostSalesLeadTime-v0", lead_time=lead_time, products="poisson")
    products = task.draw(20, seed=1)
    orders = inv_gym.rollout(task.problem, ForecastBaseStock(task.problem, Poisson()), products)
    ratio = inv_gym.baselines.rules.critical_ratio.critical_ratio(task.problem, products.economics)
    mean = products.demand[:HISTORY].mean(0)
    wanted = stats.poisson.ppf(ratio, (lead_time + 1) * mean)
    position = orders.steps[0].observation.state.inventory_position
    assert np.allclose(orders.orders[0, :, 0], np.maximum(wanted - position, 0.0))


def test_a_forecast_that_is_the_estimate_gives_the_orders_of_the_estimate() -> None:
    class Estimate:
        """Quantiles of the distribution that the history suggests."""

        def quantiles(
            self, history: np.ndarray, covariates: Any, levels: np.ndarray, horizon: int
        ) -> np.ndarray:
            given = estimate(history).quantile(levels[:, None] + np.zeros(history.shape[1]))
            return np.repeat(given.T[:, None], horizon, 1)

        lead_time_quantiles = quantiles

    task = inv_gym.task("InvLostSales-v0", products="continuous", horizon=6)
    products = task.draw(50, seed=1)
    policies = [
        ForecastAdaptive(BaseStock.closed_form, task.problem, Estimate()),
        inv_gym.baselines.policies(task.problem)["base-stock"],
    ]
    mine, theirs = (inv_gym.rollout(task.problem, p, products).orders for p in policies)
    assert np.allclose(mine.mean(), theirs.mean(), rtol=0.05)


def test_projected_levels_order_less_than_base_stock_where_sales_are_lost() -> None:
    task = inv_gym.task("InvLostSalesLeadTime-v0", lead_time=5, products="poisson")
    products = task.draw(200, seed=1)
    stock = [
        inv_gym.rollout(task.problem, kind(task.problem, Poisson()), products)
        for kind in (ForecastBaseStock, ForecastProjectedLevel)
    ]
    base, projected = (played.orders.sum() for played in stock)
    assert projected < base
    rewards = [float(played.rewards.mean()) for played in stock]
    assert rewards[1] > rewards[0]


def test_later_covariates_are_known_after_planning_alone() -> None:
    task = inv_gym.task("InvLostSalesLeadTime-v0", lead_time=2, horizon=4)
    products = task.draw(5)
    covariates = np.zeros((HISTORY + 4, 5, 1))
    products = products._replace(covariates=covariates, covariate_names=("promotion",))
    policy = ForecastBaseStock(task.problem, EmpiricalQuantiles())
    with pytest.raises(NotPlannedError, match="covariates of later periods"):
        policy(inv_gym.play.episode.Episode(task.problem, products).observe())
    assert np.isfinite(inv_gym.rollout(task.problem, policy, products).rewards).all()


def test_a_projected_level_needs_a_lead_time() -> None:
    problem = inv_gym.make_problem("InvLostSales-v0")
    with pytest.raises(ValueError, match="lead_time must be at least 1 for ForecastProjected"):
        ForecastProjectedLevel(problem, Poisson())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="forecaster must have quantiles"):
        forecast_policies(problem, EmpiricalQuantiles)  # type: ignore[arg-type]
