"""Exact solutions against a dynamic program in plain loops, over more states and orders than the
solver keeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from brute_force import BruteForce, Order, State
from exact_cases import economics_of, table, values_of
from scipy import special

from inv_gym import DualSourcing, LostSales, Perishable, ProcurementRemoval
from inv_gym.baselines.exact import Solution, solve
from inv_gym.demand.distribution import Distribution
from inv_gym.demand.families import Family


@dataclass(frozen=True)
class Twice(Family):
    """0, 1 or 2 units: two customers who each buy with the same chance."""

    integer = True
    fixed_dispersion = -0.5

    def sample(self, rng: np.random.Generator, mean: Any, dispersion: Any) -> Any:
        return rng.binomial(2, mean / 2.0).astype(float)

    def cdf(self, x: Any, mean: Any, dispersion: Any) -> Any:
        return np.where(
            np.floor(x) >= 2.0, 1.0, special.bdtr(np.minimum(np.floor(x), 1.0), 2, mean / 2.0)
        )


def demand_of(*mean: float) -> tuple[Distribution, list[list[float]]]:
    """The distribution, and its probabilities written out."""
    chances = [[(1 - m / 2) ** 2, m * (1 - m / 2), m**2 / 4] for m in mean]
    return Distribution(
        (Twice(),), np.zeros(1, int), np.array(mean)[:, None], np.full(1, -0.5)
    ), chances


SEASON = (0.4, 1.6, 1.1)
FINITE: dict[str, Any] = {"horizon": 5, "discount": 0.9, "integer_orders": True}
WAYS = {
    "average": {"long_run": True, "discount": 1.0},
    "discounted": {"long_run": True, "discount": 0.9},
    "finite": {},
    "finite without discount": {"discount": 1.0},
    "seasonal": {},
}


def check(solution: Solution, brute: BruteForce, salvage: Any, margin: int = 0) -> None:
    """Values of all states of the solution in all periods, its orders, and its gain.

    States whose first column is within the margin of its least value are left out: demand leads
    from there beyond the backlog that is followed, and no order arrives before.
    """
    problem = solution.problem
    least = solution.states[:, 0].min() + margin if margin else -np.inf
    found: Iterator[Any]
    if problem.long_run:
        empty = tuple([0] * solution.states.shape[1])
        values, worth, gain = brute.endless(empty)
        found = iter([(values, worth)])
        if problem.discount == 1.0:
            assert solution.gain == pytest.approx(gain, abs=1e-8)
        else:
            assert solution.gain is None
        assert len(solution.values) == len(solution.orders) == 1
    else:
        played = brute.finite(problem.horizon, salvage)
        assert len(solution.values) == len(solution.orders) == len(played) == problem.horizon
        assert solution.gain is None
        found = iter(played)
    for period, (values, worth) in enumerate(found):
        inside = {
            state: value
            for state, value in values_of(solution, period).items()
            if state[0] >= least
        }
        assert len(inside) > 10
        for state, value in inside.items():
            assert value == pytest.approx(values[state], abs=1e-8), (period, state)
        orders = table(solution, period)
        for state in inside:
            order = orders[state]
            best = max(worth[state].values())
            tied = [one for one, what in worth[state].items() if what > best - 1e-9]
            assert order == tied[0], (period, state, tied)


def all_orders(*most: int) -> list[Order]:
    """By the last channel first, as ties are broken."""
    return [
        tuple(reversed(order)) for order in product(*(range(units + 1) for units in reversed(most)))
    ]


COSTS = {
    "price": 6.0,
    "unit_cost": 2.0,
    "holding_cost": 0.7,
    "shortage_cost": 1.0,
    "salvage_value": 1.5,
}


def way(problem: Any, name: str) -> tuple[Any, tuple[float, ...]]:
    return replace(problem, **WAYS[name]), SEASON if name == "seasonal" else (1.1,)


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("unit_cost", [0.0, 2.0])
def test_lost_sales_with_lead_time_two_equal_brute_force(name, unit_cost):
    problem, mean = way(LostSales(lead_time=2, **FINITE), name)
    distribution, chances = demand_of(*mean)
    salvage_value = min(unit_cost, 1.5)

    def play(state: State, order: Order, demand: int) -> tuple[State, float]:
        on_hand, arriving = state
        (ordered,) = order
        sold = min(on_hand, demand)
        reward = 6.0 * sold - unit_cost * ordered - 0.7 * (on_hand - sold) - 1.0 * (demand - sold)
        return (on_hand - sold + arriving, ordered), reward

    states = [state for state in product(range(9), repeat=2) if sum(state) <= 8]
    brute = BruteForce(
        states, all_orders(8), play, chances, problem.discount, lambda s, q: sum(s) + q[0] <= 8
    )
    costs = {**COSTS, "unit_cost": unit_cost, "salvage_value": salvage_value}
    solution = solve(problem, distribution, economics_of(problem, **costs))
    assert solution.states.sum(1).max() < 8  # the brute force is over more states
    check(solution, brute, lambda state: salvage_value * sum(state))


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("issuing", ["oldest_first", "newest_first"])
def test_perishable_stock_with_lead_time_one_equals_brute_force(name, issuing):
    problem, mean = way(Perishable(shelf_life=2, lead_time=1, issuing=issuing, **FINITE), name)
    distribution, chances = demand_of(*mean)

    def play(state: State, order: Order, demand: int) -> tuple[State, float]:
        old, fresh = state
        (ordered,) = order
        if issuing == "oldest_first":
            from_old = min(old, demand)
            from_fresh = min(fresh, demand - from_old)
        else:
            from_fresh = min(fresh, demand)
            from_old = min(old, demand - from_fresh)
        lost = demand - from_old - from_fresh
        kept, outdated = fresh - from_fresh, old - from_old
        reward = (
            6.0 * (from_old + from_fresh) - 2.0 * ordered - 0.7 * kept - 1.0 * lost - 1.3 * outdated
        )
        return (kept, ordered), reward

    states = list(product(range(7), repeat=2))
    brute = BruteForce(states, all_orders(6), play, chances, problem.discount, lambda s, q: True)
    solution = solve(problem, distribution, economics_of(problem, outdating_cost=1.3, **COSTS))
    assert solution.states.max() < 6
    check(solution, brute, lambda state: 1.5 * sum(state))


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("issuing", ["oldest_first", "newest_first"])
def test_perishable_stock_of_three_ages_without_lead_time_equals_brute_force(name, issuing):
    problem, mean = way(Perishable(shelf_life=3, issuing=issuing, **FINITE), name)
    distribution, chances = demand_of(*mean)

    def play(state: State, order: Order, demand: int) -> tuple[State, float]:
        left = [*state, *order]
        unmet = demand
        for age in (0, 1, 2) if issuing == "oldest_first" else (2, 1, 0):
            sold = min(left[age], unmet)
            left[age] -= sold
            unmet -= sold
        reward = (
            6.0 * (demand - unmet)
            - 2.0 * order[0]
            - 0.7 * (left[1] + left[2])
            - 1.0 * unmet
            - 1.3 * left[0]
        )
        return (left[1], left[2]), reward

    states = list(product(range(7), repeat=2))
    brute = BruteForce(states, all_orders(6), play, chances, problem.discount, lambda s, q: True)
    solution = solve(problem, distribution, economics_of(problem, outdating_cost=1.3, **COSTS))
    assert solution.states.max() < 6
    check(solution, brute, lambda state: 1.5 * sum(state))


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("backlog", [True, False])
def test_dual_sourcing_with_lead_times_two_and_zero_equals_brute_force(name, backlog):
    problem, mean = way(DualSourcing(regular_lead_time=2, backlog=backlog, **FINITE), name)
    distribution, chances = demand_of(*mean)
    low, top = (-5, 7) if backlog else (0, 7)

    def play(state: State, order: Order, demand: int) -> tuple[State, float]:
        net, arriving = state
        regular, expedited = order
        net += expedited
        cost = 2.0 * regular + 3.0 * expedited
        if backlog:
            net -= demand
            return (net + arriving, regular), 6.0 * demand - cost - 0.7 * max(net, 0) - 4.0 * max(
                -net, 0
            )
        sold = min(net, demand)
        net -= sold
        return (net + arriving, regular), 6.0 * sold - cost - 0.7 * net - 4.0 * (demand - sold)

    states = [state for state in product(range(low, top + 1), range(6)) if sum(state) <= top]
    brute = BruteForce(
        states,
        all_orders(5, top - low),
        play,
        chances,
        problem.discount,
        # a shortage that would leave the states is none that any good order leads to
        lambda s, q: sum(s) + sum(q) <= top and (not backlog or s[0] + q[1] + s[1] - 2 >= low),
    )
    costs = {
        "price": 6.0,
        "regular_cost": 2.0,
        "expedited_cost": 3.0,
        "holding_cost": 0.7,
        "shortage_cost": 4.0,
    }
    solution = solve(problem, distribution, economics_of(problem, salvage_value=1.5, **costs))
    assert solution.states.sum(1).max() < top and solution.states.min() >= (-4 if backlog else 0)
    check(
        solution,
        brute,
        lambda state: 1.5 * (sum(state) + max(-state[0], 0)) - 3.0 * max(-state[0], 0),
    )


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("backlog", [True, False])
def test_dual_sourcing_with_consecutive_lead_times_equals_brute_force(name, backlog):
    problem, mean = way(
        DualSourcing(regular_lead_time=2, expedited_lead_time=1, backlog=backlog, **FINITE), name
    )
    distribution, chances = demand_of(*mean)
    low, top = (-10, 8) if backlog else (0, 8)

    def play(state: State, order: Order, demand: int) -> tuple[State, float]:
        net, arriving = state
        regular, expedited = order
        sold = demand if backlog else min(net, demand)
        net -= sold
        short = max(-net, 0) if backlog else demand - sold
        reward = 6.0 * sold - 2.0 * regular - 3.0 * expedited - 0.7 * max(net, 0) - 4.0 * short
        return (net + arriving + expedited, regular), reward

    states = [state for state in product(range(low, top + 1), range(6)) if sum(state) <= top]
    brute = BruteForce(
        states,
        [(regular, expedited) for regular in range(6) for expedited in range(top - low + 1)],
        play,
        chances,
        problem.discount,
        lambda s, q: sum(s) + sum(q) <= top and (not backlog or sum(s) + q[1] - 2 >= low),
    )
    costs = {
        "price": 6.0,
        "regular_cost": 2.0,
        "expedited_cost": 3.0,
        "holding_cost": 0.7,
        "shortage_cost": 4.0,
    }
    solution = solve(problem, distribution, economics_of(problem, salvage_value=1.5, **costs))
    assert solution.states.sum(1).max() < top and solution.states.min() >= (-7 if backlog else 0)
    check(
        solution,
        brute,
        lambda state: 1.5 * (sum(state) + max(-state[0], 0)) - 3.0 * max(-state[0], 0),
        2 * backlog,
    )


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("backlog", [True, False])
def test_procurement_and_removal_equal_brute_force(name, backlog):
    problem, mean = way(ProcurementRemoval(backlog=backlog, **FINITE), name)
    distribution, chances = demand_of(*mean)
    low, top = (-6 if backlog else 0), 14

    def play(state: State, order: Order, demand: int) -> tuple[State, float]:
        (net,) = state
        ordered, removed = order
        net += ordered - removed
        money = 1.2 * removed - 2.0 * ordered
        if backlog:
            net -= demand
            return (net,), 6.0 * demand + money - 0.3 * max(net, 0) - 3.0 * max(-net, 0)
        sold = min(net, demand)
        return (net - sold,), 6.0 * sold + money - 0.3 * (net - sold) - 3.0 * (demand - sold)

    brute = BruteForce(
        [(net,) for net in range(low, top + 1)],
        [(q, 0) for q in range(top - low + 1)]
        + [(q, u) for q in range(3) for u in range(1, top + 1)],
        play,
        chances,
        problem.discount,
        # both at once are tried too: only what is on hand can be removed
        lambda s, q: q[1] <= max(s[0], 0) and low + 2 * backlog <= s[0] + q[0] - q[1] <= top,
    )
    costs = {
        "price": 6.0,
        "unit_cost": 2.0,
        "holding_cost": 0.3,
        "shortage_cost": 3.0,
        "removal_value": 1.2,
    }
    solution = solve(problem, distribution, economics_of(problem, **costs), stock=12.0)
    assert solution.states.max() == 12
    assert solution.orders[:, :, 1].max() > 0.0  # removal occurs
    check(solution, brute, lambda state: 1.2 * max(state[0], 0) - 2.0 * max(-state[0], 0))


def test_a_law_that_changes_and_then_holds_on_without_end_equals_brute_force():
    problem = LostSales(lead_time=2, long_run=True, discount=0.9, integer_orders=True)
    distribution, chances = demand_of(*SEASON)

    def play(state: State, order: Order, demand: int) -> tuple[State, float]:
        sold = min(state[0], demand)
        reward = 6.0 * sold - 2.0 * order[0] - 0.7 * (state[0] - sold) - 1.0 * (demand - sold)
        return (state[0] - sold + state[1], order[0]), reward

    states = [state for state in product(range(9), repeat=2) if sum(state) <= 8]
    brute = BruteForce(states, all_orders(8), play, chances, 0.9, lambda s, q: sum(s) + q[0] <= 8)
    solution = solve(problem, distribution, economics_of(problem, **COSTS))
    ahead, worth, _ = brute.endless((0, 0))
    expected = [(ahead, worth)]
    for period in (1, 0):
        worth = brute.worth(ahead, period)
        ahead = {state: max(by_order.values()) for state, by_order in worth.items()}
        expected.insert(0, (ahead, worth))
    assert len(solution.values) == 3
    for period, (values, _) in enumerate(expected):
        mine = values_of(solution, period)
        assert mine == pytest.approx({state: values[state] for state in mine}, abs=1e-8)
    assert not np.array_equal(solution.orders[0], solution.orders[1])
