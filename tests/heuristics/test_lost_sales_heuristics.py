"""Myopic and dual-balancing orders: enumeration of every demand path, exact convolution, limits and
known costs.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from helpers import distribution_of, economics_of
from scipy import stats

from inv_gym import POPULATIONS, LostSales, Observation, draw_products, evaluate, instance
from inv_gym.baselines import (
    BaseStock,
    DualBalancing,
    Fitted,
    Myopic,
    Myopic2,
    ProjectedLevel,
)
from inv_gym.baselines.exact import follow
from inv_gym.baselines.fitting.moments import Moments
from inv_gym.baselines.fitting.projection import Lattice
from inv_gym.baselines.fitting.scenarios import SCENARIO_PATHS, demand_scenarios
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


UNIFORM = distribution_of("discrete_uniform", 2.0)
"""0 .. 4 with equal chances: every path of `every_path(5, periods)` is as likely."""


@pytest.mark.parametrize("ratio", [0.3, 0.8, 0.95])
def test_a_myopic_order_is_the_smallest_that_reaches_the_ratio_over_all_demand_paths(ratio):
    problem = LostSales(lead_time=2, discount=1.0)
    paths = every_path(5, 3)
    rule = Myopic(problem=problem, distribution=UNIFORM, ratio=ratio)
    orders = rule(observe(problem, STATES, **COSTS))[:, 0]
    for state, order in zip(STATES, orders, strict=True):
        enough = [
            np.mean([path[2] <= stock_on_arrival(state, path) + q for path in paths.T])
            >= ratio - 1e-12
            for q in range(20)
        ]
        assert order == enough.index(True)


def two_period_cost(state: tuple[float, ...], q: int, discount: float) -> float:
    """The expected cost of the periods t + L and t + L + 1 under the best next order, which is
    placed when the demand of period t is known, by enumeration.
    """

    def cost(stock: float) -> float:
        return float(np.mean([max(stock - d, 0.0) + 4.0 * max(d - stock, 0.0) for d in range(5)]))

    lead_time, total = len(state), 0.0
    for today in range(5):
        paths = [(float(today), *path) for path in every_path(5, lead_time).T]
        arrivals = [stock_on_arrival(state, path) + q for path in paths]
        left = [max(x - path[lead_time], 0.0) for x, path in zip(arrivals, paths, strict=True)]
        replies = [np.mean([cost(y + reply) for y in left]) for reply in range(7)]
        total += np.mean([cost(x) for x in arrivals]) + discount * min(replies)
    return total / 5.0


@pytest.mark.parametrize("discount", [1.0, 0.8])
@pytest.mark.parametrize("lead_time", [1, 2])
def test_a_two_period_myopic_order_costs_least_over_all_demand_paths(lead_time, discount):
    problem = LostSales(lead_time=lead_time, discount=discount)
    states = [(*state, 1.0)[:lead_time] for state in STATES]
    rule = Myopic2(problem=problem, distribution=UNIFORM, holding_cost=1.0, lost_cost=4.0)
    orders = rule(observe(problem, states, **COSTS))[:, 0]
    assert len(set(orders.tolist())) > 1
    for state, order in zip(states, orders, strict=True):
        costs = [two_period_cost(state, q, discount) for q in range(6)]
        assert costs[int(order)] == pytest.approx(min(costs), rel=1e-12)


def test_a_projected_level_is_reached_by_the_mean_stock_over_all_demand_paths():
    problem = LostSales(lead_time=2)
    paths = every_path(5, 2)
    rule = ProjectedLevel(problem=problem, level=3.3, distribution=UNIFORM)
    orders = rule(observe(problem, STATES, **COSTS))[:, 0]
    expected = [np.mean([stock_on_arrival(state, path) for path in paths.T]) for state in STATES]
    np.testing.assert_allclose(orders, np.maximum(3.3 - np.array(expected), 0.0), atol=1e-9)


@pytest.mark.parametrize(("name", "dispersion"), [("gamma", 0.4), ("log_normal", 0.6)])
def test_the_projected_stock_of_amounts_is_that_of_many_paths(name, dispersion):
    states = [(9.3, 4.1, 2.7), (0.4, 3.3, 5.2), (21.0, 0.0, 0.6)]
    distribution = distribution_of(name, np.full(len(states), 5.0), dispersion)
    demand = distribution.common_paths(np.random.default_rng(4).permutation(60_000) / 60_000)
    columns = [np.array(column) for column in zip(*states, strict=True)]
    stock = columns[0][None]
    for arriving, path in zip((*columns[1:], 0.0), np.split(demand, 3), strict=True):
        stock = np.maximum(stock - path, 0.0) + arriving
    exact = Lattice.of(distribution, 3).expected(columns)
    close = Moments.of(distribution).expected(columns)
    np.testing.assert_allclose(exact, stock.mean(0), atol=0.05)
    np.testing.assert_allclose(close, exact, atol=0.2)


@pytest.mark.parametrize("name", ["poisson", "geometric", "gamma"])
def test_one_period_ahead_the_moments_are_exact_and_beyond_the_tables_all_demand_is_met(name):
    distribution = distribution_of(name, [0.2, 5.0, 30.0], 1.0)
    for share in (0.3, 1.0, 2.5, 40.0):
        stock = np.rint(share * distribution.window_mean())
        exact = Lattice.of(distribution, 4, 4096, 4096).expected([stock])
        scale = distribution.window_mean()
        np.testing.assert_allclose(
            Moments.of(distribution).expected([stock]) / scale,
            np.where(share > 30.0, stock - distribution.window_mean(), exact) / scale,
            atol=5e-3,
        )


PUBLISHED = {
    (Myopic, 4): (4.1113, 4.5581, 4.8435, 5.0628),
    (Myopic, 9): (5.4472, 6.2231, 6.7983, 7.1991),
    (Myopic2, 4): (4.0407, 4.4059, 4.6357, 4.8171),
    (Myopic2, 9): (5.4384, 6.1037, 6.5718, 6.9196),
}
"""Average costs for Poisson(5) demand and a holding cost of 1, L = 1 .. 4 (Zipkin 2008)."""


@pytest.mark.parametrize("lead_time", [1, 2, 3, 4])
@pytest.mark.parametrize(("kind", "shortage"), PUBLISHED)
def test_the_myopic_rules_cost_what_zipkin_reports(kind, shortage, lead_time):
    found = instance(f"zipkin2008-poisson5-p{shortage}-L{lead_time}")
    product = draw_products(found.source, found.problem, 1)
    rule = kind.closed_form(found.problem, product.distribution, product.economics)
    # a rule orders the same in every period: one is enough
    problem = replace(found.problem, horizon=1)
    chain = follow(problem, rule, product.distribution, product.economics)
    assert -chain.average() == pytest.approx(
        PUBLISHED[kind, shortage][lead_time - 1], abs=0.00005001
    )


OPTIMA = {4: (4.0407, 4.3953, 4.5987, 4.7285), 9: (5.4382, 6.0936, 6.5314, 6.8359)}
PROJECTED = {4: (0.04, 0.40, 0.47, 0.37), 9: (0.36, 0.57, 0.74, 0.96)}
"""Percent over the optimum that is known of projected levels, L = 1 .. 4."""
AT_LEVEL = {4: (6.8, 6.85, 6.85, 6.6), 9: (8.7, 8.7, 8.95, 8.95)}
"""Levels that cost so; some between them cost less."""


@pytest.mark.parametrize("shortage", [4, 9])
@pytest.mark.parametrize("lead_time", [1, 2, 3, 4])
def test_projected_levels_are_as_far_over_the_optimum_as_known_and_the_search_beats_them(
    shortage, lead_time
):
    found = instance(f"zipkin2008-poisson5-p{shortage}-L{lead_time}")
    product = draw_products(found.source, found.problem, 1)
    case = product.distribution, product.economics
    problem = replace(found.problem, horizon=1)

    def gap(rule: ProjectedLevel) -> float:
        cost = -follow(problem, rule, *case).average()
        return 100.0 * (cost / OPTIMA[shortage][lead_time - 1] - 1.0)

    known = PROJECTED[shortage][lead_time - 1]
    level = AT_LEVEL[shortage][lead_time - 1]
    rule = ProjectedLevel(problem=problem, level=level, distribution=case[0])
    assert gap(rule) == pytest.approx(known, abs=0.006)
    if lead_time < 4:
        assert gap(ProjectedLevel.searched(found.problem, *case)) <= known + 0.001


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


def test_myopic_orders_are_exact_and_scenarios_balance_but_for_rounding():
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
    np.testing.assert_array_equal(myopic, wanted)
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
    for kind in (Myopic, Myopic2, DualBalancing):
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


@pytest.mark.parametrize("kind", [Myopic, Myopic2, DualBalancing])
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
            middles = (np.arange(SCENARIO_PATHS) + 0.5) / SCENARIO_PATHS
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
    frame = evaluate(found, policies, number=64, seed=1, reference="Myopic").frame.set_index(
        "policy"
    )
    cost, error = -frame.reward, 4.0 * frame.standard_error
    assert abs(cost["Myopic"] - 5.06) < error["Myopic"]
    assert abs(cost["DualBalancing"] - 4.745) < error["DualBalancing"]
    assert (cost > found.known["optimal average cost"] - error).all()
