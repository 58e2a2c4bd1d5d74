"""Base-stock policies that order for what will outdate: expected waste by hand, limits, and known
costs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from helpers import distribution_of, economics_of

from inv_gym import (
    POPULATIONS,
    Observation,
    Perishable,
    draw_products,
    evaluate,
    instance,
    make_problem,
    rollout,
)
from inv_gym.baselines import (
    BaseStock,
    Fitted,
    LowWasteBaseStock,
    ProjectedPerishableLevel,
    WasteAwareBaseStock,
)
from inv_gym.problems.perishable import PerishableState
from inv_gym.util.arrays import like, map_columns


def observe(stock: list[float], pipeline: tuple[float, ...] = ()) -> Observation:
    """One product with stock by remaining life, oldest first."""
    state = PerishableState(
        tuple(np.array([units]) for units in stock), tuple(np.array([units]) for units in pipeline)
    )
    return Observation(state, None, economics_of(Perishable(), price=5.0), np.ones(1), None, 0)


@pytest.mark.parametrize(
    ("fields", "stock", "pipeline", "waste"),
    [
        (
            {"shelf_life": 3, "lead_time": 1},
            [4.0, 2.0, 1.0],
            (),
            1.0,
        ),  # 4 - 3; then 2 and 1 are sold
        ({"shelf_life": 3, "lead_time": 1, "issuing": "newest_first"}, [4.0, 2.0, 1.0], (), 4.0),
        (
            {"shelf_life": 3, "lead_time": 1},
            [0.0, 9.0, 2.0],
            (),
            3.0,
        ),  # 9 - 3 - 3 in the second period
        ({"shelf_life": 2, "lead_time": 0}, [5.0], (), 2.0),
        (
            {"shelf_life": 2, "lead_time": 2},
            [3.0, 4.0],
            (9.0,),
            7.0,
        ),  # nothing, then 4 - 3, then 9 - 3
        ({"shelf_life": 1, "lead_time": 0}, [], (), 0.0),
    ],
)
def test_expected_waste_and_the_order_for_it_by_hand(fields, stock, pipeline, waste):
    seen = observe(stock, pipeline)
    rule = WasteAwareBaseStock(
        problem=Perishable(**fields), level=np.array([20.0]), mean_demand=np.array([3.0])
    )
    assert rule.expected_waste(seen) == waste
    assert rule(seen)[0, 0] == 20.0 - sum(stock) - sum(pipeline) + waste


def test_an_order_is_never_negative():
    rule = WasteAwareBaseStock(
        problem=Perishable(shelf_life=2), level=np.array([2.0]), mean_demand=np.array([3.0])
    )
    assert rule(observe([9.0])) == 0.0


def test_stock_that_keeps_for_long_is_ordered_by_a_plain_base_stock():
    problem = Perishable(shelf_life=60, lead_time=2, horizon=40, initial_stock=(0.0, 2.0))
    products = draw_products(POPULATIONS["default"], problem, 30)
    level, mean = 4.0 * products.scale, products.scale
    plain = BaseStock(problem=problem, level=level)
    aware = WasteAwareBaseStock(problem=problem, level=level, mean_demand=mean)
    np.testing.assert_array_equal(
        *(rollout(problem, rule, products).orders for rule in (plain, aware))
    )


def test_with_equal_levels_the_low_waste_policy_is_the_waste_aware_one():
    problem = Perishable(lead_time=1, horizon=20)
    products = draw_products(POPULATIONS["high_variance"], problem, 30)
    fields = {"problem": problem, "level": 3.0 * products.scale, "mean_demand": products.scale}
    aware = WasteAwareBaseStock(**fields)
    for threshold in (0.0, 1.0, 100.0):
        low = LowWasteBaseStock(
            **fields, low_position_level=fields["level"], threshold=threshold * products.scale
        )
        np.testing.assert_allclose(
            *(rollout(problem, rule, products).orders for rule in (low, aware)), rtol=1e-12
        )


def test_low_waste_orders_follow_the_two_branches_of_the_paper():
    rng = np.random.default_rng(4)
    problem = Perishable(shelf_life=2, lead_time=1)
    for _ in range(50):
        old, fresh, s1, s2, threshold = rng.uniform(0.5, 10.0, 5)
        rule = LowWasteBaseStock(
            problem=problem,
            level=s2,
            low_position_level=s1,
            threshold=threshold,
            mean_demand=np.array([3.0]),
        )
        position, waste = (
            old + fresh,
            max(old - 3.0, 0.0) + max(fresh - max(3.0 - old, 0.0) - 3.0, 0.0),
        )
        alpha = 1.0 - (s2 - s1) / threshold
        wanted = s2 - position + waste if position >= threshold else s1 - alpha * position + waste
        assert rule(observe([old, fresh]))[0, 0] == pytest.approx(max(wanted, 0.0), abs=1e-9)


@pytest.mark.parametrize("name", ["level", "mean_demand", "low_position_level", "threshold"])
def test_negative_parameters_are_refused(name):
    fields = {"level": 4.0, "mean_demand": 2.0, "low_position_level": 3.0, "threshold": 2.0}
    with pytest.raises(ValueError, match=f"^{name} must be at least 0, got -1.0.$"):
        LowWasteBaseStock(problem=Perishable(), **{**fields, name: -1.0})


@pytest.mark.parametrize(
    ("name", "aware", "low", "costs"),
    [
        ("demoor2022-oldest-first", 7.0, (11.0, 4.4, 10.3), (1474.1, 1458.2)),
        ("demoor2022-newest-first", 5.0, (6.0, 3.6, 4.5), (1564.3, 1554.7)),
    ],
)
def test_costs_on_the_instances_of_de_moor(name, aware, low, costs):
    """Between the published optimum and the best base-stock, as measured on 2000 paths."""
    found = instance(name)
    mean = np.array(4.0)
    rules = {
        "base-stock": BaseStock(problem=found.problem, level=np.array(aware)),
        "aware": WasteAwareBaseStock(
            problem=found.problem, level=np.array(aware), mean_demand=mean
        ),
        "low": LowWasteBaseStock(
            problem=found.problem,
            level=low[0],
            low_position_level=low[1],
            threshold=low[2],
            mean_demand=mean,
        ),
    }
    frame = evaluate(found, rules, number=400, seed=1, reference="base-stock").frame.set_index(
        "policy"
    )
    weight = sum(0.99**period for period in range(365))
    cost, error = -frame.reward * weight, 4.0 * frame.standard_error * weight
    assert abs(cost["aware"] - costs[0]) < error["aware"]
    assert abs(cost["low"] - costs[1]) < error["low"]
    assert cost["low"] < cost["aware"] < cost["base-stock"]
    assert (
        cost["low"]
        > found.known["optimal discounted cost of 365 periods after warm-up"] - error["low"]
    )


def test_searched_parameters_earn_more_with_every_step_of_generality():
    problem = make_problem("InvPerishable-v0", lead_time=1)
    kinds = (BaseStock, WasteAwareBaseStock, LowWasteBaseStock)
    policies = {kind.__name__: Fitted(kind.searched, problem, "distribution") for kind in kinds}
    frame = evaluate(
        problem, policies, POPULATIONS["high_variance"], number=32, reference="BaseStock"
    ).frame
    assert list(frame.policy) == [kind.__name__ for kind in reversed(kinds)]


def test_levels_are_quantiles_of_the_demand_that_a_position_covers():
    problem = Perishable(lead_time=2)
    distribution = distribution_of("poisson", [5.0, 9.0])
    scores = np.array([[0.0, 0.0], [1.0, -1.0]])
    rule = LowWasteBaseStock.at(
        problem, distribution, None, scores, scores * 0.0 + 0.5, scores * 0.0 + 0.25
    )
    np.testing.assert_array_equal(rule.level, [15.0, 27.0, 19.0, 22.0])
    np.testing.assert_array_equal(rule.low_position_level, rule.level / 2.0)
    np.testing.assert_array_equal(rule.threshold, rule.level / 4.0)
    np.testing.assert_array_equal(rule.mean_demand, [5.0, 9.0, 5.0, 9.0])


@pytest.mark.parametrize("kind", [WasteAwareBaseStock, LowWasteBaseStock])
@pytest.mark.parametrize("fields", [{"shelf_life": 1}, {"shelf_life": 4, "lead_time": 3}], ids=str)
def test_orders_on_torch_columns_are_those_on_numpy_columns(kind: Any, fields: dict[str, int]):
    problem = Perishable(**fields, horizon=6)
    products = draw_products(POPULATIONS["continuous"], problem, 20)
    score = np.zeros((1, 20))
    shares = [score + 0.6] * (len(kind.SEARCH) - 1)
    rule = kind.at(problem, products.distribution, products.economics, score, *shares)
    state = map_columns(lambda column: column + products.scale, products.initial_state)
    seen = Observation(state, None, products.economics, products.scale, None, 0)
    other = map_columns(
        lambda x: like(x, torch.empty(0, dtype=torch.float64)), seen._replace(period=None)
    )
    orders = rule(other._replace(period=0))
    assert isinstance(orders, torch.Tensor)
    np.testing.assert_allclose(orders.numpy(), rule(seen), rtol=1e-12)


def test_a_threshold_of_nothing_leaves_the_level():
    problem = Perishable(shelf_life=2, lead_time=1)
    low = LowWasteBaseStock(
        problem=problem,
        level=8.0,
        low_position_level=2.0,
        threshold=0.0,
        mean_demand=np.array([3.0]),
    )
    assert low(observe([1.0, 1.0])) == 6.0
    assert replace(low, threshold=2.0)(observe([0.0, 1.0])) == 4.0  # halfway, 5, less 1


def test_the_projected_level_counts_the_stock_that_is_left_and_fresh_enough() -> None:
    problem = Perishable(shelf_life=2, lead_time=1)
    distribution = distribution_of("poisson", 4.0)
    rule = ProjectedPerishableLevel(
        problem=problem, level=np.array([6.0]), distribution=distribution
    )
    # 3 outdate or sell today; of the 5 others those are left that demand beyond 3 does not take
    demand = np.arange(60)
    chance = np.diff(distribution.cdf(demand[:, None])[:, 0], prepend=0.0)
    expected = chance @ np.clip(5.0 - np.maximum(demand - 3.0, 0.0), 0.0, None)
    order = float(rule(observe([3.0, 5.0]))[0, 0])
    assert order == pytest.approx(6.0 - expected, rel=0.01)


def test_the_projected_level_needs_a_lead_time() -> None:
    with pytest.raises(ValueError, match="lead_time must be at least 1 for ProjectedPerishable"):
        ProjectedPerishableLevel(
            problem=Perishable(lead_time=0),
            level=np.ones(1),
            distribution=distribution_of("poisson", 4.0),
        )
