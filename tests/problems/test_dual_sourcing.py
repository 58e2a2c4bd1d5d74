"""Dual sourcing by hand: lead times, backlog and lost sales, the end, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from inv_gym import DualSourcing, draw_products, make_problem, make_source, rollout
from inv_gym.testing import Replay, random_orders
from inv_gym.util.arrays import flatten

FIGURES = {
    "price": 10.0,
    "regular_cost": 4.0,
    "expedited_cost": 6.0,
    "holding_cost": 1.0,
    "shortage_cost": 9.0,
    "salvage_value": 3.0,
}


def states(played: Any) -> list[list[float]]:
    """The state after each period, as plain numbers."""
    return [[float(column[0]) for column in flatten(step.outcome.state)] for step in played.steps]


def test_backlog_waits_is_charged_each_period_and_is_served_at_the_expedited_cost_at_the_end(
    by_hand,
):
    problem = DualSourcing(regular_lead_time=2, expedited_lead_time=0, horizon=3, discount=0.5)
    played = by_hand(problem, FIGURES, 3.0, [(5.0, 2.0), (0.0, 1.0), (4.0, 0.0)], [7.0, 2.0, 6.0])
    # 3 + 2 = 5, demand 7: 5 met, backlog 2:            10*7 - 4*5 - 6*2 - 9*2 =  20
    # -2 + 1 = -1, demand 2: backlog 3, then 5 arrive:  10*2 - 6*1 - 9*3       = -13
    # 2, demand 6: 2 met, backlog 4:                    10*6 - 4*4 - 9*4       =   8
    # 4 on order are salvaged, 4 owed are expedited:    0.5 * (3*4 - 6*4)      =  -6
    assert played.rewards[:, 0].tolist() == [20.0, -13.0, 2.0]
    assert played.flow("sales")[:, 0].tolist() == [5.0, 0.0, 2.0]
    assert played.flow("shortage")[:, 0].tolist() == [2.0, 2.0, 4.0]
    assert played.flow("backlogged")[:, 0].tolist() == [2.0, 3.0, 4.0]
    assert states(played) == [[-2.0, 5.0], [2.0, 0.0], [-4.0, 4.0]]


def test_lost_sales_do_not_wait(by_hand):
    problem = DualSourcing(
        regular_lead_time=2, expedited_lead_time=0, backlog=False, horizon=3, discount=0.5
    )
    played = by_hand(problem, FIGURES, 3.0, [(5.0, 2.0), (0.0, 1.0), (4.0, 0.0)], [7.0, 2.0, 6.0])
    # 5 on hand, 5 sold, 2 lost:                        10*5 - 4*5 - 6*2 - 9*2 =   0
    # 1 on hand, 1 sold, 1 lost, then 5 arrive:         10*1 - 6*1 - 9*1       =  -5
    # 5 on hand, 5 sold, 1 lost:                        10*5 - 4*4 - 9*1       =  25
    # 4 on order are salvaged:                          0.5 * 3*4              =   6
    assert played.rewards[:, 0].tolist() == [0.0, -5.0, 31.0]
    assert played.flow("shortage")[:, 0].tolist() == [2.0, 1.0, 1.0]
    assert played.flow("backlogged")[:, 0].tolist() == [0.0, 0.0, 0.0]
    assert states(played) == [[0.0, 5.0], [5.0, 0.0], [0.0, 4.0]]


def test_both_sources_with_a_lead_time_share_one_pipeline(by_hand):
    problem = DualSourcing(regular_lead_time=3, expedited_lead_time=1, horizon=3, long_run=True)
    played = by_hand(problem, FIGURES, 4.0, [(5.0, 2.0), (0.0, 1.0), (2.0, 0.0)], [1.0, 6.0, 0.0])
    # 4, demand 1: 3 left, then 2 expedited arrive:     10*1 - 4*5 - 6*2 - 1*3 = -25
    # 5, demand 6: backlog 1, then 1 expedited arrives: 10*6 - 6*1 - 9*1       =  45
    # 0, no demand, then the 5 regular arrive:          -4*2                   =  -8 and no salvage
    assert played.rewards[:, 0].tolist() == [-25.0, 45.0, -8.0]
    assert states(played) == [[5.0, 0.0, 5.0], [0.0, 5.0, 0.0], [5.0, 0.0, 2.0]]


def test_consecutive_lead_times_need_no_pipeline(by_hand):
    problem = DualSourcing(regular_lead_time=1, expedited_lead_time=0, horizon=2, discount=1.0)
    played = by_hand(problem, FIGURES, 0.0, [(3.0, 2.0), (0.0, 0.0)], [1.0, 5.0])
    # 2, demand 1: 1 left, then 3 arrive: 10*1 - 4*3 - 6*2 - 1*1 = -15;   4, demand 5: 10*5 - 9*1 =
    # 41, expedite 1: -6
    assert played.rewards[:, 0].tolist() == [-15.0, 35.0]
    assert states(played) == [[4.0], [-1.0]]


def test_an_expedited_order_one_period_faster_arrives_one_period_earlier(by_hand):
    problem = DualSourcing(regular_lead_time=3, expedited_lead_time=2, horizon=3, long_run=True)
    played = by_hand(problem, {}, 0.0, [(5.0, 2.0), (0.0, 0.0), (0.0, 0.0)], [0.0, 0.0, 0.0])
    assert states(played) == [[0.0, 2.0, 5.0], [2.0, 5.0, 0.0], [7.0, 0.0, 0.0]]


def test_positions_count_what_is_due_in_time():
    problem = DualSourcing(regular_lead_time=4, expedited_lead_time=2)
    state = problem.initial_state(3.0)._replace(net_inventory=-3.0, pipeline=(1.0, 10.0, 100.0))
    assert problem.expedited_position(state) == 8.0
    assert state.inventory_position == 108.0
    assert (
        DualSourcing(regular_lead_time=4, expedited_lead_time=0).expedited_position(state) == -3.0
    )


def test_the_cap_and_whole_numbers_hold_for_each_source(by_hand):
    problem = DualSourcing(horizon=2, order_cap=3.0, integer_orders=True, long_run=True)
    played = by_hand(problem, FIGURES, 0.0, [(9.0, 2.5), (0.5, 8.0)], [2.0, 3.0])
    # regular 3, expedited 2: 10*2 - 4*3 - 6*2 = -4;   regular 0, expedited 3: 10*3 - 6*3 = 12, then
    # 3 arrive
    assert played.rewards[:, 0].tolist() == [-4.0, 12.0]
    assert states(played) == [[0.0, 3.0], [3.0, 0.0]]


@pytest.mark.parametrize("backlog", [True, False])
@pytest.mark.parametrize("lead_times", [(1, 0), (2, 0), (3, 1), (5, 4)])
def test_units_that_came_in_met_demand_or_are_still_there(lead_times, backlog):
    problem = DualSourcing(
        regular_lead_time=lead_times[0],
        expedited_lead_time=lead_times[1],
        backlog=backlog,
        horizon=30,
        initial_stock=(0.0, 3.0),
    )
    products = draw_products(make_source("default"), problem, 40)
    played = rollout(problem, Replay(random_orders(problem, products)), products)
    came = products.initial_state.inventory_position + played.orders.sum((0, 2))
    served = products.demand[32:] if backlog else played.flow("sales")
    there = played.steps[-1].outcome.state.inventory_position
    np.testing.assert_allclose(came, served.sum(0) + there, rtol=1e-12, atol=1e-9)
    assert played.flow("shortage").sum() > 0.0


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"regular_lead_time": 0}, ValueError, "regular_lead_time must be at least 1, got 0."),
        (
            {"regular_lead_time": 1.5},
            TypeError,
            "regular_lead_time must be a whole number, got 1.5.",
        ),
        (
            {"expedited_lead_time": -1},
            ValueError,
            "expedited_lead_time must be at least 0, got -1.",
        ),
        (
            {"regular_lead_time": 1, "expedited_lead_time": 3},
            ValueError,
            "expedited_lead_time must be below regular_lead_time, got 3 and 1; swap them or use "
            "InvLostSalesLeadTime-v0.",
        ),
        (
            {"regular_lead_time": 2, "expedited_lead_time": 2},
            ValueError,
            "expedited_lead_time must be below regular_lead_time, got 2 and 2; swap them or use "
            "InvLostSalesLeadTime-v0.",
        ),
        ({"backlog": 1}, TypeError, "backlog must be True or False, got 1."),
        (
            {"censored": True},
            ValueError,
            "censored must be False with backlog: demand that waits is seen; set backlog=False or "
            "censored=False.",
        ),
        (
            {"lead_time": 2},
            TypeError,
            "DualSourcing got an unexpected keyword argument 'lead_time'; its fields are: "
            "horizon, discount, long_run, "
            "integer_orders, "
            "order_cap, censored, initial_stock, backlog, regular_lead_time, expedited_lead_time. "
            "A task also takes problem and products, an environment units.",
        ),
    ],
)
def test_invalid_fields_are_refused(fields, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make_problem("InvDualSourcing-v0", **fields)
