"""Heuristics: closed forms against enumeration and dynamic programs, searches, estimates, and what each may know."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from baselines import (
    BaseStock,
    ConsecutiveBaseStocks,
    ConstantOrder,
    DualIndex,
    IntervalStock,
    RandomOrders,
    Searched,
    VectorBaseStock,
    policies,
    reference,
    search,
)
from baselines.critical_ratio import critical_ratio
from baselines.dual_sourcing import dual_index_rule
from baselines.estimation import estimate
from baselines.heuristic import with_target
from baselines.interval_stock import interval_rule
from baselines.search import best_target, mean_reward, simulate, stratified, zoom, zoom_pairs
from inv_gym import (
    ENVIRONMENTS,
    POPULATIONS,
    DualSourcing,
    LostSales,
    Observation,
    Perishable,
    Problem,
    ProcurementRemoval,
    draw_products,
    instance,
    make_problem,
    rollout,
)
from inv_gym.arrays import unstack
from inv_gym.demand import LAWS
from inv_gym.distribution import Distribution
from inv_gym.episode import Episode
from inv_gym.policy import planned
from inv_gym.processes import WeeklySeason
from inv_gym.products import HISTORY

COSTS = {"price": 10.0, "unit_cost": 4.0, "holding_cost": 1.0, "shortage_cost": 2.0, "salvage_value": 4.0}


@pytest.fixture
def short_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search on few periods finds worse levels by the same rules."""
    monkeypatch.setattr(search, "PERIODS", 300)


def law_of(name: str, mean: Any, dispersion: float = 0.0) -> Distribution:
    """One product per mean."""
    means = np.atleast_1d(np.asarray(mean, dtype=float))
    one = LAWS[name]
    dispersion = dispersion if one.fixed_dispersion is None else one.fixed_dispersion
    return Distribution((one,), np.zeros(len(means), int), means[None], np.full(len(means), dispersion))


def economics_of(problem: Problem, **figures: Any) -> Any:
    """Columns of the problem's economics; what is not given is 0."""
    columns = {name: np.atleast_1d(np.asarray(value, dtype=float)) for name, value in figures.items()}
    size = max(map(len, columns.values()))
    return problem.Economics(
        *(np.broadcast_to(columns.get(name, np.zeros(1)), (size,)).copy() for name in problem.Economics._fields)
    )


def seen(state: Any, economics: Any = None, period: int = 0) -> Observation:
    """An observation for a rule with fixed parameters, which looks at the state alone."""
    return Observation(state, None, economics, None, None, period)


def level_of(heuristic: BaseStock, law: Distribution, economics: Any) -> np.ndarray:
    """What a base-stock policy orders from nothing: its level."""
    empty = heuristic.problem.initial_state(np.zeros(len(law.dispersion)))
    return heuristic.rule(law, economics)(seen(empty))[:, 0]


def masses(law: Distribution, points: int) -> np.ndarray:
    """P(demand = 0), P(demand = 1), ... of a product with whole demand."""
    return np.diff(law.cdf(np.arange(float(points))[:, None])[:, 0], prepend=0.0)


# Closed forms of the base-stock level


@pytest.mark.parametrize("discount", [0.9, 0.99, 1.0])
@pytest.mark.parametrize(("price", "cost", "holding", "shortage"), [(10, 4, 1, 2), (3, 1, 0.05, 0), (0, 0, 1, 9)])
def test_the_newsvendor_level_is_the_quantile_of_karlin_and_veinott(discount, price, cost, holding, shortage):
    problem = LostSales(discount=discount)
    economics = economics_of(problem, price=price, unit_cost=cost, holding_cost=holding, shortage_cost=shortage)
    ratio = (price + shortage - cost) / (price + shortage + holding - discount * cost)
    assert critical_ratio(problem, economics)[0] == pytest.approx(ratio, rel=1e-14)
    heuristic = BaseStock(problem=problem, knows="distribution")
    assert level_of(heuristic, law_of("poisson", 5.0), economics) == stats.poisson(5.0).ppf(ratio)
    assert level_of(heuristic, law_of("gamma", 5.0, 0.4), economics)[0] == pytest.approx(
        stats.gamma(2.5, scale=2.0).ppf(ratio), rel=1e-12
    )


@pytest.mark.parametrize("name", ["poisson", "geometric", "discrete_uniform", "rounded_gamma"])
def test_the_newsvendor_level_is_the_best_of_all_levels(name):
    problem, law = LostSales(discount=1.0), law_of(name, 6.0, 0.3)
    economics = economics_of(problem, **COSTS)
    demand = np.arange(400.0)
    # without discounting, what is left saves its unit cost in the next period: a period earns
    # (p + b - c) min(S, D) - h (S - D)^+ - b D
    sold = np.minimum(demand[:, None], demand)
    profit = ((10.0 + 2.0 - 4.0) * sold - 1.0 * (demand[:, None] - sold)) @ masses(law, 400)
    assert level_of(BaseStock(problem=problem, knows="distribution"), law, economics) == profit.argmax()


@pytest.mark.parametrize("lead_time", [1, 2, 5])
def test_with_a_lead_time_the_level_covers_lead_time_and_review_period(lead_time):
    problem = LostSales(lead_time=lead_time, discount=0.95)
    economics = economics_of(problem, **COSTS)
    delay = 0.95**lead_time
    ratio = (delay * 12.0 - 4.0) / (delay * 13.0 - 0.95 * 4.0)
    level = level_of(BaseStock(problem=problem, knows="distribution"), law_of("poisson", 5.0), economics)
    assert level == stats.poisson(5.0 * (lead_time + 1)).ppf(ratio)


def test_without_unit_cost_or_discounting_the_ratio_is_that_of_morton():
    problem = LostSales(lead_time=4, discount=1.0)
    assert critical_ratio(problem, economics_of(problem, holding_cost=1.0, shortage_cost=4.0))[0] == 0.8


def test_with_backlog_the_ratio_is_that_of_backlog_against_holding():
    problem = DualSourcing(regular_lead_time=2, discount=0.9)
    economics = economics_of(problem, regular_cost=4.0, expedited_cost=6.0, holding_cost=1.0, shortage_cost=9.0)
    ratio = (9.0 - 0.1 * 4.0 / 0.81) / 10.0
    assert critical_ratio(problem, economics)[0] == pytest.approx(ratio, rel=1e-14)
    orders = BaseStock(problem=problem, knows="distribution").rule(law_of("poisson", 5.0), economics)(
        seen(problem.initial_state(np.array([3.0])))
    )
    assert orders.tolist() == [[stats.poisson(15.0).ppf(ratio) - 3.0, 0.0]]


def test_the_ratio_is_least_where_ordering_never_pays_and_highest_where_holding_is_free():
    problem = LostSales(lead_time=5, discount=0.9)
    # after five periods a sale is worth 10 * 0.9**5 = 5.9, less than the unit cost of 8 of the first product
    economics = economics_of(problem, price=[10.0, 10.0], unit_cost=[8.0, 0.0])
    assert critical_ratio(problem, economics).tolist() == [1e-6, 1.0 - 1e-6]


def test_base_stock_orders_up_to_its_level_and_never_takes_back():
    problem = LostSales(lead_time=3)
    law, economics = law_of("poisson", [5.0] * 4), economics_of(problem, **{k: [v] * 4 for k, v in COSTS.items()})
    heuristic = BaseStock(problem=problem, knows="distribution")
    level = level_of(heuristic, law, economics)
    position = np.array([0.0, 2.0, level[0], 90.0])
    state = problem.initial_state(position * 0.5)._replace(pipeline=(position * 0.25, position * 0.25))
    orders = heuristic.rule(law, economics)(seen(state))
    assert orders.tolist() == [[level[0]], [level[0] - 2.0], [0.0], [0.0]]


# Vector base-stock


def test_the_vector_levels_for_poisson_demand_are_the_quantiles_of_shrinking_windows():
    problem = instance("zipkin2008-poisson5-p4-L4").problem
    heuristic = VectorBaseStock(problem=problem, knows="distribution")
    economics = economics_of(problem, holding_cost=1.0, shortage_cost=4.0)
    levels = heuristic.levels(law_of("poisson", 5.0), economics)
    # the .8 quantiles of Poisson demand of 5, 4, 3, 2, 1 periods
    assert [float(level[0]) for level in levels] == [29.0, 24.0, 18.0, 13.0, 7.0]
    assert [float(level[0]) for level in levels] == [stats.poisson(5.0 * n).ppf(0.8) for n in (5, 4, 3, 2, 1)]


@given(
    stock=st.lists(st.integers(0, 12), min_size=4, max_size=4),
    lead_time=st.integers(1, 4),
)
def test_the_vector_order_keeps_every_partial_position_at_most_at_its_level(stock, lead_time):
    problem = LostSales(lead_time=lead_time, discount=1.0)
    heuristic = VectorBaseStock(problem=problem, knows="distribution")
    law, economics = law_of("poisson", 3.0), economics_of(problem, holding_cost=1.0, shortage_cost=4.0)
    x = [float(units) for units in stock[:lead_time]]
    state = problem.initial_state(np.array([x[0]]))._replace(pipeline=tuple(np.array([units]) for units in x[1:]))
    levels = [stats.poisson(3.0 * (lead_time - l + 1)).ppf(0.8) for l in range(lead_time + 1)]  # noqa: E741
    positions = [sum(x[l:]) for l in range(lead_time + 1)]  # noqa: E741
    wanted = min(max(level - position, 0.0) for level, position in zip(levels, positions, strict=True))
    assert heuristic.rule(law, economics)(seen(state)).tolist() == [[wanted]]


@pytest.mark.parametrize("knows", ["history", "distribution"])
def test_without_lead_time_vector_base_stock_is_base_stock(knows):
    problem = LostSales(horizon=12, initial_stock=(0.0, 3.0))
    products = draw_products(POPULATIONS["default"], problem, 100)
    vector, single = (kind(problem=problem, knows=knows) for kind in (VectorBaseStock, BaseStock))
    orders = rollout(problem, vector, products).orders
    np.testing.assert_array_equal(orders, rollout(problem, single, products).orders)
    assert (orders > 0.0).any()


def test_the_vector_order_is_at_most_the_base_stock_order():
    problem = LostSales(lead_time=4, horizon=20)
    products = draw_products(POPULATIONS["poisson"], problem, 100)
    policy = planned(VectorBaseStock(problem=problem, knows="distribution"), problem, products)
    other = planned(BaseStock(problem=problem, knows="distribution"), problem, products)
    smaller = 0
    for step in rollout(problem, policy, products).steps:
        single = other(step.observation)
        assert (step.order <= single).all()
        smaller += (step.order < single).sum()
    assert smaller > 0


# Perishable stock


def test_the_naive_level_is_blind_to_outdating():
    law, problem = law_of("poisson", 5.0), LostSales()
    level = level_of(BaseStock(problem=problem, knows="distribution"), law, economics_of(problem, **COSTS))
    for shelf_life in (1, 2, 5):
        perishable = Perishable(shelf_life=shelf_life)
        economics = economics_of(perishable, **COSTS, outdating_cost=50.0)
        assert level_of(BaseStock(problem=perishable, knows="distribution"), law, economics) == level


@pytest.mark.parametrize("outdating", [0.0, 3.0, 12.0])
def test_with_shelf_life_one_the_search_finds_the_newsvendor_level(outdating):
    problem = Perishable(shelf_life=1)
    law = law_of("poisson", 6.0)
    economics = economics_of(problem, price=10.0, unit_cost=4.0, outdating_cost=outdating)
    heuristic = BaseStock(problem=problem, knows="distribution")
    ratio = (10.0 - 4.0) / (10.0 + outdating)
    naive = level_of(heuristic, law, economics)[0]
    found = level_of(with_target(heuristic, best_target(heuristic, law, economics)), law, economics)[0]
    demand = np.array([step.demand for step in simulate(problem, heuristic.rule(law, economics), law, economics)])
    # on its own paths exactly: the lower quantile of the demand that it saw, F(S) >= (p - c) / (p + w)
    assert found == np.quantile(demand, ratio, method="inverted_cdf")
    # and in truth to the error of a sample of that size
    error = 4.0 * np.sqrt(ratio * (1.0 - ratio) / len(demand))
    poisson = stats.poisson(6.0)
    assert poisson.cdf(found) > ratio - error
    assert poisson.cdf(found - 1.0) < ratio + error
    assert naive > found


@pytest.mark.usefixtures("short_search")
def test_the_searched_level_falls_with_the_shelf_life_and_meets_the_naive_one_as_it_grows():
    law = law_of("geometric", 5.0)
    found = []
    for shelf_life in (1, 2, 3, 60):
        problem = Perishable(shelf_life=shelf_life)
        economics = economics_of(problem, price=10.0, unit_cost=5.0, holding_cost=0.2)
        heuristic = BaseStock(problem=problem, knows="distribution")
        found.append(level_of(with_target(heuristic, best_target(heuristic, law, economics)), law, economics)[0])
    assert found == sorted(found)
    assert found[0] < found[1] < found[2] < found[3]
    lost = LostSales()
    durable = BaseStock(problem=lost, knows="distribution")
    economics = economics_of(lost, price=10.0, unit_cost=5.0, holding_cost=0.2)
    same = level_of(with_target(durable, best_target(durable, law, economics)), law, economics)[0]
    assert found[3] == same


@pytest.mark.usefixtures("short_search")
def test_torch_products_get_torch_orders_even_where_no_stock_can_be_held():
    problem = Perishable(shelf_life=1, horizon=3)
    products = draw_products(POPULATIONS["poisson"], problem, 10)
    tensors = products.to(torch.empty(0, dtype=torch.float64))
    for name, policy in policies(problem).items():
        orders = rollout(problem, policy, tensors).orders
        assert isinstance(orders, torch.Tensor), name
        np.testing.assert_array_equal(orders.numpy(), rollout(problem, policy, products).orders, err_msg=name)


# Dual sourcing


def brute_force_levels(mass: np.ndarray, c_r: float, c_e: float, h: float, b: float, g: float) -> tuple[int, int]:
    """The formulas of Fukuda's policy for lead times 0 and 1, one sum after another."""
    premium = c_e - c_r
    cumulative = np.cumsum(mass)

    def cdf(y: int) -> float:
        return 0.0 if y < 0 else float(cumulative[min(y, len(mass) - 1)])

    expedited = next(y for y in range(len(mass)) if cdf(y) >= (b - premium) / (b + h))

    def marginal(y: int) -> float:
        return sum(p * min(premium, b - (b + h) * cdf(y - d)) for d, p in enumerate(mass) if p > 0.0)

    regular = next(y for y in range(2 * len(mass)) if marginal(y) <= (1.0 - g) * c_r / g)
    return expedited, regular


@pytest.mark.parametrize("name", ["poisson", "geometric", "negative_binomial", "discrete_uniform", "rounded_gamma"])
@pytest.mark.parametrize("discount", [0.9, 0.99, 1.0])
@pytest.mark.parametrize(
    ("c_r", "c_e", "h", "b"), [(100.0, 105.0, 5.0, 495.0), (10.0, 11.5, 1.0, 9.0), (4.0, 9.0, 0.3, 7.0)]
)
def test_the_two_base_stocks_are_those_of_the_formulas_summed_term_by_term(name, discount, c_r, c_e, h, b):
    problem = DualSourcing(regular_lead_time=1, discount=discount)
    law = law_of(name, 4.0, 0.5)
    economics = economics_of(problem, regular_cost=c_r, expedited_cost=c_e, holding_cost=h, shortage_cost=b)
    levels = ConsecutiveBaseStocks(problem=problem, knows="distribution").levels(law, economics)
    wanted = brute_force_levels(masses(law, 250), c_r, c_e, h, b, discount)
    assert tuple(float(level[0]) for level in levels) == wanted


def test_the_two_base_stocks_are_the_best_dual_index_levels_where_they_are_optimal():
    problem = DualSourcing(regular_lead_time=1, discount=1.0)
    law = law_of("poisson", 4.0)
    economics = economics_of(problem, regular_cost=10.0, expedited_cost=13.0, holding_cost=1.0, shortage_cost=12.0)
    fukuda = ConsecutiveBaseStocks(problem=problem, knows="distribution").levels(law, economics)
    expedited, difference = DualIndex(problem=problem, knows="distribution").levels(law, economics)
    simulated = [expedited, expedited + difference]
    cost = [
        -mean_reward(simulate(problem, dual_index_rule(problem, *levels), law, economics), 1)[0, 0]
        for levels in (fukuda, simulated)
    ]
    # levels that are best in truth cannot beat the best on these paths, and are hardly worse on any
    assert cost[1] <= cost[0] <= cost[1] * 1.005


def test_the_two_base_stocks_are_refused_where_they_do_not_apply():
    message = "ConsecutiveBaseStocks needs backlog and lead times 1 and 0, got (3, 0) and backlog=True; use DualIndex."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ConsecutiveBaseStocks(problem=DualSourcing(regular_lead_time=3))
    message = "ConsecutiveBaseStocks needs backlog and lead times 1 and 0, got (1, 0) and backlog=False; use DualIndex."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ConsecutiveBaseStocks(problem=DualSourcing(regular_lead_time=1, backlog=False))


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
    expedited, difference = DualIndex(problem=found.problem, knows="distribution").levels(
        products.distribution, products.economics
    )
    assert (expedited[0], expedited[0] + difference[0]) == levels


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize("backlog", [True, False])
@pytest.mark.parametrize("lead_times", [(2, 0), (3, 1)])
def test_no_dual_index_levels_do_better_on_the_paths_of_the_search(lead_times, backlog):
    problem = DualSourcing(regular_lead_time=lead_times[0], expedited_lead_time=lead_times[1], backlog=backlog)
    law = law_of("poisson", 2.0)
    economics = economics_of(
        problem, price=20.0, regular_cost=10.0, expedited_cost=12.0, holding_cost=1.0, shortage_cost=15.0
    )
    found = DualIndex(problem=problem, knows="distribution").levels(law, economics)
    pairs = [(e, e + d) for e in range(13) for d in range(10)]
    tried = np.array([*pairs, (found[0, 0], found.sum())]).T
    steps = simulate(problem, dual_index_rule(problem, *tried), law, economics, tried.shape[1])
    *others, own = mean_reward(steps, tried.shape[1])[:, 0]
    assert own >= max(others) - 1e-9


def test_the_dual_index_rule_looks_at_both_positions():
    problem = DualSourcing(regular_lead_time=3, expedited_lead_time=1)
    state = problem.initial_state(np.zeros(3))._replace(
        net_inventory=np.array([-2.0, 3.0, 9.0]), pipeline=(np.array([1.0, 1.0, 1.0]), np.array([4.0, 0.0, 20.0]))
    )
    orders = dual_index_rule(problem, np.full(3, 5.0), np.full(3, 11.0))(seen(state))
    # S_e - (I + a_1) = 5 + 1, 5 - 4, 5 - 10; then S_r - (I + a_1 + a_2) - q_e = 11 - 3 - 6, 11 - 4 - 1, 11 - 30
    assert orders.tolist() == [[2.0, 6.0], [6.0, 1.0], [0.0, 0.0]]


# Interval stock


@pytest.mark.parametrize(
    ("name", "interval"), [("removal-cost-form", (8.0, 20.0)), ("removal-profit-form", (8.0, 37.0))]
)
def test_the_intervals_of_the_known_instances(name, interval):
    found = instance(name)
    products = draw_products(found.source, found.problem, 2)
    lower, upper = IntervalStock(problem=found.problem, knows="distribution").levels(
        products.distribution, products.economics
    )
    assert list(zip(lower, upper, strict=True)) == [interval] * 2
    assert interval == (found.known["order up to"], found.known["remove down to"])


def interval_by_value_iteration(mass: np.ndarray, figures: dict[str, float], g: float, backlog: bool, top: int) -> Any:
    """The optimal interval by value iteration over every stock and every action, lost sales or backlog."""
    low = -len(mass) * 3 if backlog else 0
    stocks = np.arange(low, top + 1)
    demand = np.arange(len(mass))
    after = stocks[:, None] - demand
    net = after if backlog else np.maximum(after, 0)
    sold = np.minimum(np.maximum(stocks, 0)[:, None], demand)
    short = np.maximum(-after, 0)
    earned = figures["price"] * (demand if backlog else sold) - figures["holding_cost"] * np.maximum(after, 0)
    profit = (earned - figures["shortage_cost"] * short) @ mass
    place = np.maximum(net - low, 0)
    value = np.zeros(len(stocks))
    buy = -figures["unit_cost"] * np.maximum(stocks - stocks[:, None], 0)
    drop = figures["removal_value"] * np.maximum(stocks[:, None] - stocks, 0)
    allowed = (stocks >= stocks[:, None]) | (stocks >= 0)
    moves = np.where(allowed, buy + drop, -np.inf)
    for _ in range(int(np.log(1e-10) / np.log(g))):
        after_orders = profit + g * (value[place] @ mass)
        value = (moves + after_orders).max(1)
    best = stocks[(moves + after_orders).argmax(1)]
    ordering = best > stocks
    removing = best < stocks
    return best[ordering].max(), best[removing].min()


@pytest.mark.parametrize("backlog", [False, True])
@pytest.mark.parametrize(
    ("name", "removal", "discount"),
    [("poisson", 2.0, 0.9), ("negative_binomial", -1.0, 0.9), ("discrete_uniform", 3.0, 0.8)],
)
def test_the_interval_is_that_of_value_iteration(name, removal, discount, backlog):
    problem = ProcurementRemoval(discount=discount, backlog=backlog)
    figures = {"price": 10.0, "unit_cost": 5.0, "holding_cost": 0.8, "shortage_cost": 4.0, "removal_value": removal}
    law = law_of(name, 3.0, 0.5)
    found = IntervalStock(problem=problem, knows="distribution").levels(law, economics_of(problem, **figures))
    mass = masses(law, 30)
    wanted = interval_by_value_iteration(mass / mass.sum(), figures, discount, backlog, top=60)
    assert tuple(float(level[0]) for level in found) == wanted


def test_removal_that_costs_more_than_it_saves_is_never_done():
    problem = ProcurementRemoval(discount=0.99)
    economics = economics_of(problem, price=10.0, unit_cost=5.0, holding_cost=0.1, removal_value=-20.0)
    lower, upper = IntervalStock(problem=problem, knows="distribution").levels(law_of("poisson", 5.0), economics)
    # a unit held for ever costs 0.1 / (1 - 0.99) = 10, less than the fee
    assert upper.tolist() == [np.inf]
    orders = interval_rule(lower, upper)(seen(problem.initial_state(np.array([1e6]))))
    assert orders.tolist() == [[0.0, 0.0]]


def test_the_interval_rule_orders_below_removes_above_and_rests_between():
    problem = ProcurementRemoval()
    stock = np.array([-2.0, 3.0, 8.0, 15.0, 20.0, 80.0])
    orders = interval_rule(np.full(6, 8.0), np.full(6, 20.0))(seen(problem.initial_state(stock)))
    assert orders.tolist() == [[10.0, 0.0], [5.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 60.0]]


def test_the_interval_of_amounts_scales_with_demand():
    problem = ProcurementRemoval(discount=0.95)
    means = np.array([3.0, 30.0, 3000.0])
    economics = economics_of(problem, price=[10.0] * 3, unit_cost=5.0, removal_value=2.0, holding_cost=0.3)
    lower, upper = IntervalStock(problem=problem, knows="distribution").levels(law_of("gamma", means, 0.4), economics)
    np.testing.assert_allclose(lower / means, lower[0] / 3.0, rtol=1e-9)
    np.testing.assert_allclose(upper / means, upper[0] / 3.0, rtol=1e-9)
    assert (upper > lower).all()


# Search


@given(
    optimum=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5),
    low=st.floats(-50.0, 50.0),
    width=st.floats(0.1, 100.0),
    power=st.floats(1.0, 4.0),
)
def test_zoom_finds_the_optimum_of_a_concave_function_to_the_resolution_it_promises(optimum, low, width, power):
    best = low + np.array(optimum) * width
    ends = np.ones(len(best))
    found = zoom(lambda x: -(np.abs(x - best) ** power), low * ends, (low + width) * ends)
    assert (np.abs(found - best) <= width / 256.0 * (1.0 + 1e-6)).all()


@given(optimum=st.floats(0.0, 1.0), left=st.floats(0.1, 10.0), right=st.floats(0.1, 10.0))
def test_zoom_brackets_the_optimum_of_a_lopsided_function_between_its_last_neighbours(optimum, left, right):
    found = zoom(lambda x: -np.where(x < optimum, left * (optimum - x), right * (x - optimum)), np.zeros(1), np.ones(1))
    assert abs(found[0] - optimum) <= 1.0 / 128.0 + 1e-12


def test_zoom_asks_three_times_for_nine_points_within_the_range():
    asked = []

    def score(grid: np.ndarray) -> np.ndarray:
        asked.append(grid)
        return -(grid**2)

    zoom(score, np.array([-1.0, 2.0]), np.array([3.0, 4.0]))
    assert [grid.shape for grid in asked] == [(search.CANDIDATES, 2)] * 3
    assert all(((grid >= [-1.0, 2.0]) & (grid <= [3.0, 4.0])).all() for grid in asked)


@given(
    optimum=st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)),
    ridge=st.floats(-0.45, 0.45),
    width=st.floats(0.1, 50.0),
)
def test_zoom_pairs_finds_the_optimum_on_a_ridge_to_one_step_of_its_last_grid(optimum, ridge, width):
    best = np.array(optimum)[:, None] * width
    ends = np.full((2, 1), width)

    def score(pairs: np.ndarray) -> np.ndarray:
        """Falls slowly where one value rises as the other falls; up to .5 the best grid point is a neighbour."""
        one, other = ((pairs - best) / width).swapaxes(0, 1)
        return -(one**2 + other**2 + 2.0 * ridge * one * other)

    found = zoom_pairs(score, ends * 0.0, ends)
    assert found.shape == (2, 1)
    assert (np.abs(found - best) <= width / 128.0).all()


def test_the_paths_of_the_search_have_the_mean_of_the_law():
    uniforms = stratified(1000)
    assert sorted(np.floor(uniforms * 1000.0)) == list(range(1000))
    np.testing.assert_array_equal(stratified(1000), uniforms)
    assert abs(np.corrcoef(uniforms[1:], uniforms[:-1])[0, 1]) < 4.0 / np.sqrt(1000)
    law = law_of("poisson", [0.5, 5.0, 40.0])
    paths = law.common_paths(uniforms)
    # a stratum moves a count by its own part of the range: 1/1000 of the largest demand seen
    assert (np.abs(paths.mean(0) - [0.5, 5.0, 40.0]) <= paths.max(0) / 1000.0).all()


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (LostSales(), BaseStock),
        (LostSales(lead_time=1), BaseStock),
        (LostSales(lead_time=4), VectorBaseStock),
        (Perishable(shelf_life=2), BaseStock),
        (Perishable(shelf_life=3, lead_time=1), BaseStock),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)[:28]),
)
def test_the_search_beats_every_point_of_its_finest_grid_on_its_own_paths(problem, kind):
    products = draw_products(POPULATIONS["default"], problem, 60)
    law, economics = products.distribution, products.economics
    heuristic = kind(problem=problem, knows="distribution")
    found = special.ndtri(best_target(heuristic, law, economics))
    # [-4, 4] on the normal scale in three rounds of nine points ends in steps of 1/16; the closed form lies in one
    closed = np.floor(16.0 * special.ndtri(critical_ratio(problem, economics))) / 16.0
    tried = np.stack([found, closed, closed + 1.0 / 16.0, found - 1.0 / 16.0, found + 1.0 / 16.0])
    rule = with_target(heuristic, special.ndtr(tried)).rule(law, economics)
    own, *others = mean_reward(simulate(problem, rule, law, economics, len(tried)), len(tried))
    assert (own >= np.max(others, axis=0) - 1e-9).all()
    assert (own > others[0]).any() or kind is BaseStock


@pytest.mark.usefixtures("short_search")
def test_a_searched_heuristic_plays_the_target_that_it_found():
    problem = LostSales(lead_time=2, horizon=8)
    products = draw_products(POPULATIONS["poisson"], problem, 30)
    heuristic = VectorBaseStock(problem=problem, knows="distribution")
    target = best_target(heuristic, products.distribution, products.economics)
    np.testing.assert_array_equal(
        rollout(problem, Searched(heuristic), products).orders,
        rollout(problem, with_target(heuristic, target), products).orders,
    )


@pytest.mark.usefixtures("short_search")
def test_under_a_season_the_target_is_searched_for_the_average_law():
    problem = LostSales(lead_time=2, horizon=21)
    population = replace(POPULATIONS["poisson"], mean=8.0, processes=(WeeklySeason(spread=0.4),))
    products = draw_products(population, problem, 20)
    law = products.distribution
    flat = Distribution(law.laws, law.law_index, law.mean.mean(0, keepdims=True), law.dispersion)
    heuristic = BaseStock(problem=problem, knows="distribution")
    target = best_target(heuristic, flat, products.economics)
    orders = rollout(problem, Searched(heuristic), products).orders
    np.testing.assert_array_equal(orders, rollout(problem, with_target(heuristic, target), products).orders)
    assert (
        orders != rollout(problem, with_target(heuristic, target), products._replace(distribution=flat)).orders
    ).any()


@pytest.mark.usefixtures("short_search")
def test_the_search_does_not_depend_on_the_batch():
    problem = LostSales(lead_time=1)
    products = draw_products(POPULATIONS["default"], problem, 40)
    heuristic = BaseStock(problem=problem, knows="distribution")
    together = best_target(heuristic, products.distribution, products.economics)
    few = products.rows(slice(11, 14))
    np.testing.assert_array_equal(best_target(heuristic, few.distribution, few.economics), together[11:14])


def test_the_simulation_counts_only_what_follows_its_warm_up_and_has_no_end():
    problem = LostSales(horizon=5, initial_stock=(3.0, 4.0))
    law, economics = law_of("poisson", [5.0, 8.0]), economics_of(problem, **{k: [v] * 2 for k, v in COSTS.items()})
    heuristic = BaseStock(problem=problem, knows="distribution")
    steps = simulate(problem, heuristic.rule(law, economics), law, economics)
    assert [step.period for step in steps] == list(range(search.WARM_UP, search.PERIODS))
    demand = np.array([step.demand for step in steps])
    assert (np.abs(demand.mean(0) - [5.0, 8.0]) < 4.0 * np.sqrt(np.array([5.0, 8.0]) / len(steps))).all()
    level = level_of(heuristic, law, economics)
    sales = np.minimum(demand, level)
    # a base-stock policy orders what was sold: the mean order is the mean of the sales one period before
    wanted = 10.0 * sales - (level - sales) - 2.0 * (demand - sales)
    orders = np.array([step.order[:, 0] for step in steps])
    np.testing.assert_allclose(mean_reward(steps, 1)[0], (wanted - 4.0 * orders).mean(0), rtol=1e-12)


# Estimates


def test_an_estimate_recovers_the_moments_of_the_history():
    rng = np.random.default_rng(0)
    history = np.stack(
        [
            rng.negative_binomial(2, 0.3, HISTORY).astype(float),
            rng.gamma(2.0, 3.0, HISTORY),
            np.tile([3.0, 4.0], HISTORY // 2),  # whole, with less variance than a Poisson law
            np.full(HISTORY, 2.5),  # amounts without variance
        ],
        1,
    )
    law = estimate(history)
    mean, variance = history.mean(0), history.var(0, ddof=1)
    assert [type(law.laws[k]).__name__ for k in law.law_index] == ["NegativeBinomial", "Gamma", "Poisson", "Gamma"]
    np.testing.assert_allclose(law.mean[0], mean, rtol=1e-14)
    assert law.stationary
    assert mean[0] + law.dispersion[0] * mean[0] ** 2 == pytest.approx(variance[0], rel=1e-12)
    assert law.dispersion[1] * mean[1] ** 2 == pytest.approx(variance[1], rel=1e-12)
    assert law.dispersion[2] == 0.0
    assert law.dispersion[3] == 1e-6
    assert law.quantile(np.array(0.99))[3] == pytest.approx(2.5, rel=3e-3)


def test_an_estimate_of_a_long_history_finds_the_law():
    rng = np.random.default_rng(1)
    size = 100_000
    mean, dispersion = np.array([0.5, 8.0]), np.array([1.5, 0.3])
    history = LAWS["negative_binomial"].sample(rng, np.broadcast_to(mean, (size, 2)), dispersion)
    law = estimate(history)
    variance = mean + dispersion * mean**2
    assert (np.abs(law.mean[0] - mean) < 4.0 * np.sqrt(variance / size)).all()
    np.testing.assert_allclose(law.dispersion, dispersion, rtol=0.05)  # 4 standard errors of the first are .048
    assert law.law_index.tolist() == [1, 1]


def test_an_estimate_of_a_history_without_sales_is_half_a_unit_in_as_many_periods():
    law = estimate(np.zeros((HISTORY, 1)))
    assert law.mean.tolist() == [[0.5 / HISTORY]]
    assert law.laws[law.law_index[0]] is LAWS["poisson"]
    assert law.quantile(np.array([0.9])).tolist() == [0.0]


def test_an_estimate_takes_torch_histories_too():
    history = np.random.default_rng(0).poisson(4.0, (HISTORY, 3)).astype(float)
    np.testing.assert_array_equal(estimate(torch.as_tensor(history)).mean, estimate(history).mean)


# What each knows


def first_orders(policy: Any, problem: Problem, products: Any) -> np.ndarray:
    return planned(policy, problem, products)(Episode(problem, products).observe())


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_orders_follow_the_history_if_and_only_if_the_policy_knows_it(env_id):
    problem = make_problem(env_id, horizon=4, initial_stock=(0.0, 0.0))
    products = draw_products(POPULATIONS["poisson"], problem, 40)
    busier = products._replace(
        demand=np.concatenate([3.0 * products.demand[:HISTORY] + 1.0, products.demand[HISTORY:]]),
        scale=3.0 * products.scale + 1.0,
    )
    for name, policy in policies(problem).items():
        before, after = first_orders(policy, problem, products), first_orders(policy, problem, busier)
        assert (policy.knows == "distribution") == name.endswith(" (knows law)"), name
        if policy.knows == "distribution":
            np.testing.assert_array_equal(before, after, err_msg=name)
        else:
            assert (before != after).any(1).all(), name
            assert after.sum() > before.sum(), name


@pytest.mark.parametrize(("lead_time", "kind"), [(0, BaseStock), (2, BaseStock), (3, VectorBaseStock)])
def test_a_closed_form_is_fitted_anew_to_each_period_s_history(lead_time, kind):
    problem = LostSales(lead_time=lead_time, horizon=10)
    products = draw_products(POPULATIONS["default"], problem, 30)
    policy = kind(problem=problem)
    played = rollout(problem, policy, products)
    episode = Episode(problem, products)
    for period in range(problem.horizon):
        observation = episode.observe()
        order = policy(observation)
        np.testing.assert_array_equal(order, played.orders[period])
        window = estimate(products.demand[period : period + HISTORY])
        np.testing.assert_array_equal(order, policy.rule(window, products.economics)(observation))
        episode.step(unstack(order))
    levels = played.orders[..., 0].sum(0)
    assert (levels > 0.0).all()


def test_under_censored_demand_a_policy_sees_its_own_sales():
    problem = LostSales(horizon=6, censored=True)
    products = draw_products(POPULATIONS["poisson"], problem, 30)
    played = rollout(problem, BaseStock(problem=problem), products)
    lost = played.flow("shortage")
    assert (lost > 0.0).any()
    for step in played.steps[1:]:
        np.testing.assert_array_equal(step.observation.history[-step.period :], played.flow("sales")[: step.period])


@pytest.mark.parametrize("lead_time", [0, 2])
def test_under_a_season_the_level_is_that_of_the_days_ahead(lead_time):
    problem = LostSales(lead_time=lead_time, horizon=21)
    population = replace(POPULATIONS["poisson"], mean=20.0, processes=(WeeklySeason(spread=0.4),))
    products = draw_products(population, problem, 10)
    ratio = critical_ratio(problem, products.economics)
    means = products.distribution.mean
    played = rollout(problem, BaseStock(problem=problem, knows="distribution"), products)
    levels = []
    for step in played.steps:
        ahead = [means[min(step.period + k, 20)] for k in range(lead_time + 1)]
        levels.append(stats.poisson(np.sum(ahead, 0)).ppf(ratio))
        wanted = np.maximum(levels[-1] - step.observation.state.inventory_position, 0.0)
        np.testing.assert_array_equal(step.order[:, 0], wanted)
    assert (np.ptp(levels, axis=0) > 5.0).all()
    np.testing.assert_array_equal(levels[:7], levels[7:14])


LAW_WANTED = "these products have no known demand law: use knows='history'."


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_heuristics_that_need_the_law_say_so_on_products_without_one(env_id):
    problem = make_problem(env_id, horizon=4)
    real = draw_products(POPULATIONS["poisson"], problem, 5)._replace(distribution=None)
    everything, without = policies(problem), policies(problem, distribution=False)
    assert without.keys() == {name for name in everything if not name.endswith(" (knows law)")}
    assert len(everything) > len(without)
    for name in everything.keys() - without.keys():
        with pytest.raises(ValueError, match=f"^{re.escape(LAW_WANTED)}$"):
            rollout(problem, everything[name], real)
    for policy in without.values():
        assert rollout(problem, policy, real).orders.shape == (4, 5, problem.order_dim)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (
            BaseStock(problem=LostSales(), knows="distribution"),
            "BaseStock knows the distribution: call plan(problem, products) first.",
        ),
        (DualIndex(problem=DualSourcing()), "DualIndex is fitted at the start: call plan(problem, products) first."),
        (
            IntervalStock(problem=ProcurementRemoval()),
            "IntervalStock is fitted at the start: call plan(problem, products) first.",
        ),
        (
            Searched(BaseStock(problem=LostSales())),
            "a searched heuristic is fitted at the start: call plan(problem, products) first.",
        ),
    ],
)
def test_what_must_be_planned_says_so_when_it_is_called_at_once(policy, message):
    problem = getattr(policy, "problem", LostSales())
    episode = Episode(problem, draw_products(POPULATIONS["poisson"], problem, 2))
    with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
        policy(episode.observe())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: BaseStock(problem=LostSales(), knows="law"),
            ValueError,
            "unknown knows 'law'; known: distribution, history.",
        ),
        (lambda: ConstantOrder(problem=LostSales(), share=-0.1), ValueError, "share must be at least 0, got -0.1."),
        (lambda: ConstantOrder(problem=LostSales(), share="all"), TypeError, "share must be a number, got 'all'."),
        (lambda: RandomOrders(problem=LostSales(), seed=-1), ValueError, "seed must be at least 0, got -1."),
        (lambda: RandomOrders(problem=LostSales(), seed=0.5), TypeError, "seed must be a whole number, got 0.5."),
    ],
)
def test_bad_parameters_of_heuristics_are_refused(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.parametrize("distribution", [True, False])
@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_the_reference_is_one_of_the_policies(env_id, distribution):
    problem = make_problem(env_id)
    found = policies(problem, distribution)
    name = reference(problem, distribution)
    assert found[name].knows == ("distribution" if distribution else "history")


def test_the_two_base_stocks_are_listed_only_where_they_apply():
    assert "two base-stocks" in policies(DualSourcing(regular_lead_time=1))
    assert "two base-stocks" not in policies(DualSourcing(regular_lead_time=2))
    assert "two base-stocks" not in policies(DualSourcing(regular_lead_time=1, backlog=False))


# Random and constant orders


@pytest.mark.parametrize("problem", [LostSales(horizon=40), DualSourcing(horizon=40)], ids=lambda p: type(p).__name__)
def test_random_orders_are_uniform_up_to_twice_the_mean_demand_shared_by_the_channels(problem):
    products = draw_products(POPULATIONS["continuous"], problem, 300)
    shares = rollout(problem, RandomOrders(problem=problem), products).orders / products.scale[:, None]
    shares = shares * problem.order_dim / 2.0
    assert shares.min() >= 0.0
    assert shares.max() <= 1.0
    counts = np.histogram(shares, 10, (0.0, 1.0))[0]
    assert stats.chisquare(counts).pvalue > 1e-3
    for a, b in ((shares[:-1], shares[1:]), (shares[:, :-1], shares[:, 1:]), (shares[..., :1], shares[..., -1:])):
        if a is not b and not np.array_equal(a, b):
            assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 4.0 / np.sqrt(a.size)


def test_random_orders_do_not_depend_on_the_batch_and_do_on_the_seed():
    problem = DualSourcing(horizon=6)
    products = draw_products(POPULATIONS["default"], problem, 50)
    together = rollout(problem, RandomOrders(problem=problem), products).orders
    alone = rollout(problem, RandomOrders(problem=problem), products.rows(slice(17, 19))).orders
    np.testing.assert_array_equal(alone, together[:, 17:19])
    other = rollout(problem, RandomOrders(problem=problem, seed=1), products).orders
    assert (other != together).all()


def test_random_orders_change_from_period_to_period_even_where_nothing_is_ever_sold():
    problem = LostSales(horizon=6)
    products = draw_products(POPULATIONS["default"], problem, 3)
    products = products._replace(demand=np.zeros_like(products.demand), scale=np.ones(3))
    orders = rollout(problem, RandomOrders(problem=problem), products).orders[..., 0]
    assert len(np.unique(orders[:, 0])) == 6
    np.testing.assert_array_equal(orders[:, 0], orders[:, 2])


def test_a_constant_order_is_a_share_of_the_mean_of_the_history():
    problem = DualSourcing(horizon=6)
    products = draw_products(POPULATIONS["default"], problem, 20)
    orders = rollout(problem, ConstantOrder(problem=problem, share=0.5), products).orders
    np.testing.assert_array_equal(orders[..., 0], np.broadcast_to(0.5 * products.scale, (6, 20)))
    assert (orders[..., 1] == 0.0).all()
