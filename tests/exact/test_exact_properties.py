"""The bounds of optimal orders, and the multimodularity of what states are worth, on
every state.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from exact_cases import (
    AVERAGE,
    ENDLESS,
    distribution_of,
    economics_of,
    published,
    solution_of,
    table,
    values_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from structure_cases import (
    CHANCE,
    FAMILIES,
    WAYS,
    broken,
    dual_solution,
    figures_of,
    lost_sales_solution,
    not_multimodular,
    perishable_solution,
    removal_solution,
    room,
    roomy_solution,
)

from inv_gym import LostSales
from inv_gym.baselines import VectorBaseStock
from inv_gym.baselines.exact import Solution
from inv_gym.baselines.rules.critical_ratio import critical_ratio
from inv_gym.structure import properties


def newsvendor_ratio(solution: Solution) -> tuple[float, ...]:
    return (float(critical_ratio(solution.problem, figures_of(solution))[0]),)


def dual_ratios(solution: Solution) -> tuple[float, ...]:
    """The newsvendor's of the regular and of the expedited source, each as if it were
    the only one.
    """
    problem, costs = solution.problem, solution.model.economics
    ratios = []
    for lead_time, cost in zip(
        problem.lead_times, (costs.regular_cost, costs.expedited_cost), strict=True
    ):
        delay, interest = problem.discount**lead_time, (1.0 - problem.discount) * cost
        lost = delay * costs.shortage_cost - interest
        if not problem.backlog:
            lost = delay * (costs.price + costs.shortage_cost) - cost
        ratios.append(lost / (lost + delay * costs.holding_cost + interest))
    return tuple(ratios)


DUAL = [
    *(((regular, 0), backlog) for regular in (1, 2, 3) for backlog in (True, False)),
    ((2, 1), True),
    ((3, 1), True),
]
"""Lead times and whether demand waits, where structure is known."""


# bounds


@pytest.mark.parametrize("lead_time", [0, 1, 2, 3])
@pytest.mark.parametrize("distribution", FAMILIES)
@pytest.mark.parametrize("options", WAYS)
def test_no_order_exceeds_its_bounds_with_lost_sales(lead_time, distribution, options):
    name, mean, dispersion = distribution
    demand = distribution_of(name, mean, dispersion=dispersion)
    problem = LostSales(lead_time=lead_time, **options)
    for figures in ({}, {"unit_cost": 2.0, "price": 5.0, "salvage_value": 1.0}):
        economics = economics_of(problem, holding_cost=1.0, shortage_cost=4.0, **figures)
        solution = roomy_solution(problem, demand, economics)
        assert min(room(solution, demand, newsvendor_ratio(solution))) >= 0.0


@pytest.mark.parametrize(
    "name", [f"zipkin2008-poisson5-p{p}-L{L}" for p in (4, 9) for L in (1, 2, 3, 4)]
)
def test_no_order_exceeds_the_bound_of_zipkin(name):
    found, distribution, economics = published(name)
    solution = roomy_solution(found.problem, distribution, economics)
    (ratio,) = newsvendor_ratio(solution)
    levels = [
        float(level[0])
        for level in VectorBaseStock.closed_form(found.problem, distribution, economics).levels
    ]
    bounds = properties(found.problem).bounds
    assert levels == [
        float(distribution.quantile(np.array([ratio]), bound.periods)[0]) for bound in bounds
    ]
    assert (solution.orders[0] > 0.0).sum() > len(solution.orders[0]) // 10
    spare = room(solution, distribution, (ratio,))
    assert min(spare) >= 0.0
    # the bounds are no wider than they need to be, and the exact optimum rightly takes them for
    # granted
    assert min(spare) <= 1.0
    assert solution.gain == pytest.approx(solution_of(name).gain, rel=1e-9)


def test_the_check_of_the_bounds_can_fail():
    solution, distribution = (
        lost_sales_solution(2, FAMILIES[0], AVERAGE),
        distribution_of(*FAMILIES[0][:2]),
    )
    ratios = newsvendor_ratio(solution)
    spare = room(solution, distribution, ratios)
    more = room(
        replace(solution, orders=solution.orders + 2.0 * (solution.orders > 0.0)),
        distribution,
        ratios,
    )
    assert more == [one - 2.0 for one in spare]
    assert min(more) < 0.0


@pytest.mark.parametrize("issuing", ["oldest_first", "newest_first"])
@pytest.mark.parametrize("ages", [(1, 0), (2, 0), (3, 0), (1, 1), (2, 1), (3, 1), (1, 2), (2, 2)])
@pytest.mark.parametrize("distribution", FAMILIES)
@pytest.mark.parametrize("options", WAYS)
def test_perishable_stock_that_counts_never_exceeds_the_level_that_is_blind_to_outdating(
    ages, issuing, distribution, options
):
    solution = perishable_solution(*ages, distribution, options, issuing)
    demand = distribution_of(*distribution[:2], dispersion=distribution[2])
    assert min(room(solution, demand, newsvendor_ratio(solution))) >= 0.0


@settings(max_examples=25, derandomize=True)
@given(
    ages=st.sampled_from([(1, 0), (2, 0), (3, 0), (4, 0), (2, 1), (3, 1), (1, 2), (2, 2)]),
    issuing=st.sampled_from(["oldest_first", "newest_first"]),
    waste=st.floats(0.0, 5.0),
    share=st.floats(0.0, 1.0),
    **{**CHANCE, "discount": st.sampled_from([0.8, 0.95])},
)
def test_perishable_stock_that_counts_stays_at_that_level_where_no_unit_is_better_outdated(
    ages,
    issuing,
    waste,
    share,
    distribution,
    mean,
    dispersion,
    discount,
    holding_cost,
    unit_cost,
    margin,
):
    costs = {"holding_cost": share * (1.0 - discount) * waste, "outdating_cost": waste}
    costs = {**costs, "price": unit_cost + margin, "unit_cost": unit_cost}
    named = (distribution, min(mean, 1.0), dispersion)
    solution = perishable_solution(
        *ages, named, {**ENDLESS, "discount": discount}, issuing, **costs
    )
    demand = distribution_of(distribution, named[1], dispersion=dispersion)
    (ratio,) = newsvendor_ratio(solution)
    if ratio < 0.9999:  # beyond, the ratio is cut off: stock that costs nothing has no level
        assert min(room(solution, demand, (ratio,))) >= 0.0


def test_more_perishable_stock_than_that_can_be_best_where_outdating_costs_less_than_holding():
    figures = {"unit_cost": 1.0, "holding_cost": 3.0, "outdating_cost": 0.0}
    solution = perishable_solution(
        1, 0, ("poisson", 2.0, 0.0), {**ENDLESS, "discount": 0.9}, **figures
    )
    demand = distribution_of("poisson", 2.0)
    # a unit left is gone for nothing: F(S) = (p - c) / (p + w), not (p - c) / (p - c + h + (1 - g)
    # c)
    assert solution.orders[0, 0, 0] == demand.quantile(np.array([9.0 / 10.0]))[0] == 4.0
    assert room(solution, demand, newsvendor_ratio(solution)) == [-1.0]
    # with a lead time and a shelf life too: 6 + 1 units where 6 are the level of the demand of two
    # periods
    figures = {"price": 9.961, "unit_cost": 1.907, "holding_cost": 1.205, "outdating_cost": 0.285}
    options = {"horizon": 6, "discount": 1.0, "integer_orders": True}
    solution = perishable_solution(
        2, 1, ("discrete_uniform", 2.0, 0.0), options, stock=10.0, **figures
    )
    assert table(solution)[0, 6] == (1,)
    assert room(solution, distribution_of("discrete_uniform", 2.0), newsvendor_ratio(solution)) == [
        -1.0
    ]


@pytest.mark.parametrize(("lead_times", "backlog"), DUAL)
@pytest.mark.parametrize(
    "distribution", [("poisson", 1.0, 0.0), ("discrete_uniform", 1.0, 0.0), ("geometric", 1.0, 0.0)]
)
@pytest.mark.parametrize("options", WAYS)
def test_neither_source_is_used_beyond_its_bound(lead_times, distribution, backlog, options):
    # with a larger stock to start with, the exact optimum does not take the bound for granted
    solution = dual_solution(
        lead_times, distribution, backlog, options, stock=15.0, salvage_value=3.0
    )
    spare = room(solution, distribution_of(*distribution[:2]), dual_ratios(solution))
    assert len(spare) == 2
    assert 0.0 <= min(spare) <= max(spare) < np.inf


@settings(max_examples=20, derandomize=True)
@given(premium=st.floats(0.1, 5.0), case=st.sampled_from([*DUAL[:4], DUAL[6]]), **CHANCE)
def test_neither_source_is_used_beyond_its_bound_with_any_law_and_costs(
    premium, case, distribution, mean, dispersion, discount, holding_cost, unit_cost, margin
):
    lead_times, backlog = case
    figures = {
        "price": 0.0 if backlog else unit_cost,
        "regular_cost": unit_cost,
        "expedited_cost": unit_cost + premium,
        "holding_cost": holding_cost,
        "shortage_cost": margin + premium / discount + (1.0 / discount - 1.0) * unit_cost,
    }
    named = (distribution, min(mean, 1.0), dispersion)
    solution = dual_solution(
        lead_times, named, backlog, {**ENDLESS, "discount": discount}, stock=12.0, **figures
    )
    assert (
        min(
            room(
                solution,
                distribution_of(distribution, named[1], dispersion=dispersion),
                dual_ratios(solution),
            )
        )
        >= 0.0
    )


def test_just_before_an_end_that_serves_backlog_dearly_more_is_ordered_than_that():
    # what the regular source brings just after the last demand saves 9 for each unit owed and is
    # salvaged for what it cost: no number of units is too large
    figures = {
        "regular_cost": 1.0,
        "expedited_cost": 9.0,
        "holding_cost": 2.0,
        "shortage_cost": 2.0,
    }
    options = {"horizon": 3, "discount": 1.0, "integer_orders": True}
    solution = dual_solution(
        (1, 0), ("poisson", 1.0, 0.0), True, options, stock=6.0, salvage_value=1.0, **figures
    )
    assert [table(solution, period)[(0,)] for period in range(3)] == [(2, 0), (2, 0), (6, 0)]
    assert distribution_of("poisson", 1.0).quantile(np.array([0.5]), 2)[0] == 2.0


@pytest.mark.parametrize("distribution", FAMILIES)
@pytest.mark.parametrize("backlog", [True, False])
@pytest.mark.parametrize("options", WAYS)
def test_nothing_is_ordered_beyond_the_lower_level_of_procurement_and_removal(
    distribution, backlog, options
):
    name, mean, dispersion = distribution
    solution = removal_solution(distribution, backlog, options)
    means = (mean,) if solution.problem.long_run else (mean, 2.0 * mean, 0.5 * mean)
    assert room(
        solution, distribution_of(name, *means, dispersion=dispersion), newsvendor_ratio(solution)
    ) == [0.0]


# multimodularity


@pytest.mark.parametrize("lead_time", [0, 1, 2, 3])
@pytest.mark.parametrize("distribution", FAMILIES)
@pytest.mark.parametrize("options", WAYS)
def test_worth_is_multimodular_with_lost_sales(lead_time, distribution, options):
    for figures in ({}, {"unit_cost": 2.0, "price": 5.0, "salvage_value": 1.0}):
        solution = lost_sales_solution(lead_time, distribution, options, stock=12.0, **figures)
        assert properties(solution.problem).multimodular
        assert not not_multimodular(solution)


@pytest.mark.parametrize(("lead_times", "backlog"), DUAL)
@pytest.mark.parametrize(
    "distribution", [("poisson", 1.0, 0.0), ("discrete_uniform", 1.0, 0.0), ("geometric", 0.5, 0.0)]
)
@pytest.mark.parametrize("options", WAYS)
def test_worth_is_multimodular_with_two_sources(lead_times, backlog, distribution, options):
    solution = dual_solution(lead_times, distribution, backlog, options, salvage_value=3.0)
    assert properties(solution.problem).multimodular
    # all deeper backlog counts as the deepest, whatever is due: with an expedited lead time that
    # matters wherever demand can lead there before what is expedited now arrives
    assert not not_multimodular(solution, least=0.0 if lead_times[1] else None)


@pytest.mark.parametrize("distribution", FAMILIES)
@pytest.mark.parametrize("backlog", [True, False])
@pytest.mark.parametrize("options", WAYS)
def test_worth_is_concave_with_procurement_and_removal(distribution, backlog, options):
    solution = removal_solution(distribution, backlog, options)
    assert properties(solution.problem).multimodular
    assert not not_multimodular(solution)


FEW_AGES = [(2, 0), (3, 0), (4, 0), (1, 1), (2, 1), (3, 1), (1, 2), (2, 2)]


@pytest.mark.parametrize("ages", FEW_AGES)
@pytest.mark.parametrize("distribution", FAMILIES)
@pytest.mark.parametrize(
    ("options", "holding_cost"), [(WAYS[0], 0.0), (WAYS[1], 0.05), (WAYS[2], 0.05)]
)
def test_worth_of_perishable_stock_is_multimodular_where_no_unit_is_better_outdated_than_held(
    ages, distribution, options, holding_cost
):
    distribution = (distribution[0], 1.0, distribution[2])
    solution = perishable_solution(
        *ages, distribution, options, holding_cost=holding_cost, outdating_cost=1.0
    )
    assert properties(solution.problem).multimodular
    assert not not_multimodular(solution)


@settings(max_examples=25, derandomize=True)
@given(
    ages=st.sampled_from(FEW_AGES), waste=st.floats(0.0, 5.0), share=st.floats(0.0, 1.0), **CHANCE
)
def test_worth_of_perishable_stock_is_multimodular_there_with_any_law_and_costs(
    ages, waste, share, distribution, mean, dispersion, discount, holding_cost, unit_cost, margin
):
    costs = {"holding_cost": share * (1.0 - discount) * waste, "outdating_cost": waste}
    costs = {**costs, "price": unit_cost + margin, "unit_cost": unit_cost}
    named = (distribution, min(mean, 1.0), dispersion)
    assert not not_multimodular(
        perishable_solution(*ages, named, {**ENDLESS, "discount": discount}, **costs)
    )


def test_worth_of_perishable_stock_need_not_be_multimodular_where_outdating_is_cheap():
    # a unit that outdates now costs 1, one that is held and outdates a period later 1.5
    solution = perishable_solution(
        3, 0, ("poisson", 1.0, 0.0), AVERAGE, holding_cost=0.5, outdating_cost=1.0
    )
    value = values_of(solution)
    assert value[2, 3] + value[0, 4] - value[1, 3] - value[1, 4] == pytest.approx(
        0.1071008, abs=1e-6
    )
    assert (1, 3) in {state for _, state, _ in not_multimodular(solution)}
    assert not broken(solution)  # orders keep the chain all the same


def test_issued_newest_first_worth_need_not_even_be_concave():
    figures = {"unit_cost": 6.0, "holding_cost": 0.3, "outdating_cost": 0.6, "shortage_cost": 2.0}
    distribution, options = ("poisson", 10.0, 0.0), {**ENDLESS, "discount": 0.99}
    solution = perishable_solution(2, 0, distribution, options, "newest_first", **figures)
    assert not properties(solution.problem).multimodular
    value = values_of(solution)
    assert value[0,] + value[2,] - 2.0 * value[1,] == pytest.approx(1.5930311, abs=1e-6)
    assert max(not_multimodular(solution), key=lambda one: one[2])[1] == (1,)
    # and holding that costs nothing does not help
    free = perishable_solution(
        2, 0, ("poisson", 1.5, 0.0), options, "newest_first", holding_cost=0.0
    )
    assert not_multimodular(free)


def test_with_lost_sales_and_two_positive_lead_times_worth_need_not_be_multimodular():
    solution = dual_solution((3, 1), ("poisson", 1.0, 0.0), False, AVERAGE)
    value = values_of(solution)
    # that a unit comes a period sooner is worth more with two units on hand than with one
    excess = value[2, 1, 0] + value[1, 0, 1] - value[1, 1, 0] - value[2, 0, 1]
    assert excess == pytest.approx(0.8936368, abs=1e-6)
    assert max(not_multimodular(solution), key=lambda one: one[2])[1] == (1, 1, 0)
    assert properties(solution.problem) == ((), (), "")


def test_the_check_of_multimodularity_can_fail():
    solution = lost_sales_solution(2, FAMILIES[0], WAYS[1])
    states = solution.states
    assert not_multimodular(replace(solution, values=-solution.values))
    # more of one column makes the other worth more: concave in each, but not multimodular
    joined = -((states[:, 0] - states[:, 1]) ** 2)
    assert not_multimodular(replace(solution, values=joined[None]))
    assert not not_multimodular(replace(solution, values=-(states.sum(1) ** 2)[None]))
