"""The rules that are searched on exact costs are the best of all, whatever is near them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from exact_cases import AVERAGE, distribution_of, economics_of

from inv_gym import LostSales, draw_products
from inv_gym.baselines import (
    BaseStock,
    CappedBaseStock,
    ConstantOrder,
    ProjectedLevel,
    VectorBaseStock,
)
from inv_gym.baselines.exact import follow
from inv_gym.baselines.exact.limits import GrowingStockError
from inv_gym.demand.distribution import Distribution, join
from inv_gym.products.synthetic import InstanceProducts

CASES = [
    ("poisson", 1, 4.0),
    ("poisson", 1, 39.0),
    ("poisson", 2, 9.0),
    ("poisson", 2, 19.0),
    ("geometric", 1, 9.0),
    ("geometric", 1, 19.0),
    ("geometric", 2, 4.0),
]


def case(family: str, lead_time: int, shortage: float) -> tuple[LostSales, Distribution, Any]:
    problem = LostSales(lead_time=lead_time, **AVERAGE)
    economics = economics_of(problem, holding_cost=1.0, shortage_cost=shortage)
    return problem, distribution_of(family, 5.0), economics


def cost(problem: LostSales, rule: Any, distribution: Distribution, economics: Any) -> float:
    try:
        chain = follow(replace(problem, horizon=1), rule, distribution, economics)
    except GrowingStockError:
        return np.inf
    return -chain.average()


@pytest.mark.parametrize("given", CASES)
def test_no_base_stock_level_costs_less_than_the_searched_one(given):
    problem, *rest = case(*given)
    found = cost(problem, BaseStock.searched(problem, *rest), *rest)
    rules = [BaseStock(problem=problem, level=float(units)) for units in range(4, 45)]
    assert found <= min(cost(problem, rule, *rest) for rule in rules) + 1e-9


@pytest.mark.parametrize("given", CASES)
def test_no_common_probability_costs_less_than_the_searched_one(given):
    problem, *rest = case(*given)
    found = cost(problem, VectorBaseStock.searched(problem, *rest), *rest)
    scores = np.linspace(-1.5, 3.5, 1501)
    rules = {
        tuple(float(level[0]) for level in rule.levels): rule
        for rule in (VectorBaseStock.at(problem, *rest, np.array([[s]])) for s in scores)
    }
    best = min(cost(problem, rule, *rest) for rule in rules.values())
    assert found <= 1.0003 * best


@pytest.mark.parametrize("given", CASES)
def test_no_level_and_cap_near_by_cost_less_than_the_searched_ones(given):
    problem, *rest = case(*given)
    rule = CappedBaseStock.searched(problem, *rest)
    found, level, cap = cost(problem, rule, *rest), rule.level[0], rule.cap[0]
    pairs = [(level + i, cap + j) for i in range(-6, 7) for j in range(-4, 5) if cap + j > 0]
    rules = [CappedBaseStock(problem=problem, level=s, cap=r) for s, r in pairs]
    assert found <= 1.0003 * min(cost(problem, rule, *rest) for rule in rules)


@pytest.mark.parametrize("given", CASES)
def test_no_constant_order_costs_less_than_the_searched_one_and_stock_never_grows(given):
    problem, *rest = case(*given)
    rule = ConstantOrder.searched(problem, *rest)
    rules = [ConstantOrder(problem=problem, quantity=float(units)) for units in range(5)]
    assert cost(problem, rule, *rest) == min(cost(problem, rule, *rest) for rule in rules)


@pytest.mark.parametrize("family", ["poisson", "geometric"])
@pytest.mark.parametrize("mean", [1.0, 5.0, 9.0])
@pytest.mark.parametrize("shortage", [4.0, 99.0, 1e6])
def test_the_closed_form_of_the_constant_order_is_rounded_down_below_the_mean(
    family, mean, shortage
):
    problem, _, economics = case("poisson", 2, shortage)
    distribution = distribution_of(family, mean)
    rule = ConstantOrder.closed_form(problem, distribution, economics)
    assert rule.quantity[0] == np.floor(rule.quantity[0]) < mean
    assert np.isfinite(cost(problem, rule, distribution, economics))
    free = economics._replace(holding_cost=np.zeros(1))
    assert ConstantOrder.closed_form(problem, distribution, free).quantity[0] < mean


@pytest.mark.parametrize("kind", [BaseStock, VectorBaseStock, CappedBaseStock, ProjectedLevel])
def test_the_products_of_a_batch_are_searched_as_alone(kind):
    problem, distribution, economics = case("poisson", 1, 4.0)
    dearer = case("poisson", 1, 19.0)[2]
    both = join([distribution, distribution, distribution])
    columns = [np.concatenate(c) for c in zip(economics, dearer, economics, strict=True)]
    rule = kind.searched(problem, both, type(economics)(*columns))
    alone = kind.searched(problem, distribution, dearer)
    for name, parameter in rule.parameters.items():
        expected = np.asarray(alone.parameters[name])[..., 0]
        np.testing.assert_array_equal(np.asarray(parameter)[..., 1], expected)
        np.testing.assert_array_equal(np.asarray(parameter)[..., 0], np.asarray(parameter)[..., 2])


def test_many_different_products_are_searched_on_paths():
    problem = LostSales(lead_time=1, **AVERAGE)
    source = InstanceProducts("poisson", 5.0, {"holding_cost": 1.0, "shortage_cost": 4.0})
    products = draw_products(source, problem, 40)
    economics = products.economics._replace(shortage_cost=np.linspace(3.0, 9.0, 40))
    together = BaseStock.searched(problem, products.distribution, economics)
    on_paths = BaseStock.searched_on_paths(problem, products.distribution, economics)
    np.testing.assert_array_equal(together.level, on_paths.level)
