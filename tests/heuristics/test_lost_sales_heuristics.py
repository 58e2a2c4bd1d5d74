"""Myopic and dual-balancing orders: enumeration of every demand path, exact convolution, limits and
known costs.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from helpers import distribution_of, economics_of
from scipy import stats

from inv_gym import POPULATIONS, LostSales, Observation, draw_products, evaluate, instance
from inv_gym.baselines import BaseStock, DualBalancing, Fitted, Myopic
from inv_gym.baselines.fitting.scenarios import PATHS, demand_scenarios
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.demand.distribution import Distribution
from inv_gym.problems.lost_sales import LostSalesState
from inv_gym.util.arrays import like, map_columns

COSTS = {"holding_cost": 1.0, "shortage_cost": 4.0}


def observe(problem: LostSales, stock: list[tuple[float, ...]], **costs: float) -> Observation:
    """One product per state ``(on hand, pipeline ...)``."""
    on_hand, *pipeline = np.array(stock, dtype=float).T
    economics = economics_of(
        problem, **{name: np.full(len(stock), cost) for name, cost in costs.items()}
    )
    return Observation(
        LostSalesState(on_hand, tuple(pipeline)), None, economics, np.ones(len(stock)), None, 0
    )


def every_path(values: int, periods: int) -> np.ndarray:
    """All paths of demands 0 .. values - 1, ``[periods, paths]``."""
    return np.array(list(product(range(values), repeat=periods)), dtype=float).T


def stock_on_arrival(state: tuple[float, ...], path: np.ndarray) -> float:
    """Stock on hand L periods ahead, unit by unit."""
    on_hand, lead_time = state[0], len(state)
    for period in range(lead_time):
        on_hand = max(on_hand - path[period], 0.0) + (
            state[period + 1] if period + 1 < lead_time else 0.0
        )
    return on_hand


STATES = [(0.0, 0.0), (3.0, 1.0), (0.0, 4.0), (7.0, 2.0), (2.0, 2.0)]


def test_a_myopic_order_is_the_smallest_that_reaches_the_ratio_over_all_demand_paths():
    problem = LostSales(lead_time=2, discount=1.0)
    paths = every_path(5, 3)
    scenarios = tuple(np.tile(period, (len(STATES), 1)) for period in paths)
    for ratio in (0.3, 0.8, 0.95):
        rule = Myopic(problem=problem, demand=scenarios, ratio=np.full(len(STATES), ratio))
        orders = rule(observe(problem, STATES, **COSTS))[:, 0]
        for state, order in zip(STATES, orders, strict=True):
            enough = [
                np.mean([path[2] <= stock_on_arrival(state, path) + q for path in paths.T])
                >= ratio - 1e-12
                for q in range(20)
            ]
            assert order == enough.index(True)


def costs_of_an_order(
    state: tuple[float, ...], q: float, paths: np.ndarray, g: float
) -> tuple[float, float]:
    """Mean holding of an order's own units from arrival on, and what is lost in that period; first
    in first out.
    """
    held = lost = 0.0
    for path in paths.T:
        ahead, own = stock_on_arrival(state, path), q
        for k, demand in enumerate(path[len(state) :]):
            from_others = min(ahead, demand)
            from_own = min(own, demand - from_others)
            ahead, own = ahead - from_others, own - from_own
            held += g**k * own
            lost += (demand - from_others - from_own) if k == 0 else 0.0
    return held / paths.shape[1], lost / paths.shape[1]


def test_a_dual_balancing_order_balances_its_own_holding_and_what_is_lost_over_all_demand_paths():
    problem = LostSales(lead_time=2, discount=0.9)
    paths = every_path(3, 2 + 4)
    states = STATES[:3]
    rule = DualBalancing(
        problem=problem,
        demand=tuple(np.tile(period, (len(states), 1)) for period in paths),
        holding_cost=np.full(len(states), 0.5),
        lost_cost=np.full(len(states), 3.0),
        integer=np.zeros(len(states), bool),
    )
    orders = rule(observe(problem, states, **COSTS))[:, 0]
    assert (orders > 0.1).any()
    for state, order in zip(states, orders, strict=True):
        held, lost = costs_of_an_order(state, order, paths, 0.9)
        assert 0.5 * held == pytest.approx(3.0 * lost, abs=5e-3)


def exact_needs(state: tuple[int, ...], periods: int, size: int = 160) -> list[np.ndarray]:
    """The distribution of demand lost in periods ``L .. L + k``, k = 0, 1, ..., for Poisson(5), by
    convolution.
    """
    mass = stats.poisson(5.0).pmf(np.arange(size))
    on_hand = np.eye(size)[state[0]]
    for arriving in (*state[1:], 0):
        after = np.correlate(on_hand, mass, "full")[size - 1 :]  # P(stock less demand = k), k >= 0
        after[0] += 1.0 - after.sum()
        on_hand = np.roll(after, arriving)
    needs, demand = [], np.eye(size)[0]
    for _ in range(periods):
        demand = np.convolve(demand, mass)[:size]
        lost = np.correlate(demand, on_hand, "full")[size - 1 :]
        lost[0] += 1.0 - lost.sum()
        needs.append(lost)
    return needs


def test_scenarios_give_the_orders_of_the_exact_law_but_for_a_unit_in_few_states():
    problem = LostSales(lead_time=4, discount=1.0)
    rng = np.random.default_rng(3)
    states = [(int(rng.poisson(5.0)), *map(int, rng.integers(2, 8, 3))) for _ in range(80)]
    distribution = distribution_of("poisson", np.full(len(states), 5.0))
    seen = observe(problem, states, **COSTS)
    myopic = Myopic.closed_form(problem, distribution, seen.economics)(seen)[:, 0]
    dual = DualBalancing.closed_form(problem, distribution, seen.economics)(seen)[:, 0]
    grid = np.arange(0.0, 16.0, 0.01)
    left = np.maximum(grid[:, None] - np.arange(160), 0.0)
    short = np.maximum(np.arange(160) - grid[:, None], 0.0)
    wanted, balancing = [], []
    for state in states:
        needs = exact_needs(state, 8)
        wanted.append(np.argmax(np.cumsum(needs[0]) >= 0.8 - 1e-12))
        balancing.append(grid[np.argmax(left @ sum(needs) >= 4.0 * short @ needs[0])])
    assert np.abs(myopic - wanted).max() <= 1.0
    assert (myopic != wanted).mean() <= 0.1
    assert np.abs(dual - balancing).max() <= 0.6  # half a unit is the rounding
    assert np.mean(dual - balancing) == pytest.approx(0.0, abs=0.1)


def test_without_lead_time_a_myopic_order_fills_up_to_the_newsvendor_level():
    problem = LostSales()
    distribution = distribution_of("poisson", [5.0, 20.0, 0.7])
    states = [(0.0,), (3.0,), (4.0,)]
    seen = observe(problem, states, **COSTS)
    rule, level = (
        kind.closed_form(problem, distribution, seen.economics) for kind in (Myopic, BaseStock)
    )
    np.testing.assert_array_equal(rule(seen), level(seen))


def test_more_stock_on_hand_or_on_order_never_raises_an_order_and_little_demand_needs_none():
    problem = LostSales(lead_time=3)
    states = [
        (float(i), float(j), float(k))
        for i in range(0, 12, 3)
        for j in range(0, 9, 4)
        for k in range(0, 9, 4)
    ]
    seen = observe(problem, states, **COSTS)
    distribution = distribution_of("poisson", np.full(len(states), 5.0))
    for kind in (Myopic, DualBalancing):
        orders = kind.closed_form(problem, distribution, seen.economics)(seen).reshape(4, 3, 3)
        assert (orders[0, 0, 0], orders[3, 2, 2]) > (0.0, 0.0)
        for axis in range(3):
            assert (np.diff(orders, axis=axis) <= 0.0).all()
        assert (orders == np.rint(orders)).all()
        full = observe(problem, [(60.0, 0.0, 0.0)], **COSTS)
        assert (
            kind.closed_form(problem, distribution.rows(slice(0, 1)), full.economics)(full) == 0.0
        )


def test_nothing_is_ordered_where_no_order_pays():
    problem = LostSales(lead_time=5, discount=0.8)
    seen = observe(problem, [(20.0, 1.0, 1.0, 1.0, 1.0)], price=10.0, unit_cost=9.0)
    distribution = distribution_of("gamma", 5.0, 0.3)
    assert critical_ratio(problem, seen.economics) < 1e-5
    assert DualBalancing.closed_form(problem, distribution, seen.economics)(seen) == 0.0


@pytest.mark.parametrize("kind", [Myopic, DualBalancing])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_orders_on_torch_columns_are_those_on_numpy_columns(kind: Any, dtype: torch.dtype):
    problem = LostSales(lead_time=3)
    products = draw_products(POPULATIONS["default"], problem, 40)
    state = LostSalesState(products.scale * 2.0, (products.scale, products.scale * 0.5))
    rule = kind.closed_form(problem, products.distribution, products.economics)
    seen = Observation(state, None, products.economics, products.scale, None, 0)
    other = map_columns(lambda x: like(x, torch.empty(0, dtype=dtype)), seen._replace(period=None))
    orders = rule(other._replace(period=0))
    assert orders.dtype == dtype
    np.testing.assert_allclose(orders.numpy(), rule(seen), rtol=1e-4, atol=1e-3)


def test_scenarios_follow_the_law_of_their_period_each_as_evenly_as_can_be():
    mean = np.array([[5.0, 30.0], [9.0, 2.0], [1.0, 60.0]])
    for name, dispersion in (("poisson", 0.0), ("gamma", 0.4)):
        season = Distribution(
            distribution_of(name, 1.0, dispersion).families,
            np.zeros(2, int),
            mean,
            np.full(2, dispersion),
        )
        demand = demand_scenarios(season, 5)
        for period, paths in enumerate(demand):
            middles = (np.arange(PATHS) + 0.5) / PATHS
            wanted = season.at(period).quantile(middles[:, None]).T
            tolerance = 0.0 if name == "poisson" else wanted.max() / 500.0
            np.testing.assert_allclose(np.sort(paths, 1), wanted, atol=tolerance * 1.01)
        ranks = np.argsort(np.argsort(np.stack(demand)[:, 1], axis=-1, kind="stable"), axis=-1)
        assert np.abs(np.corrcoef(ranks) - np.eye(5)).max() < 0.1


def test_counts_too_large_for_the_lattice_stay_whole():
    (paths,) = demand_scenarios(distribution_of("negative_binomial", [3000.0], 0.5), 1)
    assert (paths == np.rint(paths)).all()
    assert paths.mean() == pytest.approx(3000.0, rel=0.01)


def test_costs_on_the_instance_of_zipkin_with_four_periods():
    """Myopic and dual-balancing orders by lead-time scenarios; the optimum is 4.73
    (Zipkin 2008).
    """
    found = instance("zipkin2008-poisson5-p4-L4")
    kinds = (Myopic, DualBalancing)
    policies = {
        kind.__name__: Fitted(kind.closed_form, found.problem, "distribution") for kind in kinds
    }
    frame = evaluate(
        found.problem, policies, found.source, number=64, seed=1, warm_up=100
    ).frame.set_index("policy")
    cost, error = -frame.reward, 4.0 * frame.standard_error
    assert abs(cost["Myopic"] - 5.06) < error["Myopic"]
    assert abs(cost["DualBalancing"] - 4.745) < error["DualBalancing"]
    assert (cost > found.known["optimal average cost"] - error).all()
