"""The optimal policy among the others: none beats it, it earns what its table says, and it keeps
the policies' distributions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from exact_cases import published

from inv_gym import (
    DualSourcing,
    InstanceProducts,
    LostSales,
    Observation,
    Perishable,
    Policy,
    Problem,
    ProcurementRemoval,
    Products,
    SyntheticProducts,
    baselines,
    draw_products,
    evaluate,
    rollout,
)
from inv_gym.baselines.exact import Optimal, solve
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.demand.ranges import Uniform
from inv_gym.products.economics import EconomicsRanges
from inv_gym.testing import check_policy
from inv_gym.util.arrays import flatten, map_columns

FINITE: dict[str, Any] = {"horizon": 15, "discount": 0.97, "integer_orders": True}
PROFIT = {
    "price": 10.0,
    "unit_cost": 5.0,
    "holding_cost": 0.5,
    "shortage_cost": 1.0,
    "salvage_value": 4.0,
}
TWO = {
    "price": 20.0,
    "regular_cost": 10.0,
    "expedited_cost": 12.0,
    "holding_cost": 1.0,
    "shortage_cost": 15.0,
}
REMOVAL = {
    "price": 10.0,
    "unit_cost": 5.0,
    "holding_cost": 0.5,
    "removal_value": 2.0,
    "shortage_cost": 2.0,
}

CASES: dict[str, tuple[Problem, InstanceProducts]] = {
    "lost sales": (LostSales(**FINITE), InstanceProducts("poisson", 4.0, PROFIT, stock=7.0)),
    "lost sales, lead time": (
        LostSales(lead_time=2, **FINITE),
        InstanceProducts("geometric", 2.0, PROFIT),
    ),
    "perishable": (
        Perishable(shelf_life=2, **FINITE),
        InstanceProducts(
            "negative_binomial", 3.0, {**PROFIT, "outdating_cost": 1.0}, dispersion=0.5
        ),
    ),
    "perishable, newest first, lead time": (
        Perishable(shelf_life=2, lead_time=1, issuing="newest_first", **FINITE),
        InstanceProducts("rounded_gamma", 3.0, PROFIT, dispersion=0.3),
    ),
    "two sources": (DualSourcing(**FINITE), InstanceProducts("discrete_uniform", 2.0, TWO)),
    "two sources, lost sales": (
        DualSourcing(backlog=False, **FINITE),
        InstanceProducts("poisson", 2.0, TWO),
    ),
    "removal": (
        ProcurementRemoval(**FINITE),
        InstanceProducts("poisson", 3.0, REMOVAL, stock=40.0),
    ),
    "removal, backlog": (
        ProcurementRemoval(backlog=True, **FINITE),
        InstanceProducts("geometric", 2.0, REMOVAL),
    ),
}
NUMBER = 80


@pytest.mark.parametrize("name", CASES)
@pytest.mark.usefixtures("short_search")
def test_no_heuristic_beats_the_optimum_and_the_optimum_earns_what_it_is_worth(name):
    problem, source = CASES[name]
    if "removal" in name:
        problem = replace(
            problem, initial_stock=(0.0, 0.0)
        )  # all start from the stock of the instance
    products = draw_products(source, problem, NUMBER, seed=5)
    candidates = baselines.policies(problem)
    frame = evaluate(
        problem, {"optimal": Optimal(problem), **candidates}, products, reference="optimal"
    ).frame.set_index("policy")
    assert len(frame) == len(candidates) + 1 > 5
    assert (frame["gap_low"] <= 1e-9).all(), frame.loc[frame["gap_low"] > 1e-9, ["gap", "gap_low"]]
    assert frame.loc["optimal", "gap"] == 0.0
    assert frame.loc["random orders", "gap_high"] < 0.0
    distribution, economics = products.distribution, products.economics
    one = slice(0, 1)
    stock = source.stock or 0.0
    solution = solve(
        problem, distribution.rows(one), map_columns(lambda column: column[one], economics), stock
    )
    per_period = solution.value(stock) / (problem.discount ** np.arange(problem.horizon)).sum()
    reward, error = frame.loc["optimal", ["reward", "standard_error"]]
    assert abs(reward - per_period) < 3.0 * error
    assert error < 0.09 * abs(per_period)


@pytest.mark.parametrize("name", ["zipkin2008-poisson5-p4-L2", "gijsbrechts2022-l2-c110"])
@pytest.mark.usefixtures("short_search")
def test_no_heuristic_beats_the_optimum_of_a_published_instance_in_the_long_run(name):
    found, _, _ = published(name)
    policies: dict[str, Policy] = {
        key: policy
        for key, policy in baselines.policies(found.problem).items()
        if policy.knows == "distribution"
    }
    products = draw_products(found.source, found.problem, 20, seed=6)
    frame = evaluate(
        found.problem,
        {"optimal": Optimal(found.problem), **policies},
        products,
        reference="optimal",
        warm_up=found.warm_up,
    ).frame.set_index("policy")
    assert (frame["gap_low"] <= 1e-9).all(), frame.loc[frame["gap_low"] > 1e-9, ["gap", "gap_low"]]
    reward, error = frame.loc["optimal", ["reward", "standard_error"]]
    assert abs(-reward - found.known["optimal average cost"]) < 3.0 * error + 0.005


@pytest.mark.parametrize(
    ("problem", "source"),
    [
        *CASES.values(),
        (
            LostSales(lead_time=2, integer_orders=True, long_run=True),
            CASES["lost sales, lead time"][1],
        ),
        (LostSales(lead_time=1, integer_orders=True, censored=True), CASES["lost sales"][1]),
    ],
)
def test_the_optimum_keeps_the_laws_of_policies(problem, source):
    check_policy(Optimal(problem), problem, source)


RANGES = EconomicsRanges(price=Uniform(8.0, 12.0))
MANY = SyntheticProducts(
    families=("poisson", "geometric", "rounded_gamma"),
    mean=Uniform(1.0, 3.0),
    dispersion=0.4,
    economics=RANGES,
)
MIXED: list[Problem] = [
    LostSales(lead_time=1, **FINITE),
    Perishable(shelf_life=2, **FINITE),
    DualSourcing(regular_lead_time=1, **FINITE),
    ProcurementRemoval(**FINITE),
]


def twice(products: Products) -> Products:
    """The batch with its first three products again at its end."""
    return products.rows(np.r_[0 : products.batch, 0:3])


@pytest.mark.parametrize("problem", MIXED)
def test_a_batch_of_different_products_is_solved_product_by_product(problem):
    products = twice(draw_products(MANY, problem, 5, seed=3))
    planned: Any = Optimal(problem).plan(problem, products)
    assert len(planned.solutions) == 5
    assert planned.group[:3].tolist() == planned.group[5:].tolist()
    played = rollout(problem, Optimal(problem), products)
    assert played.orders.sum() > 0.0
    for row in range(products.batch):
        alone = rollout(problem, Optimal(problem), products.rows(slice(row, row + 1)))
        assert np.array_equal(alone.orders[:, 0], played.orders[:, row])
    one = slice(2, 3)
    distribution = products.distribution.rows(one)
    costs = map_columns(lambda column: column[one], products.economics)
    solution = solve(
        problem, distribution, costs, stock=float(np.max(products.initial_state.inventory_position))
    )
    first = np.array(flatten(products.initial_state)).reshape(-1, products.batch)[:, one]
    assert np.array_equal(played.orders[0, 2], solution.orders[0, solution.place(first)][0])


@pytest.mark.parametrize("problem", MIXED)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_torch_and_numpy_observations_get_the_same_orders(problem, dtype):
    products = draw_products(MANY, problem, 4, seed=4)
    wanted = rollout(problem, Optimal(problem), products).orders
    given = products.to(torch.empty(0, dtype=dtype))
    got = rollout(problem, Optimal(problem), given).orders
    assert isinstance(got, torch.Tensor) and got.dtype == dtype
    assert np.array_equal(got.numpy(), wanted)


def test_one_table_serves_any_number_of_rows():
    problem, source = CASES["lost sales, lead time"]
    policy: Any = Optimal(problem).plan(problem, draw_products(source, problem, 2))
    state = problem.initial_state(np.array([0.0, 3.0, 6.0]))
    orders = policy(Observation(state, np.zeros((0, 3)), None, np.ones(3), None, 0))
    assert orders.shape == (3, 1)
    (solution,) = policy.solutions
    wanted = solution.orders[0, solution.place(np.array([[0.0, 3.0, 6.0], [0.0, 0.0, 0.0]]))]
    assert np.array_equal(orders, wanted) and orders[0] > orders[2]


def test_the_orders_of_a_season_follow_its_periods():
    problem, source = LostSales(**FINITE), replace(MANY, families=("poisson",))
    products = draw_products(source, problem, 1, seed=1)
    distribution = products.distribution
    means = 2.0 + np.sin(np.arange(15.0))[:, None]
    season = products._replace(distribution=replace(distribution, mean=means))
    policy: Any = Optimal(problem).plan(problem, season)
    empty = problem.initial_state(np.zeros(1))
    orders = [
        float(policy(Observation(empty, None, products.economics, np.ones(1), None, t))[0, 0])
        for t in range(15)
    ]
    levels = [float(policy.solutions[0].orders[t, 0, 0]) for t in range(15)]
    assert orders == levels
    # units left are worth their unit cost if the next level takes them, and at most that (salvage
    # is at the unit cost)
    ratio = critical_ratio(problem, products.economics)
    assert season.distribution is not None
    own = [float(season.distribution.at(t).quantile(ratio)[0]) for t in range(15)]
    assert all(order <= level for order, level in zip(orders, own, strict=True))
    takes = [t for t in range(14) if orders[t + 1] >= own[t]] + [14]
    assert [orders[t] for t in takes] == [own[t] for t in takes]
    assert len(takes) > 5 and len(set(orders)) > 2
