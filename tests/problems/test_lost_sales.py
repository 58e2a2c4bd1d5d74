"""Lost sales by hand: every lead time, every option, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inv_gym import LostSales, draw_products, make_problem, make_source, rollout
from inv_gym.testing import Replay, random_orders
from inv_gym.util.arrays import flatten

FIGURES = {
    "price": 10.0,
    "unit_cost": 4.0,
    "holding_cost": 1.0,
    "shortage_cost": 2.0,
    "salvage_value": 3.0,
}


def states(played: Any) -> list[list[float]]:
    """The state after each period, as plain numbers."""
    return [[float(column[0]) for column in flatten(step.outcome.state)] for step in played.steps]


def test_without_lead_time_an_order_serves_the_demand_of_its_own_period(by_hand):
    played = by_hand(
        LostSales(horizon=3, discount=0.5), FIGURES, 2.0, [5.0, 0.0, 6.0], [4.0, 8.0, 1.0]
    )
    # 2 + 5 = 7 on hand, 4 sold, 3 left:         10*4 - 4*5 - 1*3       =  17
    # 3 on hand, 3 sold, 5 lost:                 10*3 - 4*0 - 2*5       =  20
    # 0 + 6 = 6 on hand, 1 sold, 5 left:         10*1 - 4*6 - 1*5       = -19
    # the 5 left are salvaged a period later:    0.5 * 3*5              =   7.5
    assert played.rewards[:, 0].tolist() == [17.0, 20.0, -11.5]
    assert played.discounted_reward.tolist() == [17.0 + 0.5 * 20.0 - 0.25 * 11.5]
    assert played.flow("sales")[:, 0].tolist() == [4.0, 3.0, 1.0]
    assert played.flow("shortage")[:, 0].tolist() == [0.0, 5.0, 0.0]
    assert played.flow("on_hand")[:, 0].tolist() == [3.0, 0.0, 5.0]
    assert states(played) == [[3.0], [0.0], [5.0]]


def test_with_lead_time_one_an_order_serves_the_demand_of_the_next_period(by_hand):
    played = by_hand(
        LostSales(lead_time=1, horizon=3, discount=0.5),
        FIGURES,
        2.0,
        [5.0, 0.0, 6.0],
        [4.0, 8.0, 1.0],
    )
    # 2 on hand, 2 sold, 2 lost, then 5 arrive:  10*2 - 4*5 - 2*2       =  -4
    # 5 on hand, 5 sold, 3 lost:                 10*5 - 4*0 - 2*3       =  44
    # 0 on hand, 0 sold, 1 lost, then 6 arrive:  10*0 - 4*6 - 2*1       = -26
    # the 6 that arrived are salvaged:           0.5 * 3*6              =   9
    assert played.rewards[:, 0].tolist() == [-4.0, 44.0, -17.0]
    assert states(played) == [[5.0], [0.0], [6.0]]


def test_with_lead_time_three_orders_wait_in_the_pipeline_and_are_salvaged_with_the_stock(by_hand):
    played = by_hand(
        LostSales(lead_time=3, horizon=3, discount=1.0),
        FIGURES,
        4.0,
        [5.0, 6.0, 7.0],
        [1.0, 2.0, 3.0],
    )
    # 4 on hand, 1 sold, 3 left:                 10*1 - 4*5 - 1*3       = -13
    # 3 on hand, 2 sold, 1 left:                 10*2 - 4*6 - 1*1       =  -5
    # 1 on hand, 1 sold, 2 lost, then 5 arrive:  10*1 - 4*7 - 2*2       = -22
    # 5 on hand, 6 and 7 on order are salvaged:  3*18                   =  54
    assert played.rewards[:, 0].tolist() == [-13.0, -5.0, 32.0]
    assert states(played) == [[3.0, 0.0, 5.0], [1.0, 5.0, 6.0], [5.0, 6.0, 7.0]]
    assert float(played.steps[-1].outcome.state.inventory_position[0]) == 18.0


def test_a_long_run_problem_brings_no_salvage(by_hand):
    played = by_hand(
        LostSales(horizon=3, long_run=True), FIGURES, 2.0, [5.0, 0.0, 6.0], [4.0, 8.0, 1.0]
    )
    assert played.rewards[:, 0].tolist() == [17.0, 20.0, -19.0]


def test_what_is_ordered_beyond_the_cap_neither_comes_nor_costs(by_hand):
    played = by_hand(
        LostSales(horizon=2, order_cap=3.0, long_run=True), FIGURES, 0.0, [5.0, 2.0], [4.0, 2.0]
    )
    # 3 of the 5 come, 3 sold, 1 lost: 10*3 - 4*3 - 2*1 = 16;   2 come, 2 sold: 10*2 - 4*2 = 12
    assert played.rewards[:, 0].tolist() == [16.0, 12.0]
    assert played.orders[:, 0, 0].tolist() == [5.0, 2.0]


def test_integer_orders_are_rounded_with_halves_to_the_even_number(by_hand):
    orders, bought = [0.5, 1.5, 2.5, 2.4, 2.6], [0.0, 2.0, 2.0, 2.0, 3.0]
    problem = LostSales(horizon=5, integer_orders=True, long_run=True)
    played = by_hand(problem, FIGURES, 0.0, orders, bought)
    # all that comes is sold: 10 - 4 a unit
    assert played.rewards[:, 0].tolist() == [6.0 * units for units in bought]
    assert (
        by_hand(replace(problem, integer_orders=False), FIGURES, 0.0, orders, orders).rewards[0, 0]
        == 3.0
    )


@given(
    order=st.floats(0.0, 50.0), cap=st.none() | st.integers(1, 20).map(float), integer=st.booleans()
)
def test_an_accepted_order_is_whole_where_asked_and_never_above_the_cap(order, cap, integer):
    (accepted,) = LostSales(order_cap=cap, integer_orders=integer).admissible((order,))
    wanted = order if cap is None else min(order, cap)
    assert accepted <= (np.inf if cap is None else cap)
    if integer:
        assert accepted == int(accepted)
        assert abs(accepted - wanted) <= 0.5
    else:
        assert accepted == wanted


def test_rounding_does_not_lift_an_order_above_a_cap_that_is_not_whole():
    (accepted,) = LostSales(order_cap=3.5, integer_orders=True).admissible((10.0,))
    assert accepted == 3.0


@pytest.mark.parametrize("lead_time", [0, 1, 4])
def test_units_that_came_in_were_sold_or_are_still_there(lead_time):
    problem = LostSales(lead_time=lead_time, horizon=30, initial_stock=(0.0, 4.0))
    products = draw_products(make_source("default"), problem, 40)
    played = rollout(problem, Replay(random_orders(problem, products)), products)
    came = products.initial_state.inventory_position + played.orders[..., 0].sum(0)
    there = played.steps[-1].outcome.state.inventory_position
    np.testing.assert_allclose(came, played.flow("sales").sum(0) + there, rtol=1e-12)
    np.testing.assert_allclose(
        played.flow("sales") + played.flow("shortage"), products.demand[32:], rtol=1e-12
    )


def test_nothing_is_sold_beyond_the_stock_and_nothing_lost_while_there_is_some():
    problem = LostSales(horizon=20)
    products = draw_products(make_source("poisson"), problem, 40)
    played = rollout(problem, Replay(random_orders(problem, products)), products)
    assert ((played.flow("shortage") == 0.0) | (played.flow("on_hand") == 0.0)).all()
    assert (played.flow("shortage") > 0.0).any()
    assert (played.flow("on_hand") > 0.0).any()


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"lead_time": -1}, ValueError, "lead_time must be at least 0, got -1."),
        ({"lead_time": 1.0}, TypeError, "lead_time must be a whole number, got 1.0."),
        ({"horizon": 0}, ValueError, "horizon must be at least 1, got 0."),
        ({"horizon": 2.5}, TypeError, "horizon must be a whole number, got 2.5."),
        ({"horizon": True}, TypeError, "horizon must be a whole number, got True."),
        ({"discount": 0.0}, ValueError, "discount must be above 0 and at most 1, got 0.0."),
        ({"discount": 1.5}, ValueError, "discount must be above 0 and at most 1, got 1.5."),
        ({"discount": float("nan")}, ValueError, "discount must be finite, got nan."),
        ({"discount": "high"}, TypeError, "discount must be a number, got 'high'."),
        ({"long_run": 1}, TypeError, "long_run must be True or False, got 1."),
        ({"integer_orders": "yes"}, TypeError, "integer_orders must be True or False, got 'yes'."),
        ({"censored": None}, TypeError, "censored must be True or False, got None."),
        ({"order_cap": 0}, ValueError, "order_cap must be above 0, got 0; None means no cap."),
        (
            {"order_cap": -2.0},
            ValueError,
            "order_cap must be above 0, got -2.0; None means no cap.",
        ),
        ({"initial_stock": 3.0}, TypeError, "initial_stock must be a pair (low, high), got 3.0."),
        (
            {"initial_stock": (1.0,)},
            TypeError,
            "initial_stock must be a pair (low, high), got (1.0,).",
        ),
        (
            {"initial_stock": (-1.0, 2.0)},
            ValueError,
            "initial_stock low must be at least 0, got -1.0.",
        ),
        (
            {"initial_stock": (2.0, 1.0)},
            ValueError,
            "initial_stock high must be at least 2, got 1.0.",
        ),
        (
            {"shelf_life": 2},
            TypeError,
            "LostSales got an unexpected keyword argument 'shelf_life'; its fields are: "
            "horizon, discount, long_run, "
            "integer_orders, order_cap, "
            "censored, initial_stock, lead_time. "
            "A task also takes problem and products, an environment units.",
        ),
    ],
)
def test_invalid_fields_are_refused(fields, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make_problem("InvLostSales-v0", **fields)
