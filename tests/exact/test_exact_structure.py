"""The structure of optimal orders, on every state: which stock displaces orders, and how much of
them.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from exact_cases import AVERAGE, ENDLESS, distribution_of, solution_of, table, worth
from hypothesis import given, settings
from hypothesis import strategies as st
from structure_cases import (
    CHANCE,
    FAMILIES,
    WAYS,
    broken,
    dual_solution,
    lost_sales_solution,
    perishable_solution,
    removal_solution,
)

from inv_gym.baselines.exact import Solution
from inv_gym.structure import Inequalities, inequalities, properties

STEPS = (1, 2, 3, 5)


@pytest.mark.parametrize("lead_time", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("distribution", FAMILIES)
@pytest.mark.parametrize("options", WAYS)
def test_newer_orders_displace_more_with_lost_sales(lead_time, distribution, options):
    name, mean, dispersion = distribution
    distribution = (name, mean if lead_time < 4 else 1.0, dispersion)
    for figures in ({}, {"unit_cost": 2.0, "price": 5.0, "salvage_value": 1.0}):
        assert not broken(lost_sales_solution(lead_time, distribution, options, **figures))


@pytest.mark.parametrize(
    "name", [f"zipkin2008-poisson5-p{p}-L{L}" for p in (4, 9) for L in (2, 3, 4)]
)
def test_newer_orders_displace_more_in_the_published_instances(name):
    assert not broken(solution_of(name))


def test_the_check_of_the_structure_can_fail():
    solution = lost_sales_solution(2, FAMILIES[0], AVERAGE)
    rules = inequalities(solution.problem)
    mirrored = rules._replace(weights=rules.weights[:, :, ::-1])
    for name, found in (
        (
            "d order / d pipeline_1 <= d order / d on_hand",
            broken(solution, mirrored),
        ),  # in the wrong order
        (
            "d order / d pipeline_1 >= -1",
            broken(replace(solution, orders=2.0 * solution.orders)),
        ),  # too steep
        (
            "d order / d on_hand <= 0",
            broken(replace(solution, orders=-solution.orders)),
        ),  # the wrong way
    ):
        assert name in {rule for _, _, rule in found}


@pytest.mark.parametrize(
    ("shelf_life", "lead_time"), [(2, 0), (3, 0), (4, 0), (1, 1), (2, 1), (3, 1), (2, 2)]
)
@pytest.mark.parametrize("distribution", FAMILIES)
@pytest.mark.parametrize("options", WAYS)
def test_fresher_stock_displaces_more_orders(shelf_life, lead_time, distribution, options):
    assert not broken(perishable_solution(shelf_life, lead_time, distribution, options))


@pytest.mark.parametrize("regular_lead_time", [1, 2, 3])
@pytest.mark.parametrize(
    "distribution",
    [("poisson", 2.0, 0.0), ("discrete_uniform", 2.0, 0.0), ("negative_binomial", 1.0, 0.3)],
)
@pytest.mark.parametrize("backlog", [True, False])
@pytest.mark.parametrize("options", WAYS[:2])
def test_each_source_heeds_most_what_arrives_when_its_own_orders_do(
    regular_lead_time, distribution, backlog, options
):
    assert not broken(
        dual_solution((regular_lead_time, 0), distribution, backlog, options), units=STEPS
    )


@pytest.mark.parametrize("distribution", FAMILIES)
@pytest.mark.parametrize("backlog", [True, False])
def test_each_source_heeds_most_what_arrives_when_its_own_orders_do_up_to_an_end(
    distribution, backlog
):
    assert not broken(
        dual_solution((2, 0), distribution, backlog, WAYS[2], salvage_value=3.0), units=STEPS
    )


@pytest.mark.parametrize("name", ["l2-c105", "l2-c110", "l3-c105"])
def test_each_source_heeds_most_what_arrives_when_its_own_orders_do_in_the_published_instances(
    name,
):
    assert not broken(solution_of(f"gijsbrechts2022-{name}"), units=STEPS)


def not_rounded(solution: Solution) -> Inequalities:
    rules = inequalities(solution.problem)
    return rules._replace(rounding=np.zeros(len(rules.names)))


def test_a_unit_on_order_can_displace_a_unit_from_either_source():
    """What holds of derivatives, that both together fall by at most as much, holds to a unit where
    orders are whole.
    """
    solution = dual_solution((3, 0), ("poisson", 2.0, 0.0), False, AVERAGE)
    distribution = distribution_of("poisson", 2.0)
    tried = [order for order in product(range(4), range(9)) if sum(order) <= 8]
    for state, best in (((0, 0, 4), (1, 5)), ((0, 0, 5), (0, 4))):
        by_order = {order: worth(solution, distribution, state, order) for order in tried}
        first_best, second = sorted(by_order, key=by_order.__getitem__, reverse=True)[:2]
        assert first_best == best == table(solution)[state]
        assert by_order[best] > by_order[second] + 0.005  # no tie
    assert not broken(solution)
    assert (0, (0, 0, 4), "d regular + expedited / d pipeline_2 >= -1") in broken(
        solution, not_rounded(solution)
    )


@pytest.mark.parametrize("regular_lead_time", [2, 3])
def test_with_backlog_orders_look_at_the_expedited_position_alone(regular_lead_time):
    solution = dual_solution((regular_lead_time, 1), ("discrete_uniform", 2.0, 0.0), True, AVERAGE)
    low, by_position = solution.states[:, 0].min() + 4.0, {}
    for (net, due, *later), order in table(solution).items():
        if net >= low:  # below, demand leads beyond the backlog that is followed
            by_position.setdefault((net + due, *later), set()).add(order)
    assert len(by_position) > 10
    assert {len(orders) for orders in by_position.values()} == {1}
    # here even whole orders of both sources together fall by no more than a unit
    assert not broken(solution, not_rounded(solution), least=low)


def met(solution: Solution) -> list[tuple[int, float]]:
    """Periods and stocks with both an order and a removal."""
    return [
        (int(t), float(solution.states[row, 0]))
        for t, row in np.argwhere(solution.orders.prod(2) > 0.0)
    ]


@pytest.mark.parametrize("distribution", FAMILIES)
@pytest.mark.parametrize("backlog", [True, False])
@pytest.mark.parametrize("options", [WAYS[1], WAYS[2]])
def test_procurement_and_removal_never_meet_and_move_stock_by_at_most_a_unit_per_unit(
    distribution, backlog, options
):
    solution = removal_solution(distribution, backlog, options)
    problem = solution.problem
    assert not broken(solution, least=-np.inf)
    assert not met(solution)
    for ordered, removed in np.moveaxis(solution.orders, 2, 1):
        stock = solution.states[:, 0]
        lower, upper = (stock + ordered)[0], (stock - removed)[-1]
        assert lower <= upper < 60.0
        assert np.array_equal(ordered, np.maximum(lower - stock, 0.0))
        assert np.array_equal(removed, np.maximum(stock - upper, 0.0))
    if not problem.long_run:
        assert len({float(order.max()) for order in solution.orders[:, :, 0]}) > 1


@settings(max_examples=25, derandomize=True)
@given(lead_time=st.integers(1, 3), **CHANCE)
def test_newer_orders_displace_more_with_any_law_and_costs(
    lead_time, distribution, mean, dispersion, discount, holding_cost, unit_cost, margin
):
    figures = {
        "price": unit_cost + margin,
        "unit_cost": unit_cost,
        "holding_cost": holding_cost,
        "shortage_cost": 0.0,
    }
    options = {**ENDLESS, "discount": discount}
    solution = lost_sales_solution(lead_time, (distribution, mean, dispersion), options, **figures)
    assert not broken(solution)


def test_fresher_stock_need_not_displace_more_where_outdating_costs_less_than_holding():
    # of whole units, some instances break the chain: here 2 units are ordered from nothing and none
    # beside one old unit
    figures = {"unit_cost": 0.0, "outdating_cost": 0.0, "holding_cost": 2.0}
    solution = perishable_solution(
        2, 0, ("geometric", 0.5, 1.0), {**ENDLESS, "discount": 0.8}, **figures
    )
    assert table(solution)[(0,)] == (2,)
    assert table(solution)[(1,)] == (0,)
    # that is no tie: ordering one unit in both is worse by far more than rounding
    model = solution.model
    ((_, matrix),) = model.matrices(0)
    worth = model.rewards(0) + 0.8 * (matrix @ solution.values[0][model.target[:, 0]])
    by_state = {
        (int(model.states[0, owner]), int(choice)): value
        for owner, choice, value in zip(model.owner, model.choice, worth, strict=True)
    }
    assert by_state[0, 2] > by_state[0, 1] + 0.05
    assert by_state[1, 0] > by_state[1, 1] + 0.05


@settings(max_examples=25, derandomize=True)
@given(shelf_life=st.integers(2, 4), waste=st.floats(0.0, 5.0), **CHANCE)
def test_fresher_stock_displaces_more_where_outdating_costs_no_less_than_holding(
    shelf_life, waste, distribution, mean, dispersion, discount, holding_cost, unit_cost, margin
):
    costs = {
        "holding_cost": holding_cost,
        "outdating_cost": waste + max(holding_cost - discount * unit_cost, 0.0),
    }
    costs = {**costs, "price": unit_cost + margin, "unit_cost": unit_cost}
    distribution = (distribution, min(mean, 1.0), dispersion)
    solution = perishable_solution(
        shelf_life, 0, distribution, {**ENDLESS, "discount": discount}, **costs
    )
    assert not broken(solution)


def test_with_a_lead_time_a_unit_of_perishable_stock_can_displace_two_even_so():
    distribution, figures = (
        ("discrete_uniform", 1.0, 0.0),
        {"holding_cost": 0.705, "outdating_cost": 0.902, "price": 5.699},
    )
    solution = perishable_solution(2, 1, distribution, AVERAGE, unit_cost=0.0, **figures)
    for state, best in (((0, 2), 2), ((1, 2), 0)):
        units = range(int(solution.states.max()) + 1)
        by_order = {
            number: worth(solution, distribution_of(*distribution[:2]), state, (number,))
            for number in units
        }
        assert table(solution)[state] == (best,)
        assert all(
            by_order[best] > by_order[number] + 0.005 for number in units if number != best
        )  # no tie


@settings(max_examples=20, derandomize=True)
@given(
    ages=st.sampled_from([(3, 0), (2, 1), (3, 1), (1, 2), (2, 2)]),
    waste=st.floats(0.0, 5.0),
    share=st.floats(0.0, 1.0),
    **CHANCE,
)
def test_fresher_stock_displaces_more_at_any_lead_time_where_no_unit_is_better_outdated(
    ages, waste, share, distribution, mean, dispersion, discount, holding_cost, unit_cost, margin
):
    # the cost of outdating a period later, and of holding until then, is at least that of outdating
    # now
    costs = {"holding_cost": share * (1.0 - discount) * waste, "outdating_cost": waste}
    costs = {**costs, "price": unit_cost + margin, "unit_cost": unit_cost}
    distribution = (distribution, min(mean, 1.0), dispersion)
    assert not broken(
        perishable_solution(*ages, distribution, {**ENDLESS, "discount": discount}, **costs)
    )


def test_issued_newest_first_an_old_unit_can_displace_three_and_no_chain_is_known():
    distribution, figures = (
        ("poisson", 10.0, 0.0),
        {"unit_cost": 6.0, "holding_cost": 0.3, "outdating_cost": 0.6},
    )
    options = {**ENDLESS, "discount": 0.99}
    solution = perishable_solution(
        2, 0, distribution, options, "newest_first", shortage_cost=2.0, **figures
    )
    orders = [table(solution)[(units,)][0] for units in range(12)]
    assert orders == [13, 10, 9, 7, 6, 5, 4, 3, 2, 1, 0, 0]
    for units, best in ((0, 13), (1, 10)):
        by_order = {
            number: worth(solution, distribution_of(*distribution[:2]), (units,), (number,))
            for number in range(16)
        }
        assert all(
            by_order[best] > by_order[number] + 0.005 for number in range(16) if number != best
        )  # no tie
    assert not properties(solution.problem).chains
    assert properties(replace(solution.problem, issuing="oldest_first")).chains


@settings(max_examples=20, derandomize=True)
@given(premium=st.floats(0.1, 5.0), backlog=st.booleans(), **CHANCE)
def test_each_source_heeds_most_what_arrives_when_its_own_orders_do_with_any_law_and_costs(
    premium, backlog, distribution, mean, dispersion, discount, holding_cost, unit_cost, margin
):
    figures = {
        "price": 0.0 if backlog else unit_cost,
        "regular_cost": unit_cost,
        "expedited_cost": unit_cost + premium,
        "holding_cost": holding_cost,
        # waiting must cost more than expediting now: backlog that is left to grow would be cut off
        "shortage_cost": margin + premium + (1.0 - discount) * unit_cost,
    }
    options = {**ENDLESS, "discount": discount}
    solution = dual_solution(
        (2, 0), (distribution, min(mean, 1.0), dispersion), backlog, options, **figures
    )
    assert not broken(solution, units=STEPS)
