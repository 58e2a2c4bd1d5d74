"""Exact solutions and exact evaluation: published figures, closed forms, limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from exact_cases import (
    AVERAGE,
    ENDLESS,
    average_of,
    distribution_of,
    economics_of,
    excess,
    published,
    solution_of,
    table,
    values_of,
)
from scipy import sparse

from inv_gym import DualSourcing, LostSales, Perishable, ProcurementRemoval, draw_products
from inv_gym.baselines import (
    BaseStock,
    CappedBaseStock,
    CappedDualIndex,
    ConstantOrder,
    DualIndex,
    IntervalStock,
    SingleIndex,
    TailoredBaseSurge,
    VectorBaseStock,
)
from inv_gym.baselines.exact import FollowedChain, Optimal, follow, solve
from inv_gym.baselines.exact.search import searched
from inv_gym.baselines.rules.critical_ratio import critical_ratio

ZIPKIN = {4: (4.04, 4.40, 4.60, 4.73), 9: (5.44, 6.09, 6.53, 6.84)}
STANDARD = {4: (6.6, 9.3, 19.9, 23.4), 9: (1.4, 5.9, 12.0, 19.3)}
BEST_BASE_STOCK = {4: (3.0, 5.5, 8.2, 9.9), 9: (2.0, 3.7, 5.1, 6.4)}
BEST_LEVELS = {4: (12, 16, 20, 25), 9: (13, 19, 23, 28)}
ALL_ZIPKIN = [(shortage, lead_time) for shortage in ZIPKIN for lead_time in (1, 2, 3, 4)]

GIJSBRECHTS = {"l2-c105": 216.76980, "l2-c110": 219.73333, "l3-c105": 216.87672}
DE_MOOR = {
    "oldest-first": (1510.470, 1457.0, 7, 1475.0),
    "newest-first": (1603.597, 1553.0, 5, 1565.0),
}


def zipkin(shortage: int, lead_time: int) -> str:
    return f"zipkin2008-poisson5-p{shortage}-L{lead_time}"


@pytest.mark.parametrize(("shortage", "lead_time"), ALL_ZIPKIN)
def test_lost_sales_with_lead_time_cost_what_zipkin_published(shortage, lead_time):
    solution = solution_of(zipkin(shortage, lead_time))
    assert solution.gain == pytest.approx(-ZIPKIN[shortage][lead_time - 1], abs=0.005)
    assert solution.edge == 0.0
    assert solution.value() == 0.0  # relative to the empty state


@pytest.mark.parametrize(("shortage", "lead_time"), ALL_ZIPKIN)
def test_the_optimal_policy_followed_as_a_chain_earns_its_gain(shortage, lead_time):
    name = zipkin(shortage, lead_time)
    found, distribution, economics = published(name)
    policy = Optimal(found.problem).plan(
        found.problem, draw_products(found.source, found.problem, 1)
    )
    chain = follow(found.problem, policy, distribution, economics)
    assert chain.average() == pytest.approx(solution_of(name).gain, rel=1e-9)


@pytest.mark.parametrize(("shortage", "lead_time"), ALL_ZIPKIN)
def test_the_standard_vector_base_stock_loses_what_zipkin_published(shortage, lead_time):
    name = zipkin(shortage, lead_time)
    found, distribution, economics = published(name)
    rule = VectorBaseStock.closed_form(found.problem, distribution, economics)
    cost = -follow(found.problem, rule, distribution, economics).average()
    assert excess(cost, name) == pytest.approx(STANDARD[shortage][lead_time - 1], abs=0.0501)


@pytest.mark.parametrize(("shortage", "lead_time"), [case for case in ALL_ZIPKIN if case[1] < 4])
def test_the_best_base_stock_loses_what_zipkin_published(shortage, lead_time):
    name, best = zipkin(shortage, lead_time), BEST_LEVELS[shortage][lead_time - 1]
    costs = {level: average_of(name, BaseStock, level=level) for level in range(best - 3, best + 4)}
    assert min(costs, key=costs.__getitem__) == best
    assert excess(costs[best], name) == pytest.approx(
        BEST_BASE_STOCK[shortage][lead_time - 1], abs=0.0501
    )


@pytest.mark.parametrize("shortage", ZIPKIN)
def test_the_best_base_stock_for_lead_time_four_loses_what_zipkin_published(shortage):
    name = zipkin(shortage, 4)
    cost = average_of(name, BaseStock, level=BEST_LEVELS[shortage][3])
    assert excess(cost, name) == pytest.approx(BEST_BASE_STOCK[shortage][3], abs=0.0501)


@pytest.mark.parametrize(
    ("lead_time", "level", "cap", "cost"),
    [(1, 12, 6, 4.065), (2, 17, 5, 4.406), (3, 21, 5, 4.631), (4, 26, 5, 4.798)],
)
def test_the_capped_base_stock_costs_what_is_known(lead_time, level, cap, cost):
    name = zipkin(4, lead_time)
    best = average_of(name, CappedBaseStock, level=level, cap=cap)
    assert best == pytest.approx(cost, abs=0.0005)
    if lead_time < 4:
        around = [(level + i, cap + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        assert (
            best <= min(average_of(name, CappedBaseStock, level=s, cap=r) for s, r in around) + 1e-9
        )


@pytest.mark.parametrize("lead_time", [1, 2, 3, 4])
def test_the_best_constant_order_costs_the_same_at_any_lead_time(lead_time):
    costs = [average_of(zipkin(4, lead_time), ConstantOrder, quantity=units) for units in range(5)]
    assert int(np.argmin(costs)) == 4
    assert costs[4] == pytest.approx(5.27, abs=0.005)
    assert costs[0] == pytest.approx(20.0, abs=1e-6)  # everything is lost


@pytest.mark.parametrize("lead_time", [1, 2])
def test_the_shared_search_on_exact_scores_finds_the_known_levels(lead_time):
    found, distribution, economics = published(zipkin(4, lead_time))
    base_stock, reward = searched(BaseStock, found.problem, distribution, economics)
    assert base_stock.level.tolist() == [BEST_LEVELS[4][lead_time - 1]]
    assert excess(-reward, zipkin(4, lead_time)) == pytest.approx(
        BEST_BASE_STOCK[4][lead_time - 1], abs=0.0501
    )
    better, reward = searched(VectorBaseStock, found.problem, distribution, economics)
    assert excess(-reward, zipkin(4, lead_time)) == pytest.approx(
        {1: 0.6, 2: 1.2}[lead_time], abs=0.0501
    )
    capped, reward = searched(CappedBaseStock, found.problem, distribution, economics)
    assert (capped.level.tolist(), capped.cap.tolist()) == {1: ([12.0], [6.0]), 2: ([17.0], [5.0])}[
        lead_time
    ]
    assert better.knows == capped.knows == "nothing"


def test_the_search_survives_orders_at_the_mean_demand_under_which_stock_drifts_without_end():
    found, distribution, economics = published(zipkin(4, 1))
    rule, reward = searched(ConstantOrder, found.problem, distribution, economics)
    assert np.rint(rule.quantity).tolist() == [4.0]
    assert reward == pytest.approx(-5.27, abs=0.005)


@pytest.mark.parametrize("name", GIJSBRECHTS)
def test_dual_sourcing_costs_what_is_known(name):
    solution = solution_of(f"gijsbrechts2022-{name}")
    assert solution.gain == pytest.approx(-GIJSBRECHTS[name], abs=1e-5)
    assert solution.edge <= 1e-6


# the published figures are cut to two digits: .1164 is given as .11
@pytest.mark.parametrize(
    ("name", "kind", "parameters", "published_excess"),
    [
        ("l2-c105", DualIndex, {"expedited_level": 4, "regular_level": 7}, 0.11),
        ("l2-c110", DualIndex, {"expedited_level": 4, "regular_level": 8}, 0.18),
        ("l3-c105", DualIndex, {"expedited_level": 4, "regular_level": 8}, 0.27),
        ("l2-c105", CappedDualIndex, {"expedited_level": 4, "regular_level": 7, "cap": 2}, 0.00),
        ("l2-c110", CappedDualIndex, {"expedited_level": 4, "regular_level": 8, "cap": 2}, 0.03),
        ("l3-c105", CappedDualIndex, {"expedited_level": 4, "regular_level": 9, "cap": 1}, 0.00),
        ("l2-c105", SingleIndex, {"expedited_level": 5, "regular_level": 6}, 0.56),
        ("l2-c110", SingleIndex, {"expedited_level": 6, "regular_level": 8}, 1.03),
        ("l3-c105", SingleIndex, {"expedited_level": 6, "regular_level": 7}, 0.98),
        ("l2-c105", TailoredBaseSurge, {"expedited_level": 4, "quantity": 1}, 0.06),
        ("l2-c110", TailoredBaseSurge, {"expedited_level": 4, "quantity": 1}, 0.99),
        ("l3-c105", TailoredBaseSurge, {"expedited_level": 4, "quantity": 1}, 0.01),
    ],
)
def test_heuristics_for_two_sources_lose_what_gijsbrechts_published(
    name, kind, parameters, published_excess
):
    name = f"gijsbrechts2022-{name}"
    cost = average_of(name, kind, **parameters)
    assert -1e-9 < excess(cost, name) == pytest.approx(published_excess, abs=0.0076)
    around = [
        {**parameters, key: value + step} for key, value in parameters.items() for step in (-1, 1)
    ]
    around = [
        one for one in around if one.get("quantity", 0) < 2
    ]  # the mean demand: stock drifts without end
    assert cost <= min(average_of(name, kind, **one) for one in around) + 1e-7


@pytest.mark.parametrize("issuing", DE_MOOR)
def test_perishable_stock_costs_what_de_moor_published(issuing):
    from_empty, after_warm_up, level, base_stock = DE_MOOR[issuing]
    found, distribution, economics = published(f"demoor2022-{issuing}")
    solution = solution_of(f"demoor2022-{issuing}")
    assert solution.value() == pytest.approx(-from_empty, abs=0.001)
    assert solution.gain is None

    def cost(policy):
        return -follow(found.problem, policy, distribution, economics).discounted(
            0.99, 365, warm_up=100
        )

    planned = Optimal(found.problem).plan(
        found.problem, draw_products(found.source, found.problem, 1)
    )
    assert cost(planned) == pytest.approx(after_warm_up, abs=0.5)
    by_level = {
        s: cost(BaseStock(problem=found.problem, level=np.array([float(s)]))) for s in range(3, 12)
    }
    assert min(by_level, key=by_level.__getitem__) == level
    assert by_level[level] == pytest.approx(base_stock, abs=0.5)


@pytest.mark.parametrize(("name", "lower", "upper"), [("cost-form", 8, 20), ("profit-form", 8, 37)])
def test_procurement_and_removal_follow_the_known_interval(name, lower, upper):
    solution = solution_of(f"removal-{name}", stock=80.0)
    wanted = {(stock,): (max(lower - stock, 0), max(stock - upper, 0)) for stock in range(81)}
    assert table(solution) == wanted


def test_procurement_and_removal_from_a_high_stock_cost_what_is_known():
    assert solution_of("removal-cost-form", stock=80.0).value(80.0) == pytest.approx(
        -586.428, abs=0.001
    )


@pytest.mark.parametrize("expedited_lead_time", [0, 1])
@pytest.mark.parametrize(
    ("mean", "expedited_cost", "shortage_cost"),
    [(2.0, 11.0, 9.0), (3.0, 12.0, 9.0), (2.0, 14.0, 19.0)],
)
def test_two_base_stocks_are_optimal_for_consecutive_lead_times(
    expedited_lead_time, mean, expedited_cost, shortage_cost
):
    problem = DualSourcing(
        regular_lead_time=expedited_lead_time + 1,
        expedited_lead_time=expedited_lead_time,
        **AVERAGE,
    )
    distribution = distribution_of("poisson", mean)
    economics = economics_of(
        problem,
        regular_cost=10.0,
        expedited_cost=expedited_cost,
        holding_cost=1.0,
        shortage_cost=shortage_cost,
    )
    rule = DualIndex.closed_form(problem, distribution, economics)
    assert follow(problem, rule, distribution, economics).average() == pytest.approx(
        solve(problem, distribution, economics).gain, rel=1e-8
    )
    worse = replace(rule, expedited_level=rule.expedited_level + 1.0)
    assert (
        follow(problem, worse, distribution, economics).average()
        < solve(problem, distribution, economics).gain - 1e-4
    )


FAMILIES = [
    ("poisson", 5.0, 0.0),
    ("geometric", 3.0, 0.0),
    ("discrete_uniform", 4.0, 0.0),
    ("negative_binomial", 4.0, 0.5),
]


@pytest.mark.parametrize("distribution", FAMILIES)
@pytest.mark.parametrize("discount", [0.9, 1.0])
def test_lost_sales_without_lead_time_order_up_to_the_newsvendor_level(distribution, discount):
    name, mean, dispersion = distribution
    problem, demand = (
        LostSales(discount=discount, **ENDLESS),
        distribution_of(name, mean, dispersion=dispersion),
    )
    economics = economics_of(
        problem, price=10.0, unit_cost=4.0, holding_cost=0.7, shortage_cost=1.0
    )
    solution = solve(problem, demand, economics, stock=25.0)
    ratio = (10.0 + 1.0 - 4.0) / (10.0 + 1.0 + 0.7 - discount * 4.0)
    points = np.arange(200.0)
    level = int((demand.cdf(points[:, None])[:, 0] >= ratio).argmax())
    assert level == demand.quantile(critical_ratio(problem, economics))[0]
    assert table(solution) == {
        (stock,): (max(level - stock, 0),) for stock in range(max(level, 25) + 1)
    }
    mass = np.diff(demand.cdf(points[:, None])[:, 0], prepend=0.0)
    left = np.maximum(level - points, 0.0) @ mass
    short = np.maximum(points - level, 0.0) @ mass + (
        mean - points @ mass
    )  # what lies beyond the points
    each = 10.0 * (mean - short) - 4.0 * (level - discount * left) - 0.7 * left - short
    if discount == 1.0:
        assert solution.gain == pytest.approx(each, rel=1e-8)
    else:  # each period's stock left is worth its unit cost at the start of the next
        assert solution.value() == pytest.approx(each / (1.0 - discount), rel=1e-8)


@pytest.mark.parametrize("distribution", FAMILIES)
@pytest.mark.parametrize("outdating_cost", [0.0, 2.0])
def test_stock_that_keeps_one_period_is_a_newsvendor(distribution, outdating_cost):
    name, mean, dispersion = distribution
    problem, demand = (
        Perishable(shelf_life=1, **AVERAGE),
        distribution_of(name, mean, dispersion=dispersion),
    )
    economics = economics_of(
        problem, price=10.0, unit_cost=4.0, holding_cost=3.0, outdating_cost=outdating_cost
    )
    solution = solve(problem, demand, economics)
    points = np.arange(200.0)
    cumulative = demand.cdf(points[:, None])[:, 0]
    level = int((cumulative >= (10.0 - 4.0) / (10.0 + outdating_cost)).argmax())
    assert table(solution) == {(): (level,)}
    left = np.maximum(level - points, 0.0) @ np.diff(cumulative, prepend=0.0)
    assert solution.gain == pytest.approx(
        10.0 * (level - left) - 4.0 * level - outdating_cost * left, rel=1e-8
    )


@pytest.mark.parametrize("lead_time", [0, 1])
def test_stock_that_keeps_long_is_worth_what_lasting_stock_is(lead_time):
    distribution = distribution_of("discrete_uniform", 1.0)
    lasting, perishable = (
        LostSales(lead_time=lead_time, **AVERAGE),
        Perishable(lead_time=lead_time, **AVERAGE),
    )
    figures = {"price": 10.0, "unit_cost": 4.0, "holding_cost": 1.0}
    gain = solve(lasting, distribution, economics_of(lasting, **figures)).gain
    gains = [
        solve(
            replace(perishable, shelf_life=life),
            distribution,
            economics_of(perishable, outdating_cost=2.0, **figures),
        ).gain
        for life in (1, 2, 4, 7)
    ]
    assert (np.diff(gains) > 0.0).all()  # a longer life is worth more
    assert all(one < gain for one in gains)
    assert gain - gains[-1] < 0.03 * (gain - gains[1])


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("backlog", [False, True])
def test_the_interval_of_a_table_is_that_of_the_heuristic(seed, backlog):
    rng = np.random.default_rng(seed)
    name, dispersion = [("poisson", 0.0), ("geometric", 0.0), ("negative_binomial", 0.4)][seed % 3]
    problem = ProcurementRemoval(discount=float(rng.uniform(0.8, 0.97)), backlog=backlog, **ENDLESS)
    distribution = distribution_of(name, float(rng.uniform(1.0, 5.0)), dispersion=dispersion)
    cost = float(rng.uniform(3.0, 8.0))
    economics = economics_of(
        problem,
        price=rng.uniform(9.0, 20.0),
        unit_cost=cost,
        holding_cost=rng.uniform(0.1, 1.0),
        shortage_cost=rng.uniform(1.0, 5.0),
        removal_value=rng.uniform(-0.5, 0.8) * cost,
    )
    rule = IntervalStock.optimal(problem, distribution, economics)
    lower, upper = int(rule.lower[0]), float(rule.upper[0])
    stock = min(upper + 10.0, 150.0)
    orders = table(solve(problem, distribution, economics, stock=stock))
    for (level,), order in orders.items():
        assert order == (max(lower - level, 0), max(level - upper, 0))
    assert max(orders)[0] == max(stock, lower)


@pytest.mark.parametrize("horizon", [2, 3, 4, 6])
@pytest.mark.parametrize(
    ("problem", "figures", "cost"),
    [
        (ProcurementRemoval(backlog=True), {"unit_cost": 10.0, "removal_value": 1.0}, 10.0),
        (DualSourcing(expedited_lead_time=1), {"regular_cost": 10.0, "expedited_cost": 11.0}, 11.0),
    ],
)
def test_backlog_that_is_served_only_after_the_end_is_followed_as_far_as_it_goes(
    problem, figures, cost, horizon
):
    problem = replace(problem, horizon=horizon, discount=0.5, integer_orders=True)
    economics = economics_of(problem, holding_cost=0.1, shortage_cost=0.5, **figures)
    solution = solve(problem, distribution_of("poisson", 2.0), economics)
    waiting = sum(0.5**period * 0.5 * 2.0 * (period + 1) for period in range(horizon))
    assert solution.value() == pytest.approx(
        -waiting - 0.5**horizon * cost * 2.0 * horizon, rel=1e-6
    )
    assert solution.edge <= 1e-6
    empty = solution.place(np.zeros((solution.states.shape[1], 1)))
    assert not solution.orders[:, empty].any()


def test_values_shift_by_the_unit_cost_per_unit_where_all_orders_reach_the_level():
    problem = LostSales(discount=0.9, **ENDLESS)
    economics = economics_of(problem, price=10.0, unit_cost=4.0, holding_cost=1.0)
    values = values_of(solve(problem, distribution_of("poisson", 5.0), economics))
    steps = [values[(stock + 1,)] - values[(stock,)] for stock in range(len(values) - 1)]
    assert steps == pytest.approx([4.0] * len(steps), abs=1e-9)


def test_economics_may_be_plain_numbers():
    problem = LostSales(lead_time=2, **AVERAGE)
    columns = economics_of(problem, shortage_cost=4.0, holding_cost=1.0)
    numbers = problem.Economics(*(float(column[0]) for column in columns))
    distribution = distribution_of("poisson", 2.0)
    assert solve(problem, distribution, numbers).gain == solve(problem, distribution, columns).gain


@pytest.mark.parametrize(
    ("transitions", "reward", "average"),
    [
        ([[0.0, 1.0], [1.0, 0.0]], [1.0, 3.0], 2.0),  # in circles
        ([[0.5, 0.5], [0.0, 1.0]], [9.0, 2.0], 2.0),  # leaves the start for good
        ([[0.9, 0.1], [0.3, 0.7]], [4.0, 0.0], 3.0),
        (
            [[0.0, 0.5, 0.5], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            [0.0, 2.0, 2.0],
            2.0,
        ),  # two ends that earn the same
    ],
)
def test_the_average_of_a_chain_is_that_of_its_stationary_law(
    transitions, reward, average, monkeypatch
):
    chain = FollowedChain(sparse.csr_array(np.array(transitions)), np.array(reward))
    assert chain.average() == pytest.approx(average, rel=1e-9)
    monkeypatch.setattr("inv_gym.baselines.exact.followed_chain.DIRECT_STATES", 0)
    assert chain.average() == pytest.approx(average, rel=1e-9)


def test_a_chain_whose_average_depends_on_chance_alone_is_refused(monkeypatch):
    monkeypatch.setattr("inv_gym.baselines.exact.followed_chain.CHAIN_ITERATIONS", 1000)
    chain = FollowedChain(
        sparse.csr_array(np.array([[0.0, 0.5, 0.5], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])),
        np.arange(3.0),
    )
    with pytest.raises(
        RuntimeError, match=r"^the average reward did not settle in 1000 periods\.$"
    ):
        chain.average()


def test_the_discounted_reward_of_a_chain_starts_to_count_after_the_warm_up():
    chain = FollowedChain(
        sparse.csr_array(np.array([[0.0, 1.0], [1.0, 0.0]])), np.array([1.0, 3.0])
    )
    assert chain.discounted(0.5, 3) == 1.0 + 0.5 * 3.0 + 0.25 * 1.0
    assert chain.discounted(0.5, 3, warm_up=1) == 3.0 + 0.5 * 1.0 + 0.25 * 3.0
    assert chain.discounted(0.5, 0) == 0.0
