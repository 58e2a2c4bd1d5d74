"""Demand that is estimated from sales of periods that sold out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import inv_gym
from inv_gym import InstanceProducts, LostSales, Task, baselines
from inv_gym.baselines.fitting.censoring import censored_moments, kaplan_meier
from inv_gym.baselines.fitting.estimation import estimate
from inv_gym.play.episode import Episode
from inv_gym.products.batch import HISTORY


def test_kaplan_and_meier_by_hand() -> None:
    # at risk 5: 1 sold; 4: 2 censored; 3: 2 more; 1: 6 (the rest lies above it)
    values = np.array([[1.0], [2.0], [3.0], [3.0], [6.0]])
    censored = np.array([[False], [True], [False], [False], [True]])
    points, chances = kaplan_meier(values, censored)
    assert points[:, 0].tolist() == [1.0, 2.0, 3.0, 3.0, 6.0]
    assert np.allclose(chances[:, 0], [0.2, 0.0, 0.8 / 3, 0.8 / 3, 0.0])


def test_of_equal_values_demands_come_before_lower_bounds() -> None:
    values = np.array([[3.0], [3.0]])
    for censored in ([[True], [False]], [[False], [True]]):
        _, chances = kaplan_meier(values, np.array(censored))
        assert chances[:, 0].tolist() == [0.5, 0.0]


def test_without_sold_out_periods_the_estimate_is_that_of_demand() -> None:
    history = np.random.default_rng(0).poisson(7.0, (HISTORY, 20)).astype(float)
    history[:5, 3] = np.nan
    plain, censored = estimate(history), estimate(history, np.zeros_like(history))
    assert np.array_equal(plain.mean, censored.mean)
    assert np.array_equal(plain.dispersion, censored.dispersion)


@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
def test_the_mean_of_demand_is_found_from_sales(share: float) -> None:
    rng = np.random.default_rng(1)
    demand = rng.gamma(4.0, 5.0, (HISTORY, 500))
    stock = np.quantile(demand, share)
    sales, sold_out = np.minimum(demand, stock), (demand >= stock).astype(float)
    mean = estimate(sales, sold_out).mean[0].mean()
    assert abs(mean - 20.0) < 1.5
    assert sales.mean() < mean - 0.25 * (20.0 - sales.mean())


def test_periods_that_all_sold_out_raise_the_mean_to_a_bound() -> None:
    sales = np.full((HISTORY, 2), 5.0)
    mean, variance = censored_moments(
        sales, np.ones((HISTORY, 2), bool), sales.mean(0), np.full(2, 4.0)
    )
    assert (mean > 5.0).all() and (mean <= 15.0).all() and np.isfinite(variance).all()


def test_products_of_a_censored_problem_tell_which_periods_sold_out() -> None:
    task = inv_gym.task("InvLostSales-v0", censored=True, horizon=5)
    products = task.draw(40, seed=1)
    assert products.sold_out.shape == (HISTORY, 40)
    top = products.demand[:HISTORY] == products.demand[:HISTORY].max(0)
    assert np.array_equal(products.sold_out > 0.0, top)
    assert inv_gym.task("InvLostSales-v0").draw(3).sold_out is None
    rows = products.rows(slice(2, 5))
    assert np.array_equal(rows.sold_out, products.sold_out[:, 2:5])


@pytest.mark.parametrize("name", ["InvLostSales-v0", "InvLostSalesLeadTime-v0", "InvPerishable-v0"])
def test_a_policy_sees_which_periods_sold_out(name: str) -> None:
    task = inv_gym.task(name, censored=True, horizon=6)
    products = task.draw(30, seed=1)
    episode = Episode(task.problem, products)
    policy = baselines.policies(task.problem)["random orders"]
    while not episode.done:
        observation = episode.observe()
        outcome = episode.step(tuple(policy(observation).T))
        flag = episode.observe().sold_out[-1]
        assert (flag[outcome.flows.shortage > 0.0] == 1.0).all()
        assert (flag[outcome.flows.on_hand > 0.0] == 0.0).all()
    assert 0.0 < np.mean(episode.observe().sold_out) < 1.0


def test_base_stock_goes_on_learning_from_sales() -> None:
    """At a critical ratio of a half, sales alone let the level fall from period to period; with the
    periods that sold out it keeps near that of who sees demand.
    """
    economics = {"price": 2.0, "unit_cost": 1.0, "holding_cost": 1.0, "shortage_cost": 0.0}
    source = InstanceProducts("negative_binomial", 20.0, economics, dispersion=0.2)
    problem = LostSales(lead_time=0, horizon=100, discount=1.0)
    seen, censored = Task(problem, source), Task(replace(problem, censored=True), source)
    rule = baselines.policies(censored.problem)["base-stock"]

    class Blind:
        """Takes sales for demand."""

        knows = "history"

        def __call__(self, observation):
            return rule(observation._replace(sold_out=None))

    policies = {"best": baselines.policies(problem)["base-stock"], "mine": rule, "blind": Blind()}
    stock, reward = {}, {}
    for name, policy in policies.items():
        task = seen if name == "best" else censored
        played = inv_gym.rollout(task.problem, policy, task.draw(60, seed=3))
        orders, rewards = played.orders[50:].mean(), played.rewards[50:].mean()
        stock[name], reward[name] = float(orders), float(rewards)
    assert stock["blind"] < 0.7 * stock["best"]
    assert abs(stock["mine"] / stock["best"] - 1.0) < 0.15
    assert reward["best"] - reward["mine"] < 0.3 * (reward["best"] - reward["blind"])
