"""A season that repeats for ever: against plain loops, its limits, and as a policy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from exact_cases import AVERAGE, distribution_of, economics_of

from inv_gym import DualSourcing, LostSales, Observation
from inv_gym.baselines.exact import solve
from inv_gym.baselines.exact.policy import OptimalOrders

SEASON = (1.0, 4.0, 2.0)


def season_by_hand(problem: LostSales, discount: float, cycles: int) -> np.ndarray:
    """Values from the first period of a season on, over many cycles, in plain loops."""
    demand, stocks = np.arange(40.0), np.arange(26)
    masses = [
        np.diff(distribution_of("poisson", mean).cdf(demand[:, None])[:, 0], prepend=0.0)
        for mean in SEASON
    ]
    values = np.zeros(26)
    for _ in range(cycles):
        for mass in reversed(masses):
            left = np.maximum(stocks[:, None] - demand.astype(int), 0)
            short = np.maximum(demand - stocks[:, None], 0.0)
            after = (-1.0 * left - 9.0 * short + discount * values[left]) @ mass
            # up to any higher level at no cost
            values = np.maximum.accumulate(after[::-1])[::-1]
    return values


def test_a_season_that_repeats_for_ever_is_worth_what_many_cycles_are():
    problem = LostSales(long_run=True, discount=0.9, integer_orders=True)
    economics = economics_of(problem, holding_cost=1.0, shortage_cost=9.0)
    solution = solve(problem, distribution_of("poisson", *SEASON), economics, cyclic=True)
    wanted = season_by_hand(problem, 0.9, 150)
    assert solution.value() == pytest.approx(wanted[0], rel=1e-8)
    assert solution.value(5.0, 3) == solution.value(5.0, 0) == pytest.approx(wanted[5], rel=1e-9)
    # each period of the season has its own level, and the cycle begins anew
    levels = [int(solution.orders[period, 0, 0]) for period in range(3)]
    assert len(set(levels)) == 3
    once = solve(problem, distribution_of("poisson", *SEASON), economics)
    assert once.value() != pytest.approx(solution.value(), rel=1e-3)


def test_the_average_of_a_season_is_that_of_its_long_run():
    problem = LostSales(lead_time=1, **AVERAGE)
    economics = economics_of(problem, holding_cost=1.0, shortage_cost=9.0)
    season = distribution_of("poisson", *SEASON)
    solution = solve(problem, season, economics, cyclic=True)
    # the discounted problem tends to it
    near = replace(problem, discount=0.9995)
    assert solve(near, season, economics, cyclic=True).value() * 0.0005 == pytest.approx(
        solution.gain, rel=0.002
    )
    # a season of equal periods is none
    flat = solve(problem, distribution_of("poisson", 2.0, 2.0), economics, cyclic=True)
    same = solve(problem, distribution_of("poisson", 2.0), economics)
    assert flat.gain == pytest.approx(same.gain, rel=1e-9)
    np.testing.assert_array_equal(flat.orders[0], same.orders[0])
    np.testing.assert_allclose(flat.values[1], same.values[0], atol=1e-7)


def test_a_season_is_played_as_it_repeats():
    problem = LostSales(horizon=7, long_run=True, discount=0.9, integer_orders=True)
    economics = economics_of(problem, holding_cost=1.0, shortage_cost=9.0)
    season = distribution_of("poisson", *SEASON)
    policy = OptimalOrders((solve(problem, season, economics, cyclic=True),), np.zeros(1, int))
    state = problem.initial_state(np.zeros(1))
    orders = [
        float(policy(Observation(state, None, economics, np.ones(1), None, period))[0, 0])
        for period in range(7)
    ]
    assert orders[:3] == orders[3:6]
    assert orders[6] == orders[0] != orders[2]


def test_a_season_with_backlog_keeps_away_from_the_edge():
    problem = DualSourcing(regular_lead_time=2, **AVERAGE)
    costs = {"regular_cost": 1.0, "expedited_cost": 3.0, "holding_cost": 1.0, "shortage_cost": 9.0}
    economics = economics_of(problem, **costs)
    solution = solve(problem, distribution_of("poisson", 1.0, 2.0), economics, cyclic=True)
    assert 0.0 <= solution.edge <= 1e-6


def test_a_season_does_not_repeat_in_a_problem_with_an_end():
    problem = LostSales(horizon=6)
    economics = economics_of(problem, holding_cost=1.0, shortage_cost=9.0)
    with pytest.raises(ValueError, match="^cyclic needs a problem in the long run: set long_run=T"):
        solve(problem, distribution_of("poisson", *SEASON), economics, cyclic=True)
