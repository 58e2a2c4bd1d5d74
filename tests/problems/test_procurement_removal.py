"""Procurement and removal by hand: both actions, fees, backlog, the end, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from inv_gym import LostSales, ProcurementRemoval, draw_products, make_problem, make_source, rollout
from inv_gym.testing import Replay, random_orders
from inv_gym.util.arrays import flatten

FIGURES = {
    "price": 10.0,
    "unit_cost": 5.0,
    "holding_cost": 0.5,
    "shortage_cost": 2.0,
    "removal_value": 2.0,
}


def states(played: Any) -> list[list[float]]:
    """The state after each period, as plain numbers."""
    return [[float(column[0]) for column in flatten(step.outcome.state)] for step in played.steps]


def test_orders_and_removals_act_before_demand_and_the_rest_is_removed_at_the_end(by_hand):
    problem = ProcurementRemoval(horizon=3, discount=0.5)
    played = by_hand(problem, FIGURES, 9.0, [(0.0, 3.0), (5.0, 4.0), (3.0, 1.0)], [4.0, 7.0, 1.0])
    # 9 - 3 = 6, 4 sold, 2 left:                              10*4 + 2*3 - .5*2       =  45
    # 4 wished but 2 there: 2 - 2 + 5 = 5, 5 sold, 2 lost:    10*5 - 5*5 + 2*2 - 2*2  =  25
    # 0 there to remove: 3, 1 sold, 2 left:                   10*1 - 5*3 - .5*2       =  -6
    # the 2 left are removed a period later:                  0.5 * 2*2               =   2
    assert played.rewards[:, 0].tolist() == [45.0, 25.0, -4.0]
    assert played.flow("removed")[:, 0].tolist() == [3.0, 2.0, 0.0]
    assert played.flow("sales")[:, 0].tolist() == [4.0, 5.0, 1.0]
    assert played.flow("shortage")[:, 0].tolist() == [0.0, 2.0, 0.0]
    assert states(played) == [[2.0], [0.0], [2.0]]


def test_a_removal_fee_is_paid_for_what_is_removed_and_for_what_is_left(by_hand):
    problem = ProcurementRemoval(horizon=1, discount=1.0)
    played = by_hand(problem, FIGURES | {"removal_value": -1.0}, 6.0, [(0.0, 4.0)], [1.0])
    # 6 - 4 = 2, 1 sold, 1 left: 10*1 - 1*4 - .5*1 = 5.5, and -1 for the one left
    assert played.rewards[:, 0].tolist() == [4.5]


def test_backlog_waits_cannot_be_removed_and_is_served_at_the_unit_cost_at_the_end(by_hand):
    problem = ProcurementRemoval(backlog=True, horizon=2, discount=0.5)
    played = by_hand(problem, FIGURES, 2.0, [(0.0, 0.0), (1.0, 2.0)], [5.0, 1.0])
    # 2, demand 5: 2 met, backlog 3:                          10*5 - 2*3              =  44
    # -3 + 1 = -2, nothing removed, demand 1: backlog 3:      10*1 - 5*1 - 2*3        =  -1
    # the 3 owed are bought:                                  0.5 * -5*3              =  -7.5
    assert played.rewards[:, 0].tolist() == [44.0, -8.5]
    assert played.flow("sales")[:, 0].tolist() == [2.0, 0.0]
    assert played.flow("shortage")[:, 0].tolist() == [3.0, 1.0]
    assert played.flow("removed")[:, 0].tolist() == [0.0, 0.0]
    assert states(played) == [[-3.0], [-3.0]]


def test_a_long_run_problem_removes_nothing_at_the_end(by_hand):
    problem = ProcurementRemoval(horizon=1, long_run=True)
    assert by_hand(problem, FIGURES, 9.0, [(0.0, 3.0)], [4.0]).rewards[:, 0].tolist() == [45.0]


def test_the_cap_binds_orders_and_not_removals(by_hand):
    problem = ProcurementRemoval(horizon=2, order_cap=3.0, long_run=True)
    played = by_hand(problem, FIGURES, 9.0, [(0.0, 8.0), (7.0, 0.0)], [1.0, 3.0])
    # 8 removed, 1 sold: 10*1 + 2*8 = 26;   3 of the 7 come and are sold: 10*3 - 5*3 = 15
    assert played.rewards[:, 0].tolist() == [26.0, 15.0]


def test_whole_numbers_hold_for_orders_and_removals(by_hand):
    problem = ProcurementRemoval(horizon=4, integer_orders=True, long_run=True)
    wishes = [(0.0, 0.5), (0.0, 1.5), (0.0, 2.5), (2.5, 0.0)]
    played = by_hand(problem, FIGURES, 9.0, wishes, [0.0, 0.0, 0.0, 0.0])
    assert played.flow("removed")[:, 0].tolist() == [0.0, 2.0, 2.0, 0.0]
    assert states(played) == [[9.0], [7.0], [5.0], [7.0]]


@pytest.mark.parametrize("backlog", [True, False])
def test_units_that_came_in_met_demand_or_were_removed_or_are_still_there(backlog):
    problem = ProcurementRemoval(backlog=backlog, horizon=30)
    products = draw_products(make_source("default"), problem, 40)
    played = rollout(problem, Replay(random_orders(problem, products)), products)
    came = products.initial_state.inventory_position + played.orders[..., 0].sum(0)
    served = products.demand[32:] if backlog else played.flow("sales")
    removed = played.flow("removed")
    there = played.steps[-1].outcome.state.inventory_position
    np.testing.assert_allclose(came, served.sum(0) + removed.sum(0) + there, rtol=1e-12, atol=1e-9)
    assert (removed <= played.orders[..., 1]).all()
    assert (removed < played.orders[..., 1]).any()


def test_without_removals_it_plays_like_lost_sales():
    removal = ProcurementRemoval(horizon=20, long_run=True, initial_stock=(0.0, 0.0))
    lost = LostSales(horizon=20, long_run=True)
    source = make_source("default")
    products, others = draw_products(source, removal, 40), draw_products(source, lost, 40)
    orders = random_orders(lost, others)
    both = np.concatenate([orders, np.zeros_like(orders)], -1)
    np.testing.assert_allclose(
        rollout(removal, Replay(both), products).rewards,
        rollout(lost, Replay(orders), others).rewards,
        atol=1e-9,
    )


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"backlog": "no"}, TypeError, "backlog must be True or False, got 'no'."),
        (
            {"backlog": True, "censored": True},
            ValueError,
            "censored must be False with backlog: demand that waits is seen; set backlog=False or "
            "censored=False.",
        ),
        (
            {"initial_stock": (3.0, 2.0)},
            ValueError,
            "initial_stock high must be at least 3, got 2.0.",
        ),
        (
            {"initial_stock": (-1.0, 2.0)},
            ValueError,
            "initial_stock low must be at least 0, got -1.0.",
        ),
        (
            {"removal_value": 2.0},
            TypeError,
            "ProcurementRemoval got an unexpected keyword argument 'removal_value'; its "
            "fields are: horizon, discount, "
            "long_run, "
            "integer_orders, order_cap, censored, initial_stock, backlog. "
            "A task also takes problem and products, an environment units.",
        ),
    ],
)
def test_invalid_fields_are_refused(fields, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make_problem("InvProcurementRemoval-v0", **fields)
