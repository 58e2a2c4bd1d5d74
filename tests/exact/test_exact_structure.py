"""The structure of optimal orders, on every state: which stock displaces orders, and how much of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, product

import numpy as np
import pytest
from exact_cases import AVERAGE, ENDLESS, State, economics_of, larger, law_of, published, solution_of, table, worth
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines import VectorBaseStock
from baselines.exact import Solution, solve
from inv_gym import DualSourcing, LostSales, Perishable, ProcurementRemoval

LAWS = [
    ("poisson", 2.0, 0.0),
    ("geometric", 1.5, 0.0),
    ("discrete_uniform", 2.0, 0.0),
    ("negative_binomial", 1.5, 0.5),
]
WAYS = [AVERAGE, {**ENDLESS, "discount": 0.95}, {"horizon": 6, "discount": 0.95, "integer_orders": True}]

Chosen = Callable[[tuple[int, ...]], int]


def followed(solution: Solution, period: int = 0) -> dict[State, tuple[int, ...]]:
    """The orders of a period, without those of the deeper half of the backlog."""
    low = min(float(solution.states[:, 0].min()), 0.0) if solution.problem.backlog else 0.0
    return {state: order for state, order in table(solution, period).items() if state[0] >= low / 2.0}


def broken(solution: Solution, chosen: Chosen, columns: Sequence[int]) -> list[tuple[int, State, list[int]]]:
    """States where ``0 >= change >= change >= ... >= -1`` fails for a unit more in each column, in this order.

    Of backlog the deeper half is left out: its orders rest on states in which more of it is cut off.
    """
    found, compared = [], 0
    for period in range(len(solution.orders)):
        orders = followed(solution, period)
        for state, order in orders.items():
            after = [orders[near] for near in (larger(state, column) for column in columns) if near in orders]
            changes = [0, *(chosen(one) - chosen(order) for one in after), -1]
            compared += len(after)
            if any(one < other for one, other in pairwise(changes)):
                found.append((period, state, changes))
    # many states have all neighbours, so the comparison is not void
    assert compared >= len(columns) * (len(solution.states) - 1) * len(solution.orders) // 8
    return found


def first(order: tuple[int, ...]) -> int:
    return order[0]


def lost_sales_solution(lead_time: int, law: tuple[str, float, float], options: dict, **figures: float) -> Solution:
    name, mean, dispersion = law
    problem = LostSales(lead_time=lead_time, **options)
    costs = {"holding_cost": 1.0, "shortage_cost": 4.0, **figures}
    return solve(problem, law_of(name, mean, dispersion=dispersion), economics_of(problem, **costs))


@pytest.mark.parametrize("lead_time", [1, 2, 3, 4])
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("options", WAYS)
def test_newer_orders_displace_more_with_lost_sales(lead_time, law, options):
    name, mean, dispersion = law
    law = (name, mean if lead_time < 4 else 1.0, dispersion)
    for figures in ({}, {"unit_cost": 2.0, "price": 5.0, "salvage_value": 1.0}):
        assert not broken(lost_sales_solution(lead_time, law, options, **figures), first, range(lead_time))


@pytest.mark.parametrize("name", [f"zipkin2008-poisson5-p{p}-L{L}" for p in (4, 9) for L in (2, 3, 4)])
def test_newer_orders_displace_more_in_the_published_instances(name):
    solution = solution_of(name)
    assert not broken(solution, first, range(solution.states.shape[1]))


@pytest.mark.parametrize("name", [f"zipkin2008-poisson5-p{p}-L{L}" for p in (4, 9) for L in (1, 2, 3, 4)])
def test_no_order_exceeds_the_bound_of_zipkin(name):
    found, law, economics = published(name)
    levels = [float(level[0]) for level in VectorBaseStock.closed_form(found.problem, law, economics).levels]
    solution = solution_of(name)
    partial = np.concatenate([solution.states[:, ::-1].cumsum(1)[:, ::-1], np.zeros((len(solution.states), 1))], 1)
    orders = solution.orders[0]
    positive = orders[:, 0] > 0.0
    assert positive.sum() > len(orders) // 10
    assert (partial + orders)[positive].max(0).tolist() <= levels  # column by column
    assert ((partial + orders)[positive] <= levels).all()


def test_the_check_of_the_structure_can_fail():
    solution = lost_sales_solution(2, LAWS[0], AVERAGE)
    assert broken(solution, first, [1, 0])  # in the wrong order
    assert broken(solution, lambda order: 2 * order[0], [0, 1])  # too steep
    assert broken(solution, lambda order: -order[0], [0, 1])  # the wrong way


def perishable_solution(
    shelf_life: int, lead_time: int, law: tuple[str, float, float], options: dict, **figures: float
) -> Solution:
    name, mean, dispersion = law
    problem = Perishable(shelf_life=shelf_life, lead_time=lead_time, **options)
    costs = {"price": 10.0, "unit_cost": 4.0, "holding_cost": 0.5, "outdating_cost": 1.0, **figures}
    return solve(problem, law_of(name, mean, dispersion=dispersion), economics_of(problem, **costs))


@pytest.mark.parametrize(("shelf_life", "lead_time"), [(2, 0), (3, 0), (4, 0), (1, 1), (2, 1), (3, 1), (2, 2)])
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("options", WAYS)
def test_fresher_stock_displaces_more_orders(shelf_life, lead_time, law, options):
    solution = perishable_solution(shelf_life, lead_time, law, options)
    assert not broken(solution, first, range(solution.states.shape[1]))


def dual_solution(
    lead_times: tuple[int, int], law: tuple[str, float, float], backlog: bool, options: dict, **figures: float
) -> Solution:
    name, mean, dispersion = law
    problem = DualSourcing(
        regular_lead_time=lead_times[0], expedited_lead_time=lead_times[1], backlog=backlog, **options
    )
    costs = {"regular_cost": 5.0, "expedited_cost": 7.0, "holding_cost": 1.0, "shortage_cost": 12.0}
    costs = {**costs, "price": 0.0 if backlog else 20.0, **figures}
    return solve(problem, law_of(name, mean, dispersion=dispersion), economics_of(problem, **costs))


def dual_faults(solution: Solution) -> list[tuple[int, State, list[int]]]:
    """Net inventory comes first, then regular orders, the oldest first."""
    columns = range(solution.states.shape[1])
    found = broken(solution, lambda order: order[1], columns[::-1])  # what comes sooner displaces more expediting
    found += broken(solution, lambda order: order[0], columns)  # what comes later displaces more regular orders
    found += broken(solution, sum, [0])  # and a unit on hand displaces one unit of both together
    # a unit on order can displace one of each, since each is rounded by itself: a unit more over any number of them
    for orders in (followed(solution, period) for period in range(len(solution.orders))):
        for column in columns[1:]:
            for state, order in orders.items():
                for units in (1, 2, 3, 5):
                    after = orders.get((*state[:column], state[column] + units, *state[column + 1 :]))
                    if after is not None and not -units - 1 <= sum(after) - sum(order) <= 0:
                        found.append((units, state, [*order, *after]))
    return found


@pytest.mark.parametrize("regular_lead_time", [1, 2, 3])
@pytest.mark.parametrize(
    "law", [("poisson", 2.0, 0.0), ("discrete_uniform", 2.0, 0.0), ("negative_binomial", 1.0, 0.3)]
)
@pytest.mark.parametrize("backlog", [True, False])
@pytest.mark.parametrize("options", WAYS[:2])
def test_each_source_heeds_most_what_arrives_when_its_own_orders_do(regular_lead_time, law, backlog, options):
    assert not dual_faults(dual_solution((regular_lead_time, 0), law, backlog, options))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("backlog", [True, False])
def test_each_source_heeds_most_what_arrives_when_its_own_orders_do_up_to_an_end(law, backlog):
    assert not dual_faults(dual_solution((2, 0), law, backlog, WAYS[2], salvage_value=3.0))


@pytest.mark.parametrize("name", ["l2-c105", "l2-c110", "l3-c105"])
def test_each_source_heeds_most_what_arrives_when_its_own_orders_do_in_the_published_instances(name):
    assert not dual_faults(solution_of(f"gijsbrechts2022-{name}"))


def test_a_unit_on_order_can_displace_a_unit_from_either_source():
    """What holds of derivatives, that both together fall by at most as much, holds to a unit where orders are whole."""
    solution = dual_solution((3, 0), ("poisson", 2.0, 0.0), False, AVERAGE)
    law = law_of("poisson", 2.0)
    tried = [order for order in product(range(4), range(9)) if sum(order) <= 8]
    for state, best in (((0, 0, 4), (1, 5)), ((0, 0, 5), (0, 4))):
        by_order = {order: worth(solution, law, state, order) for order in tried}
        first_best, second = sorted(by_order, key=by_order.__getitem__, reverse=True)[:2]
        assert first_best == best == table(solution)[state]
        assert by_order[best] > by_order[second] + 0.005  # no tie


@pytest.mark.parametrize("regular_lead_time", [2, 3])
def test_with_backlog_orders_look_at_the_expedited_position_alone(regular_lead_time):
    solution = dual_solution((regular_lead_time, 1), ("discrete_uniform", 2.0, 0.0), True, AVERAGE)
    low, by_position = solution.states[:, 0].min() + 4.0, {}
    for (net, due, *later), order in table(solution).items():
        if net >= low:  # below, demand leads beyond the backlog that is followed
            by_position.setdefault((net + due, *later), set()).add(order)
    assert len(by_position) > 10
    assert {len(orders) for orders in by_position.values()} == {1}
    orders = {position: next(iter(found)) for position, found in by_position.items()}
    for position, (regular, expedited) in orders.items():
        for column in range(len(position)):
            after = orders.get(larger(position, column))
            if after is not None:
                assert -1 <= after[0] - regular <= 0 and -1 <= after[1] - expedited <= 0
                assert -1 <= sum(after) - regular - expedited <= 0


def removal_faults(solution: Solution) -> list[tuple[int, int]]:
    """Stocks where a unit more changes order, removal or both by more than a unit, or where both occur."""
    found = []
    for period in range(len(solution.orders)):
        ordered, removed = solution.orders[period].T
        net = np.diff(ordered - removed)
        wrong = (np.diff(ordered) > 0) | (np.diff(removed) < 0) | (np.diff(removed) > 1) | (net > 0) | (net < -1)
        found += [(period, int(stock)) for stock in solution.states[:-1, 0][wrong]]
        found += [(period, int(stock)) for stock in solution.states[:, 0][ordered * removed > 0.0]]
    return found


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("backlog", [True, False])
@pytest.mark.parametrize("options", [WAYS[1], WAYS[2]])
def test_procurement_and_removal_never_meet_and_move_stock_by_at_most_a_unit_per_unit(law, backlog, options):
    name, mean, dispersion = law
    problem = ProcurementRemoval(backlog=backlog, **options)
    economics = economics_of(problem, price=10.0, unit_cost=5.0, holding_cost=0.5, removal_value=2.0, shortage_cost=3.0)
    # a season too: the levels move from period to period
    means = (mean,) if problem.long_run else (mean, 2.0 * mean, 0.5 * mean)
    solution = solve(problem, law_of(name, *means, dispersion=dispersion), economics, stock=60.0)
    assert not removal_faults(solution)
    for ordered, removed in np.moveaxis(solution.orders, 2, 1):
        stock = solution.states[:, 0]
        lower, upper = (stock + ordered)[0], (stock - removed)[-1]
        assert lower <= upper < 60.0
        assert np.array_equal(ordered, np.maximum(lower - stock, 0.0))
        assert np.array_equal(removed, np.maximum(stock - upper, 0.0))
    if not problem.long_run:
        assert len({float(order.max()) for order in solution.orders[:, :, 0]}) > 1


# any costs and laws

CHANCE = {
    "law": st.sampled_from([name for name, _, _ in LAWS]),
    "mean": st.sampled_from([0.5, 1.0, 1.5]),
    "dispersion": st.floats(0.1, 1.0),
    "discount": st.sampled_from([0.8, 0.95, 1.0]),
    "holding_cost": st.floats(0.1, 3.0),
    "unit_cost": st.floats(0.0, 5.0),
    "margin": st.floats(1.0, 15.0),
}


@settings(max_examples=25, derandomize=True)
@given(lead_time=st.integers(1, 3), **CHANCE)
def test_newer_orders_displace_more_with_any_law_and_costs(
    lead_time, law, mean, dispersion, discount, holding_cost, unit_cost, margin
):
    figures = {"price": unit_cost + margin, "unit_cost": unit_cost, "holding_cost": holding_cost, "shortage_cost": 0.0}
    options = {**ENDLESS, "discount": discount}
    solution = lost_sales_solution(lead_time, (law, mean, dispersion), options, **figures)
    assert not broken(solution, first, range(lead_time))


def test_fresher_stock_need_not_displace_more_where_outdating_costs_less_than_holding():
    # of whole units, some instances break the chain: here 2 units are ordered from nothing and none beside one old unit
    figures = {"unit_cost": 0.0, "outdating_cost": 0.0, "holding_cost": 2.0}
    solution = perishable_solution(2, 0, ("geometric", 0.5, 1.0), {**ENDLESS, "discount": 0.8}, **figures)
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
def test_fresher_stock_displaces_more_where_a_unit_that_outdates_costs_no_less_than_one_that_is_held(
    shelf_life, waste, law, mean, dispersion, discount, holding_cost, unit_cost, margin
):
    costs = {"holding_cost": holding_cost, "outdating_cost": waste + max(holding_cost - discount * unit_cost, 0.0)}
    costs = {**costs, "price": unit_cost + margin, "unit_cost": unit_cost}
    law = (law, min(mean, 1.0), dispersion)
    solution = perishable_solution(shelf_life, 0, law, {**ENDLESS, "discount": discount}, **costs)
    assert not broken(solution, first, range(solution.states.shape[1]))


def test_with_a_lead_time_a_unit_of_perishable_stock_can_displace_two_even_so():
    law, figures = ("discrete_uniform", 1.0, 0.0), {"holding_cost": 0.705, "outdating_cost": 0.902, "price": 5.699}
    solution = perishable_solution(2, 1, law, AVERAGE, unit_cost=0.0, **figures)
    for state, best in (((0, 2), 2), ((1, 2), 0)):
        units = range(int(solution.states.max()) + 1)
        by_order = {number: worth(solution, law_of(*law[:2]), state, (number,)) for number in units}
        assert table(solution)[state] == (best,)
        assert all(by_order[best] > by_order[number] + 0.005 for number in units if number != best)  # no tie


@settings(max_examples=20, derandomize=True)
@given(premium=st.floats(0.1, 5.0), backlog=st.booleans(), **CHANCE)
def test_each_source_heeds_most_what_arrives_when_its_own_orders_do_with_any_law_and_costs(
    premium, backlog, law, mean, dispersion, discount, holding_cost, unit_cost, margin
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
    solution = dual_solution((2, 0), (law, min(mean, 1.0), dispersion), backlog, options, **figures)
    assert not dual_faults(solution)
