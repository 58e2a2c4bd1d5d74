"""Heuristics for two sources: closed form, searches and rules."""

from __future__ import annotations

import re

import numpy as np
import pytest
from helpers import distribution_of, economics_of, masses, reward_of, seen

from inv_gym import POPULATIONS, DualSourcing, draw_products, instance, rollout
from inv_gym.baselines import (
    CappedDualIndex,
    DualIndex,
    ProjectedExpeditedPosition,
    SingleIndex,
    TailoredBaseSurge,
)
from inv_gym.baselines.exact import follow
from inv_gym.baselines.fitting import search
from inv_gym.baselines.fitting.simulation import mean_reward, paths, simulate


def brute_force_levels(
    mass: np.ndarray, lead_time: int, c_r: float, c_e: float, h: float, b: float, g: float
) -> tuple[int, int]:
    """The formulas of Fukuda's policy for lead times l and l + 1, one sum after another."""
    premium = c_e - c_r
    h, b = g**lead_time * h, g**lead_time * b
    window = mass
    for _ in range(lead_time):
        window = np.convolve(window, mass)
    cumulative = np.cumsum(window)

    def cdf(y: int) -> float:
        return 0.0 if y < 0 else float(cumulative[min(y, len(window) - 1)])

    expedited = next(y for y in range(len(window)) if cdf(y) >= (b - premium) / (b + h))

    def marginal(y: int) -> float:
        return sum(
            p * min(premium, b - (b + h) * cdf(y - d)) for d, p in enumerate(mass) if p > 0.0
        )

    regular = next(y for y in range(2 * len(window)) if marginal(y) <= (1.0 - g) * c_r / g)
    return expedited, regular


@pytest.mark.parametrize("lead_time", [0, 1, 3])
@pytest.mark.parametrize(
    "name", ["poisson", "geometric", "negative_binomial", "discrete_uniform", "rounded_gamma"]
)
@pytest.mark.parametrize("discount", [0.9, 0.99, 1.0])
@pytest.mark.parametrize(
    ("c_r", "c_e", "h", "b"),
    [(100.0, 105.0, 5.0, 495.0), (10.0, 11.5, 1.0, 9.0), (4.0, 9.0, 0.3, 7.0)],
)
def test_the_two_base_stocks_are_those_of_the_formulas_summed_term_by_term(
    lead_time, name, discount, c_r, c_e, h, b
):
    problem = DualSourcing(
        regular_lead_time=lead_time + 1, expedited_lead_time=lead_time, discount=discount
    )
    distribution = distribution_of(name, 4.0, 0.5)
    economics = economics_of(
        problem, regular_cost=c_r, expedited_cost=c_e, holding_cost=h, shortage_cost=b
    )
    rule = DualIndex.closed_form(problem, distribution, economics)
    wanted = brute_force_levels(masses(distribution, 250), lead_time, c_r, c_e, h, b, discount)
    assert (float(rule.expedited_level[0]), float(rule.regular_level[0])) == wanted


@pytest.mark.parametrize("lead_times", [(1, 0), (2, 1), (4, 3)])
def test_the_two_base_stocks_are_the_best_dual_index_levels_where_they_are_optimal(lead_times):
    problem = DualSourcing(
        regular_lead_time=lead_times[0], expedited_lead_time=lead_times[1], discount=1.0
    )
    distribution = distribution_of("poisson", 4.0)
    economics = economics_of(
        problem, regular_cost=10.0, expedited_cost=13.0, holding_cost=1.0, shortage_cost=12.0
    )
    demand = paths(distribution, search.SEARCH_PERIODS)
    fukuda, searched = (
        -reward_of(find(problem, distribution, economics), demand, economics)[0]
        for find in (DualIndex.closed_form, DualIndex.searched)
    )
    # levels that are best in truth cannot beat the best on these paths, and are hardly worse on any
    assert fukuda <= searched * 1.005
    # with lead times 2 and 1 the cost has two valleys, of which the search takes one that is .02 %
    # less deep
    assert searched <= fukuda * (1.0005 if lead_times == (2, 1) else 1.0)


@pytest.mark.parametrize(
    ("problem", "got"),
    [
        (DualSourcing(regular_lead_time=3), "(3, 0) and backlog=True"),
        (DualSourcing(regular_lead_time=3, expedited_lead_time=1), "(3, 1) and backlog=True"),
        (DualSourcing(regular_lead_time=1, backlog=False), "(1, 0) and backlog=False"),
    ],
    ids=str,
)
def test_the_two_base_stocks_are_refused_where_they_do_not_apply(problem, got):
    message = (
        f"the closed form of DualIndex needs backlog and consecutive lead times, got {got}; use "
        "DualIndex.searched."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        DualIndex.closed_form(
            problem, distribution_of("poisson", 4.0), economics_of(problem, holding_cost=1.0)
        )


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("gijsbrechts2022-l2-c105", (4.0, 7.0)),
        ("gijsbrechts2022-l2-c110", (4.0, 8.0)),
        ("gijsbrechts2022-l3-c105", (4.0, 8.0)),
    ],
)
def test_the_dual_index_levels_of_the_published_instances(name, levels):
    found = instance(name)
    products = draw_products(found.source, found.problem, 1)
    rule = DualIndex.searched(found.problem, products.distribution, products.economics)
    assert (rule.expedited_level[0], rule.regular_level[0]) == levels


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize("backlog", [True, False])
@pytest.mark.parametrize("lead_times", [(2, 0), (3, 1)])
def test_no_dual_index_levels_do_better_on_the_paths_of_the_search(lead_times, backlog):
    problem = DualSourcing(
        regular_lead_time=lead_times[0], expedited_lead_time=lead_times[1], backlog=backlog
    )
    distribution = distribution_of("poisson", 2.0)
    economics = economics_of(
        problem,
        price=20.0,
        regular_cost=10.0,
        expedited_cost=12.0,
        holding_cost=1.0,
        shortage_cost=15.0,
    )
    found = DualIndex.searched(problem, distribution, economics)
    pairs = [(e, e + d) for e in range(13) for d in range(10)]
    tried = np.array([*pairs, (found.expedited_level[0], found.regular_level[0])]).T
    rule = DualIndex(problem=problem, expedited_level=tried[0], regular_level=tried[1])
    steps = simulate(
        problem, rule, paths(distribution, search.SEARCH_PERIODS), economics, tried.shape[1]
    )
    *others, own = mean_reward(steps, tried.shape[1])[:, 0]
    assert own >= max(others) - 1e-9


def test_the_dual_index_rule_looks_at_both_positions():
    problem = DualSourcing(regular_lead_time=3, expedited_lead_time=1)
    state = problem.initial_state(np.zeros(3))._replace(
        net_inventory=np.array([-2.0, 3.0, 9.0]),
        pipeline=(np.array([1.0, 1.0, 1.0]), np.array([4.0, 0.0, 20.0])),
    )
    orders = DualIndex(problem=problem, expedited_level=5.0, regular_level=11.0)(seen(state))
    # S_e - (I + a_1) = 5 + 1, 5 - 4, 5 - 10; then S_r - (I + a_1 + a_2) - q_e = 11 - 3 - 6, 11 - 4
    # - 1, 11 - 30
    assert orders.tolist() == [[2.0, 6.0], [6.0, 1.0], [0.0, 0.0]]


def test_the_capped_dual_index_caps_the_regular_order_alone():
    problem = DualSourcing(regular_lead_time=3, expedited_lead_time=1)
    state = problem.initial_state(np.zeros(3))._replace(
        net_inventory=np.array([-2.0, 3.0, 9.0]),
        pipeline=(np.array([1.0, 1.0, 1.0]), np.array([4.0, 0.0, 20.0])),
    )
    rule = CappedDualIndex(
        problem=problem, expedited_level=5.0, regular_level=11.0, cap=np.array([1.5, 4.0, 4.0])
    )
    # as without the cap, but for the regular order of the second product, which was 6, and of the
    # first, which was 2
    assert rule(seen(state)).tolist() == [[1.5, 6.0], [4.0, 1.0], [0.0, 0.0]]


def test_the_single_index_looks_at_the_inventory_position_alone():
    problem = DualSourcing(regular_lead_time=3, expedited_lead_time=1)
    state = problem.initial_state(np.zeros(3))._replace(
        net_inventory=np.array([-2.0, 3.0, 9.0]),
        pipeline=(np.array([1.0, 1.0, 1.0]), np.array([4.0, 0.0, 20.0])),
    )
    orders = SingleIndex(problem=problem, expedited_level=5.0, regular_level=11.0)(seen(state))
    # positions 3, 4 and 30: S_e - position, then S_r - position - q_e
    assert orders.tolist() == [[6.0, 2.0], [6.0, 1.0], [0.0, 0.0]]


def test_tailored_base_surge_orders_a_constant_and_expedites_up_to_a_level():
    problem = DualSourcing(regular_lead_time=3, expedited_lead_time=1)
    state = problem.initial_state(np.zeros(3))._replace(
        net_inventory=np.array([-2.0, 3.0, 9.0]),
        pipeline=(np.array([1.0, 1.0, 1.0]), np.array([4.0, 0.0, 20.0])),
    )
    orders = TailoredBaseSurge(problem=problem, expedited_level=5.0, quantity=3.5)(seen(state))
    assert orders.tolist() == [[3.5, 6.0], [3.5, 1.0], [3.5, 0.0]]


@pytest.mark.parametrize("backlog", [True, False])
def test_without_a_cap_the_capped_dual_index_is_the_dual_index(backlog):
    problem = DualSourcing(horizon=15, regular_lead_time=3, backlog=backlog)
    products = draw_products(POPULATIONS["poisson"], problem, 30)
    levels = {"expedited_level": 4.0, "regular_level": np.linspace(4.0, 30.0, 30)}
    one = rollout(problem, DualIndex(problem=problem, **levels), products).orders
    other = rollout(
        problem, CappedDualIndex(problem=problem, **levels, cap=np.inf), products
    ).orders
    np.testing.assert_array_equal(one, other)
    assert (one > 0.0).any((0, 1)).all()


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize("kind", [DualIndex, CappedDualIndex, SingleIndex, TailoredBaseSurge])
def test_with_backlog_the_best_level_for_the_other_parameters_is_the_best_of_all_levels(kind):
    problem = DualSourcing(regular_lead_time=3, expedited_lead_time=1)
    distribution = distribution_of("poisson", 2.0)
    economics = economics_of(
        problem, regular_cost=10.0, expedited_cost=12.0, holding_cost=1.0, shortage_cost=15.0
    )
    found = kind.searched(problem, distribution, economics)
    shifts = np.arange(-4.0, 5.0)
    own = {name: np.tile(column, len(shifts)) for name, column in found.parameters.items()}
    tried = kind(problem=problem, **own).raised(shifts)
    reward = mean_reward(
        simulate(
            problem, tried, paths(distribution, search.SEARCH_PERIODS), economics, len(shifts)
        ),
        len(shifts),
    )
    # from empty, a level higher by one is met one unit later: what differs is over by the end of
    # the warm-up
    assert reward[:, 0].argmax() == 4


def test_the_search_counts_what_the_supplier_accepts():
    """Without its cap the cheap source alone would seem best."""
    problem = DualSourcing(regular_lead_time=2, order_cap=2.0, integer_orders=True)
    distribution = distribution_of("discrete_uniform", 2.0)
    economics = economics_of(
        problem, regular_cost=100.0, expedited_cost=110.0, holding_cost=5.0, shortage_cost=495.0
    )
    rule = DualIndex.at(problem, distribution, economics, np.array([[0.5]]))
    demand = paths(distribution, search.SEARCH_PERIODS)
    score = DualIndex.score(problem, distribution, economics, demand, np.full((1, 1, 1), 0.5))
    assert score[0, 0] == pytest.approx(reward_of(rule, demand, economics)[0], rel=0.02)


GIJSBRECHTS = ("gijsbrechts2022-l2-c105", "gijsbrechts2022-l2-c110", "gijsbrechts2022-l3-c105")


@pytest.mark.parametrize("name", GIJSBRECHTS)
def test_the_projected_expedited_position_is_next_to_optimal_on_the_published_instances(name):
    found = instance(name)
    product = draw_products(found.source, found.problem, 1)
    case = product.distribution, product.economics
    rule = ProjectedExpeditedPosition.searched(found.problem, *case)
    cost = -follow(found.problem, rule, *case).average()
    assert 100.0 * (cost / found.known["optimal average cost"] - 1.0) < 0.005


def test_with_consecutive_lead_times_the_projected_position_is_a_dual_index():
    problem = DualSourcing(regular_lead_time=2, expedited_lead_time=1)
    state = problem.initial_state(np.array([3.0, -2.0, 11.0]))._replace(
        pipeline=(np.array([1.0, 0.0, 4.0]),)
    )
    rule = ProjectedExpeditedPosition(
        problem=problem,
        expedited_level=6.0,
        projected_level=5.0,
        distribution=distribution_of("poisson", [2.0, 2.0, 2.0]),
    )
    index = DualIndex(problem=problem, expedited_level=6.0, regular_level=11.0)
    np.testing.assert_array_equal(rule(seen(state)), index(seen(state)))


def test_the_projected_expedited_position_is_the_mean_over_all_demand_paths():
    problem = DualSourcing(regular_lead_time=3, expedited_lead_time=0)
    on_hand, first, second = 9.0, 1.0, 2.0
    state = problem.initial_state(np.array([on_hand]))._replace(
        pipeline=(np.array([first]), np.array([second]))
    )
    distribution = distribution_of("discrete_uniform", 2.0)
    rule = ProjectedExpeditedPosition(
        problem=problem, expedited_level=6.0, projected_level=5.0, distribution=distribution
    )
    overshoot = on_hand - 6.0
    left = [
        max(max(overshoot + first - today, 0.0) + second - tomorrow, 0.0)
        for today in range(5)
        for tomorrow in range(5)
    ]
    regular, expedited = rule(seen(state))[0]
    assert expedited == 0.0
    assert regular == pytest.approx(5.0 - np.mean(left), abs=0.05)
