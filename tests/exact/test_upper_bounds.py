"""Upper bounds: never below the optimum, tighter with more effort, and met by no policy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from exact_cases import distribution_of, economics_of

from inv_gym import (
    ENVIRONMENTS,
    DualSourcing,
    LostSales,
    Perishable,
    baselines,
    draw_products,
    evaluate,
    instance,
    make_problem,
    make_source,
)
from inv_gym.baselines.exact import newsvendor_bound, solve, upper_bound
from inv_gym.baselines.exact.bounds import _from_start, _paid_when_ordered, _shorter
from inv_gym.products.synthetic import InstanceProducts

PROFIT = {
    "price": 10.0,
    "unit_cost": 5.0,
    "holding_cost": 0.2,
    "shortage_cost": 1.0,
    "salvage_value": 4.0,
}
TWO = {
    "regular_cost": 10.0,
    "expedited_cost": 13.0,
    "holding_cost": 1.0,
    "shortage_cost": 12.0,
    "price": 20.0,
}
CASES = [
    (LostSales(lead_time=3, horizon=15), PROFIT, 6.0),
    (LostSales(lead_time=3, long_run=True, discount=0.95), PROFIT, 0.0),
    (LostSales(lead_time=3, long_run=True, discount=1.0), PROFIT, 0.0),
    (Perishable(shelf_life=2, lead_time=2, horizon=15), {**PROFIT, "outdating_cost": 1.0}, 4.0),
    (Perishable(shelf_life=2, lead_time=2, horizon=15, issuing="newest_first"), PROFIT, 0.0),
    (DualSourcing(regular_lead_time=3, horizon=15), TWO, 4.0),
    (DualSourcing(regular_lead_time=3, horizon=15, backlog=False), TWO, 0.0),
    (
        DualSourcing(regular_lead_time=4, expedited_lead_time=1, long_run=True, discount=1.0),
        TWO,
        0.0,
    ),
]


@pytest.mark.parametrize(("problem", "figures", "stock"), CASES)
def test_each_shorter_lead_time_bounds_the_optimum_more_loosely(problem, figures, stock):
    distribution, economics = (
        distribution_of("discrete_uniform", 2.0),
        economics_of(problem, **figures),
    )
    solution = solve(problem, distribution, economics, stock)
    optimum = solution.value(stock) if solution.gain is None else solution.gain
    bounds = [
        _from_start(
            problem,
            easier,
            distribution,
            economics,
            _paid_when_ordered(easier, economics, k),
            stock,
            k,
            10**7,
        )
        for easier, k in _shorter(problem)
    ]
    assert bounds[0] == pytest.approx(optimum, rel=1e-9)
    assert (np.diff(bounds) >= -1e-9 * abs(optimum)).all()
    assert bounds[-1] > bounds[0] + 0.001 * abs(optimum)
    newsvendor = newsvendor_bound(problem, distribution, economics, np.array([stock]))[0]
    assert newsvendor >= bounds[-1] * (1.0 - np.sign(bounds[-1]) * 1e-9)
    assert upper_bound(problem, distribution, economics, stock) == (bounds[0], problem.lead_times)


def test_a_law_that_changes_is_bounded_too():
    problem, economics = LostSales(lead_time=2, horizon=14), {**PROFIT}
    distribution = distribution_of("poisson", *(2.0 + np.sin(np.arange(14.0))))
    costs = economics_of(problem, **economics)
    easier, k = list(_shorter(problem))[1]
    bound = _from_start(
        problem, easier, distribution, costs, _paid_when_ordered(easier, costs, k), 0.0, k, 10**7
    )
    assert (
        solve(problem, distribution, costs).value()
        < bound
        < newsvendor_bound(problem, distribution, costs, np.zeros(1))[0]
    )


def test_without_lead_time_and_with_salvage_at_cost_the_bound_of_the_newsvendor_is_the_optimum():
    problem = LostSales(horizon=20)
    economics = economics_of(problem, **{**PROFIT, "salvage_value": 5.0})
    distribution = distribution_of("poisson", 5.0)
    bound = newsvendor_bound(problem, distribution, economics, np.zeros(1))[0]
    assert solve(problem, distribution, economics).value() == pytest.approx(bound, rel=1e-9)


def test_the_bound_of_the_newsvendor_serves_amounts():
    problem = LostSales(horizon=20)
    figures = {**PROFIT, "salvage_value": 5.0}
    source = InstanceProducts("gamma", 5.0, figures, dispersion=0.2)
    distribution = distribution_of("gamma", 5.0, dispersion=0.2)
    bound = newsvendor_bound(problem, distribution, economics_of(problem, **figures), np.zeros(1))[
        0
    ]
    optimal = baselines.Fitted(baselines.BaseStock.closed_form, problem, "distribution")
    found = evaluate(problem, {"base-stock": optimal}, source, number=20_000).frame.iloc[0]
    weight = (1.0 - problem.discount**20) / (1.0 - problem.discount)
    assert abs(weight * found.reward - bound) < 3.0 * weight * found.standard_error


def test_a_smaller_limit_takes_a_shorter_lead_time_and_the_last_resort_is_the_newsvendor():
    found = instance("zipkin2008-poisson5-p4-L4")
    one = draw_products(found.source, found.problem, 1)
    bounds = [
        upper_bound(found.problem, one.distribution, one.economics, limit=limit)
        for limit in (10**7, 10**5, 10**3, 10)
    ]
    assert [bound.lead_times for bound in bounds] == [(4,), (3,), (1,), (0,)]
    costs = [-bound.reward for bound in bounds]
    np.testing.assert_allclose(costs[:3], [4.7285, 4.5987, 4.0407], atol=1e-4)
    assert costs[3] < costs[2]


def test_beyond_the_reach_of_dynamic_programs_the_gap_has_two_sides():
    found = instance("zipkin2008-poisson5-p4-L4")
    problem = replace(found.problem, lead_time=10)
    one = draw_products(found.source, problem, 1)
    best = -upper_bound(problem, one.distribution, one.economics, limit=10**6).reward
    policies = {
        "constant": baselines.ConstantOrder(problem=problem, quantity=4.0),
        "capped": baselines.CappedBaseStock(problem=problem, level=56.0, cap=5.0),
    }
    frame = evaluate(
        problem, policies, found.source, number=400, warm_up=100, reference="capped"
    ).frame.set_index("policy")
    for row in frame.itertuples():
        assert -row.reward + 1.96 * row.standard_error > best, row.Index
    assert -frame.reward.max() < 1.15 * best


@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_no_policy_earns_more_than_the_bound_on_its_products(env_id):
    problem = make_problem(env_id)
    products = draw_products(make_source(ENVIRONMENTS[env_id].source), problem, 400)
    position = np.broadcast_to(products.initial_state.inventory_position, (400,))
    bound = newsvendor_bound(
        problem, products.distribution, products.economics, np.asarray(position)
    )
    weight = (1.0 - problem.discount**problem.horizon) / (1.0 - problem.discount)
    name = baselines.reference(problem)
    frame = evaluate(problem, {name: baselines.policies(problem)[name]}, products).frame
    assert frame.reward[0] <= bound.mean() / weight + 1.96 * frame.standard_error[0]
