"""The interval of procurement and removal, against value iteration."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from helpers import distribution_of, economics_of, masses, seen

from inv_gym import ProcurementRemoval, draw_products, instance
from inv_gym.baselines import BaseStock, IntervalStock

FIGURES = {
    "price": 10.0,
    "unit_cost": 5.0,
    "holding_cost": 0.8,
    "shortage_cost": 4.0,
    "removal_value": 2.0,
}


@pytest.mark.parametrize(
    ("name", "interval"), [("removal-cost-form", (8.0, 20.0)), ("removal-profit-form", (8.0, 37.0))]
)
def test_the_intervals_of_the_known_instances(name, interval):
    found = instance(name)
    products = draw_products(found.source, found.problem, 2)
    rule = IntervalStock.optimal(found.problem, products.distribution, products.economics)
    assert list(zip(rule.lower, rule.upper, strict=True)) == [interval] * 2
    assert interval == (found.known["order up to"], found.known["remove down to"])


def interval_by_value_iteration(
    mass: np.ndarray, figures: dict[str, float], g: float, backlog: bool, top: int
) -> Any:
    """The optimal interval by value iteration over every stock and every action, lost sales or
    backlog.
    """
    low = -len(mass) * 3 if backlog else 0
    stocks = np.arange(low, top + 1)
    demand = np.arange(len(mass))
    after = stocks[:, None] - demand
    net = after if backlog else np.maximum(after, 0)
    sold = np.minimum(np.maximum(stocks, 0)[:, None], demand)
    short = np.maximum(-after, 0)
    earned = figures["price"] * (demand if backlog else sold) - figures[
        "holding_cost"
    ] * np.maximum(after, 0)
    profit = (earned - figures["shortage_cost"] * short) @ mass
    place = np.maximum(net - low, 0)
    value = np.zeros(len(stocks))
    buy = -figures["unit_cost"] * np.maximum(stocks - stocks[:, None], 0)
    drop = figures["removal_value"] * np.maximum(stocks[:, None] - stocks, 0)
    allowed = (stocks >= stocks[:, None]) | (stocks >= 0)
    moves = np.where(allowed, buy + drop, -np.inf)
    for _ in range(int(np.log(1e-10) / np.log(g))):
        after_orders = profit + g * (value[place] @ mass)
        value = (moves + after_orders).max(1)
    best = stocks[(moves + after_orders).argmax(1)]
    ordering = best > stocks
    removing = best < stocks
    return best[ordering].max(), best[removing].min()


@pytest.mark.parametrize("backlog", [False, True])
@pytest.mark.parametrize(
    ("name", "removal", "discount"),
    [("poisson", 2.0, 0.9), ("negative_binomial", -1.0, 0.9), ("discrete_uniform", 3.0, 0.8)],
)
def test_the_interval_is_that_of_value_iteration(name, removal, discount, backlog):
    problem = ProcurementRemoval(discount=discount, backlog=backlog)
    figures = {
        "price": 10.0,
        "unit_cost": 5.0,
        "holding_cost": 0.8,
        "shortage_cost": 4.0,
        "removal_value": removal,
    }
    distribution = distribution_of(name, 3.0, 0.5)
    found = IntervalStock.optimal(problem, distribution, economics_of(problem, **figures))
    mass = masses(distribution, 30)
    wanted = interval_by_value_iteration(mass / mass.sum(), figures, discount, backlog, top=60)
    assert (float(found.lower[0]), float(found.upper[0])) == wanted


def test_removal_that_costs_more_than_it_saves_is_never_done():
    problem = ProcurementRemoval(discount=0.99)
    economics = economics_of(
        problem, price=10.0, unit_cost=5.0, holding_cost=0.1, removal_value=-20.0
    )
    rule = IntervalStock.optimal(problem, distribution_of("poisson", 5.0), economics)
    # a unit held for ever costs 0.1 / (1 - 0.99) = 10, less than the fee
    assert rule.upper.tolist() == [np.inf]
    orders = rule(seen(problem.initial_state(np.array([1e6]))))
    assert orders.tolist() == [[0.0, 0.0]]


def test_the_interval_rule_orders_below_removes_above_and_rests_between():
    problem = ProcurementRemoval()
    stock = np.array([-2.0, 3.0, 8.0, 15.0, 20.0, 80.0])
    orders = IntervalStock(problem=problem, lower=8.0, upper=20.0)(
        seen(problem.initial_state(stock))
    )
    assert orders.tolist() == [
        [10.0, 0.0],
        [5.0, 0.0],
        [0.0, 0.0],
        [0.0, 0.0],
        [0.0, 0.0],
        [0.0, 60.0],
    ]


def test_the_interval_of_amounts_scales_with_demand():
    problem = ProcurementRemoval(discount=0.95)
    means = np.array([3.0, 30.0, 3000.0])
    economics = economics_of(
        problem, price=[10.0] * 3, unit_cost=5.0, removal_value=2.0, holding_cost=0.3
    )
    rule = IntervalStock.optimal(problem, distribution_of("gamma", means, 0.4), economics)
    lower, upper = rule.lower, rule.upper
    np.testing.assert_allclose(lower / means, lower[0] / 3.0, rtol=1e-9)
    np.testing.assert_allclose(upper / means, upper[0] / 3.0, rtol=1e-9)
    assert (upper > lower).all()


@pytest.mark.parametrize("backlog", [False, True])
def test_remove_to_lower_orders_and_removes_to_the_newsvendor_level(backlog):
    problem = ProcurementRemoval(discount=0.9, backlog=backlog)
    distribution, economics = (
        distribution_of("poisson", [5.0] * 3),
        economics_of(problem, **{k: [v] * 3 for k, v in FIGURES.items()}),
    )
    level = BaseStock.closed_form(problem, distribution, economics).level
    orders = IntervalStock.remove_to_lower(problem, distribution, economics)(
        seen(problem.initial_state(level + np.array([-2.0, 0.0, 3.0])))
    )
    assert orders.tolist() == [[2.0, 0.0], [0.0, 0.0], [0.0, 3.0]]


def test_an_upper_level_below_the_lower_one_is_refused():
    message = "upper must be at least lower, got 3.0 and 5.0. (product 1)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        IntervalStock(problem=ProcurementRemoval(), lower=np.array([1.0, 5.0]), upper=3.0)
