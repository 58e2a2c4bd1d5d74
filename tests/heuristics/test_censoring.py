"""Demand that is estimated from sales of periods that sold out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from panel_cases import table_with_closing_stock

import inv_gym
from inv_gym import InstanceProducts, LostSales, Task, baselines
from inv_gym.agents.forecasting import EmpiricalQuantiles
from inv_gym.baselines import Adaptive, BaseStock, Fitted
from inv_gym.baselines.fitting.censored_poisson import PRIOR_PERIODS, gamma_poisson
from inv_gym.baselines.fitting.censoring import censored_moments, demand_expected, kaplan_meier
from inv_gym.baselines.fitting.estimation import estimate
from inv_gym.baselines.forecast import ForecastBaseStock
from inv_gym.play.episode import Episode
from inv_gym.products.batch import HISTORY, concatenate
from inv_gym.products.panel import PanelProducts


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


def test_expected_demand_of_periods_that_sold_out_is_above_the_sales() -> None:
    rng = np.random.default_rng(5)
    demand = rng.gamma(8.0, 5.0, (HISTORY, 500))
    stock = np.full(500, 45.0)
    sales, sold_out = np.minimum(demand, stock), (demand >= stock).astype(float)
    told = demand_expected(sales, sold_out)
    assert (told >= sales).all() and np.array_equal(told[sold_out == 0.0], sales[sold_out == 0.0])
    above = told[sold_out > 0.0].mean()
    assert abs(above / demand[sold_out > 0.0].mean() - 1.0) < 0.05
    assert demand_expected(sales, None) is sales
    sales[0] = np.nan
    assert np.isnan(demand_expected(sales, sold_out)[0]).all()


def test_a_closing_stock_of_0_tells_rules_that_demand_was_larger(tmp_path: Path) -> None:
    """As every period moves into the history, so does what is told of it."""
    panel = table_with_closing_stock(tmp_path)
    problem = LostSales(lead_time=0, horizon=20)
    source = PanelProducts(panel, each="2024-03-01")
    products = Task(problem, source).draw(2)
    assert products.sold_out is not None and products.sold_out.shape == (HISTORY + 20, 2)
    short = panel.series.index("short")
    row = int(np.flatnonzero(products.windows[:, 0] == short)[0])
    assert products.sold_out[:, row].mean() > 0.3 and products.sold_out[:, 1 - row].sum() == 0.0
    episode = Episode(problem, products)
    for period in range(20):
        shown = episode.observe().sold_out
        assert np.array_equal(shown, products.sold_out[period : period + HISTORY])
        assert not np.shares_memory(shown, products.sold_out)
        episode.step((np.full(2, 5.0),))
    for batch in (products.torch(), products.rows(slice(0, 1)), concatenate([products, products])):
        assert batch.sold_out.shape[0] == HISTORY + 20

    # rules and forecasts hold more than from the same sales where nothing tells that they sold out
    seen = products._replace(sold_out=None)
    rules = baselines.policies(problem, distribution=False)
    policies = {name: rules[name] for name in ("base-stock", "searched base-stock")}
    policies["forecast"] = ForecastBaseStock(problem, EmpiricalQuantiles(1))
    for name, policy in policies.items():
        told, blind = (
            inv_gym.rollout(problem, policy, batch).flow("on_hand").sum(0)
            for batch in (products, seen)
        )
        assert told[row] > 1.05 * blind[row], name
        assert told[1 - row] == blind[1 - row], name


def test_a_censored_game_goes_on_from_what_the_table_tells(tmp_path: Path) -> None:
    source = PanelProducts(table_with_closing_stock(tmp_path), each="2024-03-01")
    problem = LostSales(lead_time=0, horizon=20, censored=True)
    products = Task(problem, source).draw(2)
    assert products.sold_out is not None and products.sold_out.shape == (HISTORY, 2)
    episode = Episode(problem, products)
    episode.step((np.zeros(2),))
    shown = episode.observe().sold_out
    assert np.array_equal(shown[:-1], products.sold_out[1:]) and (shown[-1] == 1.0).all()


def sales_of_poisson(mean: float, stock: float, products: int) -> tuple[np.ndarray, np.ndarray]:
    """Sales ``[H, B]`` of Poisson demand and whether they sold out."""
    demand = np.random.default_rng(8).poisson(mean, (HISTORY, products)).astype(float)
    return np.minimum(demand, stock), (demand >= stock).astype(float)


def test_bayes_of_seen_demand_is_that_of_the_conjugate_prior() -> None:
    sales, _ = sales_of_poisson(6.0, np.inf, 50)
    suggested = gamma_poisson(sales)
    mean = sales.mean(0)
    shape, periods = PRIOR_PERIODS * mean + sales.sum(0), PRIOR_PERIODS + HISTORY
    assert np.allclose(suggested.mean[0], shape / periods, rtol=1e-3)
    assert np.allclose(suggested.variance(), shape / periods + shape / periods**2, rtol=1e-3)


@pytest.mark.parametrize("stock", [5.0, 8.0])
def test_bayes_finds_the_rate_where_most_periods_sold_out(stock: float) -> None:
    """At a stock of 5 and a mean of 8, 9 of 10 periods sell out."""
    sales, sold_out = sales_of_poisson(8.0, stock, 400)
    errors = {
        name: np.abs(suggest(sales, sold_out).mean[0] - 8.0).mean()
        for name, suggest in (("bayes", gamma_poisson), ("product limit", estimate))
    }
    assert abs(gamma_poisson(sales, sold_out).mean[0].mean() - 8.0) < 0.4
    assert errors["bayes"] < 0.9 * errors["product limit"]
    assert sales.mean() < 0.9 * 8.0


def test_bayes_takes_unknown_periods_amounts_and_no_sales() -> None:
    sales, sold_out = sales_of_poisson(8.0, 8.0, 6)
    sales[:-3, 0] = np.nan
    sales[:, 1] = sold_out[:, 1] = 0.0
    sales[:, 2] += 0.5
    suggested = gamma_poisson(sales, sold_out)
    assert np.isfinite(suggested.mean).all() and (suggested.mean > 0.0).all()
    assert suggested.mean[0, 1] < 0.1
    usual = estimate(sales, sold_out)
    assert np.allclose(suggested.mean[0, 2], usual.mean[0, 2])
    assert np.allclose(suggested.variance()[2], usual.variance()[2])


def test_rules_go_on_learning_from_sales_with_bayes() -> None:
    economics = {"price": 2.0, "unit_cost": 1.0, "holding_cost": 1.0, "shortage_cost": 0.0}
    problem = LostSales(lead_time=0, horizon=60, censored=True, discount=1.0)
    task = Task(problem, InstanceProducts("poisson", 10.0, economics))
    rule = Adaptive(BaseStock.closed_form, problem, estimator=gamma_poisson)
    once = Fitted(BaseStock.closed_form, problem, estimator=gamma_poisson)
    orders = inv_gym.rollout(task, rule, number=40, seed=2).orders
    assert abs(orders[30:].mean() / 9.0 - 1.0) < 0.1
    assert inv_gym.rollout(task, once, number=4).orders.shape == (60, 4, 1)
