"""Perishable stock by hand: every lead time, both issuing orders, outdating, and what
is refused.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from inv_gym import LostSales, Perishable, draw_products, make_problem, make_source, rollout
from inv_gym.testing import Replay, random_orders
from inv_gym.util.arrays import flatten

FIGURES = {
    "price": 10.0,
    "unit_cost": 4.0,
    "holding_cost": 1.0,
    "shortage_cost": 2.0,
    "outdating_cost": 3.0,
    "salvage_value": 2.0,
}


def states(played: Any) -> list[list[float]]:
    """The state after each period, as plain numbers."""
    return [[float(column[0]) for column in flatten(step.outcome.state)] for step in played.steps]


def test_oldest_first_sells_what_would_outdate(by_hand):
    problem = Perishable(shelf_life=2, horizon=3, discount=0.5)
    played = by_hand(problem, FIGURES, 3.0, [4.0, 1.0, 5.0], [2.0, 5.0, 2.0])
    # stock (3, 4): 2 of the old sold, 1 outdates, 4 stay:   10*2 - 4*4 - 1*4 - 3*1 =  -3
    # stock (4, 1): all 5 sold:                              10*5 - 4*1             =  46
    # stock (0, 5): 2 of the new sold, 3 stay:               10*2 - 4*5 - 1*3       =  -3
    # the 3 are salvaged a period later:                     0.5 * 2*3              =   3
    assert played.rewards[:, 0].tolist() == [-3.0, 46.0, 0.0]
    assert played.flow("outdated")[:, 0].tolist() == [1.0, 0.0, 0.0]
    assert played.flow("on_hand")[:, 0].tolist() == [4.0, 0.0, 3.0]
    assert states(played) == [[4.0], [0.0], [3.0]]


def test_newest_first_lets_the_old_outdate(by_hand):
    problem = Perishable(shelf_life=2, issuing="newest_first", horizon=3, discount=0.5)
    played = by_hand(problem, FIGURES, 3.0, [4.0, 1.0, 5.0], [2.0, 5.0, 2.0])
    # stock (3, 4): 2 of the new sold, 3 outdate, 2 stay:    10*2 - 4*4 - 1*2 - 3*3 =  -7
    # stock (2, 1): all 3 sold, 2 lost:                      10*3 - 4*1 - 2*2       =  22
    # stock (0, 5): 2 of the new sold, 3 stay:               10*2 - 4*5 - 1*3       =  -3, salvage 3
    assert played.rewards[:, 0].tolist() == [-7.0, 22.0, 0.0]
    assert played.flow("outdated")[:, 0].tolist() == [3.0, 0.0, 0.0]
    assert played.flow("shortage")[:, 0].tolist() == [0.0, 2.0, 0.0]


def test_with_lead_time_one_an_order_arrives_fresh_next_period(by_hand):
    problem = Perishable(shelf_life=2, lead_time=1, horizon=3)
    played = by_hand(problem, FIGURES, 6.0, [4.0, 2.0, 0.0], [4.0, 1.0, 7.0])
    # the 6 at the start are 3 old and 3 fresh
    # stock (3, 3): 3 + 1 sold, 2 stay:                      10*4 - 4*4 - 1*2       =  22
    # stock (2, 4): 1 sold, 1 outdates, 4 stay:              10*1 - 4*2 - 1*4 - 3*1 =  -5
    # stock (4, 2): 4 + 2 sold, 1 lost:                      10*6 - 2*1             =  58
    assert played.rewards[:, 0].tolist() == [22.0, -5.0, 58.0]
    assert states(played) == [[2.0, 4.0], [4.0, 2.0], [0.0, 0.0]]


def test_with_lead_time_three_orders_do_not_age_in_the_pipeline_and_are_salvaged(by_hand):
    problem = Perishable(shelf_life=2, lead_time=3, horizon=3, discount=1.0)
    played = by_hand(problem, FIGURES, 4.0, [5.0, 6.0, 0.0], [1.0, 3.0, 2.0])
    # stock (2, 2): 1 sold, 1 outdates, 2 stay:              10*1 - 4*5 - 1*2 - 3*1 = -15
    # stock (2, 0): 2 sold, 1 lost:                          10*2 - 4*6 - 2*1       =  -6
    # stock (0, 0): 2 lost, then 5 arrive:                   -2*2                   =  -4
    # 5 fresh and 6 on order are salvaged:                   2*11                   =  22
    assert played.rewards[:, 0].tolist() == [-15.0, -6.0, 18.0]
    assert states(played) == [[2.0, 0.0, 0.0, 5.0], [0.0, 0.0, 5.0, 6.0], [0.0, 5.0, 6.0, 0.0]]


def test_with_shelf_life_three_a_unit_serves_three_periods(by_hand):
    problem = Perishable(shelf_life=3, horizon=4, long_run=True)
    played = by_hand(problem, FIGURES, 0.0, [5.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0])
    # 5 bought, one sold a period; the 2 left after the third period outdate, and the fourth finds
    # nothing: 10 - 20 - 4 = -14;   10 - 3 = 7;   10 - 3*2 = 4 (what outdates is not held);   -2
    assert played.rewards[:, 0].tolist() == [-14.0, 7.0, 4.0, -2.0]
    assert played.flow("outdated")[:, 0].tolist() == [0.0, 0.0, 2.0, 0.0]


def test_shelf_life_one_is_a_newsvendor_period(by_hand):
    played = by_hand(Perishable(shelf_life=1, horizon=2), FIGURES, 0.0, [5.0, 2.0], [3.0, 3.0])
    # 3 sold, 2 outdate: 10*3 - 4*5 - 3*2 = 4;   2 sold, 1 lost: 10*2 - 4*2 - 2*1 = 10;   nothing to
    # salvage
    assert played.rewards[:, 0].tolist() == [4.0, 10.0]
    assert states(played) == [[], []]


def test_shelf_life_one_with_a_lead_time_sells_only_what_arrived_today(by_hand):
    played = by_hand(
        Perishable(shelf_life=1, lead_time=1, horizon=2), FIGURES, 3.0, [4.0, 0.0], [1.0, 6.0]
    )
    # 3 on hand: 1 sold, 2 outdate: 10*1 - 4*4 - 3*2 = -12;   4 arrived: 4 sold, 2 lost: 10*4 - 2*2
    # = 36
    assert played.rewards[:, 0].tolist() == [-12.0, 36.0]
    assert states(played) == [[4.0], [0.0]]


def test_newest_first_with_three_classes_issues_from_the_freshest_back(by_hand):
    problem = Perishable(shelf_life=3, issuing="newest_first", horizon=1, long_run=True)
    played = by_hand(problem, FIGURES, 8.0, [2.0], [5.0])
    # 8 at the start are 4 and 4; stock (4, 4, 2): 2 + 3 sold, 4 outdate, 1 stays:  10*5 - 4*2 - 1*1
    # - 3*4 = 29
    assert played.rewards[:, 0].tolist() == [29.0]
    assert states(played) == [[1.0, 0.0]]


def test_a_long_run_problem_brings_no_salvage(by_hand):
    problem = Perishable(shelf_life=2, horizon=3, long_run=True)
    played = by_hand(problem, FIGURES, 3.0, [4.0, 1.0, 5.0], [2.0, 5.0, 2.0])
    assert played.rewards[:, 0].tolist() == [-3.0, 46.0, -3.0]


def test_capped_whole_orders(by_hand):
    problem = Perishable(shelf_life=2, horizon=3, long_run=True, order_cap=3.0, integer_orders=True)
    played = by_hand(problem, FIGURES, 0.0, [9.0, 2.5, 0.5], [3.0, 2.0, 0.0])
    # 3 come and are sold: 30 - 12 = 18;   2 come and are sold: 20 - 8 = 12;   nothing comes: 0
    assert played.rewards[:, 0].tolist() == [18.0, 12.0, 0.0]


@pytest.mark.parametrize("issuing", ["oldest_first", "newest_first"])
@pytest.mark.parametrize(("shelf_life", "lead_time"), [(1, 0), (1, 1), (2, 0), (3, 1), (4, 3)])
def test_units_that_came_in_were_sold_or_outdated_or_are_still_there(
    shelf_life, lead_time, issuing
):
    stock = (0.0, 3.0) if shelf_life > 1 or lead_time > 0 else (0.0, 0.0)
    problem = Perishable(
        shelf_life=shelf_life, lead_time=lead_time, issuing=issuing, horizon=30, initial_stock=stock
    )
    products = draw_products(make_source("high_variance"), problem, 40)
    played = rollout(problem, Replay(random_orders(problem, products)), products)
    came = products.initial_state.inventory_position + played.orders[..., 0].sum(0)
    there = played.steps[-1].outcome.state.inventory_position
    gone = played.flow("sales").sum(0) + played.flow("outdated").sum(0)
    np.testing.assert_allclose(came, gone + there, rtol=1e-12)
    assert played.flow("outdated").sum() > 0.0


@pytest.mark.parametrize("issuing", ["oldest_first", "newest_first"])
def test_no_unit_is_sold_after_its_shelf_life(issuing):
    problem = Perishable(shelf_life=3, issuing=issuing, horizon=12)
    products = draw_products(make_source("poisson"), problem, 40)
    products = products._replace(
        demand=np.concatenate([products.demand[:32], products.demand[32:] * 0.25])
    )
    orders = np.zeros((12, 40, 1))
    orders[0] = 6.0 * products.scale[:, None]
    played = rollout(problem, Replay(orders), products)
    sold = played.flow("sales").sum(1) > 0.0
    assert sold[:3].all()
    assert not sold[3:].any()


def test_a_shelf_life_beyond_the_horizon_plays_like_lost_sales():
    perishable, endless = Perishable(shelf_life=21, horizon=20), LostSales(horizon=20)
    source = make_source("default")
    fresh, durable = draw_products(source, perishable, 40), draw_products(source, endless, 40)
    orders = random_orders(endless, durable)
    np.testing.assert_allclose(
        rollout(perishable, Replay(orders), fresh).rewards,
        rollout(endless, Replay(orders), durable).rewards,
        atol=1e-9,
    )


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"shelf_life": 0}, ValueError, "shelf_life must be at least 1, got 0."),
        ({"shelf_life": 2.0}, TypeError, "shelf_life must be a whole number, got 2.0."),
        ({"lead_time": -1}, ValueError, "lead_time must be at least 0, got -1."),
        ({"lead_time": None}, TypeError, "lead_time must be a whole number, got None."),
        (
            {"issuing": "newest"},
            ValueError,
            "unknown issuing 'newest'; known: oldest_first, newest_first. Did you mean "
            "'newest_first'?",
        ),
        (
            {"issuing": "lifo"},
            ValueError,
            "unknown issuing 'lifo'; known: oldest_first, newest_first.",
        ),
        ({"horizon": -3}, ValueError, "horizon must be at least 1, got -3."),
        (
            {"backlog": True},
            TypeError,
            "Perishable got an unexpected keyword argument 'backlog'; its fields are: "
            "horizon, discount, long_run, "
            "integer_orders, order_cap, "
            "censored, initial_stock, shelf_life, lead_time, issuing. "
            "A task also takes problem and products, an environment units.",
        ),
    ],
)
def test_invalid_fields_are_refused(fields, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make_problem("InvPerishable-v0", **fields)
